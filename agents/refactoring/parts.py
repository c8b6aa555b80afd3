"""A change in parts, files first and then places in a file, and the tree with only some of them."""

import ast
import difflib
import itertools
from collections.abc import Collection, Mapping
from typing import NamedTuple

from agents.contracts import Frozen

Import = ast.Import | ast.ImportFrom

Texts = Mapping[str, str | None]
"""Path -> text, None where there is no file."""


class Part(Frozen):
    """One file of a change, or one place in it."""

    path: str
    start: int = 0
    """First and last line (from 1) in the file before the change; 0 for the whole file."""
    end: int = 0
    number: int = -1
    """Of the place among those of its file; -1 for the whole file."""

    @property
    def words(self) -> str:
        """`app/books.py:12-15`."""
        lines = f":{self.start}" if self.start else ""
        return f"{self.path}{lines}" + (f"-{self.end}" if self.end > self.start > 0 else "")


def files_of(before: Texts, after: Texts) -> list[Part]:
    """A part for each file that differs."""
    return [Part(path=path) for path in sorted({*before, *after}) if before.get(path) != after.get(path)]


def places_of(path: str, before: Texts, after: Texts) -> list[Part]:
    """A part for each place of one file; only the whole file when it is new, gone, or differs in one place.

    Changes of imports are no places of their own: each goes with whatever needs it.
    """
    old, new = before.get(path), after.get(path)
    if old is None or new is None:
        return [Part(path=path)]
    found = []
    for number, block in enumerate(_blocks(path, old, new)):
        start = (block.old[0] if block.old else block.at) + 1
        found.append(Part(path=path, start=start, end=(block.old[-1] if block.old else block.at) + 1, number=number))
    return found if len(found) > 1 else [Part(path=path)]


def with_parts(before: Texts, after: Texts, kept: Collection[Part]) -> dict[str, str | None]:
    """What the files of a change look like with only these parts of it."""
    found: dict[str, str | None] = {}
    for path in sorted({part.path for part in kept}):
        numbers = {part.number for part in kept if part.path == path}
        old, new = before.get(path), after.get(path)
        found[path] = new if -1 in numbers or old is None or new is None else _mixed(path, old, new, numbers)
    return found


class _Block(NamedTuple):
    """Lines of the old file, by number (from 0), and the lines of the new one that take their place."""

    old: list[int]
    new: list[str]
    at: int
    """Where the new ones go."""


def _blocks(path: str, old: str, new: str) -> list[_Block]:
    """Where two versions differ; lines of imports at the head of a Python file are left out of account."""
    heads = (_head_imports(old), _head_imports(new)) if path.endswith(".py") else (set(), set())
    rows = old.splitlines(keepends=True), new.splitlines(keepends=True)
    mine, theirs = ([n for n in range(len(r)) if n not in head] for r, head in zip(rows, heads, strict=True))
    left, right = [rows[0][n].rstrip() for n in mine], [rows[1][n].rstrip() for n in theirs]
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    return [
        _Block(mine[a:b], [rows[1][n] for n in theirs[c:d]], mine[a] if a < len(mine) else len(rows[0]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    ]


def _head_imports(text: str) -> set[int]:
    """Numbers (from 0) of the lines of imports before any other statement."""
    return {line - 1 for node in _head(text) for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def _head(text: str) -> list[Import]:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return []
    start = 1 if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) else 0
    return list(itertools.takewhile(lambda node: isinstance(node, ast.Import | ast.ImportFrom), body[start:]))  # type: ignore[arg-type]


def _mixed(path: str, old: str, new: str, numbers: Collection[int]) -> str:
    """The old file with some places of the new one; its imports are those that the mixture uses."""
    blocks = _blocks(path, old, new)
    if len(numbers) == len(blocks):
        return new
    gone = {line for n in numbers for line in blocks[n].old}
    comes = {blocks[n].at: blocks[n].new for n in sorted(numbers)}
    rows = old.splitlines(keepends=True)
    text = [
        row for n in range(len(rows) + 1) for row in (*comes.get(n, ()), *(rows[n : n + 1] if n not in gone else ()))
    ]
    mixture = "".join(text)
    return _with_imports(mixture, old, new) if path.endswith(".py") else mixture


def _with_imports(text: str, old: str, new: str) -> str:
    """The text with the imports that the new version has more, then without those nobody uses."""
    more = [said for said in _said(new) if said not in _said(old)]
    head = _head(text)
    if more and (head or not _head(old)):
        rows = text.splitlines(keepends=True)
        at = (head[-1].end_lineno or head[-1].lineno) if head else _after_docstring(text)
        rows[at:at] = [f"{said}\n" for said in more]
        text = "".join(rows)
    return _without_unused(text, set(_said(old)) ^ set(_said(new)))


def _after_docstring(text: str) -> int:
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return 0
    documented = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return (body[0].end_lineno or 0) if documented else 0


def _said(text: str) -> list[str]:
    """Every name imported at the head of a module, as a statement of its own."""
    return [ast.unparse(_single(node, alias)) for node in _head(text) for alias in node.names]


def _without_unused(text: str, in_doubt: Collection[str]) -> str:
    """The text without those imports at its head that are in doubt and that nothing in it uses."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    rows = text.splitlines(keepends=True)
    for node in _head(text):
        kept = [a for a in node.names if ast.unparse(_single(node, a)) not in in_doubt or _local(a) in used]
        if len(kept) < len(node.names):
            node.names = kept
            end = node.end_lineno or node.lineno
            rows[node.lineno - 1 : end] = [f"{ast.unparse(node)}\n" if kept else "", *[""] * (end - node.lineno)]
    return "".join(rows)


def _single(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)


def _local(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]
