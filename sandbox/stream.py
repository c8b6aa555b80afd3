"""The report channel of a test run, read as hostile input: only lines that carry our nonce, in order, count."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.reports import TestOutcome, TestResult
from sandbox.text import escaped, shown

Phases = dict[str, dict[str, Any]]
MOST_TESTS = 100_000
MOST_FILES = 2_000


@dataclass
class Told:
    """What one run said about itself."""

    begun: bool = False
    ready: bool = False
    """Service tests: the service answered."""
    ids: list[str] = field(default_factory=list)
    collected: bool = False
    """Collection was finished and `ids` is the whole list."""
    collect_errors: list[TestResult] = field(default_factory=list)
    collect_skips: dict[str, str] = field(default_factory=dict)
    phases: dict[int, Phases] = field(default_factory=dict)
    touched: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Files of the tree whose code a test ran; nothing is decided by it."""
    end: int | None = None
    """pytest's exit code by its own word; None: the report is not complete."""
    notes: dict[str, str] = field(default_factory=dict)
    """`fault`, `no_room` or `not_ready` and its text."""
    problem: str = ""
    """Why the report cannot be believed; empty when nothing is wrong with its form."""


def read(stdout: bytes, nonce: str, *, cut_off: bool = False) -> Told:
    """Read a report; stops at the first line that is not ours. `cut_off`: the run was ended from outside."""
    told = Told()
    lines = stdout.split(b"\n")
    rest = lines.pop()
    for number, line in enumerate(lines):
        record = _record(line, nonce, number)
        if record is None or told.end is not None:
            told.problem = "foreign bytes in the report"
            return told
        try:
            _take(told, record)
        except (KeyError, IndexError, TypeError, ValueError) as broken:
            told.problem = f"a malformed record in the report ({type(broken).__name__})"
        if told.problem:
            return told
    if rest and not cut_off:
        told.problem = "foreign bytes in the report"
    return told


def records(stdout: bytes, nonce: str) -> Iterator[dict[str, Any]]:
    """The records of any of our programs, up to the first line that is not ours."""
    for number, line in enumerate(stdout.split(b"\n")[:-1]):
        record = _record(line, nonce, number)
        if record is None:
            return
        yield record


def _record(line: bytes, nonce: str, number: int) -> dict[str, Any] | None:
    start = f"{nonce} {number} ".encode()
    if not line.startswith(start):
        return None
    try:
        record = json.loads(line[len(start) :])
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _take(told: Told, record: dict[str, Any]) -> None:
    kind = record["k"]
    if kind == "begin":
        told.begun = True
    elif kind == "ready":
        told.ready = True
    elif kind == "ids":
        told.ids += [_node_id(one) for one in record["ids"]]
    elif kind == "collected":
        told.collected = True
        if record["n"] != len(told.ids) or len(told.ids) > MOST_TESTS or len(set(told.ids)) != len(told.ids):
            told.problem = "the list of collected tests disagrees with itself"
    elif kind == "collect_error":
        told.collect_errors.append(_collect_error(record))
    elif kind == "collect_skip":
        told.collect_skips[_node_id(record["id"])] = shown(str(record["message"]), 300)
    elif kind == "phase":
        _take_phase(told, record)
    elif kind == "touched":
        told.touched[told.ids[record["n"]]] = tuple(shown(str(one), 500) for one in record["files"][:MOST_FILES])
    elif kind == "end":
        told.end = int(record["exit"])
    elif told.begun or kind not in ("fault", "no_room", "not_ready"):
        told.problem = "a record in the report that cannot be there"
    else:
        told.notes[kind] = shown(str(record.get("text", record.get("status", ""))), 500)


def _take_phase(told: Told, record: dict[str, Any]) -> None:
    number, when = record["n"], record["w"]
    if not told.collected or not isinstance(number, int) or not 0 <= number < len(told.ids):
        told.problem = "a test reported that was not collected"
        return
    phases = told.phases.setdefault(number, {})
    before = {"setup": set(), "call": {"setup"}, "teardown": {"setup", "call"}}
    if when not in before or when in phases or not set(phases) <= before[when]:
        told.problem = f"{told.ids[number]} reported its phases out of order"
    elif record["o"] not in ("passed", "failed", "skipped"):
        told.problem = f"{told.ids[number]} reported an unknown outcome"
    phases[str(when)] = record


def complete(phases: Phases) -> bool:
    """Set-up and tear-down reported, and the call too unless set-up kept it from happening."""
    if "setup" not in phases or "teardown" not in phases:
        return False
    return ("call" in phases) is (phases["setup"]["o"] == "passed")


def results(told: Told) -> tuple[TestResult, ...]:
    """Results of the tests whose every phase reported, then the files that could not be collected."""
    done = (_result(told.ids[n], phases) for n, phases in sorted(told.phases.items()) if complete(phases))
    return (*done, *told.collect_errors)


def _result(node_id: str, phases: Phases) -> TestResult:
    outcome, telling = _outcome(phases)
    return TestResult(
        node_id=node_id,
        outcome=outcome,
        duration_s=round(sum(max(0.0, float(p["t"])) for p in phases.values()), 4),
        message=shown(str(telling.get("m", "")), 300),
        details=shown(str(telling.get("d", "")), 6000),
    )


def _outcome(phases: Phases) -> tuple[TestOutcome, dict[str, Any]]:
    """The outcome, and the phase that decided it."""
    setup, call, teardown = phases["setup"], phases.get("call"), phases["teardown"]
    if setup["o"] == "failed":
        return "error", setup
    if call is not None and call["o"] == "failed":
        return "failed", call
    if teardown["o"] == "failed":
        return "error", teardown
    decided = call if call is not None else setup
    if decided["o"] == "skipped":
        return ("xfailed" if "x" in decided else "skipped"), decided
    return ("xpassed" if "x" in decided else "passed"), decided


def _node_id(value: object) -> str:
    if not isinstance(value, str) or len(value) > 4000:
        raise ValueError("no node id")
    return escaped(value)


def _collect_error(record: dict[str, Any]) -> TestResult:
    message, details = shown(str(record["message"]), 300), shown(str(record["details"]), 6000)
    return TestResult(node_id=_node_id(record["id"]) or ".", outcome="error", message=message, details=details)
