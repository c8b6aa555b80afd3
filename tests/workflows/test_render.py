"""What a person and a program read: short lines, no escape sequence, a next command for every ending."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from agents.contracts import Criterion, Plan, Request
from sandbox.reports import Gate, Verdict, Word
from workflows.endings import Ending
from workflows.events import Event
from workflows.live import LiveRenderer
from workflows.record import Record
from workflows.render import JsonRenderer, PlainRenderer
from workflows.runs import RunInfo
from workflows.screens import SHOWN, final_screen

EVIL = "\x1b]0;owned\x07\x1b[2Jnice\u202e"
USAGE = {"calls": 0, "input_tokens": 0, "cached_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}


def info(ending: Ending) -> RunInfo:
    return RunInfo(
        id="abcd1234", created=0, repo="/r", request=Request(text="t"), branch="greenloop/x", engine="offline",
        ending=ending, reason=f"because {EVIL}",
    )  # fmt: skip


def recorded(home: Path, *, criteria: int = 2, verdict: bool = True) -> Record:
    record = Record(home)
    plan = Plan(summary="Add books", criteria=tuple(Criterion(id=f"C{n + 1}", text=f"t{n}") for n in range(criteria)))
    record.save_report("plan", plan)
    record.emit("plan", **plan.model_dump(mode="json", exclude={"spec"}))
    record.emit("tests", step="red-1", word="red", passed=1, total=9, guards=1)
    record.emit("tests", step="check-1-1", word="red", passed=3, total=9, reason="")
    if verdict:
        gates = (Gate(name="acceptance tests", passed=True, evidence="9 of 9"),)
        found = Verdict(word=Word.GREEN, commit="c" * 40, gates=gates, passed=9, total=9, not_checked=("load",))
        record.save_report("verdict-1-1", found)
        record.emit("step_done", step="verdict-1-1", seconds=1.0)
    record.emit("run_ended", run="abcd1234", ending="x", reason="", branch="", commit="", usage=USAGE)
    return record


@pytest.mark.parametrize("ending", list(Ending))
def test_every_ending_has_a_next_step_and_no_escape_sequence(tmp_path: Path, ending: Ending) -> None:
    screen = final_screen(info(ending), recorded(tmp_path))
    assert "greenloop " in screen
    assert ending.upper() in screen
    assert not {"\x1b", "\x07", "\u202e"} & set(screen)


def test_the_last_screen_says_built_proven_and_not_checked(tmp_path: Path) -> None:
    screen = final_screen(info(Ending.DELIVERED), recorded(tmp_path))
    for said in (
        "Add books",
        "9 of 9 tests in a fresh container",
        "8 of 9 new tests failed before",
        "Not checked: load",
    ):
        assert said in screen
    assert "greenloop merge abcd1234" in screen
    assert "no model used" in screen


def test_without_a_verdict_the_best_check_is_told(tmp_path: Path) -> None:
    assert "3 of 9 tests" in final_screen(info(Ending.STUCK), recorded(tmp_path, verdict=False))


def test_a_long_plan_is_cut_on_the_screen(tmp_path: Path) -> None:
    screen = final_screen(info(Ending.DELIVERED), recorded(tmp_path, criteria=SHOWN + 5))
    assert "... and 5 more criteria" in screen
    assert f"C{SHOWN + 1} " not in screen


def event(kind: str, **data: object) -> Event:
    return Event.model_validate({"seq": 0, "at": 0, "elapsed_s": 61.2, "kind": kind, "data": data})


def test_plain_lines_are_clean_and_timed() -> None:
    lines: list[str] = []
    PlainRenderer(lines.append)(event("note", text=EVIL))
    assert lines == ["1:01    nice"]


def test_json_lines_are_json() -> None:
    lines: list[str] = []
    JsonRenderer(lines.append)(event("note", text=EVIL))
    assert json.loads(lines[0])["data"]["text"] == EVIL
    assert "\x1b" not in lines[0]


def test_the_live_view_shows_steps_and_leaves_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    live = LiveRenderer(Console(force_terminal=True, width=100))
    live(event("step_started", step="build-0", title="Building"))
    live(event("tests", step="check-1", word="red", passed=3, total=9))
    live(event("usage", **{**USAGE, "calls": 1, "input_tokens": 900, "output_tokens": 100, "cost_usd": 0.25}))
    live(event("run_ended", run="x"))
    shown = capsys.readouterr().out
    for said in ("Building", "3/9 tests", "1,000 tokens", "$0.250"):
        assert said in shown
    assert shown.rstrip().endswith("\x1b[2K") or "\x1b[?25h" in shown
