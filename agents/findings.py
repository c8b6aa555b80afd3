"""What a checker found: where, what goes wrong for whom, and how it is told apart from what was there before."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from agents.contracts import Frozen

Severity = Literal["error", "warning", "info"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
"""Gravest first. error: wrong or exploitable now; warning: breaks under load, bad input or change; info: craft."""


class Edit(Frozen):
    """One replacement in one file. Lines count from 1, columns (characters) from 0; the end is exclusive."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    new: str


class Finding(Frozen):
    """One thing that is wrong at one place. Lines and columns count from 1, columns are characters."""

    rule: str
    """Stable id of the rule, or of another checker's check (`GL101`)."""
    severity: Severity
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    """What goes wrong, and for whom."""
    places: int = 1
    """How many places of its file it stands for; more than one is a habit of that file."""
    edits: tuple[Edit, ...] = ()
    """A safe repair; empty when a person must decide."""
    fingerprint: str
    """Stays the same when lines move."""
    shape: str
    """Stays the same when the code moves to another file, too."""


class Suspicion(Frozen):
    """One bug, as long as no test has shown it."""

    message: str = Field(min_length=10, description="what goes wrong, and for whom, in one or two sentences")
    path: str = Field(description="the file with the fault")
    line: int = Field(ge=1, description="its line")
    severity: Severity = Field(description="error: wrong or exploitable now; warning: under load or rare input")
    test: str = Field(
        description="a module of pytest functions that take `client` (httpx.Client on the running service)"
    )
    fails_with: str = Field(
        min_length=3, description="text the failing assertion's message must hold, such as `assert 500 == 404`"
    )


def identity(rule: str, path: str, context: str, text: str, nth: int) -> tuple[str, str]:
    """Fingerprint and shape of a finding.

    Args:
        context: qualified name of the function or class around it.
        text: the code it is about, without formatting.
        nth: 0 for the first of several equal ones in that context.
    """
    parts = [rule, context, text, str(nth)]
    return _digest([path, *parts]), _digest(parts)


def worse(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Finding, ...]:
    """What `after` has and `before` had not, neither there nor in another file the code came from.

    One more place in a file that has the habit already is not worse; the habit itself is, when it is new.
    """
    known = list(before)
    left = Counter(f.fingerprint for f in known)
    fresh: list[Finding] = []
    for finding in after:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
        else:
            fresh.append(finding)
    gone = Counter(f.shape for f in known if left[f.fingerprint] > 0)
    habits = {(f.rule, f.path) for f in known if f.places > 1}
    places = Counter((f.rule, f.path) for f in known)
    new = []
    for finding in fresh:
        where = (finding.rule, finding.path)
        if where in habits or 1 < finding.places <= places[where]:
            continue
        if gone[finding.shape] > 0:
            gone[finding.shape] -= 1
        else:
            new.append(finding)
    return tuple(new)


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made, last place first; of two that overlap the earlier one is left out."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    spans = sorted({(_at(starts, e.line, e.column), _at(starts, e.end_line, e.end_column), e.new) for e in edits})
    untouched = len(text) + 1
    for start, end, new in reversed(spans):
        if end <= untouched and start < untouched:
            text = text[:start] + new + text[end:]
            untouched = start
    return text


def _at(starts: list[int], line: int, column: int) -> int:
    return min(starts[min(line, len(starts)) - 1] + column, starts[-1])


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:16]
