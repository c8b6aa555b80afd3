"""The loop's sandbox: kept open between runs of the tests, filled anew for each, never used for a verdict."""

from collections.abc import Sequence

from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault
from sandbox.protocol import SOURCE, TESTS, Command, Limits, Sandbox
from sandbox.pytest_run import run_in_process
from sandbox.reports import Service, SuiteReport, TestResult, Word
from sandbox.service import ACCEPTANCE, run_service_tests
from sandbox.trust import Arrangement, arrange


class Warm:
    """One container per dependency image, at most one at a time."""

    def __init__(self, engine: DockerEngine, run_id: str, limits: Limits, timeout_s: float) -> None:
        self._engine = engine
        self._run_id = run_id
        self._limits = limits
        self._timeout_s = timeout_s
        self._image = ""
        self._box: Sandbox | None = None

    def run(self, image: str, source: bytes, tests: bytes, node_ids: Sequence[str], service: Service) -> SuiteReport:
        """Run tests of both kinds on a tree: those over HTTP against the service, the others in-process.

        Raises:
            EngineFault: the engine failed or the container died; it is given up, so the next call starts a new one.
            Stopped: the run was stopped, so the report would say nothing.
        """
        try:
            arrangement = arrange(source, tests)
            box = self._filled(image, arrangement)
            outside = [n for n in node_ids if n.startswith(ACCEPTANCE)]
            inside = [n for n in node_ids if not n.startswith(ACCEPTANCE)]
            reports = []
            if outside:
                reports.append(
                    run_service_tests(
                        box, service=service, node_ids=outside, expected=outside, timeout_s=self._timeout_s
                    )
                )
            if inside:
                config = arrangement.config
                reports.append(
                    run_in_process(
                        box,
                        node_ids=inside,
                        expected=inside,
                        timeout_s=self._timeout_s,
                        ini=config.ini,
                        options=config.options,
                        env=service.env,
                    )
                )
        except EngineFault:
            self.close()
            raise
        self._engine.refuse_if_stopped()
        died = next((report for report in reports if report.word is Word.SANDBOX_DIED), None)
        if died is not None:
            self.close()
            raise EngineFault(f"the container was gone while tests ran in it: {died.reason}")
        return combined(reports)

    def close(self) -> None:
        """Give the container back."""
        if self._box is not None:
            self._box.close()
            self._box = None

    def _filled(self, image: str, arrangement: Arrangement) -> Sandbox:
        """The container with exactly this tree in it; the trusted tests lie over the tree's own."""
        if self._box is None or image != self._image:
            self.close()
            self._box = self._engine.open(image, run_id=self._run_id, limits=self._limits)
            self._image = image
        else:
            empty = Command(argv=("find", SOURCE, TESTS, "-mindepth", "1", "-delete"), timeout_s=60, user="root")
            if not self._box.run(empty):
                self.close()
                return self._filled(image, arrangement)
        self._box.put(arrangement.source, SOURCE)
        self._box.put(arrangement.tests, TESTS)
        return self._box


def combined(reports: Sequence[SuiteReport]) -> SuiteReport:
    """Several runs as one report; the first word that is not green counts."""
    if not reports:
        return SuiteReport(word=Word.NO_TESTS, reason="there are no tests to run")
    bad = next((r for r in reports if r.word is not Word.GREEN), reports[0])
    results: tuple[TestResult, ...] = tuple(result for report in reports for result in report.results)
    return bad.model_copy(update={"results": results, "elapsed_s": sum(r.elapsed_s for r in reports)})
