"""A repository with several services in it, taken apart: `app.main` of one is not `app.main` of the other."""

import re
from collections import Counter
from pathlib import PurePosixPath

from agents.profile import Source

_MANIFEST = re.compile(r"^(pyproject\.toml|setup\.(py|cfg)|Pipfile|requirements[^/]*\.(txt|in)|Dockerfile)$")


class Part:
    """Some of a repository's files, under their own paths."""

    def __init__(self, source: Source, files: list[str]) -> None:
        self._source = source
        self._files = files

    def files(self) -> list[str]:
        return self._files

    def read(self, path: str) -> str:
        return self._source.read(path)


def services(source: Source) -> list[Source]:
    """The repository itself, or one part for each folder with a manifest whose modules have a namesake in another."""
    files = source.files()
    roots = {f.rpartition("/")[0] for f in files if _MANIFEST.match(PurePosixPath(f).name)} - {""}
    homes = {f: home for f in files if (home := _home(f, roots))}
    names = Counter(f[len(home) + 1 :] for f, home in homes.items() if f.endswith(".py"))
    apart = {home for f, home in homes.items() if f.endswith(".py") and names[f[len(home) + 1 :]] > 1}
    if len(apart) < 2:
        return [source]
    rest = [f for f in files if homes.get(f) not in apart]
    parts = [[f for f in files if homes.get(f) == home] for home in sorted(apart)]
    return [Part(source, part) for part in (rest, *parts) if part]


def _home(file: str, roots: set[str]) -> str:
    """The innermost folder with a manifest around a file."""
    folder = file.rpartition("/")[0]
    while folder and folder not in roots:
        folder = folder.rpartition("/")[0]
    return folder
