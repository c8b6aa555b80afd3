"""The builder, the reviewer and the team on a scripted model."""

from itertools import pairwise

import pytest

from agents.builder import ModelBuilder, subject
from agents.errors import BudgetExceeded, Contradiction
from agents.ledger import Budget
from agents.models import ModelConfig
from agents.protection import protected_from_builder
from agents.reviewer import ModelReviewer
from agents.team import model_team
from agents.toolloop import Bounds
from tests.support import model_server as served
from tests.support.desk import PLAN, QUICK, brief, desk_with, desks
from tests.support.model_server import ModelServer

ROUTE = '\n\n@app.post("/books", status_code=201)\nasync def create_book() -> dict[str, str]:\n    return {}\n'
EDIT = served.call("edit_file", path="app/main.py", old="app = FastAPI()\n", new=f"app = FastAPI()\n{ROUTE}")
DONE = served.call("finish", summary="Add books.\n\nOne route; nothing stored yet.")


async def test_the_builder_edits_runs_tests_and_says_what_it_did() -> None:
    at = desk_with()
    with ModelServer([EDIT, served.call("run_tests"), DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(desk=at), PLAN)
        assert "green: 0 passed" in server.requests[2].last
        system, task = server.requests[0].messages
    assert (change.message, change.note) == ("Add books", "One route; nothing stored yet.")
    assert [e.path for e in change.edits] == ["app/main.py"] and "/books" in at.read("app/main.py")
    assert "FastAPI engineer" in system["content"] and "C1: POST /books answers 201" in task["content"]


async def test_what_judges_the_builder_is_out_of_its_reach() -> None:
    at = desk_with({"tests/acceptance/test_a.py": "x\n"}, protected=protected_from_builder(["tests/test_main.py"]))
    paths = ["tests/acceptance/test_a.py", "tests/test_main.py", "conftest.py", "pytest.ini"]
    answers = [served.call("write_file", path=path, content="pass\n") for path in paths]
    with ModelServer([*answers, DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(desk=at), PLAN)
        said = [m["content"] for m in server.requests[-1].messages if m["role"] == "tool"]
    assert change.edits == () and all("protected" in text for text in said) and len(said) == 4


async def test_work_that_runs_out_of_turns_is_kept() -> None:
    told: list[str] = []
    with ModelServer([EDIT, served.call("list_files")]) as server:
        builder = ModelBuilder(desks(server), Bounds(turns=2))
        change = await builder.build(brief(tell=told.append), PLAN)
    assert (change.message, len(change.edits)) == ("Books can be created", 1)
    assert told == ["The builder used all its turns."] and "all its turns" in change.note


async def test_a_contradiction_needs_two_assertions() -> None:
    report = served.call("report_contradiction", reason="The request wants 201, the test wants 200.")
    with ModelServer([report, EDIT, DONE]) as server:
        change = await ModelBuilder(desks(server)).build(brief(), PLAN)
        assert change.message == "Add books"
    with ModelServer([report]) as server:
        with pytest.raises(Contradiction, match="the test wants 200"):
            await ModelBuilder(desks(server)).build(brief(), PLAN)
        assert len(server.requests) == 2


async def test_the_budget_ends_the_work_between_calls() -> None:
    at = desk_with()
    with ModelServer([EDIT, served.call("list_files")]) as server:
        with pytest.raises(BudgetExceeded):
            await ModelBuilder(desks(server, budget=Budget(calls=3))).build(brief(desk=at), PLAN)
        assert len(server.requests) == 3
    assert "/books" in at.read("app/main.py")


async def test_the_prefix_of_the_conversation_never_changes() -> None:
    with ModelServer([served.call("list_files"), EDIT, served.call("run_tests"), DONE]) as server:
        await ModelBuilder(desks(server)).build(brief(), PLAN)
        asked = [r.messages for r in server.requests]
    assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(asked))


def test_subjects_are_one_short_line() -> None:
    assert subject("Add  books.\t") == "Add books" and subject("") == "Change the application"
    assert len(subject("x " * 100)) <= 72


async def test_a_veto_needs_proof() -> None:
    bare = {"veto": True, "reason": "I do not like it."}
    full = {"veto": True, "criterion": "C1", "evidence": "app/main.py:5, title=''", "reason": "Nothing is stored."}
    with ModelServer([served.as_json(bare), served.as_json(full)]) as server:
        veto = await ModelReviewer(desks(server)).review(brief(), PLAN, "+def f(): ...")
        assert "+def f(): ..." in server.requests[0].last
    assert veto == "Nothing is stored. (C1; app/main.py:5, title='')"
    with ModelServer([served.as_json({"veto": False})]) as server:
        assert await ModelReviewer(desks(server)).review(brief(), PLAN, "") == ""


async def test_a_whole_team_is_scripted_by_role() -> None:
    tests = 'def test_a(client):\n    """C1, C2: up."""\n    assert client.get("/books").status_code == 201\n'
    plan = PLAN.model_dump(exclude={"spec"})
    script = served.by_role(
        planner=[served.as_json(plan)],
        tester=[served.call("write_file", path="tests/acceptance/test_a.py", content=tests), DONE],
        triage=[served.as_json({"fault": "code", "reason": "no route"})],
        builder=[EDIT, DONE],
        reviewer=[served.as_json({"veto": False})],
    )
    with ModelServer(script) as server:
        model = ModelConfig(name="scripted", base_url=server.url, timeout_s=5)
        team = model_team({"builder": model}, reviewer=True, policy=QUICK)
        planned = await team.planner.plan(brief(step="plan-0"))
        suite = await team.tester.write_tests(brief(step="tests-0"), planned)
        change = await team.builder.build(brief(step="build-0"), planned)
        blame = await team.tester.triage(brief(step="triage-1"), planned)
        assert team.reviewer is not None and await team.reviewer.review(brief(step="review-1"), planned, "") == ""
    assert (planned, len(suite.cases), change.message, blame.fault) == (PLAN, 1, "Add books", "code")


async def test_each_role_has_its_own_model() -> None:
    def script(asked: served.Asked) -> served.Answer:
        if asked.body["model"] == "thinker":
            return served.error(500, "down")
        return served.reply("{}") if asked.body["model"] == "spare" else DONE

    with ModelServer(script) as server:
        named = {
            role: ModelConfig(name=name, base_url=server.url, timeout_s=5)
            for role, name in {"planner": "thinker", "builder": "worker"}.items()
        }
        spare = ModelConfig(name="spare", base_url=server.url, timeout_s=5)
        team = model_team(named, fallbacks=(spare,), policy=QUICK, reviewer=True)
        assert team.name == "worker" and team.reviewer is not None
        await team.builder.build(brief(), PLAN)
        with pytest.raises(Exception, match="planner"):
            await team.planner.plan(brief())
        used = [r.body["model"] for r in server.requests]
    assert used == ["worker", "thinker", "thinker", "spare", "thinker", "thinker", "spare"]
