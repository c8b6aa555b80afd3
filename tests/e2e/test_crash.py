"""`kill -9` at any point loses nothing that was paid for and leaks nothing."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Greenloop
from tests.e2e.session import (
    CALLS,
    Run,
    Script,
    assert_only_a_branch_is_new,
    assert_sound,
    fingerprint,
    make_repo,
    serving,
)

pytestmark = [pytest.mark.docker, pytest.mark.e2e]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The tree of a run that nobody disturbed; how many calls it takes is checked here too."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "home").mkdir()
    with serving(Script()) as server:
        run = Run(Greenloop(folder / "home"), server, make_repo(folder / "repo"))
        run.start()
        assert run.end() == 0, run.said
        assert len(server.requests) == CALLS
    return run.delivered_tree()


def paid(run: Run, name: str) -> Callable[[], bool]:
    """Whether the reply of a role's turn is in the record."""
    return lambda: any((run.record / "replies").glob(f"{name}*.json"))


def test_killed_in_every_phase_one_after_the_other(greenloop: Greenloop, tmp_path: Path, undisturbed: str) -> None:
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    script = Script()
    with serving(script) as server:
        run = Run(greenloop, server, repo)
        moments: list[tuple[str, Callable[[], bool]]] = [
            ("prepare", run.step("prepare")),
            ("own tests", run.happened("note", "own tests as they are")),
            ("plan, call in flight", script.hold("planner", 0)),
            ("tests, call in flight", script.hold("tester", 1)),
            ("prove red", run.step("red-")),
            ("build, call in flight", script.hold("builder", 1)),
            ("build, tests of the tool loop", paid(run, "build-0-builder-006")),
            ("build, committed", run.happened("commit", "build-0")),
            ("check", run.step("check-")),
            ("verify", run.step("verdict-")),
            ("deliver", run.step("deliver")),
        ]
        for number, (name, moment) in enumerate(moments):
            run.resume() if number else run.start()
            run.wait(moment)
            run.kill()
            assert run.info()["ending"] is None, name
            if name != "deliver":
                assert fingerprint(repo) == before, name
        run.resume()
        assert run.end() == 0, run.said
        assert len(server.requests) == CALLS + sum("in flight" in name for name, _ in moments)
    assert run.delivered_tree() == undisturbed
    assert run.containers() == []
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])
    assert_sound(run.record)
    assert "Traceback" not in run.said


PHASES = ("prepare", "plan", "tests-", "red-", "build-", "check-", "verdict-", "deliver")
DELAYS_S = (0.02, 0.1, 0.3, 0.7)


def test_killed_some_time_into_every_phase(greenloop: Greenloop, tmp_path: Path, undisturbed: str) -> None:
    """Whatever was going on then: 32 moments, in one run that is resumed each time."""
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    kills = 0
    with serving(Script()) as server:
        run = Run(greenloop, server, repo)
        for phase in PHASES:
            for delay in DELAYS_S:
                run.resume() if run.id else run.start()
                begun = [run.step(name) for name in PHASES[PHASES.index(phase) :]]
                begun.append(lambda: run.process.poll() is not None)
                run.wait(lambda begun=begun: any(one() for one in begun))
                time.sleep(delay)
                run.kill()
                kills += 1
                if run.info()["ending"]:
                    break
                assert_sound(run.record, killed=True)
                if not run.step("deliver")():
                    assert fingerprint(repo) == before, (phase, delay)
        if not run.info()["ending"]:
            run.resume()
            assert run.end() == 0, run.said
        assert CALLS <= len(server.requests) <= CALLS + kills, "a reply that was paid for was asked for again"
    assert kills >= 4 * (len(PHASES) - 1)
    assert run.delivered_tree() == undisturbed
    assert run.containers() == []
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])
    assert_sound(run.record)
    assert "Traceback" not in run.said


def test_killed_after_the_branch_is_there(greenloop: Greenloop, tmp_path: Path, undisturbed: str) -> None:
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    with serving(Script()) as server:
        run = Run(greenloop, server, repo)
        run.start()
        branch = repo / ".git" / "refs" / "heads" / run.info()["branch"]
        run.wait(branch.exists)
        run.kill()
        run.resume()
        assert run.end() == 0, run.said
        assert len(server.requests) == CALLS
    assert run.delivered_tree() == undisturbed
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])
    again = greenloop("resume", run.id)
    assert again.code == 2
    assert again.err.count("\n") == 1
