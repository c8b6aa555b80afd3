"""What a search for a repair is about: places that are suspected and edits that may help."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

WEAK = 0.1
"""Edits below this prior are seldom the right ones: the search goes on, and only an undisputed one is taken."""


class Edit(NamedTuple):
    """Characters `start` to `end` of the file's text become `text`."""

    path: str
    start: int
    end: int
    text: str


class Candidate(NamedTuple):
    """One possible repair. `line`: its main edit's; `prior`: 0 to 1, how often such edits end real bugs."""

    edits: tuple[Edit, ...]
    family: str
    line: int
    prior: float
    says: str
    """What it does, in words: "`<` becomes `<=`"."""


class Suspect(NamedTuple):
    """A line (from 1) that may be the cause. `score`: 0 to 1."""

    path: str
    line: int
    score: float
    reasons: tuple[str, ...] = ()


def apply(candidate: Candidate, sources: Mapping[str, str]) -> dict[str, str]:
    """The files it changes, by path; empty when its edits do not fit these sources or change nothing."""
    changed: dict[str, str] = {}
    for path in {edit.path for edit in candidate.edits}:
        before = sources.get(path)
        edits = sorted(edit for edit in candidate.edits if edit.path == path)
        if before is None or not _fit(edits, len(before)):
            return {}
        after = before
        for edit in reversed(edits):
            after = after[: edit.start] + edit.text + after[edit.end :]
        if after != before:
            changed[path] = after
    return changed


def _fit(edits: list[Edit], length: int) -> bool:
    inside = all(0 <= edit.start <= edit.end <= length for edit in edits)
    return inside and all(one.end <= next_.start for one, next_ in pairwise(edits))


def key(candidate: Candidate, sources: Mapping[str, str]) -> str:
    """The same for candidates that lead to the same files; empty when nothing is changed."""
    changed = apply(candidate, sources)
    if not changed:
        return ""
    return sha256(repr(sorted(changed.items())).encode("utf-8", "surrogatepass")).hexdigest()
