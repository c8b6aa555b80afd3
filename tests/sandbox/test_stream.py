"""The report channel read as hostile input, and exit code, report and list held against each other."""

import json
from typing import Any

import pytest

from sandbox import stream
from sandbox.errors import EngineFault
from sandbox.protocol import Cause, Outcome
from sandbox.reports import Word
from sandbox.suite import suite_report

NONCE = "f00d"
BEGIN = {"k": "begin"}


def phases(number: int = 0, outcome: str = "passed") -> list[dict[str, Any]]:
    named = (("setup", "passed"), ("call", outcome), ("teardown", "passed"))
    return [{"k": "phase", "n": number, "w": when, "o": said, "t": 0.1, "m": "m"} for when, said in named]


def listed(*ids: str) -> list[dict[str, Any]]:
    return [BEGIN, {"k": "ids", "ids": list(ids)}, {"k": "collected", "n": len(ids)}]


def lines(records: list[dict[str, Any]], nonce: str = NONCE, first: int = 0) -> bytes:
    said = (f"{nonce} {number} {json.dumps(record)}\n" for number, record in enumerate(records, first))
    return "".join(said).encode()


def word(records: list[dict[str, Any]] | bytes, exit_code: int = 0, cause: Cause = Cause.EXITED) -> tuple[Word, str]:
    stdout = records if isinstance(records, bytes) else lines(records)
    code = exit_code if cause is Cause.EXITED else None
    outcome = Outcome(cause=cause, exit_code=code, stdout=stdout, stderr=b"", elapsed_s=1.0)
    report = suite_report(outcome, stream.read(stdout, NONCE, cut_off=cause is not Cause.EXITED), None)
    return report.word, report.reason


def end(code: int) -> dict[str, Any]:
    return {"k": "end", "exit": code}


def test_a_complete_report_is_believed() -> None:
    assert word([*listed("a", "b"), *phases(0), *phases(1), end(0)]) == (Word.GREEN, "")
    assert word([*listed("a", "b"), *phases(0), *phases(1, "failed"), end(1)], 1)[0] is Word.RED
    assert word([BEGIN, {"k": "collected", "n": 0}, end(5)], 5)[0] is Word.NO_TESTS


GOOD = [*listed("a"), *phases(), end(0)]
WRONG = {
    "other nonce": lines(GOOD, nonce="beef"),
    "numbers that do not start at 0": lines(GOOD, first=1),
    "a line in front": b"hello\n" + lines(GOOD),
    "a line behind": lines(GOOD) + b"1 passed\n",
    "half a line behind": lines(GOOD) + b"1 passed",
    "a record after the end": lines([*GOOD, *phases()]),
    "no JSON": f"{NONCE} 0 {{\n".encode(),
    "deep JSON": f"{NONCE} 0 {'[' * 100_000}\n".encode(),
    "no object": f"{NONCE} 0 []\n".encode(),
    "no kind": lines([{"n": 1}]),
    "ids that are no text": lines([BEGIN, {"k": "ids", "ids": [1]}]),
    "an unknown test": lines([*listed("a"), *phases(1), end(0)]),
    "a test before the list": lines([BEGIN, *phases(), end(0)]),
    "a phase twice": lines([*listed("a"), *phases(), *phases(), end(0)]),
    "phases backwards": lines([*listed("a"), *reversed(phases()), end(0)]),
    "an unknown outcome": lines([*listed("a"), *phases(0, "great"), end(0)]),
    "no end": lines([*listed("a"), *phases()]),
    "no tear-down": lines([*listed("a"), *phases()[:2], end(0)]),
    "no call": lines([*listed("a"), phases()[0], phases()[2], end(0)]),
    "a silent test": lines([*listed("a", "b"), *phases(), end(0)]),
    "the same id twice": lines([*listed("a", "a"), *phases(0), *phases(1), end(0)]),
    "a list of another length": lines(
        [BEGIN, {"k": "ids", "ids": ["a"]}, {"k": "collected", "n": 2}, *phases(), end(0)]
    ),
    "end 0 with a failure": lines([*listed("a"), *phases(0, "failed"), end(0)]),
    "end 0 without tests": lines([BEGIN, {"k": "collected", "n": 0}, end(0)]),
    "end 1, exit 0": lines([*listed("a"), *phases(0, "failed"), end(1)]),
    "a fault after the begin": lines([BEGIN, {"k": "fault", "text": "no pytest"}, end(0)]),
}


@pytest.mark.parametrize("stdout", WRONG.values(), ids=WRONG.keys())
def test_anything_else_is_tampering(stdout: bytes) -> None:
    found, reason = word(stdout)
    assert found is Word.TAMPERED and reason


@pytest.mark.parametrize("code", [1, 2, 5, 6, -1])
def test_an_exit_code_that_does_not_fit_is_tampering(code: int) -> None:
    assert word([*listed("a"), *phases(), end(code)], code)[0] is Word.TAMPERED


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (Cause.TIMEOUT, Word.TIMEOUT), (Cause.OUT_OF_MEMORY, Word.OUT_OF_MEMORY), (Cause.PIDS_LIMIT, Word.PIDS_LIMIT),
        (Cause.OUTPUT_LIMIT, Word.OUTPUT_LIMIT), (Cause.DISK_FULL, Word.DISK_FULL),
        (Cause.SANDBOX_DIED, Word.SANDBOX_DIED), (Cause.STOPPED, Word.SANDBOX_DIED),
    ],
)  # fmt: skip
def test_every_cause_has_its_word_even_when_the_report_says_green(cause: Cause, expected: Word) -> None:
    assert word(lines(GOOD) + b"cut off in the midd", cause=cause)[0] is expected


def test_a_runner_that_did_not_start_is_the_engines_fault() -> None:
    for stdout in (b"", lines([{"k": "fault", "text": "no pytest"}])):
        with pytest.raises(EngineFault, match="did not start"):
            word(stdout, 1)


def test_a_tree_that_does_not_fit_is_a_full_disk() -> None:
    assert word([{"k": "no_room", "text": "No space left"}], 70) == (Word.DISK_FULL, "No space left")
