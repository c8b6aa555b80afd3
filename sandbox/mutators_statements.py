"""Damage to statements: left out, not raised, another answer."""

import ast
from collections.abc import Iterator

from sandbox.mutators_fastapi import NARROWING, RESPONSES
from sandbox.mutators_text import Edit, Text, name_of

_TIDYING = frozenset(
    {"refresh", "flush", "close", "aclose", "dispose", "rollback", "expire", "expire_all", "expunge", "merge"}
    | {"__init__", "update_forward_refs", "model_rebuild", "sleep", "setdefault", "include_router", "mount"}
)
"""Calls whose absence no test can be asked to notice."""


def removed(node: ast.AST, text: Text) -> Iterator[Edit]:
    """A call for its effect, an assignment to an attribute, or a narrowing of a query left out."""
    if isinstance(node, ast.Expr):
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call) and name_of(value.func) not in _TIDYING:
            yield _gone(node, text)
    elif (isinstance(node, ast.Assign) and _matters(node)) or (
        isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Attribute)
    ):
        yield _gone(node, text)


def _matters(node: ast.Assign) -> bool:
    """An attribute that is set, or a name that is made anew from itself (`query = query.where(...)`)."""
    target = node.targets[0]
    if len(node.targets) == 1 and isinstance(target, ast.Name):
        if name_of(node.value) in NARROWING:
            return False  # the call has a damage of its own
        return any(isinstance(n, ast.Name) and n.id == target.id for n in ast.walk(node.value))
    return len(node.targets) == 1 and isinstance(target, ast.Attribute | ast.Subscript)


def raised(node: ast.AST, text: Text) -> Iterator[Edit]:
    """An exception that is not raised."""
    if isinstance(node, ast.Raise) and node.exc is not None:
        yield _gone(node, text, "exception not raised")


def returned(node: ast.AST, text: Text) -> Iterator[Edit]:
    """None instead of the answer; constants have a damage of their own."""
    if isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        if name_of(node.value) in RESPONSES:
            return  # what its decorator says would be answered, and that is often the same
        label = " ".join(text.of(node).decode("utf-8", "replace").split())[:80]
        yield text.replaced(node, b"return None", "answer is None", label)


def _gone(node: ast.AST, text: Text, kind: str = "statement removed") -> Edit:
    label = " ".join(text.of(node).decode("utf-8", "replace").split())
    return text.replaced(node, b"pass", kind, label if len(label) <= 80 else label[:77] + "...")
