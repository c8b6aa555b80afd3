"""What a rule is: an id, a reason, a bad and a good example, and how it is found."""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from agents.findings import Severity
from agents.reading.modules import Module
from agents.rules.project import Project
from agents.rules.scopes import Scope


@dataclass(frozen=True, slots=True)
class Change:
    """A repair as text: the node (or the place between two) and what it becomes. Columns are those of `ast` (bytes)."""

    line: int
    column: int
    end_line: int
    end_column: int
    new: str

    @classmethod
    def of(cls, node: ast.expr | ast.stmt | ast.keyword | ast.arg, new: str) -> "Change":
        """Replace a node."""
        return cls(node.lineno, node.col_offset, node.end_lineno or node.lineno, node.end_col_offset or 0, new)

    @classmethod
    def before(cls, node: ast.expr | ast.stmt, new: str) -> "Change":
        """Insert in front of a node."""
        return cls(node.lineno, node.col_offset, node.lineno, node.col_offset, new)


@dataclass(frozen=True, slots=True)
class Hit:
    """One place a rule found."""

    module: Module
    node: ast.AST
    """What is shown: an expression, a statement, a parameter; of a function or class its first line."""
    message: str
    changes: tuple[Change, ...] = ()
    around: str = ""
    """Qualified name of the function or class around it."""
    places: int = 1
    """How many places of the file it stands for."""
    key: str = ""
    """What tells it apart from others when it is not the code: `file` for a habit of a whole file."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; its page says why it is there and shows it."""

    id: str
    name: str
    severity: Severity
    find: Callable[[Project], Iterable[Hit]]
    repairs: bool = False
    """Some of what it finds can be repaired by `fix`."""


def hit(scope: Scope, node: ast.AST, message: str, changes: Iterable[Change] = ()) -> Hit:
    """A place inside a scope."""
    return Hit(scope.module, node, message, tuple(changes), scope.name)
