"""What a repository's tests say before any change, so that only what the change broke is held against it."""

from collections.abc import Sequence

from sandbox.errors import EngineFault
from sandbox.protocol import Engine, Limits, Sandbox
from sandbox.pytest_run import run_in_process
from sandbox.reports import Frozen, Service, SuiteReport, Word
from sandbox.service import run_service_tests
from sandbox.trust import ACCEPTANCE, Arrangement, arrange

MOST_DOUBTFUL = 200
"""More failing tests are not run again one by one: such a suite is broken, not flaky."""


class Baseline(Frozen):
    """Node ids by what they did in every repeat."""

    passing: tuple[str, ...] = ()
    failing: tuple[str, ...] = ()
    """Failed every time; a file that cannot be collected stands here by its path."""
    flaky: tuple[str, ...] = ()
    """Passed at least once and failed at least once."""
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
) -> Baseline:
    """Run the tests of a tree (`source`: tar) as it stands, `repeats` times; then, up to `again` times, what failed.

    `only`: node ids to run instead of everything. A test is flaky when it both passed and failed.

    Raises:
        EngineUnavailable: no engine answers.
        EngineFault: the engine failed, or the container was gone before the tests had ended.
    """
    arrangement = arrange(source, source)
    reports: list[SuiteReport] = []
    with engine.open(image, run_id=run_id, limits=limits) as sandbox:
        sandbox.put(arrangement.source, "/src")
        sandbox.put(arrangement.tests, "/tests")
        for _ in range(max(1, repeats)):
            reports += _once(sandbox, arrangement, service, timeout_s, only)
        for _ in range(again):
            doubtful = [node_id for node_id in summarise(reports).failing if "::" in node_id]
            if not 0 < len(doubtful) <= MOST_DOUBTFUL:
                break
            reports += _once(sandbox, arrangement, service, timeout_s, doubtful)
    died = next((report for report in reports if report.word is Word.SANDBOX_DIED), None)
    if died is not None:
        raise EngineFault(f"the container was gone while tests ran in it: {died.reason}")
    return summarise(reports)


def _once(
    sandbox: Sandbox, arrangement: Arrangement, service: Service | None, timeout_s: float, only: Sequence[str] | None
) -> list[SuiteReport]:
    config = arrangement.config
    env = service.env if service else {}
    reports = []
    outside, inside = _kinds(only)
    if inside is None or inside:
        reports.append(
            run_in_process(
                sandbox, node_ids=inside, timeout_s=timeout_s, ini=config.ini, options=config.options, env=env
            )
        )
    if service is not None and arrangement.has_acceptance and (outside is None or outside):
        reports.append(run_service_tests(sandbox, service=service, node_ids=outside, timeout_s=timeout_s))
    return reports


def _kinds(only: Sequence[str] | None) -> tuple[list[str] | None, list[str] | None]:
    """Tests of the service, and tests that run in-process."""
    if only is None:
        return None, None
    return [n for n in only if n.startswith(ACCEPTANCE)], [n for n in only if not n.startswith(ACCEPTANCE)]


def summarise(reports: Sequence[SuiteReport]) -> Baseline:
    """Put repeated reports together."""
    good: set[str] = set()
    bad: set[str] = set()
    for report in reports:
        good |= report.passed()
        bad |= {result.node_id for result in report.failures()}
    trouble = dict.fromkeys(f"{report.word.value}: {report.reason}" for report in reports if not report.complete)
    return Baseline(
        passing=tuple(sorted(good - bad)),
        failing=tuple(sorted(bad - good)),
        flaky=tuple(sorted(good & bad)),
        trouble=tuple(trouble),
    )
