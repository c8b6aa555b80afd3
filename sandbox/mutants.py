"""Mutants of a change: one small damage each, on the lines that changed, that tests worth their name must notice.

Damage is found in the syntax tree and done in the text, so everything else of the file stays as it is. Places where
damage makes no difference that a test could see (logging, documentation, column types, clean-up) are left out.
"""

import ast
import difflib
import hashlib
import itertools
import warnings
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from sandbox.mutators import edits
from sandbox.mutators_text import Edit

BOM = b"\xef\xbb\xbf"
MOST_BYTES = 200_000
"""Larger files are not mutated."""
_SKIPPED_FOLDERS = frozenset({"alembic", "migrations", "versions", "docs", "scripts", "examples", "benchmarks"})


_RANK = {"answer is None": 2, "status changed": 2} | dict.fromkeys(
    ("guard removed", "limit removed", "call removed", "exception not raised", "boundary moved", "statement removed"), 0
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One damaged version of one file."""

    path: str
    line: int
    kind: str
    """What was done, in words (`condition turned round`)."""
    before: str
    """The text that was damaged, on one line."""
    after: str
    """What stands there instead, empty when it was removed."""
    content: bytes
    """The whole damaged file."""
    group: str = ""
    """The function or class it is in."""

    @property
    def words(self) -> str:
        """`app/books.py:41 query.limit(limit): call removed`."""
        changed = f" -> {self.after}" if self.after else ""
        return f"{self.path}:{self.line} {self.before}{changed}: {self.kind}"


def changed_lines(before: bytes | None, after: bytes) -> set[int]:
    """Numbers (from 1) of the lines of `after` that are not in `before`; all of them when there was no file."""
    new = after.splitlines()
    if before is None:
        return set(range(1, len(new) + 1))
    matcher = difflib.SequenceMatcher(None, before.splitlines(), new, autojunk=False)
    return {
        line + 1
        for tag, _, _, start, end in matcher.get_opcodes()
        if tag in ("replace", "insert")
        for line in range(start, end)
    }


def is_mutable(path: str) -> bool:
    """Whether damage to this file means anything to a test of the service (migrations and scripts: no)."""
    return path.endswith(".py") and not _SKIPPED_FOLDERS & set(path.split("/")[:-1])


def mutants(path: str, source: bytes, lines: Collection[int], seed: str, limit: int) -> list[Mutant]:
    """At most `limit` mutants on `lines` of one file, spread over its functions; the same for the same `seed`.

    A file that cannot be parsed has none.
    """
    body = source.removeprefix(BOM)
    tree = _parsed(body) if len(body) <= MOST_BYTES else None
    if tree is None:
        return []
    found = (edit for edit in edits(tree, body) if edit.line in lines)
    return spread(_made(path, source, body, found), seed, limit)


def spread(found: Iterable[Mutant], seed: str, limit: int) -> list[Mutant]:
    """Take `limit` of them so that every function gets its turn before any gets a second one."""
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in found:
        groups.setdefault((mutant.path, mutant.group), []).append(mutant)
    rows = [sorted(group, key=lambda m: _draw(seed, m)) for group in groups.values()]
    rows.sort(key=lambda row: _draw(seed, row[0]))
    turns = (m for turn in itertools.zip_longest(*rows) for m in turn if m is not None)
    return list(itertools.islice(turns, max(0, limit)))


def _draw(seed: str, mutant: Mutant) -> tuple[int, bytes]:
    """Damage that tests most often overlook first, then by chance."""
    key = f"{seed}\0{mutant.path}\0{mutant.group}\0{mutant.kind}\0{mutant.before}\0{mutant.after}\0{mutant.line}"
    return _RANK.get(mutant.kind, 1), hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _made(path: str, source: bytes, body: bytes, found: Iterable[Edit]) -> Iterator[Mutant]:
    mark = source[: len(source) - len(body)]
    seen: set[bytes] = set()
    for edit in found:
        content = body[: edit.start] + edit.text + body[edit.end :]
        if content in seen or content == body or _parsed(content) is None:
            continue
        seen.add(content)
        before, after = _one_line(body[edit.start : edit.end]), _one_line(edit.text)
        yield Mutant(path, edit.line, edit.kind, edit.label or before, after, mark + content, edit.group)


def _one_line(text: bytes) -> str:
    shown = " ".join(text.decode("utf-8", "replace").split()).strip(" ,")
    return shown if len(shown) <= 80 else shown[:77] + "..."


def _parsed(source: bytes) -> ast.Module | None:
    """The tree of a file that compiles; nothing of it is run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
            compile(tree, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None
    return tree
