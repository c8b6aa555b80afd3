"""How many workers a machine bears, and a crew that follows it; the workers are real processes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workflows.campaigns import capacity, crew
from workflows.campaigns.crew import Crew
from workflows.settings import load

BUSY = "import time; time.sleep(60)"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the machine is made to say it has (MiB)."""
    found = {"MemTotal": 16_000, "MemAvailable": 16_000}
    monkeypatch.setattr(capacity, "_memory", lambda key: found[key])
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    return found


def test_cores_and_memory_bound_the_number(memory: dict[str, int]) -> None:
    limit = capacity.total_mb()
    assert capacity.most(0, 256) == min(8, (limit - 1024) // 512)
    assert capacity.most(3, 256) == 3
    assert capacity.most(0, 4096) == min(8, (limit - 1024) // 4352)
    memory["MemTotal"] = 1_000
    assert capacity.most(5, 1024) == 1


@pytest.mark.parametrize(
    ("free", "running", "expected"),
    [(16_000, 0, 4), (2_400, 0, 1), (2_400, 2, 3), (1_100, 2, 2), (900, 2, 1), (100, 1, 1), (16_000, 4, 4)],
)
def test_what_is_free_now_decides(memory: dict[str, int], free: int, running: int, expected: int) -> None:
    memory["MemAvailable"] = free
    assert capacity.wanted(4, running, 1024) == expected


def made(folder: Path, program: str, count: int, said: list[tuple[str, Any]], *, until_empty: bool = False) -> Crew:
    found = Crew([], count, 1024, lambda event, **data: said.append((event, data)), until_empty, folder)
    found._arguments = [sys.executable, "-c", program]
    return found


def waited(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def alive(found: Crew) -> list[int]:
    return [w.pid for w in found._alive if w.poll() is None]


def test_a_worker_that_dies_is_followed_by_another(
    memory: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LOOK_S", 0.05)
    monkeypatch.setattr(crew, "RESTART_S", 0.05)
    said: list[tuple[str, Any]] = []
    found = made(tmp_path, BUSY, 2, said)
    thread = threading.Thread(target=found.keep)
    thread.start()
    waited(lambda: len(alive(found)) == 2)
    first = alive(found)[0]
    os.kill(first, signal.SIGKILL)
    waited(lambda: len(alive(found)) == 2 and first not in alive(found))
    assert said == [("worker_died", {"pid": first, "code": -signal.SIGKILL})]
    memory["MemAvailable"] = 100
    monkeypatch.setattr(crew, "SPARE_S", 0.2)
    waited(lambda: len(alive(found)) == 1)
    assert said[1][0] == "worker_spared"
    time.sleep(0.3)
    assert len(alive(found)) == 1  # never none
    found.stop()
    thread.join(timeout=20)
    assert alive(found) == []


def test_a_crew_ends_when_nothing_is_left(
    memory: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LOOK_S", 0.05)
    monkeypatch.setattr(crew, "RESTART_S", 0.05)
    said: list[tuple[str, Any]] = []
    found = made(tmp_path, "print('done')", 2, said, until_empty=True)
    thread = threading.Thread(target=found.keep)
    thread.start()
    thread.join(timeout=20)
    assert not thread.is_alive()
    assert said == []
    assert "done" in (tmp_path / "workers.log").read_text()


def test_a_crew_of_several_ends_although_they_end_one_by_one(
    memory: dict[str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LOOK_S", 0.05)
    monkeypatch.setattr(crew, "RESTART_S", 0.05)
    program = f"import os, time, pathlib; time.sleep(0.3 * len(os.listdir({str(tmp_path)!r}))); " + (
        f"pathlib.Path({str(tmp_path)!r}, str(os.getpid())).touch()"
    )
    found = made(tmp_path, program, 3, [], until_empty=True)
    thread = threading.Thread(target=found.keep)
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert len([p for p in tmp_path.iterdir() if p.name.isdecimal()]) <= 3


def test_the_current_folder_has_no_say_in_what_a_worker_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository may hold a folder `workflows` too; nothing of it runs on the host."""
    for name in ("workflows", "agents", "sandbox", "json"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    monkeypatch.setattr(crew, "LOOK_S", 0.05)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    loaded = load(None, {})
    loaded.values.state_dir.mkdir(parents=True)
    (loaded.values.state_dir / "queue").mkdir()
    crew.begin_crew(loaded, lambda *_, **__: None, 1).keep()
    log = (loaded.values.state_dir / "queue" / "workers.log").read_text()
    assert "worker_started" in log
    assert "worker_ended" in log
    assert not (tmp_path / "ran").exists()


def test_a_worker_whose_parent_died_before_it_had_begun_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    program = Crew([f"--parent={gone.pid}", "--json"], 1, 1024, lambda *_, **__: None, True, tmp_path)._arguments
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)
    assert "worker_orphaned" in done.stdout
    assert "worker_ended" in done.stdout
    assert done.returncode == 0
