"""What a review finds: what goes wrong for whom, where, and its proof."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from agents.contracts import TestFile
from agents.findings import SEVERITIES, Severity
from sandbox.reports import Frozen, Gate

Level = Literal["error", "warning", "info", "never"]


class Proof(Frozen):
    """What ran in the sandbox and went wrong."""

    kind: Literal["request", "test", "command"]
    ran: str
    """The requests, the test's name, or the command."""
    said: str
    """What came of it, in one or a few lines."""
    test: TestFile | None = None
    """A test that shows it, where one can."""


class ReviewFinding(Frozen):
    """One thing that is wrong."""

    id: str
    """`GL512-1f0c9a2b`; the same when lines move."""
    gate: str
    """Who found it: `house rules`, `attacks`, `model` ..."""
    code: str
    severity: Severity
    message: str
    """What goes wrong, and for whom."""
    path: str = ""
    line: int = 0
    column: int = 0
    proof: Proof | None = None
    repairs: bool = False
    """There is a safe repair by rule."""


class Dismissal(Frozen):
    """A finding somebody does not want to see again, and why."""

    id: str
    reason: str
    on: str = ""
    """Day, `2026-11-28`."""
    message: str = ""


class Review(Frozen):
    """Everything a review says."""

    title: str
    """What was reviewed, in words."""
    base: str = ""
    head: str = ""
    findings: tuple[ReviewFinding, ...] = ()
    """Proven ones first, then by severity and place."""
    dismissed: tuple[tuple[ReviewFinding, Dismissal], ...] = ()
    new: tuple[str, ...] = ()
    """Ids that the review before had not; all of them in a first review."""
    gone: tuple[tuple[str, str], ...] = ()
    """Id and message of what the review before had and this one has not."""
    first: bool = True
    gates: tuple[Gate, ...] = ()
    not_checked: tuple[str, ...] = ()
    seconds: float = 0.0

    def proven(self) -> tuple[ReviewFinding, ...]:
        """With a proof that ran."""
        return tuple(f for f in self.findings if f.proof is not None)

    def unproven(self) -> tuple[ReviewFinding, ...]:
        """Read, not run."""
        return tuple(f for f in self.findings if f.proof is None)

    def at_least(self, level: Level) -> tuple[ReviewFinding, ...]:
        """Findings of that severity or graver."""
        if level == "never":
            return ()
        return tuple(f for f in self.findings if SEVERITIES.index(f.severity) <= SEVERITIES.index(level))


def ordered(findings: Iterable[ReviewFinding]) -> tuple[ReviewFinding, ...]:
    """Proven before unproven, grave before slight, then by place."""
    return tuple(
        sorted(findings, key=lambda f: (f.proof is None, SEVERITIES.index(f.severity), f.path, f.line, f.code, f.id))
    )


def numbered(code: str, marks: Sequence[str]) -> list[str]:
    """Ids for findings of one code, equal marks told apart by their order."""
    seen: Counter[str] = Counter()
    ids = []
    for mark in marks:
        text = f"{code}\0{mark}\0{seen[mark]}"
        seen[mark] += 1
        ids.append(f"{code}-{hashlib.sha256(text.encode()).hexdigest()[:8]}")
    return ids
