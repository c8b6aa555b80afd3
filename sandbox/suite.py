"""From one ended test process to a `SuiteReport`: exit code, report and list of tests must all say the same."""

from collections.abc import Sequence

from sandbox import stream
from sandbox.errors import EngineFault
from sandbox.protocol import Cause, Outcome
from sandbox.reports import SuiteReport, TestResult, Word
from sandbox.stream import Told
from sandbox.text import last_line, shown

WORDS = {
    Cause.TIMEOUT: Word.TIMEOUT,
    Cause.OUT_OF_MEMORY: Word.OUT_OF_MEMORY,
    Cause.OUTPUT_LIMIT: Word.OUTPUT_LIMIT,
    Cause.DISK_FULL: Word.DISK_FULL,
    Cause.PIDS_LIMIT: Word.PIDS_LIMIT,
    Cause.SANDBOX_DIED: Word.SANDBOX_DIED,
    Cause.STOPPED: Word.SANDBOX_DIED,
}
COMPLETE = (Word.GREEN, Word.RED, Word.COLLECT_ERROR, Word.NO_TESTS)
"""Words that can only be given when every collected test has reported."""
OUTPUT = 12_000
"""Most characters of program output kept in a report."""


def suite_report(outcome: Outcome, told: Told, expected: Sequence[str] | None) -> SuiteReport:
    """Judge one ended test process.

    `expected`: node ids (parameters may be left out) that must have run and passed; None when nothing is known.

    Raises:
        EngineFault: the test runner did not start, which says nothing about the repository.
    """
    word, reason = _word(outcome, told, expected)
    return SuiteReport(
        word=word,
        reason=reason,
        results=stream.results(told),
        touched=told.touched,
        unended=running_in(told) if outcome.cause is Cause.TIMEOUT else "",
        complete=told.end in (0, 1, 2, 5) and word in COMPLETE,
        output=shown(outcome.stderr, OUTPUT),
        elapsed_s=round(outcome.elapsed_s, 3),
    )


def matches(node_id: str, wanted: str) -> bool:
    """`node_id` is `wanted`, one of its parameter sets, or a test inside it."""
    return node_id == wanted or node_id.startswith((wanted + "[", wanted + "::"))


def _word(outcome: Outcome, told: Told, expected: Sequence[str] | None) -> tuple[Word, str]:
    if outcome.cause is not Cause.EXITED:
        return WORDS[outcome.cause], _ended(outcome, told)
    _raise_faults(outcome, told)
    if "no_room" in told.notes:
        return Word.DISK_FULL, told.notes["no_room"]
    distrust = told.problem or _disagreement(outcome, told)
    if told.end is None and not told.problem and 128 < (outcome.exit_code or 0) < 193:
        return Word.RED, f"the test process was killed by signal {(outcome.exit_code or 0) - 128}{_where(told)}"
    if distrust:
        return Word.TAMPERED, distrust
    return _verdict(outcome, told, expected)


def _raise_faults(outcome: Outcome, told: Told) -> None:
    if "fault" in told.notes:
        raise EngineFault(f"the test runner did not start: {told.notes['fault']}")
    if not told.begun and not told.problem and not told.notes:
        said = last_line(outcome.stderr) or last_line(outcome.stdout)
        raise EngineFault(f"the test runner did not start (exit code {outcome.exit_code}): {said}")


def _ended(outcome: Outcome, told: Told) -> str:
    after = f" after {outcome.elapsed_s:.0f} s" if outcome.cause is Cause.TIMEOUT else ""
    return f"{outcome.cause.value.replace('_', ' ')}{after}{_where(told)}"


def _where(told: Told) -> str:
    """` while running x`, ` while collecting tests` or nothing."""
    if not told.collected:
        return " while collecting tests" if told.begun else ""
    running = running_in(told)
    return f" while running {running}" if running else ""


def running_in(told: Told) -> str:
    """The first collected test that has not told how it ended; empty when all have, or collection was not over."""
    waiting = (i for n, i in enumerate(told.ids) if not stream.complete(told.phases.get(n, {})))
    return next(waiting, "") if told.collected else ""


def _disagreement(outcome: Outcome, told: Told) -> str:
    """Why exit code, report and list of tests cannot all be true; empty when they can."""
    if told.end is None:
        return f"the test process ended with exit code {outcome.exit_code} before its report was complete{_where(told)}"
    if told.end != outcome.exit_code:
        return f"the report says exit code {told.end}, the engine says {outcome.exit_code}"
    if told.end in (3, 4):
        return ""
    silent = [i for n, i in enumerate(told.ids) if not stream.complete(told.phases.get(n, {}))]
    if silent or not told.collected:
        return f"{len(silent) or 'all'} of {len(told.ids)} collected tests did not report{_where(told)}"
    bad = any(r.outcome in ("failed", "error") for r in stream.results(told))
    fits = {0: bool(told.ids) and not bad, 1: bad, 2: bad and not told.ids, 5: not told.ids and not bad}
    if not fits.get(told.end, False):
        return f"exit code {told.end} does not fit what {len(told.ids)} tests reported"
    return ""


def _verdict(outcome: Outcome, told: Told, expected: Sequence[str] | None) -> tuple[Word, str]:
    found = stream.results(told)
    if told.end in (3, 4):
        return Word.COLLECT_ERROR, _last_error(outcome.stderr)
    if told.collect_errors:
        first = told.collect_errors[0]
        return Word.COLLECT_ERROR, f"{first.node_id} cannot be collected: {first.message}"
    if not found and not expected:
        return Word.NO_TESTS, "no test was found"
    missing = missing_of(expected or (), found)
    if missing:
        why = next((f" ({path} skipped itself: {text})" for path, text in told.collect_skips.items()), "")
        return Word.TAMPERED, f"{len(missing)} expected tests did not run, first {missing[0]}{why}"
    return _red_or_green(found, expected or ())


def missing_of(expected: Sequence[str], found: Sequence[TestResult]) -> list[str]:
    """Expected node ids for which nothing reported."""
    exact = {r.node_id for r in found}
    return [one for one in expected if one not in exact and not any(matches(i, one) for i in exact)]


def _red_or_green(found: Sequence[TestResult], expected: Sequence[str]) -> tuple[Word, str]:
    bad = [r for r in found if r.outcome in ("failed", "error", "xpassed")]
    if bad:
        return Word.RED, f"{len(bad)} of {len(found)} tests failed, first {bad[0].node_id}: {bad[0].message}"
    idle = [r for r in found if r.outcome != "passed"]
    owed = [r for r in idle if any(matches(r.node_id, one) for one in expected)]
    if owed:
        return Word.RED, f"an expected test was {owed[0].outcome}: {owed[0].node_id}: {owed[0].message}"
    if len([r for r in idle if r.outcome == "skipped"]) == len(found):
        return Word.NO_TESTS, f"all {len(found)} tests were skipped, first {found[0].node_id}: {found[0].message}"
    return Word.GREEN, ""


def _last_error(stderr: bytes) -> str:
    """The most telling line of what pytest printed when it could not even start."""
    lines = [line.strip() for line in shown(stderr, 100_000).splitlines() if line.strip()]
    errors = [line[1:].strip() for line in lines if line.startswith("E  ")]
    return (errors or lines or ["pytest did not start"])[-1][:300]
