"""Ctrl-C, a request to end, `greenloop cancel`: quick, clean, and nothing a stopped sandbox said is kept."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.errors import APIError

from sandbox.docker import DockerEngine
from sandbox.owners import OWNER, RUN
from tests.e2e import notes
from tests.e2e.conftest import Greenloop
from tests.e2e.session import (
    ANSWERS,
    CALLS,
    KEEPING,
    NOTES,
    Run,
    Script,
    alive,
    assert_only_a_branch_is_new,
    assert_sound,
    fingerprint,
    make_repo,
    serving,
    unbuilt,
)
from tests.support.docker_proxy import DockerProxy

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
WITHIN_S = 5.0
SLEEP = "sleep 1.37"
SLOW_TESTS = notes.TESTS.replace("import httpx\n", "import subprocess\n\nimport httpx\n").replace(
    "    made = client", f"    subprocess.run({SLEEP.split()!r}, check=True)\n    made = client"
)
SLOW = {**ANSWERS, "tester": notes.write_tests(SLOW_TESTS), "builder": NOTES}


def sleeping(run: Run) -> Callable[[], bool]:
    """Whether a test of the run sleeps right now."""
    client = DockerEngine().client

    def asleep() -> bool:
        for box in run.containers():
            try:
                if any(SLEEP in " ".join(row) for row in client.top(box)["Processes"] or ()):
                    return True
            except APIError:
                continue
        return False

    return asleep


def after(first: Callable[[], bool], then: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: first() and then()


def stopped(run: Run, number: int) -> None:
    """The run ends in time, with its own code, one line on how to go on, and without containers."""
    before = run.said.count(f"greenloop resume {run.id}")
    code = run.stop(number, WITHIN_S)
    assert code == 130, f"exit {code}\n{run.said}"
    assert run.said.count(f"greenloop resume {run.id}") == before + 1
    assert run.info()["ending"] == "cancelled"
    assert run.containers() == []
    for path in (run.record / "reports").glob("*.json"):
        assert "sandbox_died" not in path.read_text(), path


def test_stopped_by_signals_wherever_it_waits(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    script = Script(SLOW)
    with serving(script) as server:
        run = Run(greenloop, server, repo)
        moments: list[tuple[Callable[[], bool], int]] = [
            (script.hold("planner", 0), signal.SIGINT),
            (after(run.step("red-"), sleeping(run)), signal.SIGTERM),
            (after(run.step("check-"), sleeping(run)), signal.SIGINT),
            (after(run.step("verdict-"), sleeping(run)), signal.SIGTERM),
        ]
        for number, (moment, sent) in enumerate(moments):
            run.resume() if number else run.start()
            run.wait(moment)
            stopped(run, sent)
            assert fingerprint(repo) == before
        run.resume()
        assert run.end() == 0, run.said
        assert len(server.requests) == sum(map(len, SLOW.values())) + 1
    rounds = [e for e in run.events() if e["kind"] == "tests"]
    assert [r["data"]["word"] for r in rounds] == ["red", "green"]
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])
    assert_sound(run.record)
    assert "Traceback" not in run.said


def test_stopped_while_dependencies_are_installed(greenloop: Greenloop, tmp_path: Path) -> None:
    client = DockerEngine().client

    def building() -> list[str]:
        found = client.containers(all=True, filters={"label": f"{RUN}=build"})
        return [c["Id"] for c in found if c["Labels"][OWNER].startswith(f"{run.process.pid}:")]

    with unbuilt(greenloop, tmp_path / "repo") as repo, serving(Script(KEEPING)) as server:
        before = fingerprint(repo)
        run = Run(greenloop, server, repo)
        run.start()
        run.wait(lambda: bool(building()))
        stopped(run, signal.SIGINT)
        assert building() == []
        run.resume()
        assert run.end() == 0, run.said
        assert_only_a_branch_is_new(repo, before, run.info()["branch"])


def test_the_second_ctrl_c_ends_at_once(greenloop: Greenloop, tmp_path: Path) -> None:
    """The engine hangs, so that the first one has to wait for it."""
    with DockerProxy(tmp_path) as proxy, serving(Script(SLOW)) as server:
        run = Run(greenloop, server, make_repo(tmp_path / "repo"), DOCKER_HOST=proxy.url)
        run.start()
        run.wait(after(run.step("red-"), sleeping(run)))
        proxy.freeze()
        run.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert run.process.poll() is None, "nothing was left to wait for"
        assert run.stop(signal.SIGINT, 1.0) == 130
        assert f"greenloop resume {run.id}" in run.said
        proxy.thaw()
        run.resume()
        assert run.end() == 0, run.said


def test_one_ctrl_c_is_enough_when_the_engine_hangs(greenloop: Greenloop, tmp_path: Path) -> None:
    with DockerProxy(tmp_path) as proxy, serving(Script(SLOW)) as server:
        run = Run(greenloop, server, make_repo(tmp_path / "repo"), DOCKER_HOST=proxy.url)
        run.start()
        run.wait(after(run.step("red-"), sleeping(run)))
        proxy.freeze()
        assert run.stop(signal.SIGTERM, WITHIN_S + 1) == 130
        assert f"greenloop resume {run.id}" in run.said
        proxy.thaw()
        run.resume()
        assert run.end() == 0, run.said
        reports = {p.name: json.loads(p.read_bytes()) for p in (run.record / "reports").glob("red-*.json")}
        assert [r["word"] for r in reports.values()] == ["red"]


def test_cancel_resume_lock_log_and_clean(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    script = Script()
    held = script.hold("planner", 0)
    with serving(script) as server:
        run = Run(greenloop, server, repo)
        run.start()
        run.wait(held)
        busy = greenloop("resume", run.id)
        assert (busy.code, busy.err.count("\n")) == (2, 1), busy.text
        assert "being worked on" in busy.err
        asked = greenloop("answer", run.id, "yes")
        assert (asked.code, asked.err.count("\n")) == (2, 1), asked.text
        kept = greenloop("clean", "--all")
        assert "removed 0 runs" in kept.out, kept.text
        refused = greenloop("clean", run.id)
        assert (refused.code, refused.err.count("\n")) == (2, 1), refused.text
        assert alive(run.process.pid)
        cancelled = greenloop("cancel", run.id)
        assert cancelled.code == 0, cancelled.text
        assert f"greenloop resume {run.id}" in cancelled.out
        assert run.end() == 130
        assert "greenloop cancel" in run.info()["reason"]
        again = greenloop("cancel", run.id)
        assert (again.code, again.err.count("\n")) == (2, 1), again.text
        assert "ended already" in again.err
        unasked = greenloop("answer", run.id, "yes")
        assert (unasked.code, unasked.err.count("\n")) == (2, 1), unasked.text
        run.resume()
        run.wait(run.step("tests-"))
        run.kill()
        idle = greenloop("cancel", run.id)
        assert idle.code == 0, idle.text
        assert run.info()["ending"] == "cancelled"
        run.resume()
        run.wait(run.happened("run_started"))
        followed = greenloop("log", run.id, "-f", "--json")
        assert json.loads(followed.out.splitlines()[-1])["kind"] == "run_ended"
        assert run.end() == 0, run.said
        assert len(server.requests) in (CALLS + 1, CALLS + 2), "a call may have been in flight at the kill"
    gone = greenloop("clean", "--all")
    assert "removed 1 runs" in gone.out, gone.text
    assert list(greenloop.runs.glob("*")) == []
    assert run.repo.exists()
