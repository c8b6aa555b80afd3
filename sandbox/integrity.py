"""The test integrity gate: what a change did to the files that judge it. The trusted versions ran in any case."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.reports import Gate
from sandbox.text import escaped
from sandbox.trust import JUDGING, Changed, kind_of
from sandbox.watched import watched

NAME = "test integrity"
_CHOOSING = (b"addopts", b"testpaths", b"python_", b"norecursedirs", b"collect_", b"confcutdir", b"-")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing done to a trusted path."""

    path: str
    text: str
    blocking: bool


def integrity(changes: Sequence[Changed]) -> tuple[Finding, ...]:
    """Name every change to a trusted path; blocking when it deletes or weakens tests or touches what runs them."""
    return tuple(_finding(change) for change in changes if kind_of(change.path) or watched(change.path))


def integrity_gate(changes: Sequence[Changed]) -> Gate:
    """The findings as a gate; passed when none is blocking."""
    findings = sorted(integrity(changes), key=lambda finding: not finding.blocking)
    said = [f"{escaped(finding.path)} {finding.text}" for finding in findings[:10]]
    if len(findings) > 10:
        said.append(f"and {len(findings) - 10} more")
    passed = not any(finding.blocking for finding in findings)
    evidence = "; ".join(said) or "no file that judges the change was touched"
    return Gate(name=NAME, passed=passed, evidence=evidence, command="compare what judges with the trusted commit")


def _finding(change: Changed) -> Finding:
    kind = kind_of(change.path)
    if kind == "startup":
        return Finding(
            change.path, f"was {change.status} and could run before, or instead of, the tests", blocking=True
        )
    if kind == "acceptance":
        return Finding(change.path, f"was {change.status}", blocking=True)
    if kind is None:
        return _watched_finding(change)
    if change.status == "deleted":
        return Finding(change.path, "was deleted", blocking=True)
    if change.status == "added" and kind in ("test", "conftest"):
        return Finding(change.path, "was added by the change and did not run", blocking=False)
    if kind in ("config", "shared"):
        return _settings_finding(change)
    if kind == "test" and (loss := weakened(change.before, change.after) if change.path.endswith(".py") else ""):
        return Finding(change.path, f"was weakened: {loss}", blocking=True)
    return Finding(change.path, "was edited; the version before the change ran", blocking=kind == "conftest")


def _watched_finding(change: Changed) -> Finding:
    """A new one is only named; one that was there belongs to what the change is held to."""
    decides = {
        "lock": "pins what is installed",
        "ci": "decides what CI runs",
        "coverage": "decides what coverage counts",
    }
    text = f"was {change.status}; it {decides[watched(change.path) or 'ci']}"
    return Finding(change.path, text, blocking=change.status != "added")


def _settings_finding(change: Changed) -> Finding:
    """Settings that choose tests are blocking; others (a marker, the asyncio mode) are only named."""
    chosen = [_choosing(content) for content in (change.before, change.after)]
    if chosen[0] != chosen[1]:
        return Finding(change.path, "changes which tests belong to the suite", blocking=True)
    judging = [_judging(content) for content in (change.before, change.after)]
    if judging[0] != judging[1]:
        return Finding(change.path, "changes what coverage counts, or which plugins pytest loads", blocking=True)
    return Finding(change.path, "changes pytest settings; those before the change were used", blocking=False)


def _choosing(content: bytes) -> list[bytes]:
    lines = content.replace(b"\n    ", b" ").splitlines()
    return [line.strip() for line in lines if line.lstrip().startswith(_CHOOSING)]


def _judging(content: bytes) -> list[bytes]:
    return [line for line in content.splitlines() if line.startswith(JUDGING.encode())]


@dataclass(frozen=True, slots=True)
class _Weight:
    tests: frozenset[str]
    asserts: int
    skips: int


def weakened(before: bytes, after: bytes) -> str:
    """How the second version of a test file demands less than the first, empty when it does not.

    Counts only: tests by name, assertions, skip and xfail marks. A rewritten expectation is not seen here; it does not
    need to be, since the first version is what runs.
    """
    old, new = _weigh(before), _weigh(after)
    if new is None:
        return "it cannot be parsed any more" if old is not None else ""
    if old is None:
        return ""
    if lost := sorted(old.tests - new.tests):
        return f"{len(lost)} tests are gone, first {lost[0]}"
    if new.asserts < old.asserts:
        return f"{old.asserts - new.asserts} assertions are gone"
    return "tests are skipped or expected to fail" if new.skips > old.skips else ""


def _weigh(source: bytes) -> _Weight | None:
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    functions = (n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    tests = frozenset(name for name in functions if name.startswith("test"))
    return _Weight(tests, sum(_is_assert(n) for n in nodes), sum(1 for _ in _skips(nodes)))


def _is_assert(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else ""
    return name.startswith("assert") or name in ("raises", "warns")


def _skips(nodes: Iterable[ast.AST]) -> Iterable[ast.AST]:
    for node in nodes:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in ("skip", "skipif", "xfail", "importorskip", "skipIf", "skipUnless", "expectedFailure", "SkipTest"):
            yield node
