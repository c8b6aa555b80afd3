"""A repository as text while a recipe works on it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from agents.recipes.globs import any_glob

_SKIPPED = {"venv", "env", "node_modules", "site-packages", "build", "dist", "__pycache__"}
_MAX_CHARACTERS = 500_000


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A place a recipe has something to say about."""

    path: str
    line: int
    """1-based; 0 for the file as a whole."""
    reason: str
    left_out: bool = True
    """False for a remark about something that was changed."""

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}" if self.line else f"{self.path}: {self.reason}"


@dataclass
class Repo:
    """Files as a recipe sees them, and what it wants to be different."""

    given: Mapping[str, str]
    paths: tuple[str, ...] = ()
    """Globs; only files that match one are changed. Dependency files may change all the same."""
    with_tests: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, files: Mapping[str, str | bytes], paths: Sequence[str] = (), *, tests: bool = False) -> "Repo":
        """Decode what is text; what is not UTF-8 is not there for a recipe."""
        given: dict[str, str] = {}
        for path in sorted(files):
            content = files[path]
            try:
                given[path] = content.decode("utf-8") if isinstance(content, bytes) else content
            except UnicodeDecodeError:
                continue
        return cls(given, tuple(paths), tests, dict(given))

    @cached_property
    def python(self) -> tuple[str, ...]:
        """Every Python file that is the repository's own."""
        return tuple(p for p in self.given if p.endswith((".py", ".pyi")) and not _is_foreign(p))

    def in_scope(self) -> Iterator[str]:
        """Python files this recipe may change."""
        for path in self.python:
            if self.paths and not any_glob(path, self.paths):
                continue
            if path.endswith(".pyi") or len(self.texts[path]) > _MAX_CHARACTERS:
                continue
            if self.with_tests or self.paths or not is_test(path):
                yield path

    def mentioning(self, hint: str, *, everywhere: bool = False) -> list[str]:
        """Paths of files whose text matches a regular expression: those in scope, or every Python file."""
        wanted = re.compile(hint)
        places: Iterable[str] = self.python if everywhere else self.in_scope()
        return [path for path in places if wanted.search(self.texts[path])]

    def first_line(self, hint: str, paths: Iterable[str]) -> tuple[str, int] | None:
        """The first place in these files whose text matches a regular expression."""
        wanted = re.compile(hint)
        for path in paths:
            found = wanted.search(self.texts[path])
            if found:
                return path, self.texts[path].count("\n", 0, found.start()) + 1
        return None

    def leave(self, path: str, line: int, reason: str) -> None:
        """Say what was left as it is, and why."""
        self.notes.append(Note(path, line, reason))

    def remark(self, path: str, line: int, reason: str) -> None:
        """Say what a reader of the change should know."""
        self.notes.append(Note(path, line, reason, left_out=False))

    def undo(self) -> None:
        """Take back every change; what was said stays."""
        self.texts = dict(self.given)
        self.added.clear()
        self.removed.clear()
        self.notes = [note for note in self.notes if note.left_out]


def is_test(path: str) -> bool:
    """The file belongs to the tests, by its name or its folder."""
    parts = PurePosixPath(path).parts
    return (
        any(part in ("tests", "test", "testing") for part in parts[:-1])
        or parts[-1].startswith(("test_", "conftest."))
        or parts[-1].endswith("_test.py")
    )


def module_name(path: str) -> str:
    """Dotted name of a file from the repository's root, `src/` cut off; a package's `__init__` ends with a dot."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[0] == "src" and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__":
        return ".".join(parts[:-1]) + "."
    return ".".join(parts)


def _is_foreign(path: str) -> bool:
    return any(part in _SKIPPED or part.startswith(".") for part in PurePosixPath(path).parts)
