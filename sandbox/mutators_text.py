"""Spans of a file's bytes, and edits of them."""

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Edit:
    """Bytes `start:end` replaced by `text`."""

    start: int
    end: int
    text: bytes
    kind: str
    line: int
    group: str = ""
    label: str = ""
    """How the damaged place is shown, when its text alone would say too little."""


class Text:
    """A file's bytes, addressed as the syntax tree does (line from 1, byte column)."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self._starts = [0, *(match.end() for match in re.finditer(rb"\r\n|\r|\n", source))]

    def span(self, node: ast.AST) -> Span:
        """Where a node begins and ends."""
        first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", 0)
        return self._starts[first - 1] + start, self._starts[last - 1] + end

    def of(self, node: ast.AST) -> bytes:
        """A node's text."""
        start, end = self.span(node)
        return self.source[start:end]

    def replaced(self, node: ast.AST, text: bytes, kind: str, label: str = "") -> Edit:
        """A node replaced."""
        start, end = self.span(node)
        return Edit(start, end, text, kind, getattr(node, "lineno", 1), label=label)

    def operator(self, left: ast.AST, right: ast.AST, word: bytes, text: bytes, kind: str) -> Edit | None:
        """The operator between two nodes replaced; None when it is not found there (a comment in between, say)."""
        start, end = self.span(left)[1], self.span(right)[0]
        between = self.source[start:end]
        at = re.search(rb"\s+".join(map(re.escape, word.split())), between)
        if at is None or b"#" in between:
            return None
        whole = b"".join((self.of(left), b" ", word, b" ", self.of(right))).decode("utf-8", "replace")
        line = self.source.count(b"\n", 0, start + at.start()) + 1
        return Edit(start + at.start(), start + at.end(), text, kind, line, label=_short(whole))

    def without(self, item: ast.AST, items: Sequence[ast.AST], kind: str) -> Edit:
        """One of several items separated by commas removed, with its comma."""
        spans = sorted(self.span(one) for one in items)
        start, end = self.span(item)
        position = spans.index((start, end))
        label = _short(self.of(item).decode("utf-8", "replace"))
        if position + 1 < len(spans):
            end = spans[position + 1][0]
        elif position:
            start = spans[position - 1][1]
        elif (comma := re.match(rb"\s*,", self.source[end:])) is not None:
            end += comma.end()
        return Edit(start, end, b"", kind, getattr(item, "lineno", 1), label=label)


def _short(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 80 else shown[:77] + "..."


def name_of(node: ast.AST) -> str:
    """The last name of `a.b.c`, of a call of it, or of a subscript of it; empty for anything else."""
    while isinstance(node, ast.Call | ast.Subscript | ast.Await):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
