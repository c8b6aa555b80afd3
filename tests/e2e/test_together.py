"""Several runs at once, an engine in trouble, a full disk: named, bounded, never wrongly green, and to be resumed."""

import resource
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import APIError

from sandbox.docker import DockerEngine
from tests.e2e.conftest import Greenloop, git
from tests.e2e.session import (
    CALLS,
    KEEPING,
    Run,
    Script,
    assert_only_a_branch_is_new,
    assert_sound,
    fingerprint,
    make_repo,
    serving,
    unbuilt,
)
from tests.support.docker_proxy import DockerProxy
from workflows.endings import MEANING, Ending

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
INFRA = MEANING[Ending.INFRA][0]


def test_eight_runs_at_once_on_one_repository(greenloop: Greenloop, tmp_path: Path) -> None:
    """Each delivers its own branch; what they all need is built once."""
    with unbuilt(greenloop, tmp_path / "repo") as repo, serving(Script(KEEPING)) as server:
        before = fingerprint(repo)
        runs = [Run(greenloop, server, repo) for _ in range(8)]
        for run in runs:
            run.start()
        for run in runs:
            assert run.end() == 0, run.said
    branches = [run.info()["branch"] for run in runs]
    assert len(set(branches)) == 8
    assert len({run.delivered_tree() for run in runs}) == 1
    assert_only_a_branch_is_new(repo, before, *branches)
    built = [e for run in runs for e in run.events() if "built the dependency image" in str(e["data"].get("text"))]
    assert len(built) == 1
    for run in runs:
        assert run.containers() == []
        assert_sound(run.record)


def test_two_runs_at_once_make_one_repository_of_a_missing_folder(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = tmp_path / "new"
    with serving(Script()) as server:
        runs = [Run(greenloop, server, repo) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            assert run.end() == 0, run.said
    assert set(git(repo, "branch", "--format=%(refname:short)").splitlines()) == {r.info()["branch"] for r in runs}
    git(repo, "fsck", "--strict", "--no-dangling")
    assert [p.name for p in repo.iterdir()] == [".git"]


@pytest.mark.parametrize("trouble", ["refuse", "error", "cut"])
def test_an_engine_in_trouble(greenloop: Greenloop, tmp_path: Path, trouble: str) -> None:
    """Before the start, in a check and in a verdict: infra or recovered, and in the end delivered."""
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    with DockerProxy(tmp_path) as proxy, serving(Script()) as server:
        run = Run(greenloop, server, repo, DOCKER_HOST=proxy.url)

        def fail() -> None:
            proxy.cut() if trouble == "cut" else proxy.fail(trouble)  # type: ignore[arg-type]

        if trouble != "cut":
            fail()
            run.start()
            assert run.end() == INFRA, run.said
            assert "DOCKER_HOST" in run.said or "engine" in run.said
        for step in ("check-", "verdict-"):
            proxy.mode = "pass"
            run.resume() if run.id else run.start()
            run.wait(run.step(step))
            fail()
            code = run.end()
            assert code == INFRA or (trouble == "cut" and code == 0), run.said
            if code == 0:
                break
            assert run.info()["ending"] == "infra"
            assert f"greenloop resume {run.id}" in run.said
            assert fingerprint(repo) == before
        proxy.mode = "pass"
        if run.info()["ending"] != "delivered":
            run.resume()
            assert run.end() == 0, run.said
        assert len(server.requests) == CALLS
    words = [e["data"]["word"] for e in run.events() if e["kind"] == "tests"]
    assert words == ["red", "green"], "trouble with the engine is never a result of the tests"
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])
    assert run.containers() == []
    assert "Traceback" not in run.said


def test_an_engine_that_freezes_for_a_while_is_waited_out(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    with DockerProxy(tmp_path) as proxy, serving(Script()) as server:
        run = Run(greenloop, server, repo, DOCKER_HOST=proxy.url)
        run.start()
        run.wait(run.step("check-"))
        proxy.freeze()
        thaw = threading.Timer(20, proxy.thaw)
        thaw.start()
        code = run.end()
        thaw.join()
        assert code in (0, INFRA), run.said
        if code:
            run.resume()
            assert run.end() == 0, run.said
        assert len(server.requests) == CALLS
    assert [e["data"]["word"] for e in run.events() if e["kind"] == "tests"] == ["red", "green"]


def test_a_container_that_somebody_kills_is_no_result(greenloop: Greenloop, tmp_path: Path) -> None:
    """The tests run again in another one; nobody is told that they failed."""
    repo = make_repo(tmp_path / "repo")
    with serving(Script()) as server:
        run = Run(greenloop, server, repo)
        run.start()
        for step in ("check-", "verdict-"):
            run.wait(run.step(step))
            run.wait(lambda: kill_one(run))
        assert run.end() == 0, run.said
        assert len(server.requests) == CALLS
    assert [e["data"]["word"] for e in run.events() if e["kind"] == "tests"] == ["red", "green"]
    assert [e["data"]["word"] for e in run.events() if e["kind"] == "verdict"] == ["green"]


def kill_one(run: Run) -> bool:
    """Kill a container of the run in which tests are running; False while there is none."""
    client = DockerEngine().client
    for box in run.containers():
        with suppress(APIError):
            if any("python" in " ".join(row) for row in client.top(box)["Processes"] or ()):
                client.kill(box)
                return True
    return False


def test_a_full_disk_is_named_and_loses_nothing(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    with serving(Script()) as server:
        run = Run(greenloop, server, repo)
        run.start()
        run.wait(run.step("check-"))
        full(run)
        assert run.end() == INFRA, run.said
        assert "Traceback" not in run.said
        assert "bug" not in run.said
        assert "File too large" in run.said
        assert f"greenloop resume {run.id}" in run.said
        assert fingerprint(repo) == before
        run.resume()
        assert run.end() == 0, run.said
        assert len(server.requests) == CALLS
    assert_sound(run.record)
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])


def full(run: Run) -> None:
    """No file of the process can grow any more: like a full disk, for the superuser too."""
    resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (0, 0))


def test_a_state_directory_that_cannot_be_made_is_one_line(greenloop: Greenloop, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = greenloop("feature", "Add notes", "--repo", str(tmp_path / "repo"), "--engine", "offline",
                     XDG_STATE_HOME=str(tmp_path / "file"))  # fmt: skip
    assert done.code == INFRA, done.text
    assert done.err.count("\n") == 1
    assert str(tmp_path / "file") in done.err
    assert not (tmp_path / "repo").exists()


def test_a_reader_that_goes_away_does_not_end_the_run(greenloop: Greenloop, tmp_path: Path) -> None:
    with serving(Script()) as server:
        command = [*greenloop.command("feature", "Add notes with a text", "--repo", str(tmp_path / "repo")),
                   "--base-url", server.url, "--engine", "scripted"]  # fmt: skip
        piped = subprocess.Popen(
            command,
            env=greenloop.environment(OPENAI_API_KEY="k"),
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert piped.stdout is not None
        assert piped.stderr is not None
        piped.stdout.readline()
        piped.stdout.close()
        said = piped.stderr.read()
        piped.stderr.close()
        piped.wait(timeout=120)
    assert greenloop.last()["ending"] == "delivered", said
    assert b"Traceback" not in said


def test_a_run_says_nothing_on_standard_error(greenloop: Greenloop, tmp_path: Path) -> None:
    """Nothing of a run or a resume is worth a warning, not even reviving its checkpoint."""
    script = Script()
    held = script.hold("builder", 0)
    with serving(script) as server:
        run = Run(greenloop, server, make_repo(tmp_path / "repo"))
        run.start()
        run.wait(held)
        run.kill()
        done = greenloop("resume", run.id, **run.env)
    assert done.code == 0, done.text
    assert done.err == ""
