"""What a repair takes away: a way to a green test that is seldom the right one."""

import ast
import re
from collections import Counter
from collections.abc import Mapping

from agents.repair.candidate import Candidate, apply
from agents.trees import tree_or_nothing

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket", "api_route"})
GRAVE = frozenset({"an error that was raised", "a route", "a function", "an assertion"})
"""Only believed for a reason."""


def losses(candidate: Candidate, sources: Mapping[str, str]) -> tuple[str, ...]:
    """What there is less of afterwards, in words; nothing when it only changes or adds."""
    after = {**sources, **apply(candidate, sources)}
    before: Counter[str] = Counter()
    now: Counter[str] = Counter()
    for path in {edit.path for edit in candidate.edits}:
        before += _counted(sources.get(path, ""))
        now += _counted(after.get(path, ""))
    return tuple(word for word, count in before.items() if now[word] < count)


def reason_for(candidate: Candidate, sources: Mapping[str, str], errors: Mapping[str, str]) -> str:
    """Why taking away an error may be right: the failing tests see that very error; empty when they do not."""
    said = "\n".join(errors.values())
    after = {**sources, **apply(candidate, sources)}
    for path in {edit.path for edit in candidate.edits}:
        for what in _raised(sources.get(path, "")) - _raised(after.get(path, "")):
            names = set(re.findall(r"[A-Z]\w+|\b[1-5]\d\d\b", what))
            if any(re.search(rf"\b{re.escape(name)}\b", said) for name in names):
                return f"the failing tests end in {what[:80]}"
    return ""


def _raised(text: str) -> Counter[str]:
    return Counter(
        ast.unparse(node.exc) for node in ast.walk(tree_or_nothing(text)) if isinstance(node, ast.Raise) and node.exc
    )


def _counted(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for node in ast.walk(tree_or_nothing(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found["a function"] += 1
            found["a route"] += sum(1 for one in node.decorator_list if _is_route(one))
        elif isinstance(node, ast.Raise):
            found["an error that was raised"] += 1
        elif isinstance(node, ast.Assert):
            found["an assertion"] += 1
        elif isinstance(node, ast.If | ast.IfExp):
            found["a condition"] += 1
        elif isinstance(node, ast.Call):
            found["a call"] += 1
        elif isinstance(node, ast.For | ast.While | ast.AsyncFor):
            found["a loop"] += 1
        elif isinstance(node, ast.Return):
            found["a return"] += 1
        elif isinstance(node, ast.BoolOp):
            found["a part of a condition"] += len(node.values) - 1
    return found


def _is_route(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in _VERBS
