"""Runs on disk: found by id, locked by the process, never half-written."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.contracts import Request
from workflows.endings import Ending
from workflows.runs import RunBusy, RunInfo, RunNotFound, Runs, slug

REQUEST = Request(text="Add books & reviews, please!")


def make(runs: Runs) -> RunInfo:
    return runs.create(REQUEST, Path("repo"), "offline", {})


def test_a_branch_is_named_after_the_request(tmp_path: Path) -> None:
    info = make(Runs(tmp_path))
    assert info.branch == f"greenloop/add-books-reviews-please-{info.id}"
    assert slug("…!") == "change"


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    first, second = make(runs), make(runs)
    assert runs.load(first.id[:6]).id == first.id
    assert runs.load("last").id == second.id
    with pytest.raises(RunNotFound, match=second.id):
        runs.load("zzz")
    with pytest.raises(RunNotFound, match="more than one"):
        runs.load("")


def test_an_ending_is_kept(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    info = make(runs)
    runs.save(info.model_copy(update={"ending": Ending.STUCK, "reason": "why"}))
    assert runs.load(info.id).ending is Ending.STUCK


def test_a_broken_run_file_hides_only_itself(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    info = make(runs)
    broken = tmp_path / "runs" / "broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    assert [i.id for i in runs.list()] == [info.id]


def test_one_process_at_a_time_and_the_lock_dies_with_it(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    info = make(runs)
    script = (
        "import sys, os, time; from pathlib import Path; from workflows.runs import Runs\n"
        f"with Runs(Path({str(tmp_path)!r})).lock({info.id!r}):\n"
        "    print('locked', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"locked\n"
        assert runs.active(info.id)
        with pytest.raises(RunBusy, match=str(child.pid)), runs.lock(info.id):
            pass
    finally:
        child.kill()
        child.communicate()
    assert not runs.active(info.id)


def test_the_word_to_stop_is_left_and_forgotten(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    info = make(runs)
    runs.ask_to_stop(info.id)
    assert runs.asked_to_stop(info.id)
    runs.forget_stop(info.id)
    assert not runs.asked_to_stop(info.id)


def test_half_written_files_of_the_dead_are_removed_before_a_session(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    info = make(runs)
    left = runs.home(info.id) / ".run.json.123.tmp"
    left.write_text("{")
    runs.tidy(info.id)
    assert not left.exists()
    assert runs.load(info.id) == info


def test_a_run_that_is_worked_on_is_not_removed(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    info = make(runs)
    with runs.lock(info.id):
        assert runs.active(info.id)
        with pytest.raises(RunBusy):
            runs.remove(info.id)
    assert runs.load(info.id) == info
    runs.remove(info.id)
    with pytest.raises(RunNotFound), runs.lock(info.id):
        pass
    assert not runs.active(info.id)
