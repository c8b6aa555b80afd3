"""What one Python file defines and uses, read by tree-sitter: tolerant of broken and of newer syntax."""

import builtins
import logging
import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import tree_sitter_python
from tree_sitter import Language, Node, Parser, Query, QueryCursor

SIGNATURE_CHARS = 160
"""Longest signature kept."""
DEPTH_MAX = 8
"""Deepest nesting of classes and conditions that is followed."""
USES = """
(call function: [(identifier) @name (attribute attribute: (identifier) @attribute)])
(class_definition superclasses: (argument_list [(identifier) @name (attribute attribute: (identifier) @name)]))
(import_from_statement name: (dotted_name (identifier) @name))
(type (identifier) @name)
"""
TRANSPARENT = frozenset({"if_statement", "try_statement", "with_statement", "else_clause", "except_clause", "block"})
ROUTE = re.compile(rb"@\s*[\w.]+\.(get|post|put|patch|delete|head|options|websocket|api_route)\s*\(")


class Definition(NamedTuple):
    """A class, a function, a method, a module variable or an annotated class attribute."""

    name: str
    signature: str
    """Its first line(s) as one line; a route's decorator is put before it."""
    parent: int
    """Index of the class around it among the file's definitions, -1 at module level."""
    attribute: bool = False


@dataclass(frozen=True, slots=True)
class FileSymbols:
    """Definitions in the order of the file, and how often which name is used (`.name`: called on an object)."""

    definitions: tuple[Definition, ...]
    uses: dict[str, int]


def read_symbols(source: bytes) -> FileSymbols:
    """Definitions and uses of one Python file; unparsable parts are left out."""
    root = _parser().parse(source).root_node
    found: list[Definition] = []
    _collect(source, root, -1, found, DEPTH_MAX)
    captures = QueryCursor(_uses()).captures(root)
    uses = Counter(source[node.start_byte : node.end_byte] for node in captures.get("name", []))
    uses += Counter(b"." + source[node.start_byte : node.end_byte] for node in captures.get("attribute", []))
    kept = {
        text: count for name, count in uses.items() if _tells((text := name.decode("utf-8", "replace")).lstrip("."))
    }
    return FileSymbols(tuple(found), dict(sorted(kept.items())))


def _tells(name: str) -> bool:
    """Whether the use of a name says anything: `x.append()` or `len()` does not."""
    return len(name) > 2 and name not in _everywhere()


@cache
def _everywhere() -> frozenset[str]:
    """Names of the language itself and of its basic types."""
    types: tuple[object, ...] = (
        str,
        bytes,
        int,
        float,
        list,
        dict,
        set,
        tuple,
        builtins,
        Path,
        datetime,
        logging.Logger,
    )
    return frozenset(name for owner in types for name in dir(owner))


def is_test_path(path: str) -> bool:
    """A test by pytest's names, or anything below a tests folder."""
    folders, _, name = path.rpartition("/")
    return name.startswith("test_") or name == "conftest.py" or bool({"tests", "test"} & set(folders.split("/")))


@cache
def _language() -> Language:
    return Language(tree_sitter_python.language())


@cache
def _parser() -> Parser:
    return Parser(_language())


@cache
def _uses() -> Query:
    return Query(_language(), USES)


def _collect(source: bytes, block: Node, parent: int, found: list[Definition], depth: int) -> None:
    if not depth:
        return
    for node in block.named_children:
        kind, inner = node.type, node
        if kind == "decorated_definition":
            inner = node.child_by_field_name("definition") or node
            kind = inner.type
        if kind in ("class_definition", "function_definition"):
            _add_definition(source, node, inner, parent, found)
            body = inner.child_by_field_name("body")
            if kind == "class_definition" and body is not None:
                _collect(source, body, len(found) - 1, found, depth - 1)
        elif kind == "expression_statement":
            _add_variable(source, node, parent, found)
        elif kind in TRANSPARENT:
            _collect(source, node, parent, found, depth - 1)


def _add_definition(source: bytes, outer: Node, inner: Node, parent: int, found: list[Definition]) -> None:
    name, body = inner.child_by_field_name("name"), inner.child_by_field_name("body")
    end = body.start_byte if body is not None else inner.end_byte
    head = _one_line(source[inner.start_byte : end]).rstrip(": ")
    if outer is not inner:
        decorators = [
            source[child.start_byte : child.end_byte] for child in outer.children if child.type == "decorator"
        ]
        head = " ".join([*(_one_line(text) for text in decorators if ROUTE.match(text)), head])
    found.append(Definition(_text(source, name), head[: 2 * SIGNATURE_CHARS], parent))


def _add_variable(source: bytes, statement: Node, parent: int, found: list[Definition]) -> None:
    """`NAME = ...` in a module, `name: type` in a class."""
    node = statement.named_children[0] if statement.named_children else None
    if node is None or node.type != "assignment":
        return
    left = node.child_by_field_name("left")
    if left is None or left.type != "identifier" or (parent >= 0 and node.child_by_field_name("type") is None):
        return
    line = _one_line(source[node.start_byte : min(node.end_byte, node.start_byte + 4 * SIGNATURE_CHARS)])
    found.append(Definition(_text(source, left), line, parent, attribute=parent >= 0))


def _text(source: bytes, node: Node | None) -> str:
    return "" if node is None else source[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _one_line(source: bytes) -> str:
    line = " ".join(source.decode("utf-8", "replace").split()).replace("( ", "(").replace(", )", ")").replace(" )", ")")
    return line if len(line) <= SIGNATURE_CHARS else f"{line[: SIGNATURE_CHARS - 4]} ..."
