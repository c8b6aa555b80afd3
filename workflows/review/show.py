"""A review as a person or a program reads it."""

from collections.abc import Iterable

from sandbox.text import clean
from workflows.gate_table import gate_lines, gate_table
from workflows.review.findings import Review, ReviewFinding

PROVEN = "Proven: a request, test or command ran in the sandbox and went wrong"
UNPROVEN = "Unproven: read, not run"

WIDE = 220
"""Longest line of evidence in a terminal (characters)."""


def as_json(review: Review) -> str:
    """One JSON object."""
    return review.model_dump_json(indent=1)


def as_text(review: Review, *, dismissed: bool = False) -> str:
    """For a terminal."""
    parts = [review.title]
    for title, found in ((PROVEN, review.proven()), (UNPROVEN, review.unproven())):
        if found:
            parts += ["", title]
            parts += [line for finding in found for line in _lines(review, finding)]
    if dismissed and review.dismissed:
        parts += ["", "Dismissed"]
        parts += [f"  {f.id}  {_where(f)}{f.message}  ({why.reason})" for f, why in review.dismissed]
    if review.gone:
        parts += ["", "Gone since the last review"]
        parts += [f"  {name}  {message}" for name, message in review.gone]
    if review.gates:
        parts += ["", "Gates", *(line[:WIDE] for line in gate_lines(review.gates))]
    parts += [f"Not checked: {line}" for line in review.not_checked]
    parts += ["", _count(review)]
    return clean("\n".join(parts))


def as_markdown(review: Review, *, dismissed: bool = False) -> str:
    """For a pull request."""
    parts = [f"# {review.title}", _count(review)]
    for title, found in ((PROVEN, review.proven()), (UNPROVEN, review.unproven())):
        if found:
            parts.append(f"## {title}")
            parts += [_section(review, finding) for finding in found]
    if dismissed and review.dismissed:
        parts.append("## Dismissed\n\n" + "\n".join(f"- `{f.id}` {f.message}: {w.reason}" for f, w in review.dismissed))
    if review.gone:
        parts.append("## Gone since the last review\n\n" + "\n".join(f"- `{n}` {m}" for n, m in review.gone))
    if review.gates:
        parts.append(gate_table(review.gates))
    if review.not_checked:
        parts.append("## Not checked\n\n" + "\n".join(f"- {line}" for line in review.not_checked))
    return clean("\n\n".join(parts)) + "\n"


def _lines(review: Review, finding: ReviewFinding) -> list[str]:
    mark = " new" if finding.id in review.new and not review.first else ""
    lines = [f"  {finding.severity:<7} {finding.id}{mark}  {_where(finding)}{finding.message}"]
    if finding.proof is not None:
        lines += [f"          ran: {line}" for line in finding.proof.ran.splitlines()]
        lines += [f"          -> {line[:WIDE]}" for line in finding.proof.said.splitlines()[:3]]
    return lines


def _section(review: Review, finding: ReviewFinding) -> str:
    mark = ", new" if finding.id in review.new and not review.first else ""
    place = f" `{finding.path}:{finding.line}`" if finding.path else ""
    rows = [f"### {finding.severity}{mark}: {finding.message}", f"`{finding.id}` ({finding.gate}){place}"]
    if finding.proof is not None:
        rows.append(_fenced([f"{finding.proof.kind}: {finding.proof.ran}", *finding.proof.said.splitlines()[:8]], ""))
        if finding.proof.test is not None:
            code = _fenced(finding.proof.test.content.splitlines(), "python")
            rows.append(f"<details><summary>The test that shows it</summary>\n\n{code}\n\n</details>")
    return "\n\n".join(rows)


def _fenced(lines: Iterable[str], language: str) -> str:
    text = "\n".join(lines)
    fence = "`" * max(3, 1 + max((len(run) for run in _runs(text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _runs(text: str) -> list[str]:
    """Backticks that stand together."""
    runs, at = [], ""
    for character in f"{text} ":
        if character == "`":
            at += character
        elif at:
            runs.append(at)
            at = ""
    return runs


def _where(finding: ReviewFinding) -> str:
    return f"{finding.path}:{finding.line}  " if finding.path else ""


def _count(review: Review) -> str:
    found = review.findings
    grave = ", ".join(
        f"{number} {level}{'s' if number != 1 and level != 'info' else ''}"
        for level in ("error", "warning", "info")
        if (number := sum(f.severity == level for f in found))
    )
    parts = [f"{len(found)} finding{'s' if len(found) != 1 else ''}{f' ({grave})' if grave else ''}"]
    parts.append(f"{len(review.proven())} proven")
    if not review.first:
        parts.append(f"{len(review.new)} new, {len(found) - len(review.new)} known, {len(review.gone)} gone")
    if review.dismissed:
        parts.append(f"{len(review.dismissed)} dismissed (--show-dismissed)")
    return f"{'; '.join(parts)}; {review.seconds:.1f} s"
