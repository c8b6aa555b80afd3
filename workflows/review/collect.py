"""What gates and rules found, as findings of a review: one for each fault, with the request that shows it."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from agents.contracts import TestFile
from agents.findings import Finding, Severity
from agents.operations import Handler, operation_of
from agents.rules.shown import BROKE, SHOWN_BY, Shown
from sandbox.attack.access import NO_TOKENS
from sandbox.attack.render import can_be_shown, test_file
from sandbox.attack.script import FORGERIES, Hit
from sandbox.attack.told import request_line, requests_of
from sandbox.gates import probe
from sandbox.gates.findings import GateFinding, GateResult
from workflows.review.findings import Proof, ReviewFinding, numbered
from workflows.rules_gate import NAME as RULES

LINT_GRAVE = ("F821", "F823", "E9", "syntax")
LINT_CRAFT = ("ANN", "E", "W", "I", "D", "N", "UP", "C4", "COM", "Q", "RET", "SIM", "FAST")
LINT_STYLE = ("B904", "B905", "B007", "S101", "S104", "S311", "F401", "F841")
"""Matters of craft, by family and by code; the rest of what a linter finds may be a bug."""
Ran = tuple[ReviewFinding, Hit | None]
"""What was found by running, with the attack behind it."""


def of_rules(findings: Iterable[Finding]) -> list[ReviewFinding]:
    """Findings of the house rules."""
    listed = list(findings)
    by_rule: dict[str, list[Finding]] = {}
    for finding in listed:
        by_rule.setdefault(finding.rule, []).append(finding)
    found = []
    for rule, group in by_rule.items():
        for name, one in zip(numbered(rule, [f.fingerprint for f in group]), group, strict=True):
            found.append(
                ReviewFinding(
                    id=name, gate=RULES, code=rule, severity=one.severity, message=one.message, path=one.path,
                    line=one.line, column=one.column, repairs=bool(one.edits),
                )
            )  # fmt: skip
    return found


def of_gates(results: Sequence[GateResult], operations: Mapping[str, Handler]) -> list[Ran]:
    """Findings of everything that ran, each with its proof where running it is one."""
    found: list[Ran] = []
    for result in results:
        by_code: dict[str, list[GateFinding]] = {}
        for finding in result.findings:
            by_code.setdefault(_code(finding), []).append(finding)
        for code, group in by_code.items():
            for name, one in zip(numbered(code, [f.mark for f in group]), group, strict=True):
                hit = next((hit for hit in result.hits if _shows(hit, one)), None)
                found.append((_of_gate(name, code, result, one, hit, operations), hit))
    return found


def merged(
    rules: Sequence[ReviewFinding], ran: Sequence[Ran], operations: Mapping[str, Handler]
) -> list[ReviewFinding]:
    """One finding for one fault: a rule's takes a request that shows that very flaw, other requests stay findings."""
    left: list[ReviewFinding] = []
    proofs = {finding.id: finding.proof for finding in rules}
    lines = {(finding.path, finding.line) for finding in rules}
    broken = _broken_anyway(ran, operations)
    ran = [(f, h) for f, h in ran if not (f.gate == "lint" and (f.path, f.line) in lines and f.code[:1] in "SA")]
    meant = [[rule for rule in rules if _meant(rule, finding, hit, operations, broken)] for finding, hit in ran]
    faults = [_fault(finding, hit, operations) for finding, hit in ran]
    claimed = {fault for fault, of, (_, hit) in zip(faults, meant, ran, strict=True) if of and _follows(hit)}
    seen = set[str]()
    for (finding, hit), of, fault in zip(ran, meant, faults, strict=True):
        free = [rule for rule in of if proofs[rule.id] is None]
        if free and finding.proof is not None:
            best = min(free, key=lambda rule: (rule.path != finding.path, len(SHOWN_BY[rule.code])))
            proofs[best.id] = finding.proof
        if of or fault in seen or (fault in claimed and _follows(hit)):
            continue
        left.append(finding)
        seen.add(fault)
    return [*(rule.model_copy(update={"proof": proofs[rule.id]}) for rule in rules), *left]


def _meant(
    rule: ReviewFinding,
    finding: ReviewFinding,
    hit: Hit | None,
    operations: Mapping[str, Handler],
    broken: Collection[str],
) -> bool:
    """Whether a request shows what a rule read: in the handler it went to, or in what stands before all of them."""
    if hit is None:
        return False
    name = _operation(finding, hit, operations)
    handler = operations.get(name)
    here = bool(handler and handler.holds(rule.path, rule.line))
    outside = not any(one.holds(rule.path, rule.line) for one in operations.values())
    return any(
        (here or (one.anywhere and outside)) and not (one.alone and name in broken) and _is_shown(one, hit)
        for one in SHOWN_BY.get(rule.code, ())
    )


def _is_shown(one: Shown, hit: Hit) -> bool:
    request = request_line(hit.attack.steps[hit.step]) if one.request and hit.attack.steps else ""
    return bool(
        fnmatchcase(hit.attack.id, one.attack) and re.search(one.told, hit.told) and re.search(one.request, request)
    )


def _broken_anyway(ran: Sequence[Ran], operations: Mapping[str, Handler]) -> set[str]:
    """Operations that fail on ordinary requests, or are answered without any login: no special request is to blame."""
    found = set[str]()
    for finding, hit in ran:
        if hit is None:
            continue
        variant = hit.attack.id.rpartition("/")[2]
        fails = bool(re.search(BROKE, hit.told)) and (
            variant == "valid request" or (hit.attack.category == "upload" and variant != "name that climbs")
        )
        if fails or (hit.attack.category == "authentication" and variant in NO_TOKENS):
            found.add(_operation(finding, hit, operations))
    return found


def _follows(hit: Hit | None) -> bool:
    """A hit of which others on the same operation are the same fault: forged tokens, a stack trace."""
    if hit is None:
        return False
    forged = hit.attack.category == "authentication" and hit.attack.id.rpartition("/")[2] in FORGERIES
    return forged or hit.attack.id.endswith("a stack trace")


def _fault(finding: ReviewFinding, hit: Hit | None, operations: Mapping[str, Handler]) -> str:
    """The same for requests that show the same fault."""
    operation = _operation(finding, hit, operations)
    if hit is None:
        return finding.id
    if hit.attack.id.endswith("a stack trace"):
        return "a stack trace"
    if hit.attack.category == "authentication":
        return f"authentication {operation}"
    broken = re.search(r"answered 5\d\d|connection was cut", f"{hit.told} {finding.message}")
    return f"broken {operation}" if broken and operation else finding.id


def _shows(hit: Hit, finding: GateFinding) -> bool:
    if finding.gate == probe.SCHEMA:
        return hit.attack.id == f"schema/{finding.code}" and bool(re.search(r"answered 5\d\d", finding.text))
    return probe.finding_of(hit).mark == finding.mark


def _code(finding: GateFinding) -> str:
    """A word for an id: a tool's own code, else the gate's name."""
    names = {probe.SCHEMA: "schema", "contract": "contract", "migrations": "migrations", "types": "types"}
    if finding.gate == probe.ATTACKS:
        return finding.code.replace(" ", "-")
    return names.get(finding.gate, finding.code.replace(" ", "-") or finding.gate)


def _operation(finding: ReviewFinding | GateFinding, hit: Hit | None, operations: Mapping[str, Handler]) -> str:
    """The operation that answered."""
    if hit is None:
        return finding.code if finding.gate == probe.SCHEMA else ""
    if hit.attack.operation:
        return hit.attack.operation
    step = hit.attack.steps[min(hit.step, len(hit.attack.steps) - 1)]
    return operation_of(f"{step.method} {step.path}", operations)


def _of_gate(
    name: str,
    code: str,
    result: GateResult,
    finding: GateFinding,
    hit: Hit | None,
    operations: Mapping[str, Handler],
) -> ReviewFinding:
    handler = operations.get(_operation(finding, hit, operations))
    return ReviewFinding(
        id=name,
        gate=finding.gate,
        code=finding.code if finding.gate == probe.SCHEMA else code,
        severity=_severity(finding, hit),
        message=_message(finding),
        path=finding.path or (handler.path if handler else ""),
        line=finding.line or (handler.line if handler else 0),
        proof=_proof(result, finding, hit, name),
    )


def _severity(finding: GateFinding, hit: Hit | None) -> Severity:
    if finding.gate == "lint":
        if finding.code.startswith(LINT_GRAVE):
            return "error"
        if finding.code in LINT_STYLE:
            return "info"
        return "info" if finding.code.rstrip("0123456789") in LINT_CRAFT else "warning"
    if finding.gate == "types":
        return "warning"
    if finding.gate == "contract":
        return "error" if finding.code == "breaking" else "info"
    if finding.gate == probe.SCHEMA and hit is None:
        return "warning"
    return "warning" if hit is not None and hit.attack.doubt else "error"


def _message(finding: GateFinding) -> str:
    whom = {
        "contract": "Clients written for the service as it was: ",
        "migrations": f"Whoever deploys this on {finding.code}: ",
        "documented": "Whoever follows the documentation: ",
    }
    return f"{whom.get(finding.gate, '')}{finding.text}"


def _proof(result: GateResult, finding: GateFinding, hit: Hit | None, name: str) -> Proof | None:
    if hit is not None:
        shows = test_file([hit], f"{hit.attack.title}.") if can_be_shown(hit) else ""
        path = f"tests/acceptance/test_review_{name.rpartition('-')[2]}.py"
        said = f"{hit.told}{': ' if hit.answer else ''}{hit.answer}"
        return Proof(
            kind="request",
            ran=requests_of(hit),
            said=_short(said),
            test=TestFile(path=path, content=shows) if shows else None,
        )
    if finding.gate == probe.SCHEMA:
        return Proof(kind="request", ran=finding.code, said=finding.text)
    if finding.gate in ("contract", "migrations"):
        return Proof(kind="command", ran=result.gate.command, said=finding.text)
    return None


def _short(said: str) -> str:
    """An answer without what it repeats."""
    return re.sub(r"(.)\1{20,}", r"\1\1\1...", said)[:700]
