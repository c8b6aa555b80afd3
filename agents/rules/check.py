"""Checking a repository against the rules, and repairing what can be repaired safely."""

import ast
from collections import Counter
from collections.abc import Iterable

from agents.findings import SEVERITIES, Edit, Finding, apply_edits, identity
from agents.profile import Source
from agents.rules.catalog import RULES
from agents.rules.project import Project
from agents.rules.rule import Change, Hit, Rule
from agents.rules.services import services
from agents.rules.switches import Switches, read_switches, without_ignored
from agents.syntax import check_python

_TEXT_MAX = 300


def check(
    source: Source, only: Iterable[str] | None = None, *, switches: Switches | None = None, comments: bool = True
) -> tuple[Finding, ...]:
    """Every finding, by path and line.

    Args:
        only: ids of rules; None means all.
        switches: which rules are off; None reads the repository's own configuration.
        comments: respect `# greenloop: ignore[...]`.
    """
    wanted = None if only is None else set(only)
    on = read_switches(source) if switches is None else switches
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    for part in services(source):
        project = Project(part)
        for rule in RULES:
            if wanted is None or rule.id in wanted:
                findings += _findings(project, rule, texts)
    kept = [f for f in findings if on.allows(f.rule, f.path)]
    if comments:
        kept = without_ignored(kept, texts)
    return tuple(sorted(kept, key=lambda f: (f.path, f.line, f.column, SEVERITIES.index(f.severity), f.rule)))


def fix(source: Source, findings: Iterable[Finding]) -> dict[str, str]:
    """New texts of the files that the findings' edits change; a file the edits would break is left as it is.

    Raises:
        EditRefused: an edit would make a file unparsable.
    """
    edits: dict[str, list[Edit]] = {}
    for finding in findings:
        for edit in finding.edits:
            edits.setdefault(edit.path, []).append(edit)
    fixed: dict[str, str] = {}
    for path, listed in sorted(edits.items()):
        before = source.read(path)
        after = apply_edits(before, listed)
        check_python(path, before, after)
        if after != before:
            fixed[path] = after
    return fixed


def _findings(project: Project, rule: Rule, texts: dict[str, str]) -> list[Finding]:
    seen: Counter[tuple[str, str, str]] = Counter()
    places = set[tuple[str, int, int]]()
    found = []
    hits = sorted(rule.find(project), key=lambda h: (h.module.file, *_start(h.node)))
    for hit in hits:
        path = hit.module.file
        place = (path, *_start(hit.node))
        if place in places:
            continue
        places.add(place)
        text = texts.setdefault(path, project.read(path))
        code = hit.key or _shown(hit.node)
        nth = seen[path, hit.around, code]
        seen[path, hit.around, code] += 1
        found.append(_finding(rule, hit, text.splitlines(), identity(rule.id, path, hit.around, code, nth)))
    return found


def _finding(rule: Rule, hit: Hit, lines: list[str], ids: tuple[str, str]) -> Finding:
    line, column = _start(hit.node)
    end_line, end_column = _end(hit.node)
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        path=hit.module.file,
        line=line,
        column=_characters(lines, line, column) + 1,
        end_line=end_line,
        end_column=_characters(lines, end_line, end_column) + 1,
        message=hit.message,
        places=hit.places,
        edits=tuple(_edit(hit.module.file, change, lines) for change in hit.changes),
        fingerprint=ids[0],
        shape=ids[1],
    )


def _edit(path: str, change: Change, lines: list[str]) -> Edit:
    return Edit(
        path=path,
        line=change.line,
        column=_characters(lines, change.line, change.column),
        end_line=change.end_line,
        end_column=_characters(lines, change.end_line, change.end_column),
        new=change.new,
    )


def _characters(lines: list[str], line: int, column: int) -> int:
    """A column in UTF-8 bytes as a column in characters."""
    text = lines[line - 1] if 0 < line <= len(lines) else ""
    return column if text.isascii() else len(text.encode("utf-8", "replace")[:column].decode("utf-8", "ignore"))


def _start(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 1), getattr(node, "col_offset", 0)


def _end(node: ast.AST) -> tuple[int, int]:
    """The end of a node; of a function, class or other block the end of its name or first line."""
    line, column = _start(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        words = {ast.FunctionDef: "def ", ast.AsyncFunctionDef: "async def ", ast.ClassDef: "class "}
        return line, column + len(words[type(node)]) + len(node.name.encode())
    if isinstance(node, ast.stmt | ast.ExceptHandler) and getattr(node, "body", None):
        return line, column + 1
    return getattr(node, "end_lineno", None) or line, getattr(node, "end_col_offset", None) or column


def _shown(node: ast.AST) -> str:
    """The code a finding is about, without formatting; the head of a function, class or block."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return f"def {node.name}"
    if isinstance(node, ast.Module):
        return "module"
    if getattr(node, "body", None) and isinstance(node, ast.stmt | ast.ExceptHandler):
        return type(node).__name__
    return ast.unparse(node)[:_TEXT_MAX]
