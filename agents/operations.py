"""From an operation that answered wrongly to the lines that handle it."""

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.errors import EditRefused
from agents.profile import Source
from agents.profile_reader import read_profile

_CONVERTER = re.compile(r":\w+(?=\})")


@dataclass(frozen=True, slots=True)
class Handler:
    """The function behind an operation."""

    path: str
    line: int
    end: int

    def holds(self, path: str, line: int) -> bool:
        """Whether a place is inside of it, decorators included."""
        return path == self.path and self.line <= line <= self.end


def handlers(source: Source) -> dict[str, Handler]:
    """`GET /books/{id}` -> its function."""
    spans: dict[str, dict[str, list[tuple[int, int, int]]]] = {}
    found = {}
    for route in read_profile(source).routes:
        place = route.handler
        known = spans.setdefault(place.file, _functions(source, place.file))
        first, end = next(
            ((f, e) for f, d, e in known.get(place.name, []) if f <= place.line <= e), (place.line, place.line)
        )
        found[f"{route.method.upper()} {_CONVERTER.sub('', route.path)}"] = Handler(place.file, first, end)
    return found


def operation_of(asked: str, known: Iterable[str]) -> str:
    """The operation a request (`GET /books/7`) went to; empty when none takes it."""
    listed = list(known)
    method, _, path = asked.partition("?")[0].partition(" ")
    if f"{method} {path}" in listed:
        return f"{method} {path}"
    for name in listed:
        pattern = "".join(_part(part) for part in re.split(r"(\{[^}]*\})", name.partition(" ")[2]))
        if name.startswith(f"{method} ") and re.fullmatch(pattern, path):
            return name
    return ""


def _part(part: str) -> str:
    return "[^/]+" if part.startswith("{") else re.escape(part)


def _functions(source: Source, path: str) -> dict[str, list[tuple[int, int, int]]]:
    """Name -> first line (decorators included), line of the name, last line."""
    try:
        tree = ast.parse(source.read(path))
    except (EditRefused, SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, list[tuple[int, int, int]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            found.setdefault(node.name, []).append((first, node.lineno, node.end_lineno or node.lineno))
    return found
