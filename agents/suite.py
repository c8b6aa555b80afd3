"""Reading test files without running them: which test proves which criterion, and what is wrong with them."""

import ast
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator

from agents.contracts import Plan, TestCase
from sandbox.trust import ACCEPTANCE

CITED = re.compile(r"\s*((?:C\d+)(?:\s*(?:,|and)\s*C\d+)*)\b")
ALLOWED = frozenset({"httpx", "pytest", "typing_extensions"})
"""Modules besides the standard library that an acceptance test may import."""
_EVASIONS = frozenset({"skip", "skipif", "xfail", "importorskip"})

Test = ast.FunctionDef | ast.AsyncFunctionDef


def plan_mark(plan: Plan) -> str:
    """First line of every test file of a plan: it names the criteria, so that a rewrite finds the first try's files."""
    said = "\n".join(f"{c.id} {c.text}" for c in plan.criteria)
    return f"# Acceptance tests of plan {hashlib.sha256(said.encode()).hexdigest()[:10]}"


def cases_of(path: str, content: str, plan: Plan) -> tuple[TestCase, ...]:
    """The tests of one file with the criteria their docstrings begin with (`C1: ...`, `C1, C2: ...`)."""
    guards = {criterion.id for criterion in plan.criteria if criterion.guard}
    found = []
    for prefix, test in _tests(content):
        cited = _cited(test)
        guard = bool(cited) and set(cited) <= guards
        found.append(TestCase(node_id=f"{path}::{prefix}{test.name}", criteria=cited, guard=guard))
    return tuple(found)


def file_problems(path: str, content: str, plan: Plan) -> list[str]:
    """What makes a test file unusable, one line each."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        return [f"{path} is no valid Python: {error}"]
    known = {criterion.id for criterion in plan.criteria}
    found: list[str] = []
    names: set[str] = set()
    for prefix, test in _tests(content):
        where = f"{path}::{prefix}{test.name}"
        cited = _cited(test)
        if not cited:
            found.append(f"{where}: its docstring must begin with the criteria it proves, such as 'C1: ...'.")
        if set(cited) - known:
            found.append(f"{where}: there is no criterion {', '.join(sorted(set(cited) - known))}.")
        if where in names:
            found.append(f"{where} is defined twice; only the last one would run.")
        if not _proves(test):
            found.append(f"{where} asserts nothing about what it got.")
        names.add(where)
    if path.startswith(ACCEPTANCE):
        found += [f"{path} imports {name}: acceptance tests only speak HTTP." for name in _foreign_imports(tree)]
    evaded = sorted({node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & _EVASIONS)
    return found + [f"{path} uses pytest.{name}: every test has to run." for name in evaded]


def uncovered(cases: Iterable[TestCase], plan: Plan) -> list[str]:
    """Criteria no test proves."""
    proven = {criterion for case in cases for criterion in case.criteria}
    return [f"No test proves {c.id}: {c.text}" for c in plan.criteria if c.id not in proven]


def _tests(content: str) -> Iterator[tuple[str, Test]]:
    try:
        body = ast.parse(content).body
    except (SyntaxError, ValueError):
        return
    for node in body:
        if isinstance(node, Test) and node.name.startswith("test"):
            yield "", node
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from ((f"{node.name}::", n) for n in node.body if isinstance(n, Test) and n.name.startswith("test"))


def _cited(test: Test) -> tuple[str, ...]:
    match = CITED.match(ast.get_docstring(test) or "")
    return tuple(dict.fromkeys(re.findall(r"C\d+", match[1]))) if match else ()


def _proves(test: Test) -> bool:
    """Whether there is an assertion that is not about constants, a `raises`, or a call to a helper that checks."""
    for node in ast.walk(test):
        if isinstance(node, ast.Assert) and any(isinstance(n, ast.Name | ast.Call) for n in ast.walk(node.test)):
            return True
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("raises", "raise_for_status") or name.startswith(("assert", "check", "expect")):
                return True
    return False


def _foreign_imports(tree: ast.Module) -> list[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return sorted(name for name in names if name.split(".")[0] not in ALLOWED | sys.stdlib_module_names)
