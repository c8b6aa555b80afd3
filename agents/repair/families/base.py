"""What a family of edits gets to see, and how it says what it would change."""

import ast
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from agents.repair.candidate import Edit
from agents.repair.hints import Hints
from agents.repair.repository import Repository
from agents.repair.source import FUNCTIONS, Function, Source, first_line

TIGHT = (
    ast.BinOp, ast.UnaryOp, ast.Attribute, ast.Subscript, ast.Call, ast.Compare, ast.BoolOp, ast.Await, ast.Starred,
    ast.IfExp,
)  # fmt: skip
"""Parents in which another expression may need parentheses."""
ATOMS = (
    ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Tuple, ast.Dict, ast.Set,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.JoinedStr,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """An edit that a family proposes; `prior` (0 to 1) says how often such an edit is the fix."""

    edits: tuple[Edit, ...]
    prior: float
    says: str


Family = Callable[[Any, "Place"], Iterator[Change]]
F = TypeVar("F", bound=Callable[..., Iterator[Change]])
TABLE: dict[type[ast.AST], list[tuple[str, Family]]] = {}


def family(*types: type[ast.AST]) -> Callable[[F], F]:
    """Register a function as the family of its name for nodes of these types."""
    return registering(TABLE, types)


def registering(
    table: dict[type[ast.AST], list[tuple[str, Family]]], types: Iterable[type[ast.AST]], prefix: str = ""
) -> Callable[[F], F]:
    """A decorator that puts a function into a table under its name."""

    def register(function: F) -> F:
        for kind in types:
            table.setdefault(kind, []).append((f"{prefix}{function.__name__.replace('_', ' ')}", function))
        return function

    return register


class Place:
    """One file as families see it, with the repository and the hints about the failure."""

    def __init__(self, source: Source, repo: Repository, hints: Hints) -> None:
        self.source, self.repo, self.hints = source, repo, hints

    def code(self, node: ast.AST) -> str:
        """The node's own text."""
        return self.source.code(node)

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node's parent."""
        return self.source.parents.get(node)

    def function(self, node: ast.AST) -> Function | None:
        """The function around a node, or the node itself when it is one."""
        return node if isinstance(node, FUNCTIONS) else self.source.function(node)

    def is_async(self, node: ast.AST) -> bool:
        """Whether `await` may stand where the node stands."""
        return isinstance(self.function(node), ast.AsyncFunctionDef)

    def edit(self, start: int, end: int, text: str) -> Edit:
        """An edit of this file."""
        return Edit(self.source.path, start, end, text)

    def swap(self, node: ast.AST, text: str, prior: float, says: str = "") -> Change:
        """Another expression in the node's place, in parentheses where it needs them."""
        parent = self.parent(node)
        bracketed = isinstance(parent, ast.Call | ast.Subscript) and node not in (
            getattr(parent, "func", None),
            getattr(parent, "value", None),
        )
        if isinstance(parent, TIGHT) and not bracketed:
            text = self._wrapped(text)
        edit = self.edit(self.source.start(node), self.source.end(node), text)
        return Change((edit,), prior, says or f"`{short(self.code(node))}` becomes `{short(text)}`")

    def _wrapped(self, text: str) -> str:
        if text.isidentifier() or text.isdigit():
            return text
        try:
            value = ast.parse(text, mode="eval").body
        except SyntaxError:
            return text
        return text if isinstance(value, ATOMS) else f"({text})"

    def span(self, start: int, end: int, text: str, prior: float, says: str) -> Change:
        """Characters replaced, whatever they are."""
        return Change((self.edit(start, end, text),), prior, says)

    def before(self, statement: ast.stmt, text: str, prior: float, says: str = "") -> Change:
        """Statements put before one, at its own depth."""
        at = self.source.line_start(first_line(statement))
        if self.source.text[self.source.line_start(statement.lineno) : self.source.start(statement)].strip():
            return self.span(at, at, "", 0.0, "")  # it shares its line with what it belongs to
        return self.span(at, at, self._laid(statement, text), prior, says or f"`{short(text)}` is put in")

    def behind(self, statement: ast.stmt, text: str, prior: float, says: str = "") -> Change:
        """Statements put behind one, at its own depth."""
        at = self.source.line_end(statement.end_lineno or statement.lineno)
        begin = self.source.line_start(statement.lineno)
        if self.source.text[begin : self.source.start(statement)].strip():
            return self.span(at, at, "", 0.0, "")
        laid = self._laid(statement, text)
        if not self.source.text[:at].endswith(("\n", "\r")):
            laid = "\n" + laid
        return self.span(at, at, laid, prior, says or f"`{short(text)}` is put in")

    def _laid(self, statement: ast.stmt, text: str) -> str:
        return textwrap.indent(text.rstrip("\n") + "\n", self.source.indent(statement))

    def remove(self, statement: ast.stmt, prior: float, says: str = "") -> Change | None:
        """A statement taken out, `pass` in its place when it was the only one."""
        start, end = self.lines(statement)
        rest = f"{self.source.indent(statement)}pass\n" if len(self.source.block(statement)) == 1 else ""
        if not self.source.is_alone(statement):
            return None
        return self.span(start, end, rest, prior, says or f"`{short(self.code(statement))}` is taken out")

    def lines(self, statement: ast.stmt) -> tuple[int, int]:
        """Offsets of a statement's whole lines, decorators included."""
        source = self.source
        return source.line_start(first_line(statement)), source.line_end(statement.end_lineno or statement.lineno)

    def text_of(self, statement: ast.stmt) -> str:
        """A statement's whole lines moved to the left margin."""
        start, end = self.lines(statement)
        return textwrap.dedent(self.source.text[start:end])

    def laid_out(self, text: str, indent: str) -> str:
        """Text at the left margin moved to a depth."""
        return textwrap.indent(text.rstrip("\n") + "\n", indent)


def short(text: str, width: int = 60) -> str:
    """On one line and not too long."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 3] + "..."


def is_condition(node: ast.AST, parent: ast.AST | None) -> bool:
    """Whether a node is what an `if`, `while`, conditional expression or comprehension asks."""
    if isinstance(parent, ast.If | ast.While | ast.IfExp):
        return parent.test is node
    return isinstance(parent, ast.comprehension) and node in parent.ifs
