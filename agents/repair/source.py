"""One parsed file, with character offsets: what every family of edits looks at."""

import ast
import re
from collections.abc import Iterator
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPOUND = (*FUNCTIONS, *LOOPS, ast.ClassDef, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.Match)
_NEWLINE = re.compile(r"\r\n|\r|\n")


class Source:
    """A Python file and its tree.

    Raises:
        SyntaxError: the text is no Python.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.tree = ast.parse(text)
        self._starts = [0, *(found.end() for found in _NEWLINE.finditer(text))]
        self._ascii = text.isascii()
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes: list[ast.AST] = []
        """Every node, parents before children, in the order of the text."""
        stack: list[ast.AST] = [self.tree]
        while stack:
            node = stack.pop()
            self.nodes.append(node)
            children = list(ast.iter_child_nodes(node))
            if isinstance(node, ast.FormattedValue) and not self._is_placed(node.value):
                continue
            for child in reversed(children):
                if not isinstance(child, ast.expr_context | ast.operator | ast.cmpop | ast.boolop | ast.unaryop):
                    self.parents[child] = node
                    stack.append(child)

    def _is_placed(self, node: ast.expr) -> bool:
        """Whether an expression in an f-string is where its tree says (before Python 3.12 it may not be)."""
        try:
            return ast.dump(ast.parse(self.code(node), mode="eval").body) == ast.dump(node)
        except (SyntaxError, ValueError, IndexError):
            return False

    def offset(self, line: int, column: int) -> int:
        """The character offset of a tree position (line from 1, column in UTF-8 bytes)."""
        start = self._starts[line - 1]
        if self._ascii:
            return start + column
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return start + len(self.text[start:end].encode()[:column].decode(errors="ignore"))

    def start(self, node: ast.AST) -> int:
        """Where the node begins; decorators come before a function's own beginning."""
        return self.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """Where the node ends."""
        return self.offset(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def code(self, node: ast.AST) -> str:
        """The node's own text."""
        return self.text[self.start(node) : self.end(node)]

    def line_start(self, line: int) -> int:
        """The offset of a line's first character; the end of the text behind the last one."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self.text)

    def line_end(self, line: int) -> int:
        """The offset behind a line's newline."""
        return self._starts[line] if line < len(self._starts) else len(self.text)

    def indent(self, node: ast.AST) -> str:
        """The white space before the line that a statement begins on."""
        begin = self.line_start(node.lineno)  # type: ignore[attr-defined]
        line = self.text[begin : begin + node.col_offset]  # type: ignore[attr-defined]
        return line[: len(line) - len(line.lstrip())]

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The node's parents, nearest first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The statement a node is in, or is."""
        if isinstance(node, ast.stmt):
            return node
        return next((n for n in self.above(node) if isinstance(n, ast.stmt)), None)

    def function(self, node: ast.AST) -> Function | None:
        """The innermost function whose body a node is in: not one whose decorator, default or annotation it is."""
        child = node
        for parent in self.above(node):
            if isinstance(parent, FUNCTIONS) and isinstance(child, ast.stmt):
                return parent
            child = parent
        return None

    def owner(self, node: ast.AST) -> ast.ClassDef | None:
        """The innermost class around a node."""
        return next((n for n in self.above(node) if isinstance(n, ast.ClassDef)), None)

    def is_elif(self, statement: ast.stmt) -> bool:
        """Whether an `if` is written as `elif`."""
        return self.text.startswith("elif", self.start(statement))

    def loop(self, node: ast.AST) -> ast.For | ast.AsyncFor | ast.While | None:
        """The innermost loop around a node within its function."""
        for parent in self.above(node):
            if isinstance(parent, LOOPS):
                return parent
            if isinstance(parent, (*FUNCTIONS, ast.Lambda)):
                return None
        return None

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements a statement stands in."""
        parent = self.parents.get(statement)
        for _, value in ast.iter_fields(parent) if parent is not None else ():
            if isinstance(value, list) and any(item is statement for item in value):
                return value
        return [statement]

    def is_alone(self, statement: ast.stmt) -> bool:
        """Whether a statement shares no line with another one."""
        before = self.text[self.line_start(statement.lineno) : self.start(statement)]
        behind = self.text[self.end(statement) : self.line_end(statement.end_lineno or statement.lineno)]
        return not before.strip() and (not behind.strip() or behind.lstrip().startswith("#"))

    @cached_property
    def functions(self) -> list[Function]:
        """Every function of the file."""
        return [n for n in self.nodes if isinstance(n, FUNCTIONS)]

    @cached_property
    def classes(self) -> list[ast.ClassDef]:
        """Every class of the file."""
        return [n for n in self.nodes if isinstance(n, ast.ClassDef)]


def is_docstring(statement: ast.stmt) -> bool:
    """A constant that stands alone: documentation."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def first_line(statement: ast.stmt) -> int:
    """The first line of a statement, its decorators included."""
    marks: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(mark.lineno for mark in marks)])


def header_end(statement: ast.stmt) -> int:
    """The last line of a compound statement's head, of a simple one its last line."""
    body = getattr(statement, "body", None)
    if isinstance(statement, COMPOUND) and isinstance(body, list) and body:
        return max(statement.lineno, first_line(body[0]) - 1)
    if isinstance(statement, ast.Match):
        return statement.lineno
    return statement.end_lineno or statement.lineno


def within(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions and classes inside it."""
    stack = list(ast.iter_child_nodes(function))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            stack.extend(ast.iter_child_nodes(node))


def called(node: ast.AST) -> str:
    """The last name of what a call calls (`db.commit()`: commit), empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def names_in(node: ast.AST) -> set[str]:
    """Every name a node mentions, those after a dot included."""
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            found.add(part.id)
        elif isinstance(part, ast.Attribute):
            found.add(part.attr)
    return found
