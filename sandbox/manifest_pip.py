"""Reading pip's requirements files, and the pile of findings all manifest readers add to."""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement

from sandbox.errors import DependencyError

GROUPS = frozenset({"dev", "develop", "development", "test", "tests", "testing", "local", "ci"})
"""Extras and groups that are installed besides the plain dependencies."""
_LAYERS = frozenset({"base", "common", "main", "app", "requirements", "all"})
_HASH = re.compile(r"\s--hash[=\s]\S+")
_OUTSIDE = "points outside the repository"


@dataclass
class Pile:
    """What was found so far."""

    read: Callable[[str], bytes | None]
    present: set[str]
    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    python: str | None = None
    own_name: str = ""
    source: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Remember something that was left out."""
        self.notes.append(text)

    def text(self, path: str) -> str:
        """The text of a dependency file.

        Raises:
            DependencyError: it is not there or not UTF-8.
        """
        content = self.read(path)
        if content is None:
            raise DependencyError(f"{path} cannot be read")
        self.source.append(path)
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as broken:
            raise DependencyError(f"{path} is not UTF-8 text") from broken

    def add(self, line: str, path: str) -> None:
        """Take one requirement.

        Raises:
            DependencyError: it is no requirement, or lies outside the repository.
        """
        if requirement := self._checked(line, path):
            self.requirements.append(requirement)

    def constrain(self, line: str, path: str) -> None:
        """Take one line of a constraints file."""
        if constraint := self._checked(line, path):
            self.constraints.append(constraint)

    def _checked(self, line: str, path: str) -> str:
        hashes = "".join(f" --hash={found.strip()[7:].strip()}" for found in _HASH.findall(line))
        plain = _HASH.sub("", line).strip()
        try:
            parsed = Requirement(plain)
        except InvalidRequirement as broken:
            raise DependencyError(f"{path}: not a requirement: {plain[:200]!r}") from broken
        if parsed.url and not parsed.url.startswith(("https://", "http://", "git+https://")):
            raise DependencyError(f"{path}: {plain[:200]} {_OUTSIDE}")
        if normal(parsed.name) == self.own_name:
            return ""
        return f"{parsed}{hashes}"


def normal(name: str) -> str:
    """A distribution's name as an index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted_files(present: Iterable[str]) -> list[str]:
    """Requirements files that say what running and testing the application needs, in order."""
    found = []
    for path in sorted(present):
        match = re.fullmatch(r"(?:requirements/([\w.-]+)|requirements(?:[-_.]([\w-]+))?)\.txt", path)
        if match is None:
            continue
        layer = (match[1] or match[2] or "requirements").lower()
        if layer in GROUPS or layer in _LAYERS or layer.removeprefix("requirements-") in GROUPS:
            found.append(path)
    return found


def read_requirements(pile: Pile, path: str, *, constraints: bool = False, trail: tuple[str, ...] = ()) -> None:
    """Read a requirements (or constraints) file and what it includes.

    Raises:
        DependencyError: it is damaged, includes itself, or points outside the repository.
    """
    if path in trail:
        raise DependencyError(f"{path} includes itself")
    if path in pile.source:
        return
    for line in _logical_lines(pile.text(path)):
        option, value = _option(line)
        if option in ("-r", "--requirement", "-c", "--constraint"):
            target = _inside(value, posixpath.dirname(path), path)
            if pile.read(target) is None:
                raise DependencyError(f"{path} includes {target}, which is not there")
            read_requirements(
                pile, target, constraints=constraints or option.endswith(("c", "constraint")), trail=(*trail, path)
            )
        elif option in ("-e", "--editable") or _is_path(line):
            _local(pile, value or line, path)
        elif option:
            pile.note(f"{path}: {option} is left out (indexes come from greenloop's own settings)")
        elif constraints:
            pile.constrain(line, path)
        else:
            pile.add(line, path)


def _logical_lines(text: str) -> Iterable[str]:
    joined = re.sub(r"\\[ \t]*\r?\n", " ", text)
    for raw in joined.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", raw).strip()
        if line:
            yield line


def _option(line: str) -> tuple[str, str]:
    match = re.match(r"(--[\w-]+|-[a-zA-Z])(?:\s*=\s*|\s+|$)?(.*)$", line) if line.startswith("-") else None
    return (match[1], match[2].strip()) if match else ("", "")


def _is_path(line: str) -> bool:
    return line.startswith((".", "/", "file:")) or "\\" in line


def _inside(target: str, folder: str, path: str) -> str:
    """A path named in a file, relative to the root."""
    joined = posixpath.normpath(posixpath.join(folder, target))
    if target.startswith(("/", "~")) or "://" in target or joined.split("/")[0] == "..":
        raise DependencyError(f"{path}: {target[:200]} {_OUTSIDE}")
    return joined


def _local(pile: Pile, target: str, path: str) -> None:
    """A package given by path: refused when outside, else left out (the root's own code is on the path anyway)."""
    plain = target.split("[")[0].strip().removeprefix("file:")
    if plain.startswith("git+"):
        pile.note(f"{path}: editable {target[:100]} is installed as it is, not editable")
        name = re.search(r"[#&]egg=([\w.-]+)", target)
        if name:
            pile.add(f"{name[1]} @ {target.split('#')[0]}", path)
        return
    where = _inside(plain, posixpath.dirname(path), path)
    if where != ".":
        pile.note(f"{path}: the local package {where} is not installed")
