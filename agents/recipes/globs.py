"""Globs as the command line takes them: `**` crosses folders, a folder stands for all below it."""

import re
from collections.abc import Iterable
from functools import lru_cache


def any_glob(path: str, globs: Iterable[str]) -> bool:
    """The path matches one of the globs."""
    return any(_pattern(glob).fullmatch(path) for glob in globs)


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob.removeprefix("./").rstrip("/"))
    kinds = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(kinds.get(part, re.escape(part)) for part in parts) + "(?:/.*)?")
