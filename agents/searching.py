"""Searching the files of a desk with a pattern somebody else wrote, in bounded time."""

import fnmatch
import time
from collections.abc import Iterator

import regex

from agents.errors import EditRefused
from agents.roles import Desk

SECONDS = 2.0
"""Longest time one search may take, whatever its pattern."""
MATCHES = 80
LINE_CHARS = 2_000
"""How much of a line is looked at."""


def search(desk: Desk, pattern: str, glob: str) -> str:
    """Lines that match, as `path:line: text`. A pattern that is no regular expression is searched literally."""
    note = ""
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        compiled, note = regex.compile(regex.escape(pattern)), f"(no regular expression, searched literally: {error})\n"
    found: list[str] = []
    ends = time.monotonic() + SECONDS
    try:
        for path, number, line in _lines(desk, glob):
            if compiled.search(line[:LINE_CHARS], timeout=max(0.001, ends - time.monotonic())):
                found.append(f"{path}:{number}: {line.strip()[:200]}")
            if len(found) >= MATCHES:
                return note + "\n".join(found) + f"\n... only the first {MATCHES} matches are shown"
            if time.monotonic() > ends:
                raise TimeoutError
    except TimeoutError:
        found.append("The search took too long and was ended; use a simpler pattern or a narrower glob.")
    return note + ("\n".join(found) or "No match.")


def _lines(desk: Desk, glob: str) -> Iterator[tuple[str, int, str]]:
    for path in desk.files():
        if fnmatch.fnmatchcase(path, glob):
            try:
                text = desk.read(path)
            except EditRefused:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                yield path, number, line
