"""What a bug report itself asks to change of the published contract: a repair may break that, and nothing else."""

import ast
import re
from collections.abc import Callable, Iterable, Sequence

from agents.bugs.report import BugReport
from agents.contracts import Plan, TestCase
from sandbox.gates.openapi_diff import ContractChange

Asked = Callable[[ContractChange], bool]
_OPERATION = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(/[^\s`'\",;?]*)")


def nothing_asked(_: ContractChange) -> bool:
    """No client may break."""
    return False


def anything_asked(_: ContractChange) -> bool:
    """`--allow-breaking`: what breaks is told."""
    return True


def breaks_asked_for(plan: Plan, read: Callable[[str], str], cases: Sequence[TestCase]) -> Asked:
    """Whether a change of the contract is what the report or its tests ask for.

    `read`: the text of a test file. A change is asked for when its operation is one that the report names or a test
    that shows the bug calls, and it does not take the operation away.
    """
    named = list(_of_report(plan)) + [one for case in cases if not case.guard for one in shown_by(case.node_id, read)]
    return lambda change: change.what != "is gone" and is_named(change.where, named)


def _of_report(plan: Plan) -> Iterable[tuple[str, str]]:
    bug = plan.spec.get("bug")
    if bug:
        for exchange in BugReport.model_validate(bug).exchanges:
            yield exchange.method, exchange.path.partition("?")[0]
    for criterion in plan.criteria:
        yield from (((method, path) for method, path in _OPERATION.findall(criterion.text)))


def shown_by(node_id: str, read: Callable[[str], str]) -> list[tuple[str, str]]:
    """(method, path) of the requests a test sends, as far as its text tells; the method is upper case."""
    path, *names = node_id.partition("[")[0].split("::")
    try:
        tree = ast.parse(read(path))
    except (SyntaxError, ValueError, RecursionError):
        return []
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == (names or [""])[-1]:
            found += [one for call in ast.walk(node) if isinstance(call, ast.Call) for one in _requests(call)]
    return found


def _requests(call: ast.Call) -> Iterable[tuple[str, str]]:
    method = call.func.attr.upper() if isinstance(call.func, ast.Attribute) else ""
    arguments = call.args
    if method == "REQUEST" and arguments and isinstance(arguments[0], ast.Constant):
        method, arguments = str(arguments[0].value).upper(), arguments[1:]
    if method in ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS") and arguments:
        text = _literal(arguments[0])
        if text.startswith("/"):
            yield method, text.partition("?")[0]


def _literal(node: ast.expr) -> str:
    """The text of an argument; what is worked out at run time stands as `{}`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return ""


def is_named(where: str, named: Iterable[tuple[str, str]]) -> bool:
    """Whether `POST /books/{id}` is one of the operations; a part in braces matches any one part."""
    method, _, path = where.partition(" ")
    return any(method == other and _matches(path, theirs) for other, theirs in named)


def _matches(pattern: str, path: str) -> bool:
    ours, theirs = pattern.strip("/").split("/"), path.strip("/").split("/")
    return len(ours) == len(theirs) and all(
        a == b or a.startswith("{") or b.startswith("{") for a, b in zip(ours, theirs, strict=True)
    )
