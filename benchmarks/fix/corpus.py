"""Correct programs and the bugs that were put into them: `programs/NAME/` with `bugs.toml`, `tests/`, `hidden/`.

The programs and their bugs were written first, the rules that repair them are developed on one half of the bugs only
(`TUNE`); the other half (`TEST`) is what is reported. Which half a bug is in follows from its name and never changes.
`practice/NAME/` holds a third set in the same layout, for developing rules; it is in neither half.
"""

import hashlib
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
EXERCISES = Path(__file__).parent / "practice"
TUNE, TEST, PRACTICE = "tune", "test", "practice"


@dataclass(frozen=True)
class Program:
    """A correct program with the suite everybody sees and a stricter one that only judges."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def is_service(self) -> bool:
        return (self.folder / "requirements.txt").exists()

    def _read(self, *folders: str, without: tuple[str, ...] = ()) -> dict[str, str]:
        found = {}
        for folder in folders:
            for path in sorted((self.folder / folder).rglob("*.py")):
                name = path.relative_to(self.folder).as_posix()
                if not name.startswith(without):
                    found[name] = path.read_text()
        return found

    @cached_property
    def sources(self) -> dict[str, str]:
        """Path -> text of the program itself."""
        return self._read(".", without=("tests/", "hidden/"))

    @cached_property
    def tests(self) -> dict[str, str]:
        """The suite that shows the bugs."""
        return self._read("tests")

    @cached_property
    def hidden(self) -> dict[str, str]:
        """The suite that judges repairs."""
        return self._read("hidden")


@dataclass(frozen=True)
class Bug:
    """One bug: a few lines of a correct program, damaged."""

    name: str
    program: Program
    edits: tuple[tuple[str, str, str], ...]
    """Path, the correct text, the wrong one in its place."""

    @property
    def half(self) -> str:
        """`PRACTICE` for the bugs of that set, else the half that the name decides."""
        if self.program.folder.parent == EXERCISES:
            return PRACTICE
        return TUNE if hashlib.sha256(self.name.encode()).digest()[0] % 2 else TEST

    @cached_property
    def sources(self) -> dict[str, str]:
        """The program with the bug.

        Raises:
            ValueError: the correct text is not there exactly once.
        """
        files = dict(self.program.sources)
        for path, right, wrong in self.edits:
            if files[path].count(right) != 1:
                raise ValueError(f"{self.name}: the text to damage is {files[path].count(right)} times in {path}")
            files[path] = files[path].replace(right, wrong)
        return files


def programs(folder: Path = PROGRAMS) -> list[Program]:
    """Every program in a folder, by name."""
    return [Program(path.parent) for path in sorted(folder.glob("*/bugs.toml"))]


def bugs(half: str | None = None) -> Iterator[Bug]:
    """The bugs of both halves, those of one half, or those of `PRACTICE`, which no other choice has."""
    for program in programs(EXERCISES if half == PRACTICE else PROGRAMS):
        for entry in tomllib.loads((program.folder / "bugs.toml").read_text())["bug"]:
            only = next(iter(program.sources))
            edits = tuple((one.get("path", only), one["old"], one["new"]) for one in entry.get("edits", [entry]))
            bug = Bug(entry["name"], program, edits)
            if half in (None, bug.half):
                yield bug
