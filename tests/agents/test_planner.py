"""The planner on a scripted model."""

from typing import Any

import pytest

from agents.contracts import Answer, Question
from agents.errors import BadAnswer, Contradiction
from agents.planner import ModelPlanner, PlanDraft, problems
from tests.support import model_server as served
from tests.support.desk import brief, desks
from tests.support.model_server import ModelServer

GOOD: dict[str, Any] = {
    "summary": "Books can be created.",
    "criteria": [{"id": "C1", "text": "POST /books answers 201."}],
    "steps": [{"title": "Add the route", "files": ["app/main.py"], "criteria": ["C1"]}],
    "questions": [{"id": "Q1", "text": "Is the title unique?", "default": "no"}],
    "decisions": [{"choice": "Integer ids", "reason": "usual here"}],
}


async def test_a_plan_is_read() -> None:
    with ModelServer([served.as_json(GOOD)]) as server:
        plan = await ModelPlanner(desks(server)).plan(brief())
        [request] = server.requests
    assert plan.criteria[0].id == "C1" and plan.questions[0].default == "no" and plan.spec == {}
    assert "Add books with a title." in request.last and "at most 3" in request.messages[0]["content"]
    assert "app/main.py" in request.last, "the planner sees what is there"


async def test_answered_questions_are_not_asked_again() -> None:
    with ModelServer([served.as_json(GOOD)]) as server:
        plan = await ModelPlanner(desks(server)).plan(brief(answers=(Answer(question="Q1", text="yes"),)))
        assert "Ask nothing more" in server.requests[0].messages[0]["content"] and "yes" in server.requests[0].last
    assert plan.questions == ()


async def test_a_plan_against_its_own_rules_is_repaired() -> None:
    wrong = {**GOOD, "steps": [{"title": "x", "files": ["../etc"], "criteria": ["C7"]}]}
    with ModelServer([served.as_json(wrong), served.as_json(GOOD)]) as server:
        plan = await ModelPlanner(desks(server)).plan(brief())
        assert "do not exist: C7" in server.requests[1].last and "inside the repository" in server.requests[1].last
    assert plan.steps[0].criteria == ("C1",)


async def test_a_plan_that_stays_wrong_is_a_bad_answer() -> None:
    with ModelServer([served.as_json({**GOOD, "criteria": []})]) as server:
        with pytest.raises(BadAnswer, match="planner"):
            await ModelPlanner(desks(server)).plan(brief())
        assert len(server.requests) == 2


async def test_a_contradiction_is_raised() -> None:
    answer = served.as_json({**GOOD, "contradiction": "both 200 and 201"})
    with ModelServer([answer]) as server, pytest.raises(Contradiction, match="both 200 and 201"):
        await ModelPlanner(desks(server)).plan(brief())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"criteria": [*GOOD["criteria"], *GOOD["criteria"]]}, "same id twice"),
        ({"criteria": [{"id": "C1", "text": "x", "guard": True}]}, "all are guards"),
        ({"steps": []}, "no steps"),
        ({"steps": [{"title": "x", "files": ["C:/x"]}]}, "inside the repository"),
        ({"questions": [Question(id=f"Q{n}", text="?", default="x") for n in range(4)]}, "more than 3 questions"),
        ({"criteria": [{"id": f"C{n}", "text": "x"} for n in range(1, 40)]}, "more than 30"),
    ],
)
def test_rules_of_a_plan(change: dict[str, Any], says: str) -> None:
    assert says in problems(PlanDraft.model_validate({**GOOD, **change}))
    assert problems(PlanDraft.model_validate(GOOD)) == ""
