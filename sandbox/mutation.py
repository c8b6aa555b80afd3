"""How good the tests are: the trusted acceptance tests on damaged versions of the change, within a budget of time.

Every mutant meets the tests nearest to it first, stopping at the first failure; those that live meet all tests while
time is left. It judges tests, not code, so it only advises unless a threshold is set.
"""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Literal

from sandbox import tars
from sandbox.container import DockerSandbox
from sandbox.errors import EngineFault
from sandbox.mutants import Mutant
from sandbox.protocol import SOURCE, TESTS, Engine, Limits, Sandbox
from sandbox.relevance import nearest, test_words
from sandbox.reports import Frozen, Gate, Service, SuiteReport, Verdict, Word
from sandbox.service import ACCEPTANCE, run_service_tests
from sandbox.trust import TreeFile, arrange, read_tree
from sandbox.worker import WorkerLost
from sandbox.workers import Workers

NAME = "mutants of the change"
NEAREST = 10
"""Tests a mutant meets first."""
LEAST_S = 3.0
"""With less time left nothing is started."""
NAMED = 5
"""Survivors named in a gate's evidence."""
SHARE = 0.25
"""Of the budget one run may take, so that no mutant uses up the time of all others."""
USED = 0.85
"""Of the budget that is planned for; the rest is for ending what runs."""
START_S = 15.0
"""Longest time a damaged service gets to start."""
Fate = Literal["killed", "survived", "timed_out", "undecided"]

_CONFTEST = f"{ACCEPTANCE}/conftest.py"
_STOP = b"""

import pytest as _pytest_of_greenloop


@_pytest_of_greenloop.fixture(autouse=True)
def _one_failure_is_enough_for_greenloop(request):
    if request.session.testsfailed:
        _pytest_of_greenloop.skip("one failure is enough")
"""
"""Added to the tests' conftest in these sandboxes alone, so a verdict's run cannot be affected."""


class Survivor(Frozen):
    """A mutant no test noticed."""

    path: str
    line: int
    words: str
    """`app/books.py:41 limit(limit): call removed`."""
    tests: int
    """How many tests it met; all of them passed."""
    total: int

    @property
    def sure(self) -> bool:
        """It met every test; otherwise only those nearest to it, and then the time was up."""
        return self.tests >= self.total


class MutationReport(Frozen):
    """What became of the mutants."""

    killed: int = 0
    survived: tuple[Survivor, ...] = ()
    timed_out: int = 0
    """Made the service so slow that it was stopped; counts as noticed."""
    not_run: int = 0
    """The budget was used up first."""
    seconds: float = 0.0
    reason: str = ""
    """Why nothing, or not everything, could be measured."""

    @property
    def sure(self) -> tuple[Survivor, ...]:
        """Survivors that met every test."""
        return tuple(s for s in self.survived if s.sure)

    @property
    def noticed(self) -> int:
        """Mutants the tests told from the real thing."""
        return self.killed + self.timed_out

    @property
    def share(self) -> float:
        """Noticed, of those whose fate is sure: 0 to 1; 1 when none is."""
        decided = self.noticed + len(self.sure)
        return self.noticed / decided if decided else 1.0


class _Box:
    """A sandbox with the change in it; its service is forked from a preloaded process for as long as that lasts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._workers = Workers(sandbox) if isinstance(sandbox, DockerSandbox) else None

    def run(self, meeting: "_Meeting", tests: Sequence[str]) -> SuiteReport:
        """Some tests on the tree as it is, within what is left of the budget."""
        while True:
            left = meeting.allowed()
            start_s = min(meeting.service.start_timeout_s, START_S, left)
            service = meeting.service.model_copy(update={"start_timeout_s": start_s})
            try:
                report = run_service_tests(
                    self.sandbox, service=service, node_ids=tests, expected=tests,
                    timeout_s=max(0.5, left - start_s), starter=self._workers,
                )  # fmt: skip
                if self._workers is not None:
                    self._workers.renew_ahead()
                return report
            except WorkerLost:
                if self._workers is None:
                    raise
                self._workers.close()
                self._workers = None


class _Meeting:
    """What all workers share: the mutants to come, their fates, the clock."""

    def __init__(self, service: Service, tests: Sequence[str], budget_s: float, slow_s: float) -> None:
        self.service = service
        self.tests = tests
        self.deadline = time.monotonic() + budget_s * USED
        self.share_s = budget_s * SHARE
        self.slow_s = slow_s
        self.fates: dict[Mutant, tuple[Fate, int]] = {}
        self._lock = threading.Lock()

    def left(self) -> float:
        """Seconds of the budget."""
        return self.deadline - time.monotonic()

    def allowed(self) -> float:
        """Seconds one run may take that begins now; the first may need all of them."""
        share = max(self.share_s, LEAST_S) if self.fates else self.left()
        return max(0.5, min(self.left(), self.slow_s, share))

    def lived(self, mutant: Mutant) -> bool:
        """It met some of the tests and none noticed it."""
        fate, met = self.fates.get(mutant, ("undecided", 0))
        return fate == "survived" and met < len(self.tests)

    def each(self, waiting: Iterator[Mutant]) -> Iterator[Mutant]:
        """Mutants one by one, to whichever worker asks, while there is time."""
        while self.left() > LEAST_S:
            with self._lock:
                mutant = next(waiting, None)
            if mutant is None:
                return
            yield mutant


def score(
    engine: Engine,
    image: str,
    *,
    source: bytes,
    tests: bytes,
    service: Service,
    mutants: Sequence[Mutant],
    expected: Collection[str],
    limits: Limits,
    run_id: str,
    timeout_s: float,
    budget_s: float,
    workers: int = 2,
    tell: Callable[[str], None] = lambda _: None,
) -> MutationReport:
    """Let the acceptance tests meet every mutant.

    `source`, `tests`: tars as for `verdict.judge`, of a commit that is green. `expected`: node ids of the acceptance
    tests. `timeout_s`: a run that takes longer is the mutant's doing. `budget_s` bounds all of it (seconds); `workers`
    sandboxes are used at once.

    Raises:
        EngineUnavailable, ImageUnavailable, EngineFault: the engine failed; says nothing about the tests.
    """
    begun = time.monotonic()
    arrangement = arrange(source, tests)
    original, trusted = read_tree(arrangement.source), read_tree(arrangement.tests)
    by_words = test_words(trusted, list(dict.fromkeys(one.split("[")[0] for one in expected)))
    todo = [m for m in mutants if m.path in original]
    if not todo or not by_words:
        return MutationReport(reason="there is nothing to damage" if by_words else "there are no acceptance tests")
    meeting = _Meeting(service, list(by_words), budget_s, timeout_s)
    stopping = tars.build({p: f.content for p, f in _stopping(trusted).items()})
    with ExitStack() as stack:
        boxes: list[_Box] = []
        for _ in range(max(1, min(workers, len(todo)))):
            sandbox = stack.enter_context(engine.open(image, run_id=run_id, limits=limits))
            sandbox.put(arrangement.source, SOURCE)
            sandbox.put(stopping, TESTS)
            boxes.append(_Box(sandbox))
        if problem := _undamaged(boxes[0], meeting):
            return MutationReport(reason=problem, not_run=len(todo), seconds=round(time.monotonic() - begun, 3))
        first = {m: nearest(f"{m.path} {m.group} {m.before} {m.after}", by_words, NEAREST) for m in todo}
        _all_meet(boxes, meeting, original, iter(todo), lambda m: first[m] or meeting.tests[:NEAREST])
        again = [m for m in todo if meeting.lived(m)]
        _all_meet(boxes, meeting, original, iter(again), lambda _: meeting.tests)
    report = _report(todo, meeting, round(time.monotonic() - begun, 3))
    tell(summary(report))
    return report


def _undamaged(box: _Box, meeting: _Meeting) -> str:
    """Why the tests say nothing about damage here; empty when the change as it is starts and passes one of them."""
    if meeting.left() < LEAST_S:
        return "no time was left"
    report = box.run(meeting, meeting.tests[:1])
    return "" if report.word is Word.GREEN else f"the undamaged change does not pass here ({report.reason[:200]})"


def _stopping(trusted: dict[str, TreeFile]) -> dict[str, TreeFile]:
    there = trusted.get(_CONFTEST, TreeFile(b""))
    return trusted | {_CONFTEST: TreeFile(there.content + _STOP)}


def _all_meet(
    boxes: Sequence[_Box],
    meeting: _Meeting,
    original: dict[str, TreeFile],
    waiting: Iterator[Mutant],
    choose: Callable[[Mutant], Sequence[str]],
) -> None:
    def work(box: _Box) -> None:
        for mutant in meeting.each(waiting):
            fate, met = _meet(box, meeting, mutant, original[mutant.path].content, choose(mutant))
            if fate != "undecided":
                meeting.fates[mutant] = (fate, met)

    with ThreadPoolExecutor(len(boxes), thread_name_prefix="mutants") as pool:
        for done in [pool.submit(work, box) for box in boxes]:
            done.result()


def _meet(box: _Box, meeting: _Meeting, mutant: Mutant, original: bytes, tests: Sequence[str]) -> tuple[Fate, int]:
    """One mutant and some tests; the file is put back afterwards."""
    hurried = meeting.allowed() < meeting.slow_s
    box.sandbox.put(tars.build({mutant.path: mutant.content}), SOURCE)
    try:
        report = box.run(meeting, tests)
    finally:
        box.sandbox.put(tars.build({mutant.path: original}), SOURCE)
    return fate_of(report, hurried=hurried), len(tests)


def fate_of(report: SuiteReport, *, hurried: bool) -> Fate:
    """What a run says about the mutant. `hurried`: our budget, not the mutant, may be why it was too slow.

    Raises:
        EngineFault: the container was gone.
    """
    if report.word is Word.SANDBOX_DIED:
        raise EngineFault(f"the container was gone while a mutant was tested: {report.reason}")
    if report.word is Word.GREEN:
        return "survived"
    if report.failures():
        return "killed"
    if report.word is Word.TIMEOUT or "no answer on" in report.reason:
        return "undecided" if hurried else "timed_out"
    return "killed"


def _report(todo: Sequence[Mutant], meeting: _Meeting, seconds: float) -> MutationReport:
    fates = [meeting.fates.get(m, ("undecided", 0)) for m in todo]
    kinds = [fate for fate, _ in fates]
    total = len(meeting.tests)
    survived = tuple(
        Survivor(path=m.path, line=m.line, words=m.words, tests=met, total=total)
        for m, (fate, met) in zip(todo, fates, strict=True)
        if fate == "survived"
    )
    return MutationReport(
        killed=kinds.count("killed"),
        survived=survived,
        timed_out=kinds.count("timed_out"),
        not_run=kinds.count("undecided"),
        seconds=seconds,
    )


def summary(report: MutationReport) -> str:
    """`17 of 20 noticed; survived: app/books.py:41 limit(limit): call removed`."""
    sure, unsure = report.sure, [s for s in report.survived if not s.sure]
    if not report.noticed and not report.survived:
        return f"not measured: {report.reason or 'no time was left'}"
    parts = [f"{report.noticed} of {report.noticed + len(sure)} noticed"]
    parts += [f"survived: {_named(sure)}"] if sure else []
    lived = f"{len(unsure)} met the nearest tests only and lived, no time for the others"
    parts += [f"{lived}: {_named(unsure)}"] if unsure else []
    parts += [f"{report.not_run} not run in the time"] if report.not_run else []
    return "; ".join(parts)


def _named(survivors: Sequence[Survivor]) -> str:
    more = f" and {len(survivors) - NAMED} more" if len(survivors) > NAMED else ""
    return ", ".join(s.words for s in survivors[:NAMED]) + more


def with_mutants(verdict: Verdict, report: MutationReport, *, at_least: float = 0.0) -> Verdict:
    """The verdict with the gate `mutants of the change`.

    `at_least`: the smallest share that must be noticed (0 to 1); 0 advises only.
    Only a green verdict is changed by it, to `weak_tests`.
    """
    weak = at_least > 0 and report.share < at_least
    passed = not weak and (at_least > 0 or not report.sure)
    command = "the acceptance tests on damaged versions of the changed lines"
    gate = Gate(
        name=NAME, passed=passed, evidence=summary(report), blocking=weak, seconds=report.seconds, command=command
    )
    said = {"gates": (*verdict.gates, gate), "elapsed_s": round(verdict.elapsed_s + report.seconds, 3)}
    if weak and verdict.word is Word.GREEN:
        reason = f"the tests notice {report.share:.0%} of the damage done to the change, {at_least:.0%} are asked for"
        return verdict.model_copy(update=said | {"word": Word.WEAK_TESTS, "reason": f"{reason}: {summary(report)}"})
    return verdict.model_copy(update=said)
