"""The seams: three roles, the desk they work at, and the team that plays them. Any engine implements these."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agents.contracts import Answer, Blame, Change, Plan, Request, TestSuite
from agents.findings import Suspicion
from sandbox.reports import SuiteReport, TestResult


class Desk(Protocol):
    """The workspace as a role may see and change it: confined, logged, idempotent."""

    @property
    def root(self) -> Path:
        """The work tree, for reading only."""

    def files(self) -> list[str]:
        """Tracked files plus those written since the last commit, POSIX paths, sorted."""

    def read(self, path: str) -> str:
        """Text of one file.

        Raises:
            EditRefused: no such file, not a plain file, binary, or outside the tree.
        """

    def write(self, path: str, content: str) -> None:
        """Create or replace a file.

        Raises:
            EditRefused: the path is protected for this role or not a plain file inside the tree.
        """

    def delete(self, path: str) -> None:
        """Remove a file (same errors as `write`)."""

    def run_tests(self, node_ids: tuple[str, ...] = ()) -> SuiteReport:
        """Run the trusted tests (all, or some) on the tree as it is now, in the warm sandbox."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What every role gets to see, stable parts first."""

    request: Request
    desk: Desk
    answers: tuple[Answer, ...] = ()
    round: int = 0
    step: str = ""
    """Idempotency key of this piece of work, e.g. `build-2`; model replies are recorded under it."""
    failures: tuple[TestResult, ...] = ()
    """What failed last, for `write_tests` after a failed red proof, `triage` and `build`."""
    cases: frozenset[str] = frozenset()
    """For `triage`: node ids of this run's own tests, parameters left out; all others were there before."""
    feedback: str = ""
    """Plain words on why we are here again (red proof not red, service does not start, gate findings)."""
    tell: Callable[[str], None] = field(default=lambda _: None)
    """Progress for the person watching, one short line."""


class Planner(Protocol):
    async def plan(self, brief: Brief) -> Plan:
        """Raises: NotUnderstood, Contradiction, BadAnswer, ModelUnavailable, BudgetExceeded."""


class Tester(Protocol):
    async def write_tests(self, brief: Brief, plan: Plan) -> TestSuite:
        """The acceptance tests; the graph writes and commits them. Same errors as `plan`."""

    async def triage(self, brief: Brief, plan: Plan) -> Blame:
        """Is it the code or the test? Same errors as `plan`."""


class Builder(Protocol):
    async def build(self, brief: Brief, plan: Plan) -> Change:
        """Edit the tree through `brief.desk`. Same errors as `plan`."""


class Reviewer(Protocol):
    async def review(self, brief: Brief, plan: Plan, diff: str) -> str:
        """A veto in one paragraph, or an empty string. It can send back a green result, never pass a red one."""


class Hunter(Protocol):
    async def hunt(self, desk: Desk, diff: str, known: tuple[str, ...], step: str) -> tuple[Suspicion, ...]:
        """Suspected bugs in a diff, or in the whole application without one, each with a test that should fail."""


@dataclass(frozen=True, slots=True)
class Team:
    """Who plays the roles in a run."""

    name: str
    """`offline` or the model's name."""
    planner: Planner
    tester: Tester
    builder: Builder
    reviewer: Reviewer | None = None
    hunter: Hunter | None = None
    refactorer: Planner | None = None
    """Plans refactorings that rules do not understand; None without a model."""
