"""The report and the last screen of a result that is not green: every criterion by its own tests, and what fails."""

from pathlib import Path
from typing import Any

import pytest

from agents.contracts import Criterion, Plan, TestCase
from sandbox.reports import SuiteReport, TestResult, Verdict, Word
from tests.workflows.test_render import info, recorded
from workflows.endings import Ending
from workflows.record import Record
from workflows.report import criteria, failures
from workflows.screens import final_screen
from workflows.state import Round

T = "tests/acceptance/t.py::test_"
FAILED = TestResult(node_id=f"{T}b[POST /pets/{{id}}/adopt]", outcome="failed", message="is not offered\n| now")


class Known:
    """As much of a run's context as a report reads."""

    def __init__(self, home: Path) -> None:
        self.record = Record(home)
        self.lab = None


def state() -> Any:
    return {
        "plan": Plan(summary="s", criteria=tuple(Criterion(id=f"C{n}", text=f"t{n}") for n in range(1, 6))),
        "cases": [
            TestCase(node_id=f"{T}{name}", criteria=(f"C{number}",))
            for name, number in (("a", 1), ("b", 2), ("c", 3), ("held", 3), ("held_too", 4))
        ],
        "held": [f"{T}held", f"{T}held_too"],
        "rounds": [
            Round(number=n, commit="c", tree="t", word="red", passed=2, total=3, fingerprint="f") for n in (1, 2)
        ],
        "red_tries": 1,
        "ending": "partial",
    }


def marks(text: str) -> dict[str, str]:
    rows = [line.split("|") for line in text.splitlines() if line.startswith("| ")]
    return {row[2].split()[0]: row[1].strip() for row in rows if row[2].strip().startswith("C")}


def test_without_a_verdict_the_tests_of_the_loop_tell_each_criterion(tmp_path: Path) -> None:
    known: Any = Known(tmp_path)
    passed = [TestResult(node_id=f"{T}{name}", outcome="passed") for name in ("a", "c")]
    known.record.save_report("check-1-1", SuiteReport(word=Word.RED, results=(*passed, FAILED)))
    told = criteria(state(), None, known)
    assert marks(told) == {"C1": "yes", "C2": "NO", "C3": "part", "C4": "NO", "C5": "NO"}
    assert "`test_b` (failed)" in told and "`test_held` (held out)" in told
    assert "adopt]`: is not offered \\| now" in failures(state(), None, known)


def test_a_verdict_tells_each_criterion(tmp_path: Path) -> None:
    known: Any = Known(tmp_path)
    levels = {f"{T}{name}": "service" for name in ("a", "c", "held", "held_too")}
    verdict = Verdict(word=Word.RED, commit="c" * 40, failures=(FAILED,), levels=levels)
    assert marks(criteria(state(), verdict, known)) == {"C1": "yes", "C2": "NO", "C3": "yes", "C4": "yes", "C5": "NO"}
    assert FAILED.node_id in failures(state(), verdict, known)
    assert failures({**state(), "ending": "delivered"}, verdict, known) == ""


@pytest.mark.parametrize("count", [1, 5])
def test_the_last_screen_names_what_fails(tmp_path: Path, count: int) -> None:
    record = recorded(tmp_path, verdict=False)
    record.save_report("check-1-1", SuiteReport(word=Word.RED, results=(FAILED,) * count))
    screen = final_screen(info(Ending.PARTIAL), record)
    assert f"BAD  {FAILED.node_id}: is not offered" in screen
    assert ("and 2 more" in screen) is (count == 5)
