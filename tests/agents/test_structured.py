"""JSON answers from servers of every strength."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from agents.calls import Caller
from agents.contracts import Frozen
from agents.errors import BadAnswer
from agents.models import ModelConfig
from agents.retry import Policy
from agents.structured import ask_structured, instruct, parse, plain_schema
from tests.support import model_server as served
from tests.support.model_server import ModelServer

ASKED = [SystemMessage("You choose."), HumanMessage("Choose.")]


class Choice(Frozen):
    name: str
    title: str = ""
    count: int = 1


GOOD = {"name": "a", "count": 2}


def caller(server: ModelServer, **changes: Any) -> Caller:
    config = ModelConfig(name="scripted", base_url=server.url, timeout_s=2, **changes)
    return Caller({"default": [config]}, policy=Policy(attempts=2, total_s=5, first_pause_s=0.01))


async def choose(server: ModelServer, **changes: Any) -> Choice:
    return await ask_structured(caller(server, **changes), "planner", "plan-0", ASKED, Choice)


async def test_a_server_that_knows_schemas_is_given_one() -> None:
    with ModelServer([served.as_json(GOOD)]) as server:
        assert await choose(server) == Choice(name="a", count=2)
        [request] = server.requests
    form = request.body["response_format"]
    assert form["type"] == "json_schema" and form["json_schema"]["schema"]["required"] == ["name"]
    assert '"required": ["name"]' in request.last, "weak servers find the schema in the text too"


async def test_a_server_without_response_format_is_asked_in_plain_words() -> None:
    def script(asked: served.Asked) -> served.Answer:
        form = asked.body.get("response_format", {}).get("type")
        return served.unsupported(f"response_format of type {form}") if form else served.as_json(GOOD)

    with ModelServer(script) as server:
        asking = caller(server)
        assert (await ask_structured(asking, "planner", "plan-0", ASKED, Choice)).name == "a"
        assert (await ask_structured(asking, "planner", "plan-1", ASKED, Choice)).name == "a"
        forms = [r.body.get("response_format", {}).get("type") for r in server.requests]
    assert forms == ["json_schema", "json_object", None, None]


async def test_a_configured_form_is_not_probed() -> None:
    with ModelServer([served.as_json(GOOD)]) as server:
        await choose(server, structured="plain")
        assert "response_format" not in server.requests[0].body


@pytest.mark.parametrize(
    "text",
    [
        'Here you are:\n```json\n{"name": "a", "count": 2}\n```\nAnything else?',
        'I thought {about} it. {"name": "a", "count": 2} is best.',
        '<think>{"name": "wrong"}</think>{"name": "a", "count": 2}',
        '{"unrelated": 1}\n\n{"name": "a", "count": 2}',
    ],
    ids=["fence", "prose", "thoughts", "second"],
)
async def test_an_object_is_found_in_whatever_surrounds_it(text: str) -> None:
    with ModelServer([served.reply(text)]) as server:
        assert await choose(server) == Choice(name="a", count=2)
        assert len(server.requests) == 1


async def test_a_wrong_form_is_repaired_once_with_the_errors() -> None:
    with ModelServer([served.as_json({"count": "many"}), served.as_json(GOOD)]) as server:
        assert (await choose(server)).count == 2
        second = server.requests[1]
    assert "name: Field required" in second.last and "count: Input should be a valid integer" in second.last
    assert [m["role"] for m in second.messages] == ["system", "user", "assistant", "user"]


async def test_a_form_that_stays_wrong_is_a_bad_answer() -> None:
    with ModelServer([served.reply("no idea")]) as server:
        with pytest.raises(BadAnswer, match="no JSON object"):
            await choose(server)
        assert len(server.requests) == 2


async def test_a_cut_answer_under_a_schema_is_paid_for_and_repaired() -> None:
    with ModelServer([served.truncated('{"name": "a'), served.as_json(GOOD)]) as server:
        asking = caller(server)
        assert (await ask_structured(asking, "planner", "plan-0", ASKED, Choice)).name == "a"
        assert asking.ledger.totals().output_tokens == 40


@pytest.mark.parametrize("answer", [served.refusal(), served.filtered()], ids=["refusal", "filter"])
async def test_a_refusal_under_a_schema_ends_named(answer: served.Answer) -> None:
    with ModelServer([answer]) as server:
        with pytest.raises(BadAnswer):
            await choose(server)
        assert len(server.requests) == 2


def test_a_value_that_fails_its_check_is_named() -> None:
    assert parse('{"name": "a"}', Choice, lambda c: f"{c.name} is taken") == "a is taken"


def test_hostile_text_is_only_text() -> None:
    assert isinstance(parse("{" * 100_000, Choice), str)
    assert isinstance(parse('{"a":' * 20_000, Choice), str)
    assert isinstance(parse("```" * 30_000, Choice), str)


def test_instructions_keep_the_roles_alternating() -> None:
    assert [m.type for m in instruct(ASKED, "now")] == ["system", "human"]
    assert [m.type for m in instruct([*ASKED, AIMessage("x")], "now")] == ["system", "human", "ai", "human"]


def test_a_field_called_title_survives() -> None:
    assert set(plain_schema(Choice)["properties"]) == {"name", "title", "count"}
