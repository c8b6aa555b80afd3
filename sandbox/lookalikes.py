"""Package names that look like a well-known one: one edit away, other separators, letters that look the same."""

import functools
from collections.abc import Iterator
from pathlib import Path

from sandbox.manifest_pip import normal

LIST = Path(__file__).with_name("popular.txt")
SHORT = 4
"""Names up to this length have too many honest neighbours for an edit to mean anything."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"
_DRAWN = (("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("3", "e"), ("4", "a"), ("5", "s"), ("7", "t"))


@functools.cache
def _lists() -> tuple[dict[str, int], frozenset[str]]:
    lines = (line for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    known, _, neighbours = "\n".join(lines).partition("\n---\n")
    return {name: rank for rank, name in enumerate(known.split())}, frozenset(neighbours.split())


def well_known() -> dict[str, int]:
    """Normalised names of well-known packages and their rank."""
    return _lists()[0]


def neighbours() -> frozenset[str]:
    """Honest names that look like a well-known one."""
    return _lists()[1]


def lookalike(name: str) -> str | None:
    """The well-known package that a name may be a slip of, None when there is none or the name is known itself."""
    name, known = normal(name), well_known()
    if name in known or name in neighbours():
        return None
    near = {one for one in _edits(name) if one in known} | {
        other for form, others in zip(_forms(name), _by_form(), strict=True) for other in others.get(form, ())
    }
    return min((one for one in near if len(one) > SHORT), key=lambda one: known[one], default=None)


def _forms(name: str) -> tuple[str, str]:
    """What two names share that differ only in separators and letters that look alike, or in the order of words."""
    drawn = name.replace("-", "")
    for written, read in _DRAWN:
        drawn = drawn.replace(written, read)
    return drawn, "-".join(sorted(name.split("-")))


@functools.cache
def _by_form() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    found: tuple[dict[str, list[str]], dict[str, list[str]]] = ({}, {})
    for name in well_known():
        for form, names in zip(_forms(name), found, strict=True):
            names.setdefault(form, []).append(name)
    return found


def _edits(name: str) -> Iterator[str]:
    """Every name that is one insertion, deletion, replacement or swap of neighbours away."""
    for at in range(len(name) + 1):
        head, tail = name[:at], name[at:]
        yield from (head + letter + tail for letter in _LETTERS)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in _LETTERS)
            yield head + tail[1:2] + tail[0] + tail[2:]
