"""Families that build edits of what a place can see: asked last, for there are many and each is unlikely."""

import ast
from collections.abc import Callable, Iterator

from agents.repair.families.base import Change, F, Family, Place, registering
from agents.repair.source import FUNCTIONS, LOOPS

BUILT: dict[type[ast.AST], list[tuple[str, Family]]] = {}
CEILING = 0.12
"""No prior here is above it."""
SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign, ast.Return, ast.Raise, ast.Delete)
EXITS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
STEPS = (*SIMPLE, *LOOPS, ast.If)


def built(*types: type[ast.AST]) -> Callable[[F], F]:
    """Register a family that is asked last."""
    return registering(BUILT, types, "built: ")


def changes_built(node: ast.AST, at: Place) -> Iterator[tuple[str, Change]]:
    """Everything of this kind at one node."""
    for name, function in BUILT.get(type(node), ()):
        for change in function(node, at):
            if change.prior > 0:
                yield name, change


def is_operand(node: ast.expr, at: Place) -> bool:
    """A value that is read and stands for itself."""
    parent = at.parent(node)
    if at.source.function(node) is None or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    if isinstance(parent, ast.Call) and parent.func is node:
        return False
    if isinstance(parent, ast.Attribute | ast.FormattedValue | ast.arg | ast.ExceptHandler | ast.Expr | ast.Await):
        return False
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return False
    if isinstance(parent, ast.AnnAssign) and parent.annotation is node:
        return False
    return not isinstance(parent, (*FUNCTIONS, ast.Raise))
