"""One Python file under a recipe: what its names mean, and edits of its text at the places of its syntax tree."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, lru_cache
from typing import TypeVar, cast

import libcst as cst
from libcst.metadata import (
    CodeRange,
    MetadataWrapper,
    PositionProvider,
    QualifiedName,
    QualifiedNameSource,
    Scope,
    ScopeProvider,
    WhitespaceInclusivePositionProvider,
)

from agents.blueprints.cst_imports import absolute
from agents.recipes.repo import Note, module_name

Node = TypeVar("Node", bound=cst.CSTNode)
Function = cst.FunctionDef | cst.Lambda
_BLANK = {"leading_lines", "lines_after_decorators", "header", "footer", "trailing_whitespace"}
"""Fields that hold only blanks and comments."""
_NEWLINE = re.compile(r"\r\n|\n|\r")
_KEPT_LENGTH = 15_000
"""Characters of the longest text whose reading is kept: it takes hundreds of times as much memory."""


class Unsure(Exception):
    """This place cannot be rewritten for certain; the reason is for the user."""

    def __init__(self, node: cst.CSTNode, reason: str) -> None:
        self.node = node
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is known of a text; never changed, so that it can be kept."""

    wrapper: MetadataWrapper
    places: Mapping[cst.CSTNode, CodeRange]
    scopes: Mapping[cst.CSTNode, Scope | None]
    parents: Mapping[cst.CSTNode, cst.CSTNode]
    starts: Sequence[int]
    """Offset of the beginning of every line."""
    nodes: Sequence[cst.CSTNode]
    """Every node, in the order of the source, outer ones first."""

    @classmethod
    def of(cls, text: str) -> "_Reading":
        wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
        places = cast("dict[cst.CSTNode, CodeRange]", wrapper.resolve(PositionProvider))
        scopes = cast("dict[cst.CSTNode, Scope | None]", wrapper.resolve(ScopeProvider))
        parents: dict[cst.CSTNode, cst.CSTNode] = {}
        nodes = _ordered(_walk(wrapper.module, parents), places)
        return cls(wrapper, places, scopes, parents, [0, *(found.end() for found in _NEWLINE.finditer(text))], nodes)


@lru_cache(maxsize=24)
def _read(path: str, text: str) -> _Reading:
    """The same recipe reads the same files again for a part, for a try and for the check that nothing is left."""
    return _Reading.of(text)


class PyFile:
    """A parsed file; edits are collected and put into the text at the end.

    Raises:
        libcst.ParserSyntaxError: it does not parse.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self.module = module_name(path)
        reading = _read(path, text) if len(text) <= _KEPT_LENGTH else _Reading.of(text)
        self._wrapper = reading.wrapper
        self.tree = reading.wrapper.module
        self._places, self._scopes, self._parents = reading.places, reading.scopes, reading.parents
        self._starts, self._nodes = reading.starts, reading.nodes
        self._edits: list[tuple[int, int, str]] = []
        self.notes: list[Note] = []
        self.needs: list[str] = []

    def find(self, kind: type[Node], below: cst.CSTNode | None = None) -> list[Node]:
        """Every node of a kind, in the order of the source."""
        if below is None:
            return [node for node in self._nodes if isinstance(node, kind)]
        found = [node for node in _walk(below, {}) if isinstance(node, kind)]
        return cast("list[Node]", _ordered(found, self._places))

    def names(self, node: cst.CSTNode) -> set[str]:
        """Absolute dotted names a node may mean, through imports; builtins as `builtins.x`, own ones by module."""
        if isinstance(node, cst.Attribute) and not _is_dotted(node):
            return set()
        scope = self._scopes.get(node)
        return {self._absolute(name) for name in scope.get_qualified_names_for(node)} if scope else set()

    def _absolute(self, name: QualifiedName) -> str:
        if name.source is QualifiedNameSource.LOCAL:
            return f"{self.module.rstrip('.')}.{name.name}"
        return absolute(name.name, self.module) if name.name.startswith(".") else name.name

    def means(self, node: cst.CSTNode | None, *wanted: str) -> bool:
        """The node certainly means one of these absolute names."""
        if node is None:
            return False
        found = self.names(node)
        return len(found) == 1 and found <= set(wanted)

    def calls(self, *wanted: str) -> list[cst.Call]:
        """Calls of what has one of these absolute names."""
        return [call for call in self.find(cst.Call) if self.means(call.func, *wanted)]

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node around a node; the module is its own."""
        return self._parents.get(node, self.tree)

    def around(self, node: cst.CSTNode, *kinds: type[cst.CSTNode]) -> cst.CSTNode | None:
        """The nearest node of one of these kinds around a node, None when there is none."""
        while not isinstance(node, cst.Module):
            node = self.parent(node)
            if isinstance(node, kinds):
                return node
        return None

    def function_of(self, node: cst.CSTNode) -> cst.FunctionDef | None:
        """The function a node stands in."""
        return cast("cst.FunctionDef | None", self.around(node, cst.FunctionDef))

    def statement_of(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement line or compound statement a node stands in."""
        while not isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement | cst.Module):
            node = self.parent(node)
        return node

    def knows(self, node: cst.CSTNode) -> bool:
        """The node is one of this file's."""
        return node in self._places

    def line(self, node: cst.CSTNode) -> int:
        """1-based line a node begins at."""
        return self._places[node].start.line

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Offsets of a node in the text, parentheses around it not included."""
        place = self._places[node]
        start = self._starts[place.start.line - 1] + place.start.column
        return start, self._starts[place.end.line - 1] + place.end.column

    def whole_span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Offsets with everything that belongs to the node: parentheses, comments above, the end of its line."""
        place = self._wrapper.resolve(WhitespaceInclusivePositionProvider)[node]
        start = self._starts[place.start.line - 1] + place.start.column
        end = self._starts[min(place.end.line, len(self._starts)) - 1] + place.end.column
        return start, min(end, len(self.text))

    def code(self, node: cst.CSTNode) -> str:
        """The source of a node, parentheses included."""
        return self.tree.code_for_node(node)

    def line_start(self, offset: int) -> int:
        """Offset of the beginning of the line."""
        return self._starts[bisect_right(self._starts, offset) - 1]

    def edit(self, node: cst.CSTNode, new: str) -> None:
        """Put other source in the place of a node."""
        self.replace(*self.span(node), new)

    def replace(self, start: int, end: int, new: str) -> None:
        """Put other source in the place of a stretch of the text."""
        self._edits.append((start, end, new))

    def leave(self, node: cst.CSTNode, reason: str) -> None:
        """Say what was left as it is, and why."""
        self.notes.append(Note(self.path, self.line(node), reason))

    def remark(self, node: cst.CSTNode, reason: str) -> None:
        """Say what a reader of the change should know."""
        self.notes.append(Note(self.path, self.line(node), reason, left_out=False))

    def need(self, module: str, name: str = "") -> str:
        """Ask for an import; returns the local name to use.

        Raises:
            Unsure: the name means something else in this file.
        """
        origin = f"{module}.{name}" if name else module
        known = next((local for local, source in self.imports().items() if source == origin), None)
        if known:
            return known
        wanted = name or module
        if wanted in self.bound():
            raise Unsure(self.tree, f"`{wanted}` already means something else in this file")
        self.needs.append(f"from {module} import {name}" if name else f"import {module}")
        return wanted

    def bound(self) -> set[str]:
        """Every name this file binds anywhere: imports, definitions, parameters, assignments."""
        found = {node.name.value for node in self.find(cst.FunctionDef)}
        found |= {node.name.value for node in self.find(cst.ClassDef)}
        found |= {node.name.value for node in self.find(cst.Param)}
        found |= {n.value for t in self.find(cst.AssignTarget) for n in _names_in(t.target)}
        found |= {n.value for a in self.find(cst.AnnAssign) for n in _names_in(a.target)}
        for alias in self.find(cst.ImportAlias):
            found.add(alias.evaluated_alias or alias.evaluated_name.split(".")[0])
        found |= {n.value for loop in self.find(cst.For) for n in _names_in(loop.target)}
        found |= {n.value for loop in self.find(cst.CompFor) for n in _names_in(loop.target)}
        found |= {n.value for a in self.find(cst.AsName) for n in _names_in(a.name)}
        return found

    def imports(self) -> dict[str, str]:
        """Local name -> absolute origin for the imports at module level."""
        found: dict[str, str] = {}
        for line in self.tree.body:
            for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
                if isinstance(small, cst.Import):
                    for alias in small.names:
                        found[alias.evaluated_alias or alias.evaluated_name.split(".")[0]] = (
                            alias.evaluated_name if alias.asname else alias.evaluated_name.split(".")[0]
                        )
                elif isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
                    source = self.source(small)
                    for alias in small.names:
                        found[alias.evaluated_alias or alias.evaluated_name] = f"{source}.{alias.evaluated_name}"
        return found

    def source(self, node: cst.ImportFrom) -> str:
        """Absolute dotted name of the module an import takes from."""
        module = self.code(node.module) if node.module else ""
        return absolute("." * len(node.relative) + module, self.module)

    def edited(self) -> str:
        """The text with every edit in it.

        Raises:
            Unsure: two edits overlap.
        """
        text, floor = self.text, len(self.text) + 1
        ordered = sorted(enumerate(self._edits), key=lambda item: (item[1][0], item[1][1], item[0]), reverse=True)
        for _, (start, end, new) in ordered:
            if end > floor:
                raise Unsure(self.tree, "two changes of this recipe overlap here")
            text = text[:start] + new + text[end:]
            floor = start
        return text


def _is_dotted(node: cst.BaseExpression) -> bool:
    """Names joined by dots and nothing else."""
    while isinstance(node, cst.Attribute):
        node = node.value
    return isinstance(node, cst.Name)


def _ordered(nodes: Iterable[cst.CSTNode], places: Mapping[cst.CSTNode, CodeRange]) -> list[cst.CSTNode]:
    """Nodes in the order of the source, outer ones first."""

    def key(node: cst.CSTNode) -> tuple[int, int]:
        place = places.get(node)
        return (place.start.line, place.start.column) if place else (0, 0)

    return sorted(nodes, key=key)


def _walk(node: cst.CSTNode, parents: dict[cst.CSTNode, cst.CSTNode]) -> Iterator[cst.CSTNode]:
    """A node and everything below it, read from the fields of the nodes (`children` copies, which takes far longer)."""
    todo = [node]
    while todo:
        node = todo.pop()
        yield node
        for name in _fields(type(node)):
            value = getattr(node, name)
            if isinstance(value, cst.CSTNode):
                parents[value] = node
                todo.append(value)
            elif isinstance(value, tuple | list):
                for one in value:
                    if isinstance(one, cst.CSTNode):
                        parents[one] = node
                        todo.append(one)


@cache
def _fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.name not in _BLANK)


def _names_in(node: cst.CSTNode) -> list[cst.Name]:
    if isinstance(node, cst.Name):
        return [node]
    if isinstance(node, cst.Tuple | cst.List):
        return [name for element in node.elements for name in _names_in(element.value)]
    return []
