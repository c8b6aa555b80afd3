"""A change in parts, files first and then places in a file, and the tree with only some of them."""

import ast
import difflib
from collections.abc import Collection, Mapping

from agents.contracts import Frozen

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
    blocks = _blocks(old, new)
    imports = _import_lines(old), _import_lines(new)
    found = []
    for number, (a, b, c, d) in enumerate(blocks):
        if not _only_imports((a, b), (c, d), imports, old.splitlines(), new.splitlines()):
            found.append(Part(path=path, start=a + 1, end=max(a + 1, b), number=number))
    return found if len(found) > 1 else [Part(path=path)]


def with_parts(before: Texts, after: Texts, kept: Collection[Part]) -> dict[str, str | None]:
    """What the files of a change look like with only these parts of it."""
    found: dict[str, str | None] = {}
    for path in sorted({part.path for part in kept}):
        numbers = {part.number for part in kept if part.path == path}
        old, new = before.get(path), after.get(path)
        found[path] = new if -1 in numbers or old is None or new is None else _mixed(path, old, new, numbers)
    return found


def _blocks(old: str, new: str) -> list[tuple[int, int, int, int]]:
    matcher = difflib.SequenceMatcher(None, old.splitlines(), new.splitlines(), autojunk=False)
    return [(a, b, c, d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _import_lines(text: str) -> set[int]:
    """Numbers (from 0) of lines of imports at the top of a module."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return set()
    nodes = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {line - 1 for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}


def _only_imports(
    before: tuple[int, int], after: tuple[int, int], imports: tuple[set[int], set[int]], old: list[str], new: list[str]
) -> bool:
    """A block that changes imports, and blank lines at most."""
    rows = [n in imports[0] or not old[n].strip() for n in range(*before)]
    rows += [n in imports[1] or not new[n].strip() for n in range(*after)]
    return all(rows) and any(n in imports[0] for n in range(*before)) | any(n in imports[1] for n in range(*after))


def _mixed(path: str, old: str, new: str, numbers: Collection[int]) -> str:
    """The old file with some places of the new one; its imports are those that the mixture uses."""
    rows, fresh = old.splitlines(keepends=True), new.splitlines(keepends=True)
    imports = _import_lines(old), _import_lines(new)
    plain = old.splitlines(), new.splitlines()
    text: list[str] = []
    at = 0
    for number, (a, b, c, d) in enumerate(_blocks(old, new)):
        text += rows[at:a]
        if number in numbers:
            text += fresh[c:d]
        elif path.endswith(".py") and _only_imports((a, b), (c, d), imports, *plain):
            text += [*rows[a:b], *(row for row in fresh[c:d] if row not in rows[a:b] and row.strip())]
        else:
            text += rows[a:b]
        at = b
    return (
        _without_unused("".join([*text, *rows[at:]]), old, new) if path.endswith(".py") else "".join(text + rows[at:])
    )


def _without_unused(text: str, old: str, new: str) -> str:
    """Imports that came with the change, or that it takes away, stay only where the mixture uses them."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return text
    in_doubt = _imported(old) ^ _imported(new)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    rows = text.splitlines(keepends=True)
    known: set[str] = set()
    for node in tree.body:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [(alias, ast.unparse(_single(node, alias))) for alias in node.names]
        kept = [a for a, said in names if said not in known and (said not in in_doubt or _local(a) in used)]
        known |= {said for _, said in names}
        if len(kept) < len(names):
            node.names = kept
            end = node.end_lineno or node.lineno
            rows[node.lineno - 1 : end] = [f"{ast.unparse(node)}\n" if kept else "", *[""] * (end - node.lineno)]
    return "".join(rows)


def _imported(text: str) -> set[str]:
    """Every name imported at the top of a module, as a statement of its own."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return set()
    nodes = [node for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {ast.unparse(_single(node, alias)) for node in nodes for alias in node.names}


def _single(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], node.level)


def _local(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]
