"""Filters over repositories: `has fastapi < 0.100`, `has tests`, `file alembic.ini`, each with `not` before it."""

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from agents.protection import is_test_file
from sandbox.errors import DependencyError
from sandbox.manifest import read_manifest

_HAS = re.compile(r"has\s+(?P<name>[A-Za-z0-9][\w.-]*)\s*(?P<spec>(?:[<>=!~]=?=?\s*[\w.*+!-]+\s*,?\s*)*)$")
Read = Callable[[str], bytes | None]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition."""

    text: str
    kind: str
    """`package`, `tests` or `file`."""
    name: str = ""
    spec: SpecifierSet = field(default_factory=SpecifierSet)
    negated: bool = False

    def holds(self, files: Sequence[str], read: Read) -> bool:
        """Whether a repository's files meet it."""
        return self._found(files, read) != self.negated

    def _found(self, files: Sequence[str], read: Read) -> bool:
        if self.kind == "tests":
            return any(is_test_file(f) and f.endswith(".py") for f in files)
        if self.kind == "file":
            return any(fnmatch.fnmatchcase(f, self.name) for f in files)
        try:
            wanted = read_manifest(files, read).requirements
        except DependencyError:
            return False
        return any(_matches(line, self.name, self.spec) for line in wanted)


def parse_filter(text: str) -> Filter:
    """A filter from its words.

    Raises:
        ValueError: nothing we know.
    """
    words = text.strip()
    negated = words.startswith("not ")
    words = words.removeprefix("not ").strip()
    if words == "has tests":
        return Filter(text, "tests", negated=negated)
    if words.startswith("file ") and words[5:].strip():
        return Filter(text, "file", words[5:].strip(), negated=negated)
    found = _HAS.fullmatch(words)
    if found is None:
        raise ValueError(f'{text!r} is no filter: "has fastapi < 0.100", "has tests", "file alembic.ini", or not ...')
    try:
        spec = SpecifierSet(found["spec"].strip().rstrip(","))
    except InvalidSpecifier:
        raise ValueError(f"{text!r}: {found['spec']!r} is no version") from None
    return Filter(text, "package", canonicalize_name(found["name"]), spec, negated)


def _matches(line: str, name: str, spec: SpecifierSet) -> bool:
    """Whether a requirement is this package, in a version as asked: the one it is pinned to, else the lowest named."""
    try:
        asked = Requirement(line)
    except InvalidRequirement:
        return False
    if canonicalize_name(asked.name) != name:
        return False
    if not spec:
        return True
    lowest = _lowest(asked.specifier)
    return lowest is not None and spec.contains(lowest, prereleases=True)


def _lowest(spec: SpecifierSet) -> Version | None:
    named = [s.version.removesuffix(".*") for s in spec if s.operator in ("==", "===", ">=", ">", "~=")]
    try:
        return max((Version(text) for text in named), default=None)
    except InvalidVersion:
        return None
