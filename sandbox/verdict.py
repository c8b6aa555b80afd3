"""The verdict: one commit, a fresh container, the trusted tests. No model takes part in it.

Green needs every expected test to have run and passed, nothing that passed before to be broken, and nothing done to the
files that judge. Whatever the tests leave in doubt is not green.
"""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sandbox.baseline import Baseline
from sandbox.integrity import integrity_gate
from sandbox.protocol import SOURCE, TESTS, Engine, Limits, Sandbox
from sandbox.pytest_run import run_in_process
from sandbox.reports import Gate, Service, SuiteReport, TestResult, Verdict, Word
from sandbox.service import run_service_tests
from sandbox.suite import matches, missing_of
from sandbox.text import escaped
from sandbox.trust import Arrangement, Changed, arrange, kind_of

ACCEPTANCE_GATE = "acceptance tests"
OWN_GATE = "repository's own tests"
HELD_GATE = "held-out checks"
COMMANDS = {"service": "pytest tests/acceptance, over HTTP", "in-process": "pytest, in-process"}
"""Level -> what is run."""


@dataclass(frozen=True, slots=True)
class Settled:
    """One suite held against what was expected of it."""

    word: Word
    reason: str
    failures: tuple[TestResult, ...]
    """Only those that count: expected tests and what the change broke."""
    report: SuiteReport
    level: str
    expected: tuple[str, ...] = ()


def judge(
    engine: Engine,
    image: str,
    *,
    source: bytes,
    tests: bytes,
    commit: str,
    service: Service | None,
    expected_service: Collection[str] = (),
    expected_unit: Collection[str] = (),
    held_out: Collection[str] = (),
    baseline: Baseline | None = None,
    changed: Collection[str] | None = None,
    limits: Limits,
    run_id: str,
    timeout_s: float,
) -> Verdict:
    """Judge one commit.

    `source`: tar of its tree. `tests`: tar of the trusted paths at the commit of their author (`trust.trusted`), pytest
    settings included. `expected_*`: node ids that must have run and passed, parameters may be left out; `held_out`:
    those that the author of the change never saw, named last. Without a `baseline` every failure counts. `changed`: see
    `trust.arrange`. `timeout_s` bounds each of the two suites.

    Raises:
        EngineUnavailable, ImageUnavailable: nothing can be run here.
        EngineFault: the engine failed; says nothing about the commit.
        ValueError: acceptance tests are expected and there is no service to put them to.
    """
    if expected_service and service is None:
        raise ValueError("acceptance tests are expected, but no service is given to start")
    begun = time.monotonic()
    aside = left_aside(baseline, (*expected_service, *expected_unit))
    arrangement = arrange(source, tests, changed)
    settled: list[Settled] = []
    with engine.open(image, run_id=run_id, limits=limits) as sandbox:
        sandbox.put(arrangement.source, SOURCE)
        sandbox.put(arrangement.tests, TESTS)
        if service is not None and (arrangement.has_acceptance or expected_service):
            report = run_service_tests(sandbox, service=service, timeout_s=timeout_s, aside=aside)
            settled.append(settle(report, expected_service, baseline, "service", held_out))
        report = _own_tests(sandbox, arrangement, service, timeout_s, aside)
        settled.append(settle(report, expected_unit, baseline, "in-process", held_out))
    return conclude(settled, arrangement.changes, baseline, commit, time.monotonic() - begun, held_out)


def left_aside(baseline: Baseline | None, expected: Collection[str]) -> tuple[str, ...]:
    """Tests that did not end before the change and that nobody expects anything of: they would end this run too."""
    endless = baseline.endless if baseline is not None else ()
    return tuple(node_id for node_id in endless if not any(matches(node_id, one) for one in expected))


def _own_tests(
    sandbox: Sandbox, arrangement: Arrangement, service: Service | None, timeout_s: float, aside: Collection[str]
) -> SuiteReport:
    config = arrangement.config
    env = service.env if service else {}
    return run_in_process(sandbox, timeout_s=timeout_s, ini=config.ini, options=config.options, env=env, aside=aside)


def settle(
    report: SuiteReport, expected: Collection[str], baseline: Baseline | None, level: str, last: Collection[str] = ()
) -> Settled:
    """Hold one suite's report against the expected tests and the baseline; failures of the tests `last` stand last."""
    wanted = tuple(sorted(expected))
    if not report.complete:
        return Settled(report.word, report.reason, report.failures(), report, level, wanted)
    counting = (r for r in report.results if _counts(r, wanted, baseline))
    failures = tuple(sorted(counting, key=lambda r: any(matches(r.node_id, one) for one in last)))
    missing = missing_of(wanted, report.results)
    lost = _lost(report, baseline, level)
    if any("::" not in failure.node_id for failure in failures):
        return Settled(Word.COLLECT_ERROR, _first(failures, "cannot be collected"), failures, report, level, wanted)
    if missing:
        reason = f"{len(missing)} expected tests did not run, first {missing[0]}"
        return Settled(Word.TAMPERED, reason, failures, report, level, wanted)
    if failures:
        return Settled(Word.RED, _first(failures, "failed"), failures, report, level, wanted)
    if lost:
        reason = f"{len(lost)} tests that passed before did not run any more, first {lost[0]}"
        return Settled(Word.TAMPERED, reason, (), report, level, wanted)
    ran = any(r.outcome != "skipped" for r in report.results)
    return Settled(Word.GREEN if ran else Word.NO_TESTS, "" if ran else report.reason, (), report, level, wanted)


def _counts(result: TestResult, expected: Sequence[str], baseline: Baseline | None) -> bool:
    """Whether this result stands against the commit."""
    if any(matches(result.node_id, one) for one in expected):
        return result.outcome != "passed"
    if result.outcome not in ("failed", "error"):
        return False
    return baseline is None or result.node_id not in (*baseline.failing, *baseline.flaky)


def _lost(report: SuiteReport, baseline: Baseline | None, level: str) -> list[str]:
    """Tests of this suite that passed before and now did not say so: gone, or skipping themselves."""
    if baseline is None:
        return []
    said = {r.node_id for r in report.results if r.outcome != "skipped"}
    ours = (i for i in baseline.passing if (kind_of(i.split("::")[0]) == "acceptance") is (level == "service"))
    return [node_id for node_id in ours if node_id not in said]


def _first(failures: Sequence[TestResult], what: str) -> str:
    first = failures[0]
    count = f"{len(failures)} tests {what}, first " if what == "failed" else ""
    return f"{count}{first.node_id}: {first.message or first.outcome}"


def conclude(
    settled: Sequence[Settled],
    changes: Sequence[Changed],
    baseline: Baseline | None,
    commit: str,
    elapsed_s: float,
    held_out: Collection[str] = (),
) -> Verdict:
    """Put the gates together; the first that fails gives the word, tampering before everything else."""
    results = [result for one in settled for result in one.report.results]
    gates = _gates(settled, baseline, held_out)
    gates += [_held_gate(results, held_out)] if held_out else []
    gates.append(integrity_gate(changes))
    word, reason = _overall(settled, gates[-1])
    levels = {r.node_id: one.level for one in settled for r in one.report.results if r.outcome == "passed"}
    return Verdict(
        word=word,
        commit=commit,
        reason=reason,
        gates=tuple(gates),
        failures=tuple(failure for one in settled for failure in one.failures),
        passed=sum(result.outcome in ("passed", "xfailed") for result in results),
        total=len(results),
        levels=levels,
        not_checked=_not_checked(results, changes, baseline),
        elapsed_s=round(elapsed_s, 3),
    )


def _gates(settled: Sequence[Settled], baseline: Baseline | None, held_out: Collection[str]) -> list[Gate]:
    """This change's acceptance tests, and the repository's own: in-process ones, and acceptance tests from before."""
    found: list[Gate] = []
    own: list[Settled] = []
    for one in settled:
        ours, before = _by_age(one, baseline, held_out) if one.level == "service" else (None, one)
        own += [before] if before is not None else []
        found += [_acceptance_gate(ours)] if ours is not None else []
    return found + ([_own_gate(own)] if own else [])


def _by_age(
    settled: Settled, baseline: Baseline | None, last: Collection[str]
) -> tuple[Settled | None, Settled | None]:
    """A suite over HTTP as what is new in it, and what was there before; None for a part that is not there."""
    report = settled.report
    known = {*baseline.passing, *baseline.failing, *baseline.flaky} if baseline is not None else set()
    old = [r for r in report.results if r.node_id in known and not any(matches(r.node_id, e) for e in settled.expected)]
    if baseline is None or not old or not report.complete:
        return settled, None
    new = [result for result in report.results if result not in old]
    before = settle(report.model_copy(update={"results": tuple(old)}), (), baseline, settled.level)
    lesser = baseline.model_copy(update={"passing": ()})
    ours = settle(report.model_copy(update={"results": tuple(new)}), settled.expected, lesser, settled.level, last)
    return (ours if new or settled.expected else None), before


def _acceptance_gate(settled: Settled) -> Gate:
    return Gate(
        name=ACCEPTANCE_GATE,
        passed=settled.word is Word.GREEN,
        evidence=_evidence(settled),
        seconds=settled.report.elapsed_s,
        command=COMMANDS["service"],
    )


def _own_gate(parts: Sequence[Settled]) -> Gate:
    """Bad news first; without any, what each part counted."""
    there = [one for one in parts if one.word is not Word.NO_TESTS or one.report.results]
    bad = [one for one in there if one.word not in (Word.GREEN, Word.NO_TESTS)]
    return Gate(
        name=OWN_GATE,
        passed=not bad,
        evidence="; ".join(_evidence(one) for one in bad or there) or "there are none",
        seconds=sum(one.report.elapsed_s for one in parts if one.level != "service"),
        command="; ".join(COMMANDS[one.level] for one in parts),
    )


def _evidence(settled: Settled) -> str:
    if settled.reason:
        return f"{settled.word.value}: {settled.reason}"
    report = settled.report
    return f"{len(report.passed())} of {len(report.results)} tests passed ({settled.level})"


def _held_gate(results: Sequence[TestResult], held_out: Collection[str]) -> Gate:
    met = sum(
        bool(mine := [r for r in results if matches(r.node_id, one)]) and all(r.outcome == "passed" for r in mine)
        for one in held_out
    )
    evidence = f"{met} of {len(held_out)} tests that the builder never saw passed"
    return Gate(name=HELD_GATE, passed=met == len(held_out), evidence=evidence, command="the same run")


def _overall(settled: Sequence[Settled], integrity: Gate) -> tuple[Word, str]:
    tampered = next((one for one in settled if one.word is Word.TAMPERED), None)
    if tampered is not None:
        return Word.TAMPERED, tampered.reason
    if not integrity.passed:
        return Word.TAMPERED, integrity.evidence
    bad = next((one for one in settled if one.word not in (Word.GREEN, Word.NO_TESTS)), None)
    if bad is not None:
        return bad.word, bad.reason
    if not any(one.word is Word.GREEN for one in settled):
        return Word.NO_TESTS, "no test ran, so nothing is proven"
    idle = next((one for one in settled if one.word is Word.NO_TESTS and one.level == "service"), None)
    return (Word.NO_TESTS, f"acceptance tests: {idle.reason}") if idle is not None else (Word.GREEN, "")


def _not_checked(
    results: Sequence[TestResult], changes: Sequence[Changed], baseline: Baseline | None
) -> tuple[str, ...]:
    ran = {r.node_id for r in results}
    passed = {r.node_id for r in results if r.outcome == "passed"}
    said = [f"{r.node_id} was skipped: {r.message}" for r in results if r.outcome == "skipped"]
    said += [
        f"{escaped(change.path)} (added by the change) did not run"
        for change in changes
        if change.status == "added" and kind_of(change.path) == "test"
    ]
    if baseline is not None:
        said += [f"{node_id} failed before the change too" for node_id in baseline.failing if node_id not in passed]
        said += [f"{node_id} is flaky: it passed and failed before the change" for node_id in baseline.flaky]
        said += [f"{i} did not end before the change and was left aside" for i in baseline.endless if i not in ran]
        said += [f"before the change: {line}" for line in baseline.trouble]
    return tuple(said)
