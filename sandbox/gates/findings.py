"""What gates find, in a form that can be compared between two trees."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from sandbox.attack.script import Hit
from sandbox.reports import Frozen, Gate


class GateFinding(Frozen):
    """One thing a gate found wrong."""

    gate: str
    code: str
    """What a tool calls it: `F401`, `arg-type`, `upgrade`."""
    text: str
    path: str = ""
    line: int = 0
    source: str = ""
    """The line's own text, so that a finding is known again when lines above it move."""

    @property
    def mark(self) -> str:
        """The same for the same finding in another version of the tree."""
        told = "\0".join((self.gate, self.path, self.code, " ".join(self.source.split()) or self.text))
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def words(self) -> str:
        """`app/books.py:3 F401 os imported but unused`."""
        place = f"{self.path}:{self.line} " if self.path else ""
        return f"{place}{self.code} {self.text}"


class GateResult(Frozen):
    """A gate and what is behind its evidence."""

    gate: Gate
    findings: tuple[GateFinding, ...] = ()
    hits: tuple[Hit, ...] = ()
    """Attacks that got through; each can be shown by a test."""
    good: str = ""
    """What the evidence says besides findings, or alone where there are none."""


def worse(before: Sequence[GateFinding], after: Iterable[GateFinding], *, loosely: bool = False) -> list[GateFinding]:
    """What is found after a change more often than before it.

    `loosely`: of a kind, wherever it is, as code that is only written otherwise keeps the faults it had.
    """
    found, kinds = [], Counter(one.code for one in before)
    left = Counter(finding.mark for finding in before)
    for finding in after:
        if left[finding.mark] > 0:
            left[finding.mark] -= 1
            kinds[finding.code] -= 1
        else:
            found.append(finding)
    if not loosely:
        return found
    new = []
    for finding in found:
        kinds[finding.code] -= 1
        new += [finding] if kinds[finding.code] < 0 else []
    return new


def evidence(found: list[GateFinding], good: str, most: int = 5) -> str:
    """The findings in one line, or what is good when there are none."""
    if not found:
        return good
    more = f"; and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(one.words for one in found[:most]) + more
