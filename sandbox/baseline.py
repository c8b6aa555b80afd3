"""What a repository's tests say before any change, so that only what the change broke is held against it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from sandbox.errors import EngineFault
from sandbox.protocol import Engine, Limits, Sandbox
from sandbox.pytest_run import run_in_process
from sandbox.reports import Frozen, Service, SuiteReport, Word
from sandbox.service import run_service_tests
from sandbox.text import counted
from sandbox.trust import ACCEPTANCE, Arrangement, arrange

MOST_DOUBTFUL = 200
"""More failing tests are not run again one by one: such a suite is broken, not flaky."""
MOST_ENDLESS = 3
"""More tests that do not end are not waited for: each costs a run's whole time."""


class Baseline(Frozen):
    """Node ids by what they did in every repeat."""

    passing: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    """Failed every time; a file that cannot be collected stands here by its path."""
    flaky: tuple[str, ...] = ()
    """Passed at least once and failed at least once."""
    endless: tuple[str, ...] = ()
    """Did not end: most of a run's time went into one of them. The others were run without them."""
    trouble: tuple[str, ...] = ()
    """Why a suite could not be measured to its end, one line each."""


def measure(
    engine: Engine,
    image: str,
    *,
    source: bytes,
    service: Service | None = None,
    limits: Limits,
    run_id: str,
    timeout_s: float,
    repeats: int = 2,
    again: int = 3,
    only: Sequence[str] | None = None,
    aside: Collection[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> Baseline:
    """Run the tests of a tree (`source`: tar) as it stands, `repeats` times; then, up to `again` times, what failed.

    `only`: node ids to run instead of everything. A test is flaky when it both passed and failed. A run that takes
    `timeout_s` (seconds) is not repeated as it was: the test that did not end is left aside, and when there is none, or
    there are too many, nothing is run again. `aside`: tests that are known not to end. `tell` hears what begins.

    Raises:
        EngineUnavailable: no engine answers.
        EngineFault: the engine failed, or the container was gone before the tests had ended.
    """
    arrangement = arrange(source, source)
    with engine.open(image, run_id=run_id, limits=limits) as sandbox:
        sandbox.put(arrangement.source, "/src")
        sandbox.put(arrangement.tests, "/tests")
        runs = _Runs(sandbox, arrangement, service, timeout_s, tell, endless=[*aside])
        _repeat(runs, max(1, repeats), again, only)
    died = next((report for report in runs.reports if report.word is Word.SANDBOX_DIED), None)
    if died is not None:
        raise EngineFault(f"the container was gone while tests ran in it: {died.reason}")
    return summarise(runs.reports, runs.endless)


@dataclass
class _Runs:
    """What was run so far, and without what."""

    sandbox: Sandbox
    arrangement: Arrangement
    service: Service | None
    timeout_s: float
    tell: Callable[[str], None]
    endless: list[str]
    reports: list[SuiteReport] = field(default_factory=list)

    def whole(self, only: Sequence[str] | None, title: str) -> bool:
        """Run to the end, without what does not end; False when that cannot be had."""
        while True:
            self.tell(f"{title} (at most {self.timeout_s:.0f} s)")
            new = self._once(only)
            self.reports += new
            if all(report.word is not Word.TIMEOUT for report in new):
                return True
            found = [name for report in new if (name := endless_in(report, self.timeout_s))]
            if not found:
                self.tell("it took too long (setting `test_timeout_s`), and is not repeated")
                return False
            self.endless += found
            self.tell(f"{', '.join(found)} did not end, and is left aside")
            if len(self.endless) > MOST_ENDLESS:
                return False

    def _once(self, only: Sequence[str] | None) -> list[SuiteReport]:
        config, service = self.arrangement.config, self.service
        env = service.env if service else {}
        reports = []
        outside, inside = _kinds(only)
        if inside is None or inside:
            reports.append(
                run_in_process(
                    self.sandbox, node_ids=inside, timeout_s=self.timeout_s, ini=config.ini, options=config.options,
                    env=env, aside=self.endless,
                )
            )  # fmt: skip
        if service is not None and self.arrangement.has_acceptance and (outside is None or outside):
            reports.append(
                run_service_tests(
                    self.sandbox, service=service, node_ids=outside, timeout_s=self.timeout_s, aside=self.endless
                )
            )
        return reports


def _repeat(runs: _Runs, repeats: int, again: int, only: Sequence[str] | None) -> None:
    for number in range(1, repeats + 1):
        if not runs.whole(only, f"running the repository's own tests as they are, {number} of {repeats}"):
            return
    for _ in range(again):
        doubtful = [node_id for node_id in summarise(runs.reports, runs.endless).failing if "::" in node_id]
        if not 0 < len(doubtful) <= MOST_DOUBTFUL:
            return
        if not runs.whole(doubtful, f"running {counted(len(doubtful), 'failing test')} again"):
            return


def endless_in(report: SuiteReport, timeout_s: float) -> str:
    """The test that had at least half of a run's time for itself and did not end; empty when there is none such."""
    others = sum(result.duration_s for result in report.results)
    return report.unended if report.elapsed_s - others >= timeout_s / 2 else ""


def _kinds(only: Sequence[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """Tests of the service, and tests that run in-process."""
    if only is None:
        return None, None
    return [n for n in only if n.startswith(ACCEPTANCE)], [n for n in only if not n.startswith(ACCEPTANCE)]


def summarise(reports: Sequence[SuiteReport], endless: Collection[str] = ()) -> Baseline:
    """Put repeated reports together; a run that was cut short by a test in `endless` is no trouble."""
    good: set[str] = set()
    bad: set[str] = set()
    for report in reports:
        good |= report.passed()
        bad |= {result.node_id for result in report.failures()}
    left = set(endless)
    over = len(left) > MOST_ENDLESS
    cut = [report for report in reports if not report.complete and (over or report.unended not in left)]
    return Baseline(
        passing=tuple(sorted(good - bad - left)),
        failing=tuple(sorted(bad - good - left)),
        flaky=tuple(sorted((good & bad) - left)),
        endless=tuple(sorted(left)),
        trouble=tuple(dict.fromkeys(f"{report.word.value}: {report.reason}" for report in cut)),
    )
