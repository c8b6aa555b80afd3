"""Changes to one Python file as a syntax tree: whatever is not changed stays byte for byte."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from agents.errors import NotUnderstood

Statement = cst.SimpleStatementLine | cst.BaseCompoundStatement
Node = TypeVar("Node", bound=cst.CSTNode)
Definition = cst.ClassDef | cst.FunctionDef


@dataclass(slots=True)
class FileEdit:
    """One file under change; `tree` is replaced by every edit."""

    path: str
    tree: cst.Module
    module: str = ""
    """Dotted name; a package's `__init__` ends with `.`."""
    own: frozenset[str] = frozenset()
    """The application's top-level packages."""
    longest: int = 0
    """Length of the longest line as it was read."""

    @classmethod
    def of(cls, path: str, text: str, module: str = "", own: frozenset[str] = frozenset()) -> "FileEdit":
        """Parse a file.

        Raises:
            NotUnderstood: it does not parse.
        """
        try:
            longest = max((len(line) for line in text.splitlines()), default=0)
            return cls(path, cst.parse_module(text), module, own, longest)
        except cst.ParserSyntaxError as error:
            raise NotUnderstood(path, f"{path}:{error.raw_line} does not parse; repair it first.") from error

    @property
    def text(self) -> str:
        """The file as it is now."""
        return self.tree.code

    def line(self, node: cst.CSTNode) -> int:
        """Line of a node of the current tree (1-based)."""
        positions = MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        return positions[node].start.line

    def at_line(self, line: int, kind: type[Node]) -> list[Node]:
        """Nodes of that kind that begin at a line of the file as it is now."""
        positions = MetadataWrapper(self.tree, unsafe_skip_copy=True).resolve(PositionProvider)
        return [node for node in find_all(self.tree, kind) if positions[node].start.line == line]

    def refuse(self, node: cst.CSTNode, quote: str, why: str) -> NotUnderstood:
        """The error that names this place."""
        return NotUnderstood(quote, f"{self.path}:{self.line(node)}: {why}")

    def replace(self, old: cst.CSTNode, new: cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]) -> None:
        """Swap one node (by identity); only the module-level statement around it is rebuilt."""
        swap = _Swap(old, new)
        direct = [i for i, statement in enumerate(self.tree.body) if statement is old]
        for index in direct or range(len(self.tree.body)):
            changed = self.tree.body[index].visit(swap)
            if swap.done:
                middle = changed if isinstance(changed, cst.FlattenSentinel) else [changed]
                body = [*self.tree.body[:index], *middle, *self.tree.body[index + 1 :]]
                self.tree = self.tree.with_changes(body=body)
                return

    def definition(self, name: str) -> Definition:
        """A module-level class or function, `Class.method` for a method.

        Raises:
            NotUnderstood: there is none.
        """
        owner, _, inner = name.partition(".")
        body: Sequence[cst.CSTNode] = self.tree.body
        for node in _definitions(body):
            if node.name.value == owner:
                if not inner:
                    return node
                hits = [n for n in _definitions(node.body.body) if n.name.value == inner]
                if hits:
                    return hits[0]
        raise self._missing(name)

    def _missing(self, name: str) -> NotUnderstood:
        return NotUnderstood(
            name, f"{self.path}: `{name}` is not defined at module level, so it is not touched by rule."
        )

    def class_named(self, name: str) -> cst.ClassDef:
        """A module-level class (NotUnderstood when there is none)."""
        node = self.definition(name)
        if isinstance(node, cst.ClassDef):
            return node
        raise self._missing(name)

    def function_named(self, name: str) -> cst.FunctionDef:
        """A module-level function or `Class.method` (NotUnderstood when there is none)."""
        node = self.definition(name)
        if isinstance(node, cst.FunctionDef):
            return node
        raise self._missing(name)

    def names(self) -> set[str]:
        """Names defined or assigned at module level, without imports."""
        found = {node.name.value for node in _definitions(self.tree.body)}
        for line in self.tree.body:
            for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
                if isinstance(small, cst.Assign):
                    found |= {t.target.value for t in small.targets if isinstance(t.target, cst.Name)}
                elif isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
                    found.add(small.target.value)
        return found

    def insert(self, index: int, code: str) -> None:
        """Put module-level statements before the statement at `index`, two blank lines around definitions."""
        parsed = list(cst.parse_module(code.strip("\n") + "\n", self.tree.config_for_parsing).body)
        if not parsed:
            return
        body = list(self.tree.body)
        if index < len(body):
            parsed[0], body[index] = _under_heading(parsed[0], body[index])
        if index > 0:
            parsed[0] = _spaced(parsed[0], 2 if _is_definition(parsed[0]) or _is_definition(body[index - 1]) else 1)
        if index < len(body):
            body[index] = _spaced(body[index], 2 if _is_definition(parsed[-1]) else 1)
        self.tree = self.tree.with_changes(body=[*body[:index], *parsed, *body[index:]])

    def insert_after(self, name: str, code: str) -> None:
        """Put module-level statements after the definition or assignment of `name`."""
        self.insert(self.index_of(name) + 1, code)

    def index_of(self, name: str) -> int:
        """Index in the module's body of what defines `name` (NotUnderstood when nothing does)."""
        for index, node in enumerate(self.tree.body):
            if isinstance(node, Definition) and node.name.value == name:
                return index
            if isinstance(node, cst.SimpleStatementLine) and name in _assigned(node):
                return index
        raise self._missing(name)

    def append(self, code: str) -> None:
        """Put statements at the end, before `if __name__ == "__main__":`."""
        body = list(self.tree.body)
        index = next((i for i, node in enumerate(body) if _is_main_guard(node)), len(body))
        self.insert(index, code)

    def first_index(self, wanted: Callable[[str], bool]) -> int | None:
        """Index of the first module-level statement whose code is wanted."""
        blank = cst.Module([])
        return next((i for i, n in enumerate(self.tree.body) if wanted(blank.code_for_node(n).strip())), None)

    def add_to_class(self, name: str, code: str, kind: str = "", *, blank: bool = False) -> None:
        """Put statements into a class, a lone `pass` goes.

        Args:
            kind: `field` (after the last annotated attribute), `column` (after the last column), else at the end.
            blank: leave a blank line before it.
        """
        node = self.class_named(name)
        body = lines_of(node)
        statements = list(body.body)
        parsed = list(cst.parse_module(code.strip("\n") + "\n", self.tree.config_for_parsing).body)
        if len(statements) == 1 and _is_filler(statements[0]):
            statements, blank = [], False
        hits = [i for i, s in enumerate(statements) if kind and _is_kind(s, kind)]
        index = hits[-1] + 1 if hits else len(statements)
        if index and (blank or isinstance(statements[index - 1], Definition) or _is_docstring(statements[index - 1])):
            parsed[0] = _spaced(parsed[0], 1)
        new = body.with_changes(body=[*statements[:index], *parsed, *statements[index:]])
        self.replace(node, node.with_changes(body=new))

    def add_to_function(self, name: str, index: int, code: str) -> None:
        """Put statements into a function's body before the statement at `index`."""
        node = self.function_named(name)
        body = lines_of(node)
        parsed = list(cst.parse_module(code.strip("\n") + "\n", self.tree.config_for_parsing).body)
        statements = [*body.body[:index], *parsed, *body.body[index:]]
        self.replace(node, node.with_changes(body=body.with_changes(body=statements)))


def find_all(node: cst.CSTNode, kind: type[Node]) -> list[Node]:
    """Every node of that kind at or below a node, in the order of the source."""
    collector = _Collector(kind)
    node.visit(collector)
    return collector.found


class _Collector(cst.CSTVisitor):
    def __init__(self, kind: type[Any]) -> None:
        super().__init__()
        self.kind = kind
        self.found: list[Any] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, self.kind):
            self.found.append(node)
        return True


class _Swap(cst.CSTTransformer):
    def __init__(self, old: cst.CSTNode, new: cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]) -> None:
        super().__init__()
        self.old, self.new, self.done = old, new, False

    def on_visit(self, node: cst.CSTNode) -> bool:
        self.done = self.done or node is self.old
        return not self.done

    def on_leave(  # type: ignore[override]
        self, original_node: cst.CSTNode, updated_node: cst.CSTNode
    ) -> cst.CSTNode | cst.FlattenSentinel[cst.CSTNode]:
        return self.new if original_node is self.old else updated_node


def _definitions(body: Sequence[cst.CSTNode]) -> list[Definition]:
    return [node for node in body if isinstance(node, Definition)]


def lines_of(node: Definition | cst.If | cst.Else) -> cst.IndentedBlock:
    """The body as lines of their own (`class A: pass` is unfolded)."""
    if isinstance(node.body, cst.IndentedBlock):
        return node.body
    return cst.IndentedBlock(
        [cst.SimpleStatementLine([s]) for s in node.body.body if isinstance(s, cst.BaseSmallStatement)]
    )


def _assigned(line: cst.SimpleStatementLine) -> set[str]:
    found: set[str] = set()
    for small in line.body:
        if isinstance(small, cst.Assign):
            found |= {t.target.value for t in small.targets if isinstance(t.target, cst.Name)}
        elif isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
            found.add(small.target.value)
    return found


def _is_kind(node: cst.CSTNode, kind: str) -> bool:
    small = node.body[0] if isinstance(node, cst.SimpleStatementLine) else None
    if kind == "field":
        return isinstance(small, cst.AnnAssign) and "model_config" not in _assigned(cst.SimpleStatementLine([small]))
    code = cst.Module([]).code_for_node(small) if small else ""
    return "relationship(" not in code and ("Column(" in code or "mapped_column(" in code or "Mapped[" in code)


def _is_definition(node: cst.CSTNode) -> bool:
    return isinstance(node, Definition)


def _is_docstring(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.SimpleStatementLine) or not isinstance(node.body[0], cst.Expr):
        return False
    return isinstance(node.body[0].value, cst.SimpleString | cst.ConcatenatedString)


def _is_filler(node: cst.CSTNode) -> bool:
    if not isinstance(node, cst.SimpleStatementLine):
        return False
    small = node.body[0]
    return isinstance(small, cst.Pass) or (isinstance(small, cst.Expr) and isinstance(small.value, cst.Ellipsis))


def _is_main_guard(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.If) and "__name__" in cst.Module([]).code_for_node(node.test)


def _under_heading(new: Any, old: Any) -> tuple[Any, Any]:
    """A comment that stands apart above `old` is a heading: it goes above `new`, which is put before `old`."""
    lines = list(getattr(old, "leading_lines", ()))
    blanks = [i for i, line in enumerate(lines) if line.comment is None]
    heading, rest = (lines[: blanks[-1]], lines[blanks[-1] :]) if blanks else ([], lines)
    if not any(line.comment for line in heading):
        return new, old
    gap = [cst.EmptyLine(indent=False)]
    return new.with_changes(leading_lines=[*heading, *gap, *gap]), old.with_changes(leading_lines=rest)


def _spaced(node: Any, blank_lines: int) -> Any:
    """The node with at least that many blank lines before it, comments above it kept."""
    leading: Sequence[cst.EmptyLine] = getattr(node, "leading_lines", ())
    have = 0
    for line in leading:
        if line.comment is not None:
            break
        have += 1
    missing = [cst.EmptyLine(indent=False)] * max(0, blank_lines - have)
    return node.with_changes(leading_lines=[*missing, *leading])
