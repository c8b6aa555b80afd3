"""What a repository depends on, read from its files without running anything."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sandbox.errors import DependencyError
from sandbox.manifest_locks import constraints_of
from sandbox.manifest_pip import Pile, normal, read_requirements, wanted_files
from sandbox.manifest_toml import read_pipfile, read_pyproject, read_setup_cfg

Read = Callable[[str], bytes | None]
"""The content of one file of the tree, None when there is none."""
VERSION = "1"
"""Raise it when the same files would be read differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that decides what is installed."""

    requirements: tuple[str, ...] = ()
    """Requirement lines, hashes kept; the repository's own package is not among them."""
    constraints: tuple[str, ...] = ()
    """Exact versions out of lock files: they bind what is installed, they do not add to it."""
    python: str | None = None
    """Version specifier the repository asks of Python."""
    source: tuple[str, ...] = ()
    """The files this was read from."""
    notes: tuple[str, ...] = ()
    """What could not be read or was left out, one line each."""

    @property
    def key(self) -> str:
        """sha256 (hex) of what decides the installation; equal for equal dependencies."""
        content = [VERSION, sorted(self.requirements), sorted(self.constraints), self.python]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def read_manifest(files: Iterable[str], read: Read) -> Manifest:
    """Read the dependency files among `files` (paths relative to the repository's root).

    Raises:
        DependencyError: a file is damaged, or asks for something outside the repository.
    """
    present = set(files)
    pile = Pile(read=read, present=present)
    for name, reader in (("pyproject.toml", read_pyproject), ("setup.cfg", read_setup_cfg), ("Pipfile", read_pipfile)):
        if name in present:
            reader(pile, name)
    for name in wanted_files(present):
        read_requirements(pile, name)
    if "setup.py" in present:
        pile.note("setup.py is a program and is not read: dependencies named only there are not installed")
    constraints = constraints_of(pile)
    return Manifest(
        requirements=tuple(dict.fromkeys(pile.requirements)),
        constraints=tuple(dict.fromkeys((*constraints, *pile.constraints))),
        python=pile.python,
        source=tuple(dict.fromkeys(pile.source)),
        notes=tuple(dict.fromkeys(pile.notes)),
    )


def packages_of(manifest: Manifest) -> list[tuple[str, str]]:
    """Normalised name, and address when it is not to come from an index, of every requirement."""
    parsed = (Requirement(line.partition(" --hash=")[0]) for line in manifest.requirements)
    return [(normal(one.name), one.url or "") for one in parsed]


def check_python(manifest: Manifest, version: str) -> None:
    """Hold the Python of the base image against what the repository asks for.

    Raises:
        DependencyError: it does not satisfy it.
    """
    if not manifest.python or not version:
        return
    try:
        wanted = SpecifierSet(manifest.python)
    except InvalidSpecifier as broken:
        raise DependencyError(f"the repository asks for an unreadable Python version: {manifest.python!r}") from broken
    if not wanted.contains(version, prereleases=True):
        raise DependencyError(
            f"the repository needs Python {manifest.python}, the base image has {version}",
            advice="name another base image",
        )
