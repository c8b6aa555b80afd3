"""Every way an endpoint can answer or fail, through langchain-openai over real HTTP."""

import asyncio
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from langchain_core.messages import HumanMessage, SystemMessage
from pydantic import SecretStr, ValidationError

from agents import chat
from agents.calls import Caller, MemoryJournal
from agents.errors import BadAnswer, BudgetExceeded, ContextTooLong, ModelUnavailable, ToolsUnsupported
from agents.ledger import Budget, Ledger
from agents.models import ModelConfig
from agents.retry import Policy
from tests.support import model_server as served
from tests.support.model_server import ModelServer

KEY = "sk-secret-1234567890"
QUICK = Policy(attempts=3, total_s=5, first_pause_s=0.01, longest_pause_s=0.02, longest_wait_s=1)
ASKED = [SystemMessage("You plan."), HumanMessage("Plan it.")]
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def config(server: ModelServer, **changes: object) -> ModelConfig:
    values = {"name": "scripted", "base_url": server.url, "api_key": SecretStr(KEY), "timeout_s": 2, **changes}
    return ModelConfig.model_validate(values)


def caller(server: ModelServer, policy: Policy = QUICK, budget: Budget | None = None, **changes: object) -> Caller:
    return Caller({"default": [config(server, **changes)]}, Ledger(budget), MemoryJournal(), policy)


async def test_an_answer_is_read_and_paid_for() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 40},
    }
    with ModelServer([served.reply("hello", usage=usage)]) as server:
        asking = caller(server, price_input=1, price_output=2, temperature=0.5, max_output_tokens=77)
        reply = await asking.ask("planner", "plan-0", ASKED)
    assert (reply.text, reply.finish_reason, reply.replayed) == ("hello", "stop", False)
    spent = asking.ledger.totals()
    assert (spent.calls, spent.input_tokens, spent.cached_tokens, spent.output_tokens) == (1, 100, 40, 20)
    assert spent.cost_usd == pytest.approx(140e-6)
    [request] = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert (request.body["model"], request.body["temperature"], request.body["max_tokens"]) == ("scripted", 0.5, 77)
    assert "max_completion_tokens" not in request.body and not request.body.get("stream")
    assert [m["role"] for m in request.messages] == ["system", "user"]


async def test_a_reply_without_usage_is_estimated() -> None:
    with ModelServer([served.reply("x" * 300, usage=None)]) as server:
        asking = caller(server)
        await asking.ask("planner", "plan-0", ASKED)
    spent = asking.ledger.totals()
    assert spent.output_tokens == 100 and spent.input_tokens > 0


async def test_a_paid_reply_is_replayed_without_a_call() -> None:
    journal = MemoryJournal()
    with ModelServer([served.call("look"), served.reply("second")]) as server:
        first = Caller({"default": [config(server)]}, Ledger(), journal, QUICK)
        reply = await first.ask("planner", "plan-0", ASKED, [TOOL])
        again = Caller({"default": [config(server)]}, Ledger(), journal, QUICK)
        again.ledger.restore(journal.records.values())
        replayed = await again.ask("planner", "plan-0", ASKED, [TOOL])
        assert len(server.requests) == 1
        assert replayed == reply.model_copy(update={"replayed": True})
        assert again.ledger.totals() == first.ledger.totals()
        other = await again.ask("planner", "plan-0", [*ASKED[:1], HumanMessage("Plan something else.")], [TOOL])
        assert other.text == "second" and len(server.requests) == 2


@pytest.mark.parametrize(
    "fault",
    [
        served.rate_limited("0"),
        served.rate_limited(),
        served.error(500, "boom"),
        served.html(502),
        served.html(200),
        served.broken_json(),
        served.null_choices(),
        served.no_choices(),
        served.cut(),
        served.reset(),
    ],
    ids=["429", "429-bare", "500", "html-502", "html-200", "broken-json", "null-choices", "no-choices", "cut", "reset"],
)
async def test_a_passing_fault_is_retried_and_a_lasting_one_is_bounded(fault: served.Answer) -> None:
    with ModelServer([fault, served.reply("fine")]) as server:
        assert (await caller(server).ask("planner", "plan-0", ASKED)).text == "fine"
        assert len(server.requests) == 2
    with ModelServer([fault]) as server:
        with pytest.raises(ModelUnavailable, match="3 tries") as caught:
            await caller(server).ask("planner", "plan-0", ASKED)
        assert len(server.requests) == QUICK.attempts
        assert KEY not in str(caught.value)


@pytest.mark.parametrize("fault", [served.hang(), served.drip()], ids=["hang", "drip"])
async def test_our_own_clock_ends_a_call(fault: served.Answer) -> None:
    with ModelServer([fault]) as server:
        asking = caller(server, timeout_s=0.2)
        started = time.monotonic()
        with pytest.raises(ModelUnavailable, match="in time"):
            await asking.ask("planner", "plan-0", ASKED)
        assert time.monotonic() - started < 3
        assert len(server.requests) == 3
    assert asking.ledger.totals().calls == 3, "a call that may have been paid for is counted"


async def test_the_total_time_bounds_all_attempts() -> None:
    with ModelServer([served.hang()]) as server:
        started = time.monotonic()
        with pytest.raises(ModelUnavailable):
            await caller(server, Policy(attempts=50, total_s=0.5, first_pause_s=0.01)).ask("planner", "plan-0", ASKED)
        assert time.monotonic() - started < 2


async def test_retry_after_is_honoured() -> None:
    with ModelServer([served.rate_limited("0.4"), served.reply("fine")]) as server:
        started = time.monotonic()
        await caller(server).ask("planner", "plan-0", ASKED)
        assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_long_retry_after_says_when_to_come_back(form: str) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=3600), usegmt=True)
    with ModelServer([served.rate_limited("3600" if form == "seconds" else later)]) as server:
        with pytest.raises(ModelUnavailable, match=r"come back in 3[56]\d\d s \(at \d\d:\d\d:\d\d UTC\)"):
            await caller(server).ask("planner", "plan-0", ASKED)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (served.refused_key(KEY), "refuses the key"),
        (served.error(403, f"{KEY} may not"), "refuses the key"),
        (served.no_quota(), "no quota"),
        (served.error(404, "The model does not exist", code="model_not_found"), "does not know this model"),
        (served.error(400, f"bad request by {KEY}"), r"refuses the request \(400\): bad request by \[masked"),
    ],
    ids=["401", "403", "quota", "404", "400"],
)
async def test_a_final_fault_is_not_retried_and_never_shows_the_key(fault: served.Answer, says: str) -> None:
    with ModelServer([fault]) as server:
        asking = caller(server)
        with pytest.raises(ModelUnavailable, match=says) as caught:
            await asking.ask("planner", "plan-0", ASKED)
        assert len(server.requests) == 1
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(asking.config("planner"))
    assert asking.ledger.totals().calls == 0, "a refused call costs nothing"


async def test_a_key_that_is_sent_back_goes_no_further() -> None:
    journal = MemoryJournal()
    with ModelServer([served.reply(f"Your key is {KEY}.", calls=[("look", {"key": KEY})])]) as server:
        asking = Caller({"default": [config(server)]}, Ledger(), journal, QUICK)
        reply = await asking.ask("planner", "plan-0", ASKED, [TOOL])
    assert reply.text == "Your key is [masked]." and reply.tool_calls[0].args == {"key": "[masked]"}
    assert KEY not in str(journal.records)


async def test_a_prompt_that_does_not_fit_has_its_own_error() -> None:
    with ModelServer([served.context_too_long()]) as server:
        with pytest.raises(ContextTooLong, match="context_tokens"):
            await caller(server).ask("planner", "plan-0", ASKED)
        assert len(server.requests) == 1


async def test_an_unreachable_endpoint_costs_nothing() -> None:
    with ModelServer([served.reply()]) as server:
        gone = server.url
    asking = Caller({"default": [ModelConfig(name="scripted", base_url=gone, timeout_s=2)]}, policy=QUICK)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await asking.ask("planner", "plan-0", ASKED)
    assert asking.ledger.totals().calls == 0


UNUSABLE = {
    "length": served.truncated(),
    "no-finish": served.reply("half", finish=None),
    "filter": served.filtered(),
    "refusal": served.refusal(),
    "empty": served.empty(),
    "tool-json": served.bad_tool_json("look"),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE)
async def test_an_unusable_answer_gets_one_repair_turn(answer: served.Answer) -> None:
    with ModelServer([answer, served.reply("fine")]) as server:
        asking = caller(server)
        assert (await asking.ask("planner", "plan-0", ASKED, [TOOL])).text == "fine"
        assert [m["role"] for m in server.requests[1].messages] == ["system", "user", "assistant", "user"]
        assert asking.ledger.totals().calls == 2
    with ModelServer([answer]) as server:
        asking = caller(server)
        with pytest.raises(BadAnswer, match="planner"):
            await asking.ask("planner", "plan-0", ASKED, [TOOL])
        assert len(server.requests) == 2
        assert asking.ledger.totals().output_tokens == 40, "unusable answers are paid for"


async def test_a_huge_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat, "ANSWER_BYTES", 1_000_000)
    with ModelServer([served.huge(3)]) as server:
        with pytest.raises(ModelUnavailable, match="larger than 1000000 bytes"):
            await caller(server).ask("planner", "plan-0", ASKED)
        assert len(server.requests) == 1


async def test_refused_parameters_are_given_up() -> None:
    def script(asked: served.Asked) -> served.Answer:
        if "temperature" in asked.body:
            return served.unsupported("temperature")
        if "max_tokens" in asked.body:
            return served.unsupported("max_tokens")
        return served.reply(f"{asked.body['max_completion_tokens']}")

    with ModelServer(script) as server:
        asking = caller(server, temperature=0.1, max_output_tokens=99)
        assert (await asking.ask("planner", "plan-0", ASKED)).text == "99"
        await asking.ask("planner", "plan-1", ASKED)
        assert len(server.requests) == 4, "what was refused once is not sent again"


async def test_an_endpoint_without_tools_says_so() -> None:
    with ModelServer([served.unsupported("tools")]) as server:
        with pytest.raises(ToolsUnsupported):
            await caller(server).ask("builder", "build-0", ASKED, [TOOL])
        assert len(server.requests) == 1


async def test_fallback_models_are_tried_in_order() -> None:
    def script(asked: served.Asked) -> served.Answer:
        return served.reply("from b") if asked.body["model"] == "b" else served.error(500, "down")

    with ModelServer(script) as server:
        asking = Caller({"default": [config(server, name="a"), config(server, name="b")]}, policy=QUICK)
        reply = await asking.ask("planner", "plan-0", ASKED)
        assert (reply.text, reply.model) == ("from b", "b")
        assert [r.body["model"] for r in server.requests] == ["a", "a", "a", "b"]


async def test_a_refused_key_is_not_tried_on_the_same_account_again() -> None:
    with ModelServer([served.refused_key(KEY)]) as server:
        other = config(server, name="c", api_key=SecretStr("sk-another-key"))
        asking = Caller({"default": [config(server, name="a"), config(server, name="b"), other]}, policy=QUICK)
        with pytest.raises(ModelUnavailable):
            await asking.ask("planner", "plan-0", ASKED)
        assert [r.body["model"] for r in server.requests] == ["a", "c"]


async def test_the_budget_stops_a_call_before_it_is_sent() -> None:
    with ModelServer([served.reply()]) as server:
        asking = caller(server, budget=Budget(usd=0.01), price_input=1, price_output=1, max_output_tokens=20_000)
        with pytest.raises(BudgetExceeded, match=r"limit is 0\.01 USD"):
            await asking.ask("planner", "plan-0", ASKED)
        assert server.requests == []


async def test_retries_are_bounded_by_the_budget_too() -> None:
    with ModelServer([served.broken_json()]) as server:
        with pytest.raises(BudgetExceeded, match="2 model calls"):
            await caller(server, budget=Budget(calls=2)).ask("planner", "plan-0", ASKED)
        assert len(server.requests) == 2


async def test_cancelling_is_prompt_and_the_call_is_counted() -> None:
    journal = MemoryJournal()
    with ModelServer([served.hang()]) as server:
        asking = Caller({"default": [config(server, timeout_s=30)]}, Ledger(), journal, QUICK)
        task = asyncio.create_task(asking.ask("planner", "plan-0", ASKED))
        await asyncio.to_thread(server.asked.wait, 5)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1
    restored = Ledger()
    restored.restore(journal.records.values())
    assert restored.totals() == asking.ledger.totals()
    assert restored.totals().calls == 1


async def test_azure_is_spoken_to_in_its_own_way() -> None:
    with ModelServer([served.reply("hello")]) as server:
        azure = config(server, name="dep", api="azure", base_url=server.origin, api_version="2024-10-21")
        reply = await Caller({"default": [azure]}, policy=QUICK).ask("planner", "plan-0", ASKED)
        assert reply.text == "hello"
        [request] = server.requests
        assert request.path == "/openai/deployments/dep/chat/completions?api-version=2024-10-21"
        assert request.headers["api-key"] == KEY


async def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
    with ModelServer([served.reply("hello")]) as server:
        keyless = ModelConfig(name="local", base_url=server.url, timeout_s=2)
        assert (await Caller({"default": [keyless]}, policy=QUICK).ask("planner", "plan-0", ASKED)).text == "hello"
        assert "environment" not in server.requests[0].headers["authorization"]


async def test_thoughts_in_front_of_an_answer_are_cut() -> None:
    with ModelServer([served.reply("<think>hm {}</think>\nhello")]) as server:
        assert (await caller(server).ask("planner", "plan-0", ASKED)).text == "hello"


def test_only_what_is_secret_is_hidden() -> None:
    headers = {"X-Title": "greenloop", "X-Api-Key": "hush-hush"}
    assert ModelConfig(name="x", headers=headers, api_key=SecretStr(KEY)).hides() == (KEY, "hush-hush")


def test_a_configuration_that_cannot_work_is_refused() -> None:
    with pytest.raises(ValidationError, match="api_version"):
        ModelConfig(name="x", api="azure", base_url="https://a.example")
    with pytest.raises(ValidationError, match="http"):
        ModelConfig(name="x", base_url="file:///etc/passwd")
    with pytest.raises(ValueError, match="default"):
        Caller({"planner": [ModelConfig(name="x")]})
