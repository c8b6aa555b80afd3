"""The loop's sandbox: kept open between runs of the tests, filled anew for each, never used for a verdict."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sandbox.affected import reached
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError, EngineFault
from sandbox.extras.values import NONE, Extras
from sandbox.listing import Key, Listing, Read
from sandbox.manifest import read_manifest
from sandbox.mirror import Courier, Mirror
from sandbox.protocol import SOURCE, TESTS, Limits
from sandbox.reports import Service, SuiteReport, TestResult, Word
from sandbox.shares import FEWEST
from sandbox.trust import ACCEPTANCE, config_of, lay
from sandbox.workers import Workers
from workflows.touches import Touches

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

    def __init__(
        self, engine: DockerEngine, run_id: str, limits: Limits, timeout_s: float, touches: Touches | None = None
    ) -> None:
        self._engine = engine
        self._run_id = run_id
        self._limits = limits
        self._timeout_s = timeout_s
        self._opened: Opened | None = None
        self._touches = touches or Touches()
        self._failed: frozenset[str] = frozenset()
        """Tests that did not pass when they last ran."""
        self._settled: tuple[Mapping[str, Key], frozenset[str]] = {}, frozenset()
        """The last tree on which all that was asked for passed, and what that was."""

    def run(
        self, image: str, tree: Listing, author: Listing, node_ids: Sequence[str], service: Service | None,
        extras: Extras = NONE, *, before: Listing | None = None,
    ) -> SuiteReport:  # fmt: skip
        """Run tests of both kinds on a tree: those over HTTP against the service, the others in-process.

        `author`: the trusted files at the commit of the tests' author; they lie over the tree's own. Without a
        `service` there are no tests over HTTP. `extras`: servers to run beside it; the image holds them. `before`: the
        tree before the change; with it, the in-process tests that the change is likely to reach run first, and the
        others only when those pass.

        Raises:
            EngineFault: the engine failed or the container died; it is given up, so the next call starts a new one.
            Stopped: the run was stopped, so the report would say nothing.
        """
        try:
            opened = self._filled(image, tree, author, extras)
            workers = opened.workers
            outside = [n for n in node_ids if n.startswith(ACCEPTANCE)]
            inside = [n for n in node_ids if not n.startswith(ACCEPTANCE)]
            reports = []
            if outside and service is not None:
                reports.append(
                    workers.service_tests(
                        service=service, node_ids=outside, expected=outside, timeout_s=self._timeout_s
                    )
                )
            first, rest = self._order(inside, tree, author, before)
            for part in filter(None, (first, rest)):
                reports.append(self._inside(workers, part, tree, author, service, fresh=bool(rest) and part is first))
                if rest and part is first and reports[-1].word is not Word.GREEN:
                    reports[-1] = _cut_short(reports[-1], len(rest))
                    break
            workers.renew_ahead()
        except EngineFault:
            self.close()
            raise
        self._engine.refuse_if_stopped()
        died = next((report for report in reports if report.word is Word.SANDBOX_DIED), None)
        if died is not None:
            self.close()
            raise EngineFault(f"the container was gone while tests ran in it: {died.reason}")
        report = combined(reports)
        if report.word is Word.GREEN:
            self._settled = dict(tree.keys), frozenset(inside)
        return report

    def _order(
        self, inside: Sequence[str], tree: Listing, author: Listing, before: Listing | None
    ) -> tuple[list[str], list[str]]:
        """Tests to run first, and those to run after them when it is worth the while to divide them."""
        if before is None or len(inside) < FEWEST:
            return list(inside), []
        settled, passed = self._settled
        reference = settled if passed.issuperset(inside) else before.keys
        changed = {p for p in {*tree.keys, *reference} if tree.keys.get(p) != reference.get(p)}
        files = {*tree.keys, *author.keys}

        def read(path: str) -> bytes | None:
            return author.content(path) if path in author.keys else tree.content(path)

        near = {*reached(inside, changed, self._touches.files, files, read), *self._failed}
        first = [node_id for node_id in inside if node_id in near]
        if not first or len(first) > len(inside) // 2:
            return list(inside), []
        return first, [node_id for node_id in inside if node_id not in near]

    def _inside(
        self, workers: Workers, node_ids: Sequence[str], tree: Listing, author: Listing, service: Service | None,
        *, fresh: bool,
    ) -> SuiteReport:  # fmt: skip
        """In-process tests; `fresh`: see again what they touch, else only when that is not known."""
        config = config_of(author.content, tree.content)
        report = workers.in_process(
            node_ids=node_ids,
            expected=node_ids,
            timeout_s=self._timeout_s,
            ini=config.ini,
            options=config.options,
            env=service.env if service is not None else {},
            touch=fresh or self._touches.unknown(node_ids),
        )
        self._touches.learn(report)
        ran, failed = ({r.node_id.partition("[")[0] for r in some} for some in (report.results, report.failures()))
        self._failed = (self._failed - ran) | failed
        return report

    def close(self) -> None:
        """Give the container back."""
        if self._opened is not None:
            self._opened.workers.close()
            self._opened.box.close()
            self._opened = None

    def _filled(self, image: str, tree: Listing, author: Listing, extras: Extras) -> Opened:
        """The container with exactly this tree in it."""
        opened = self._opened
        if opened is None or opened.image != image or opened.box.extras != extras:
            self.close()
            box = self._engine.open(image, run_id=self._run_id, limits=self._limits, extras=extras)
            try:
                courier = Courier(box)
            except EngineFault:
                box.close()
                raise
            shares = 2 if self._limits.cpus >= 2 else 1
            workers = Workers(box, distributions(tree), shares=shares, durations=self._touches.seconds)
            opened = Opened(image, box, workers, Mirror(courier, SOURCE), Mirror(courier, TESTS))
            self._opened = opened
        mine, theirs = ({path: (key, files) for path, key in files.keys.items()} for files in (tree, author))
        for mirror, laid in zip((opened.source, opened.tests), lay(mine, theirs), strict=True):
            mirror.fill_from({path: key for path, (key, _) in laid.items()}, _reader(laid))
        return opened


def _cut_short(report: SuiteReport, left: int) -> SuiteReport:
    note = f"{left} tests that the change is not known to reach were not run, because nearer ones fail"
    return report.model_copy(update={"notes": (*report.notes, note)})


def _reader(laid: Mapping[str, tuple[Key, Listing]]) -> Read:
    """Contents out of two listings."""

    def read(paths: Collection[str]) -> dict[str, bytes]:
        by_listing: dict[int, tuple[Listing, list[str]]] = {}
        for path in paths:
            by_listing.setdefault(id(laid[path][1]), (laid[path][1], []))[1].append(path)
        return {p: content for listing, mine in by_listing.values() for p, content in listing.read(mine).items()}

    return read


def distributions(tree: Listing) -> tuple[str, ...]:
    """Names of what the tree's manifest asks for; none when it cannot be read."""
    try:
        manifest = read_manifest(sorted(tree.keys), tree.content)
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
