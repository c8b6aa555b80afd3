"""What a verdict is given beside the tests: mutants of the change, and what is known from runs before."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandbox.errors import EngineFault
from sandbox.mutants import Mutant, changed_lines, is_mutable, mutants, spread
from sandbox.mutation import MutationReport, score, with_mutants
from sandbox.protocol import Engine, Limits
from sandbox.reports import Service, Verdict, Word
from sandbox.trust import kind_of
from workflows.flakes import FlakeLedger
from workflows.sources import CommitSource
from workflows.touches import Touches
from workflows.verdict_cache import VerdictCache

MOST_MUTANTS = 20
"""A sample, spread over the changed functions."""


@dataclass(frozen=True)
class Proof:
    """How verdicts are backed. `state`: where results of earlier runs are kept; None keeps nothing."""

    mutants: bool = False
    budget_s: float = 30.0
    at_least: float = 0.0
    """Share of mutants the tests must notice (0 to 1); 0 only advises."""
    state: Path | None = None

    def words(self) -> tuple[object, ...]:
        """What of this a verdict depends on."""
        return self.mutants, self.budget_s, self.at_least

    @cached_property
    def verdicts(self) -> VerdictCache:
        """Verdicts and baselines reached before."""
        return VerdictCache(self.state / "verdicts" if self.state is not None else None)

    def touches(self, repository: Path) -> Touches:
        """What is remembered of a repository's tests; kept for this run alone when nothing is to be kept."""
        return Touches.of(self.state / "touches", repository) if self.state is not None else Touches()

    def flakes(self, repository: Path) -> FlakeLedger | None:
        """The repository's flake ledger."""
        return FlakeLedger.of(self.state / "flakes", repository) if self.state is not None else None

    def weigh(
        self,
        verdict: Verdict,
        sample: Callable[[], list[Mutant]],
        *,
        engine: Engine,
        image: str,
        source: bytes,
        tests: bytes,
        service: Service | None,
        expected: Collection[str],
        limits: Limits,
        run_id: str,
        timeout_s: float,
    ) -> Verdict:
        """Add the gate of the mutants to a green verdict on a service; a fault of the engine there is only told."""
        if not self.mutants or verdict.word is not Word.GREEN or service is None or not expected:
            return verdict
        try:
            report = score(
                engine, image, source=source, tests=tests, service=service, mutants=sample(), expected=expected,
                limits=limits, run_id=run_id, timeout_s=timeout_s, budget_s=self.budget_s,
            )  # fmt: skip
        except EngineFault as fault:
            report = MutationReport(reason=f"the engine failed: {fault}")
        return with_mutants(verdict, report, at_least=self.at_least)


def sample_of(base: CommitSource, head: CommitSource, changed: Collection[str], seed: str) -> list[Mutant]:
    """Mutants of the lines that `changed` files have at `head` and had not at `base`."""
    found: list[Mutant] = []
    for path in sorted(changed):
        after = head.raw(path) if is_mutable(path) and kind_of(path) is None else None
        if after is not None:
            found += mutants(path, after, changed_lines(base.raw(path), after), seed, MOST_MUTANTS)
    return spread(found, seed, MOST_MUTANTS)
