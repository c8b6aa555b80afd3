"""The loop's sandbox: kept open between runs of the tests, filled anew for each, never used for a verdict."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError, EngineFault
from sandbox.manifest import read_manifest
from sandbox.mirror import Courier, Mirror
from sandbox.protocol import SOURCE, TESTS, Limits
from sandbox.reports import Service, SuiteReport, TestResult, Word
from sandbox.trust import ACCEPTANCE, Arrangement, TreeFile, arrange
from sandbox.workers import Workers

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Opened:
    """A container and what is kept going in it."""

    image: str
    box: DockerSandbox
    workers: Workers
    source: Mirror
    tests: Mirror


class Warm:
    """One container per dependency image, at most one at a time."""

    def __init__(self, engine: DockerEngine, run_id: str, limits: Limits, timeout_s: float) -> None:
        self._engine = engine
        self._run_id = run_id
        self._limits = limits
        self._timeout_s = timeout_s
        self._opened: Opened | None = None

    def run(self, image: str, source: bytes, tests: bytes, node_ids: Sequence[str], service: Service) -> SuiteReport:
        """Run tests of both kinds on a tree: those over HTTP against the service, the others in-process.

        Raises:
            EngineFault: the engine failed or the container died; it is given up, so the next call starts a new one.
            Stopped: the run was stopped, so the report would say nothing.
        """
        try:
            arrangement = arrange(source, tests)
            workers = self._filled(image, arrangement).workers
            outside = [n for n in node_ids if n.startswith(ACCEPTANCE)]
            inside = [n for n in node_ids if not n.startswith(ACCEPTANCE)]
            reports = []
            if outside:
                reports.append(
                    workers.service_tests(
                        service=service, node_ids=outside, expected=outside, timeout_s=self._timeout_s
                    )
                )
            if inside:
                config = arrangement.config
                reports.append(
                    workers.in_process(
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
        if self._opened is not None:
            self._opened.workers.close()
            self._opened.box.close()
            self._opened = None

    def _filled(self, image: str, arrangement: Arrangement) -> Opened:
        """The container with exactly this tree in it; the trusted tests lie over the tree's own."""
        opened = self._opened
        if opened is None or opened.image != image:
            self.close()
            box = self._engine.open(image, run_id=self._run_id, limits=self._limits)
            try:
                courier = Courier(box)
            except EngineFault:
                box.close()
                raise
            shares = 2 if self._limits.cpus >= 2 else 1
            workers = Workers(box, distributions(arrangement.source_files), shares=shares)
            opened = Opened(image, box, workers, Mirror(courier, SOURCE), Mirror(courier, TESTS))
            self._opened = opened
        opened.source.fill(arrangement.source_files)
        opened.tests.fill(arrangement.test_files)
        return opened


def distributions(files: Mapping[str, TreeFile]) -> tuple[str, ...]:
    """Names of what the tree's manifest asks for; none when it cannot be read."""
    try:
        manifest = read_manifest(sorted(files), lambda path: files[path].content if path in files else None)
    except DependencyError:
        return ()
    found = (NAME.match(requirement) for requirement in manifest.requirements)
    return tuple(dict.fromkeys(match[0] for match in found if match is not None))


def combined(reports: Sequence[SuiteReport]) -> SuiteReport:
    """Several runs as one report; the first word that is not green counts."""
    if not reports:
        return SuiteReport(word=Word.NO_TESTS, reason="there are no tests to run")
    bad = next((r for r in reports if r.word is not Word.GREEN), reports[0])
    results: tuple[TestResult, ...] = tuple(result for report in reports for result in report.results)
    notes = tuple(dict.fromkeys(note for report in reports for note in report.notes))
    elapsed_s = sum(report.elapsed_s for report in reports)
    return bad.model_copy(update={"results": results, "elapsed_s": elapsed_s, "notes": notes})
