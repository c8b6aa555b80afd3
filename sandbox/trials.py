"""Trying many small changes of a tree fast: for a search, never for a verdict.

The tests are collected once per job; every change is tried in a fork of that process, where failing tests run first.
What is said here comes from processes that run the repository's code: whoever keeps a change has it verified.
"""

import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sandbox import stream
from sandbox.errors import EngineFault
from sandbox.protocol import WORK, Cause, Outcome
from sandbox.text import shown
from sandbox.trial_job import TIMES, Suite, job_for, limit, task_for
from sandbox.workers import Workers

How = Literal["end", "timeout", "crash", "collect", "invalid"]
Change = tuple[int, int, str]
"""Characters from, to (of the file's text), and what stands there instead."""
COLLECT_S = 30.0
TEST_S = 5.0
"""Seconds for a test whose own time is not known yet."""
ANSWER_S = 0.2
"""Seconds for a call, or a test with what is asked beside it; four times as much ends it."""
TOGETHER, TOGETHER_S = 32, 2.0
"""Candidates that are tried in one child, and seconds of failing tests for all of them (in new processes)."""
TURNS = 9
"""How often the rest is begun again, behind candidates that end the process they are forked from as well."""
SLACK_S = 30.0
LONGEST_S = 300.0
"""Seconds that are waited for the last one that was begun, should it run every test."""
ROOM = 500_000
"""Characters of coverage that one measurement may tell."""


class NotTried(EngineFault):
    """The tests of this repository cannot be run that way; the message says why."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One change to try."""

    files: Mapping[str, Sequence[Change]]
    guards: tuple[str, ...]
    """Tests that must go on passing, the most telling first."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of it. `how`: "end" is the regular one."""

    how: How
    fixed: tuple[str, ...] = ()
    """Failing tests that pass now."""
    still: tuple[str, ...] = ()
    """Failing tests that do not; those after the last one were not run."""
    broken: tuple[str, ...] = ()
    """The first test that passed before and does not now."""
    detail: str = ""
    where: str = ""
    """"import" or "collected": what it could be forked from."""

    def repairs(self, failing: Sequence[str]) -> bool:
        """All that failed passes, and nothing was broken."""
        return self.how == "end" and not self.broken and len(self.fixed) == len(failing)


@dataclass(frozen=True, slots=True)
class Measured:
    """The code as it is."""

    outcomes: Mapping[str, str]
    """passed, failed, error, skipped, timeout, crash, missing ... by node id."""
    messages: Mapping[str, str]
    frames: Mapping[str, tuple[tuple[str, int], ...]]
    """Files and lines of the repository through which an error came, the innermost last; by node id."""
    seconds: Mapping[str, tuple[float, float]]
    """Processor and clock, by node id; of tests that came to an end."""
    lines: Mapping[str, Mapping[str, frozenset[int]]]
    """Lines that a test runs, by node id and path."""
    calls: tuple[tuple[str, str, tuple[str, ...]], ...]
    """Path, function and the arguments (literals, as a dict) it was called with."""
    imported: tuple[str, ...] = ()
    ran: tuple[str, ...] = ()
    late: bool = True
    """Whether children may be forked after everything was collected."""
    errors: tuple[str, ...] = ()
    """Files that cannot be collected as it is."""
    collect_s: float = 0.0
    patterns: tuple[tuple[str, int], ...] = ()
    """Regular expressions that are compiled while everything is imported, with their flags."""

    def passing(self, node_ids: Sequence[str]) -> tuple[str, ...]:
        """Those of them that passed here too: in this order, after the failing tests."""
        return tuple(one for one in node_ids if self.outcomes.get(one) == "passed")


@dataclass(slots=True)
class Trials:
    """One sandbox whose `/src` holds the tree. `shares`: children at work at a time, one when they share servers."""

    workers: Workers
    suite: Suite = field(default_factory=Suite)
    shares: int = 2

    def measure(
        self, failing: Sequence[str], passing: Sequence[str], paths: Sequence[str], *, test_s: float = TEST_S
    ) -> Measured:
        """Run these tests on the tree as it is, twice: undisturbed, and noting which lines of `paths` they run.

        Raises:
            NotTried: they cannot be run this way.
            EngineFault: the engine was lost.
        """
        ids = [*failing, *passing]
        whole = COLLECT_S + min(len(ids) * test_s, 300.0)
        slow = {"begin": [COLLECT_S, COLLECT_S], "each": {}, "default": [test_s, 2 * test_s]}
        traced = {**slow, "default": [2 * test_s, 4 * test_s]}
        task = task_for(
            self._suite, f"{WORK}/share-0", ids, mode="measure", order={"ids": ids, "failing": [], "patience": 0},
            limits=slow, trace_limits=traced, traced=list(paths), room=ROOM,
        )  # fmt: skip
        outcome = self._start([task], whole)[0]
        return _measured(outcome, list(stream.records(outcome.stdout, task["nonce"])), ids)

    def run(
        self, measured: Measured, failing: Sequence[str], attempts: Sequence[Attempt], *, until_s: float,
        enough: int = 1_000_000, patience: int = 3,
    ) -> list[Trial | None]:  # fmt: skip
        """Try them, the first ones first; None for those there was no time for.

        `until_s`: no new one is begun after that many seconds. `enough`: nor after as many that repair everything.
        `patience`: failing tests that may go on failing until an attempt is given up.

        Raises:
            NotTried: the tests cannot be run this way.
            EngineFault: the engine was lost.
        """
        ids = list(dict.fromkeys([*failing, *(one for attempt in attempts for one in attempt.guards)]))
        order = {
            "failing": list(range(len(failing))),
            "patience": patience,
            "control": _control(measured, ids, len(failing)),
        }
        told = self._children(
            measured, ids, attempts, mode="trial", order=order, until_s=until_s, enough=enough, failing=len(failing),
            chain=_together(measured, failing[:patience]),
        )  # fmt: skip
        return [_trial(told[n], ids) if n in told else None for n in range(len(attempts))]

    def answers(
        self, measured: Measured, tests: Sequence[str], attempts: Sequence[Attempt],
        calls: Sequence[tuple[str, str, str]], *, variants: Sequence[tuple[str, str, str]] = (), until_s: float,
    ) -> list[dict[str, tuple[str, str]] | None]:  # fmt: skip
        """What is answered with each change: ("value", text), ("error", its name) ... by what was asked.

        `calls` are asked by their numbers: functions (path, name, arguments). `tests` are run, and whatever application
        they talk to is asked more than they ask; those answers are by a text that says what was asked and when.
        `variants`: a test, a text that stands for it, and another function for it, whose notes are the answer.

        Raises:
            NotTried: the tests cannot be run this way.
            EngineFault: the engine was lost.
        """
        number = {node_id: n for n, node_id in enumerate(tests)}
        varied = [(number[test], label, source) for test, label, source in variants]
        order = {"failing": [], "patience": 0, "web": list(range(len(tests))), "variants": varied}
        told = self._children(
            measured, list(tests), attempts, mode="answer", until_s=until_s, enough=1_000_000, failing=0, calls=calls,
            order=order,
        )  # fmt: skip
        return [_answers(told[n]) if n in told else None for n in range(len(attempts))]

    def _children(
        self, measured: Measured, ids: list[str], attempts: Sequence[Attempt], *, until_s: float, enough: int,
        chain: int = 0, **more: Any,
    ) -> dict[int, dict[str, Any]]:  # fmt: skip
        """What was said of each, by its number; begun again behind one that ended the process it was forked from."""
        until, told = time.monotonic() + until_s, dict[int, dict[str, Any]]()
        waiting = deque([(list(range(len(attempts))), chain)])
        for turn in range(TURNS):
            if not waiting or (turn and time.monotonic() > until):
                break
            numbers, together = waiting.popleft()
            said, at_work, rest = self._turn(
                measured, ids, [attempts[n] for n in numbers], until_s=until - time.monotonic(), chain=together,
                enough=enough - sum(1 for one in told.values() if _whole(one, more["failing"])), **more,
            )  # fmt: skip
            told |= {numbers[n]: one for n, one in said.items()}
            for guilty in at_work:
                if len(guilty) == 1:
                    told[numbers[guilty[0]]] = {"how": "crash", "where": "", "detail": "ended the process above it too"}
                else:
                    waiting.append(([numbers[n] for n in guilty], 0))
            if rest:
                waiting.append(([numbers[n] for n in rest], together))
        return told

    def _turn(
        self, measured: Measured, ids: list[str], attempts: Sequence[Attempt], *, mode: str, order: dict[str, Any],
        until_s: float, enough: int, failing: int, chain: int, calls: Sequence[tuple[str, str, str]] = (),
    ) -> tuple[dict[int, dict[str, Any]], list[list[int]], list[int]]:  # fmt: skip
        """Share the attempts out: what was said by their numbers, and of shares that did not last those that were being
        tried and the rest."""
        number = {node_id: n for n, node_id in enumerate(ids)}
        each = {str(n): limit(*measured.seconds[i]) for n, i in enumerate(ids) if i in measured.seconds}
        begin = limit(measured.collect_s, measured.collect_s)
        limits = {"begin": begin, "each": each, "default": limit(*_usual(measured))}
        if mode == "answer":
            limits |= {"each": {}, "default": limit(ANSWER_S, ANSWER_S)}
        shares = 1 if self.workers.servers else min(self.shares, len(attempts)) or 1
        tasks = []
        for share in range(shares):
            mine = [
                {
                    "files": {path: [list(edit) for edit in edits] for path, edits in attempt.files.items()},
                    "guards": [number[one] for one in attempt.guards if number.get(one, -1) >= failing],
                }
                for attempt in attempts[share::shares]
            ]
            home = f"{WORK}/share-{share}"
            tasks.append(
                task_for(
                    self._suite, home, ids, mode=mode, order={**order, "ids": ids, "calls": _within(home, calls)},
                    limits=limits, candidates=mine, late=measured.late, ran=list(measured.ran),
                    imported=list(measured.imported), known_errors=list(measured.errors), enough=enough,
                    until_s=until_s, chain=chain, patterns=measured.patterns,
                )
            )  # fmt: skip
        whole = TIMES * sum(measured.seconds[one][1] for one in ids if one in measured.seconds)
        outcomes = self._start(tasks, until_s + SLACK_S + min(whole, LONGEST_S))
        told: dict[int, dict[str, Any]] = {}
        at_work: list[list[int]] = []
        rest: list[int] = []
        for share, (outcome, task) in enumerate(zip(outcomes, tasks, strict=True)):
            records = list(stream.records(outcome.stdout, task["nonce"]))
            _check(outcome, records)
            said = {r["c"] * shares + share: r for r in records if r.get("k") == "trial"}
            told |= said
            lost = [c * shares + share for c in _cut_off(outcome, records)]
            if lost:
                at_work.append(lost)
                rest += [n for n in range(share, len(attempts), shares) if n not in said and n not in lost]
        return told, at_work, rest

    @property
    def _suite(self) -> Suite:
        return replace(self.suite, env={**self.suite.env, **self.workers.servers})

    def _start(self, tasks: list[dict[str, Any]], timeout_s: float) -> tuple[Outcome, ...]:
        outcomes, why = self.workers.children(job_for(self._suite, timeout_s), tasks)
        if why:
            raise NotTried(why)
        return outcomes


def _together(measured: Measured, failing: Sequence[str]) -> int:
    """How many candidates share a child: at most `TOGETHER_S` of failing tests, each as slow as at first."""
    one = sum(measured.seconds[test][1] if test in measured.seconds else TEST_S for test in failing)
    return max(0, min(TOGETHER, int(TOGETHER_S / max(one, 0.001))))


def _control(measured: Measured, ids: Sequence[str], failing: int) -> list[int]:
    """Numbers of tests that show whether a child still is like a new one: two that fail, two quick ones that pass."""
    passing = [n for n, one in enumerate(ids) if n >= failing and measured.outcomes.get(one) == "passed"]
    passing.sort(key=lambda n: measured.seconds[ids[n]][1])
    return [*range(min(failing, 2)), *passing[:2]]


def _usual(measured: Measured) -> tuple[float, float]:
    """Seconds of processor and of the clock that a slow test of this suite takes."""
    known = sorted(measured.seconds.values())
    return known[len(known) * 9 // 10] if known else (TEST_S / 10, TEST_S / 10)


def _cut_off(outcome: Outcome, records: Sequence[dict[str, Any]]) -> list[int]:
    """What was being tried when the process that forks was lost; empty when it was not."""
    if outcome.cause is Cause.TIMEOUT or any(r.get("k") == "end" for r in records):
        return []
    said = {r["c"] for r in records if r.get("k") == "trial"}
    begun: list[int] = next((r["c"] for r in reversed(records) if r.get("k") == "try"), [])
    return [c for c in begun if c not in said]


def _whole(told: Mapping[str, Any], failing: int) -> bool:
    return told["how"] == "end" and not told.get("broken") and len(told.get("fixed", ())) == failing


def _within(home: str, calls: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    return [(f"{home}/tree/{path}", name, arguments) for path, name, arguments in calls]


def _check(outcome: Outcome, records: Sequence[dict[str, Any]]) -> None:
    """Raises NotTried when the program itself did not come to work."""
    fault = next((str(r.get("text")) for r in records if r.get("k") == "fault"), "")
    if fault or not any(r.get("k") == "begin" for r in records):
        said = fault or outcome.stderr.decode("utf-8", "replace").strip()[-300:] or f"it ended by {outcome.cause.value}"
        raise NotTried(f"the tests could not be started in a preloaded process: {shown(said.encode(), 300)}")


def _trial(told: Mapping[str, Any], ids: Sequence[str]) -> Trial:
    names = {kind: tuple(ids[n] for n in told.get(kind, ())) for kind in ("fixed", "still", "broken")}
    return Trial(
        how=told["how"], detail=shown(str(told["detail"]).encode(), 200), where=str(told["where"]), **names
    )  # fmt: skip


def _answers(told: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    said = told.get("answers", {})
    return {str(asked)[:400]: (str(kind), str(text)) for asked, (kind, text) in said.items()}


def _measured(outcome: Outcome, records: Sequence[dict[str, Any]], ids: Sequence[str]) -> Measured:
    _check(outcome, records)
    imports = next((r for r in records if r["k"] == "imports"), None)
    if imports is None:
        errors = [str(r["message"]) for r in records if r["k"] == "collect_error"]
        raise NotTried(f"the tests could not be collected: {'; '.join(errors)[:300] or outcome.cause.value}")
    tests = [r for r in records if r["k"] == "test"]
    ended = [r for r in tests if r["o"] not in ("timeout", "crash", "missing")]
    return Measured(
        outcomes={ids[r["n"]]: str(r["o"]) for r in tests},
        messages={ids[r["n"]]: shown(str(r["m"]).encode(), 1000) for r in tests},
        frames={ids[r["n"]]: tuple((str(p), int(n)) for p, n in r["frames"]) for r in tests if r.get("frames")},
        seconds={ids[r["n"]]: (float(r["cpu"]), float(r["wall"])) for r in ended},
        lines={ids[r["n"]]: {p: _lines(m) for p, m in r["lines"].items()} for r in records if r["k"] == "lines"},
        calls=tuple((str(p), str(f), tuple(a)) for r in records if r["k"] == "calls" for p, f, a in r["calls"]),
        imported=tuple(imports["paths"]),
        ran=tuple(imports["ran"]),
        late=imports["threads"] == 1 and imports["sockets"] == 0,
        errors=tuple(str(r["id"]) for r in records if r["k"] == "collect_error"),
        collect_s=float(imports["seconds"]),
        patterns=tuple((str(p), int(f)) for p, f in imports["patterns"]),
    )


def _lines(mask: str) -> frozenset[int]:
    value, found, line = int(mask, 16), set(), 0
    while value:
        if value & 1:
            found.add(line)
        value >>= 1
        line += 1
    return frozenset(found)
