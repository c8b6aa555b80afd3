"""Whole runs with a model behind them: what it says is scripted over real HTTP, everything else is real."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e import notes
from tests.e2e.conftest import Done, Greenloop, git
from tests.support import model_server as served
from tests.support.model_server import Answer, ModelServer
from workflows.endings import MEANING

pytestmark = [pytest.mark.docker, pytest.mark.e2e]
KEY = "key-of-the-scripted-server"


def code(ending: str) -> int:
    return MEANING[ending][0]  # type: ignore[index]


def run(greenloop: Greenloop, server: ModelServer, repo: Path, *more: str, **env: str) -> Done:
    return greenloop(
        "feature", notes.REQUEST, "--repo", str(repo), "--base-url", server.url, "--engine", "scripted", *more,
        **{"OPENAI_API_KEY": KEY, "GREENLOOP_RETRY_S": "5", **env},
    )  # fmt: skip


def planned(plan: object = notes.PLAN) -> list[Answer]:
    return [served.as_json(plan)]


def steps(greenloop: Greenloop) -> list[str]:
    lines = (greenloop.record() / "events.jsonl").read_text().splitlines()
    return [e["data"]["step"] for e in map(json.loads, lines) if e["kind"] == "step_done"]


def test_wrong_wrong_right(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    builds = [*notes.build(notes.NO_STATUS), *notes.build(notes.NO_LIST), *notes.build(notes.APP)]
    triage = [served.as_json({"fault": "code", "reason": "the list is empty"})]
    script = served.by_role(planner=planned(), tester=notes.write_tests(), builder=builds, triage=triage)
    with ModelServer(script) as server:
        done = run(greenloop, server, repo)
    assert done.code == 0, done.text
    assert [s for s in steps(greenloop) if s.startswith("build")] == ["build-0", "build-1", "build-2"]
    info = greenloop.last()
    branch = str(info["branch"])
    subjects = git(repo, "log", "--format=%s", branch).splitlines()
    assert subjects[0] == "Add notes"
    assert "Add acceptance tests" in subjects
    trailers = git(repo, "log", "-1", "--format=%(trailers)", branch)
    assert f"Greenloop-Run: {info['id']}" in trailers
    assert "Greenloop-Verdict: green" in trailers
    labels = git(repo, "log", "--format=%(trailers:key=Greenloop-Verdict,valueonly)", branch).split()
    assert labels == ["green", "unverified", "unverified", "red"]
    assert git(repo, "show", f"{branch}:main.py").rstrip() == notes.APP.rstrip()
    written = "".join(p.read_text() for p in greenloop.record().rglob("*.json*") if p.is_file())
    assert KEY not in written
    report = (greenloop.record() / "report.md").read_text()
    assert "| yes | C1" in report
    assert "service" in report


def test_an_invented_package_goes_back_to_the_builder(greenloop: Greenloop, tmp_path: Path) -> None:
    builds = [*notes.build(notes.APP, "greenloop-notes-magic\n"), *notes.build(notes.APP)]
    script = served.by_role(planner=planned(), tester=notes.write_tests(), builder=builds)
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo")
        prompts = [asked.everything for asked in server.requests]
    assert done.code == 0, done.text
    assert [s for s in steps(greenloop) if s.startswith("build")] == ["build-0", "build-1"]
    assert any("greenloop-notes-magic does not exist" in prompt for prompt in prompts)


def test_a_wrong_test_is_repaired_by_triage(greenloop: Greenloop, tmp_path: Path) -> None:
    blame = {
        "fault": "test",
        "reason": "the criterion does not ask for upper case",
        "tests": ["tests/acceptance/test_notes.py::test_a_note_is_created"],
    }
    script = served.by_role(
        planner=planned(),
        tester=[*notes.write_tests(notes.WRONG_TESTS), *notes.write_tests(notes.TESTS)],
        builder=[*notes.build(notes.APP), *notes.build(notes.APP + "\n# looked again\n")],
        triage=[served.as_json(blame)],
    )
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo")
    assert done.code == 0, done.text
    assert "tests-1" in steps(greenloop)


def test_tests_that_overlook_damage_go_back_to_the_tester(greenloop: Greenloop, tmp_path: Path) -> None:
    sharp = notes.TESTS.replace('isinstance(answer.json()["id"], int)', 'answer.json()["id"] == 1')
    script = served.by_role(
        planner=planned(),
        tester=[*notes.write_tests(notes.TESTS), *notes.write_tests(sharp)],
        builder=notes.build(notes.APP),
    )
    with ModelServer(script) as server:
        done = run(
            greenloop, server, tmp_path / "repo",
            GREENLOOP_MUTANTS="true", GREENLOOP_MUTANTS_AT_LEAST="0.95", GREENLOOP_MUTANT_BUDGET_S="60",
        )  # fmt: skip
        tester = [r.everything for r in server.requests if "You write acceptance tests" in r.everything]
    assert done.code == 0, done.text
    assert [s for s in steps(greenloop) if s.startswith(("tests", "verdict"))] == [
        "tests-0", "verdict-1-1", "tests-1", "verdict-1-2",
    ]  # fmt: skip
    assert any("notice this damage" in text and "main.py:" in text for text in tester)


def test_a_question_rests_the_run_until_it_is_answered(greenloop: Greenloop, tmp_path: Path) -> None:
    asking = {**notes.PLAN, "questions": [{"id": "Q1", "text": "Where are notes kept?", "default": "in memory"}]}
    script = served.by_role(
        planner=[served.as_json(asking), served.as_json(notes.PLAN)],
        tester=notes.write_tests(),
        builder=notes.build(notes.APP),
    )
    with ModelServer(script) as server:
        first = run(greenloop, server, tmp_path / "repo")
        assert first.code == code("needs_answer"), first.text
        assert "Where are notes kept?" in first.out
        assert not (tmp_path / "repo").exists()
        second = greenloop("answer", "last", "in memory, please", OPENAI_API_KEY=KEY)
        assert second.code == 0, second.text
        planner = [r for r in server.requests if "You plan changes" in r.everything]
        assert "in memory, please" in planner[-1].everything


def test_assume_answers_by_default(greenloop: Greenloop, tmp_path: Path) -> None:
    asking = {**notes.PLAN, "questions": [{"id": "Q1", "text": "Where are notes kept?", "default": "in memory"}]}
    script = served.by_role(planner=planned(asking), tester=notes.write_tests(), builder=notes.build(notes.APP))
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo", "--assume")
    assert done.code == 0, done.text
    assert "in memory (assumed)" in (greenloop.record() / "report.md").read_text()


def test_tests_that_pass_already_are_never_built_on(greenloop: Greenloop, tmp_path: Path) -> None:
    script = served.by_role(
        planner=planned(), tester=notes.write_tests(notes.PASSING_TESTS), builder=notes.build(notes.APP)
    )
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo")
    assert done.code == code("needs_human"), done.text
    assert "before the change" in done.out
    assert not any("You are a FastAPI engineer" in r.everything for r in server.requests)


def test_no_progress_ends_partial_with_the_best_commit(greenloop: Greenloop, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    script = served.by_role(
        planner=planned(),
        tester=notes.write_tests(),
        builder=[*notes.build(notes.NO_LIST), served.call("finish", summary="Nothing to do")],
        triage=[served.as_json({"fault": "code", "reason": "still wrong"})],
    )
    with ModelServer(script) as server:
        done = run(greenloop, server, repo)
    assert done.code == code("partial"), done.text
    assert "1 of 2" in (greenloop.record() / "report.md").read_text()
    assert git(repo, "show", f"{greenloop.last()['branch']}:main.py").rstrip() == notes.NO_LIST.rstrip()


def test_nothing_that_ever_worked_ends_stuck(greenloop: Greenloop, tmp_path: Path) -> None:
    script = served.by_role(
        planner=planned(),
        tester=notes.write_tests(),
        builder=[*notes.build(notes.BROKEN_IMPORT), served.call("finish", summary="Nothing to do")],
        triage=[served.as_json({"fault": "code", "reason": "it does not start"})],
    )
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo")
    assert done.code == code("stuck"), done.text
    assert not (tmp_path / "repo").exists()
    builder = [r.everything for r in server.requests if "You are a FastAPI engineer" in r.everything]
    assert any("DoesNotExist" in text for text in builder), "the builder never saw why the service does not start"


def test_a_contradiction_needs_a_person(greenloop: Greenloop, tmp_path: Path) -> None:
    plan = {**notes.PLAN, "contradiction": "notes are both public and private"}
    with ModelServer(served.by_role(planner=planned(plan))) as server:
        done = run(greenloop, server, tmp_path / "repo")
    assert done.code == code("needs_human"), done.text
    assert "both public and private" in done.out


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (lambda: served.rate_limited("86400"), "rate"),
        (lambda: served.refused_key(KEY), "key"),
        (served.no_quota, "quota"),
        (served.context_too_long, "context"),
        (served.refusal, ""),
        (served.truncated, ""),
        (served.broken_json, ""),
        (lambda: served.html(502), ""),
        (served.hang, ""),
        (served.empty, ""),
        (lambda: served.reply("I am done, all tests pass."), ""),
    ],
    ids=["rate", "key", "quota", "context", "refusal", "truncated", "json", "html", "hang", "empty", "prose"],
)
def test_a_faulty_model_is_never_green_and_never_hangs(
    greenloop: Greenloop, tmp_path: Path, fault: Callable[[], Answer], says: str
) -> None:
    with ModelServer([fault()]) as server:
        done = run(greenloop, server, tmp_path / "repo", GREENLOOP_REQUEST_TIMEOUT_S="1")
        assert len(server.requests) <= 12
    assert done.code == code("model_unavailable"), done.text
    assert says in done.out.lower()
    assert KEY not in done.out + done.err
    assert "Traceback" not in done.out + done.err
    assert "greenloop resume" in done.out
    assert not (tmp_path / "repo").exists()


def test_a_short_outage_is_waited_out(greenloop: Greenloop, tmp_path: Path) -> None:
    outage = [served.rate_limited("0"), served.error(500, "oops"), *planned()]
    script = served.by_role(planner=outage, tester=notes.write_tests(), builder=notes.build(notes.APP))
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo", GREENLOOP_RETRY_S="30")
    assert done.code == 0, done.text


def test_the_budget_is_reserved_before_the_call(greenloop: Greenloop, tmp_path: Path) -> None:
    script = served.by_role(planner=planned(), tester=notes.write_tests(), builder=notes.build(notes.APP))
    prices = {"GREENLOOP_PRICE_INPUT": "1000", "GREENLOOP_PRICE_OUTPUT": "1000"}
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo", "--budget", "0.001", **prices)
        assert server.requests == []
        assert done.code == code("budget"), done.text
        again = greenloop("resume", "last", "--budget", "1000", OPENAI_API_KEY=KEY, **prices)
        assert again.code == 0, again.text


def test_time_runs_out_by_name(greenloop: Greenloop, tmp_path: Path) -> None:
    with ModelServer([served.hang()]) as server:
        done = run(greenloop, server, tmp_path / "repo", "--timeout", "15", GREENLOOP_RETRY_S="600")
    assert done.code == code("budget"), done.text
    assert "--timeout" in done.out


def test_a_plan_waits_for_a_yes_and_takes_a_comment(greenloop: Greenloop, tmp_path: Path) -> None:
    script = served.by_role(planner=planned(), tester=notes.write_tests(), builder=notes.build(notes.APP))
    with ModelServer(script) as server:
        first = run(greenloop, server, tmp_path / "repo", "--approve")
        assert first.code == code("needs_answer"), first.text
        assert "POST /notes" in first.out
        second = greenloop("answer", "last", "keep them in memory", OPENAI_API_KEY=KEY)
        assert second.code == code("needs_answer"), second.text
        planner = [r.everything for r in server.requests if "You plan changes" in r.everything]
        assert "keep them in memory" in planner[-1]
        assert not any("You write acceptance tests" in r.everything for r in server.requests)
        third = greenloop("answer", "last", "yes", OPENAI_API_KEY=KEY)
    assert third.code == 0, third.text


def test_json_lines_are_all_there_is(greenloop: Greenloop, tmp_path: Path) -> None:
    script = served.by_role(planner=planned(), tester=notes.write_tests(), builder=notes.build(notes.APP))
    with ModelServer(script) as server:
        done = run(greenloop, server, tmp_path / "repo", "--json", "--branch", "mine/notes")
    assert done.code == 0, done.text
    assert done.err == ""
    events = [json.loads(line) for line in done.out.splitlines()]
    assert events[0]["kind"] == "run_started"
    assert events[-1]["kind"] == "run_ended"
    assert events[-1]["data"]["ending"] == "delivered"
    assert events[-1]["data"]["branch"] == "mine/notes"
    assert git(tmp_path / "repo", "rev-parse", "mine/notes") == events[-1]["data"]["commit"]
