"""What a repository's tests say before any change, so that only what the change broke is held against it."""

from collections.abc import Sequence

from sandbox.errors import EngineFault
from sandbox.protocol import Engine, Limits, Sandbox
from sandbox.pytest_run import run_in_process
from sandbox.reports import Frozen, Service, SuiteReport, Word
from sandbox.service import run_service_tests
from sandbox.trust import Arrangement, arrange


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
) -> Baseline:
    """Run the tests of a tree (`source`: tar) as it stands, `repeats` times.

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
            reports += _once(sandbox, arrangement, service, timeout_s)
    died = next((report for report in reports if report.word is Word.SANDBOX_DIED), None)
    if died is not None:
        raise EngineFault(f"the container was gone while tests ran in it: {died.reason}")
    return summarise(reports)


def _once(sandbox: Sandbox, arrangement: Arrangement, service: Service | None, timeout_s: float) -> list[SuiteReport]:
    config = arrangement.config
    env = service.env if service else {}
    reports = [run_in_process(sandbox, timeout_s=timeout_s, ini=config.ini, options=config.options, env=env)]
    if service is not None and arrangement.has_acceptance:
        reports.append(run_service_tests(sandbox, service=service, timeout_s=timeout_s))
    return reports


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
