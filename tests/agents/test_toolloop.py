"""An agent at work with tools, against a scripted server: it does what it may, and it always ends."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

from agents import searching
from agents.calls import Caller, MemoryJournal
from agents.desk import MemoryDesk
from agents.errors import BadAnswer
from agents.history import LEFT_OUT, fit, repair
from agents.models import ModelConfig
from agents.retry import Policy
from agents.textcalls import flatten, text_calls
from agents.toolloop import Bounds, Ended, Loop
from agents.tools import EDITING, READING, Finish, ReportContradiction, RunTests, use
from sandbox.errors import EngineFault
from sandbox.reports import SuiteReport, TestResult, Word
from tests.support import model_server as served
from tests.support.model_server import ModelServer

TOOLS = (*READING, *EDITING, RunTests, Finish, ReportContradiction)
MAIN = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def red(_: tuple[str, ...] = ()) -> SuiteReport:
    failed = TestResult(
        node_id="tests/test_a.py::test_b", outcome="failed", message="assert 404 == 201", duration_s=0.1
    )
    return SuiteReport(word=Word.RED, results=(failed,), elapsed_s=1.5)


def desk(run_tests: Callable[[tuple[str, ...]], SuiteReport] = red) -> MemoryDesk:
    files = {"app/main.py": MAIN, "tests/acceptance/test_a.py": "def test_a(): ...\n"}
    return MemoryDesk(files, protected=("tests/acceptance/*",), run_tests=run_tests)


def loop(server: ModelServer, at: MemoryDesk, journal: MemoryJournal | None = None, **changes: Any) -> Loop:
    bounds = changes.pop("bounds", Bounds(turns=12))
    config = ModelConfig(name="scripted", base_url=server.url, timeout_s=2, **changes)
    caller = Caller({"default": [config]}, journal=journal, policy=Policy(attempts=2, total_s=5, first_pause_s=0.01))
    return Loop(caller, "builder", "build-0", at, TOOLS, [SystemMessage("You build."), HumanMessage("Build.")], bounds)


async def work(answers: list[served.Answer], at: MemoryDesk, **changes: Any) -> tuple[Ended, ModelServer]:
    with ModelServer(answers) as server:
        return await loop(server, at, **changes).run(), server


def results(server: ModelServer) -> list[str]:
    """The tool results in the last request."""
    return [m["content"] for m in server.requests[-1].messages if m["role"] == "tool"]


async def test_it_reads_edits_runs_and_finishes() -> None:
    at = desk()
    answers = [
        served.call("list_files"),
        served.call("search", pattern=r"FastAPI\(", glob="app/*"),
        served.call("read_file", path="app/main.py", start=3, end=3),
        served.call("edit_file", path="app/main.py", old="app = FastAPI()", new='app = FastAPI(title="Shop")'),
        served.call("write_file", path="app/extra.py", content="x = 1\n"),
        served.call("delete_file", path="app/extra.py"),
        served.call("run_tests"),
        served.call("finish", summary="Give the app a title"),
    ]
    ended, server = await work(answers, at)
    assert (ended.why, ended.text) == ("finished", "Give the app a title")
    assert [(e.action, e.path) for e in ended.edits] == [
        ("replace", "app/main.py"),
        ("write", "app/extra.py"),
        ("delete", "app/extra.py"),
    ]
    assert 'FastAPI(title="Shop")' in at.read("app/main.py")
    said = results(server)
    assert said[0] == "app/main.py\ntests/acceptance/test_a.py"
    assert said[1] == "app/main.py:3: app = FastAPI()"
    assert said[2] == "app/main.py, lines 3-3 of 3:\napp = FastAPI()"
    assert said[6].startswith('<data from="test output">\nred: 0 passed, 1 failed, 0 skipped')
    assert "assert 404 == 201" in said[6]
    names = {t["function"]["name"] for t in server.requests[0].body["tools"]}
    assert names == {tool.name for tool in TOOLS}


async def test_mistakes_are_answered_and_the_tree_stays_whole() -> None:
    at = desk()
    answers = [
        served.call("read_file", path="app/nothing.py"),
        served.call("read_file", path="../../etc/passwd"),
        served.call("write_file", path="tests/acceptance/test_a.py", content="def test_a(): pass\n"),
        served.call("edit_file", path="app/main.py", old="nothing like this", new="x"),
        served.call("write_file", path="app/main.py", content="def broken(:\n"),
        served.call("launch_missiles", target="prod"),
        served.call("read_file", file="app/main.py"),
        served.call("search", pattern="FastAPI("),
        served.call("finish", summary="nothing"),
    ]
    ended, server = await work(answers, at)
    said = results(server)
    assert ended.edits == () and at.read("app/main.py") == MAIN
    assert "no file" in said[0] and "not a path inside" in said[1] and "protected" in said[2]
    assert "There is no tool 'launch_missiles'. There are: list_files" in said[5]
    assert "path: Field required" in said[6]
    assert "searched literally" in said[7] and "app/main.py:3" in said[7]


async def test_several_calls_in_one_answer_are_all_carried_out() -> None:
    at = desk()
    both = served.reply(
        None, calls=[("write_file", {"path": "a.py", "content": "a = 1\n"}), ("finish", {"summary": "both"})]
    )
    ended, server = await work([both], at)
    assert ended.why == "finished" and at.read("a.py") == "a = 1\n" and len(server.requests) == 1


async def test_a_pattern_that_explodes_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SECONDS", 0.2)
    at = MemoryDesk({"a.txt": "a" * 1_900 + "!\n"})
    result = await use(TOOLS, "search", {"pattern": r"^(a|aa)+$"}, at)
    assert "too long" in result.text


async def test_the_same_call_again_and_again_is_told_and_ended() -> None:
    ended, server = await work([served.call("read_file", path="app/main.py")], desk(), bounds=Bounds(turns=40))
    assert ended.why == "repeats" and len(server.requests) == 4
    assert "this very call before" in results(server)[-1]


async def test_writing_the_same_again_is_no_progress() -> None:
    ended, server = await work([served.call("write_file", path="a.py", content="a = 1\n")], desk())
    assert ended.why == "repeats" and len(server.requests) <= 5
    assert [e.path for e in ended.edits] == ["a.py"]


async def test_turns_are_bounded_and_announced() -> None:
    def script(asked: served.Asked) -> served.Answer:
        return served.call("search", pattern=f"word{len(asked.messages)}")

    with ModelServer(script) as server:
        ended = await loop(server, desk(), bounds=Bounds(turns=6)).run()
        assert ended.why == "turns" and len(server.requests) == 6
        assert "3 turns are left" in server.requests[-1].everything


@pytest.mark.parametrize(("bounds", "why"), [(Bounds(seconds=0), "seconds"), (Bounds(tokens=100), "tokens")])
async def test_time_and_tokens_are_bounded(bounds: Bounds, why: str) -> None:
    ended, server = await work([served.call("list_files")], desk(), bounds=bounds)
    assert ended.why == why and len(server.requests) <= 1


async def test_talk_is_nudged_once_and_then_ends() -> None:
    ended, server = await work([served.reply("I am done, I think.")], desk())
    assert (ended.why, ended.text) == ("talked", "I am done, I think.")
    assert len(server.requests) == 2 and "did nothing" in server.requests[1].last


async def test_a_contradiction_is_challenged_once() -> None:
    reason = "The request says 201, test_b says 200."
    ended, server = await work([served.call("report_contradiction", reason=reason)], desk())
    assert (ended.why, ended.text) == ("contradiction", reason)
    assert len(server.requests) == 2 and "no code whatsoever" in results(server)[-1]


async def test_invalid_arguments_twice_end_named() -> None:
    with ModelServer([served.bad_tool_json()]) as server:
        with pytest.raises(BadAnswer, match="not valid JSON"):
            await loop(server, desk()).run()
        assert len(server.requests) == 2


async def test_answers_that_become_unusable_do_not_cost_the_work_done() -> None:
    ended, server = await work([served.call("write_file", path="a.py", content="a = 1\n"), served.truncated()], desk())
    assert ended.why == "unusable" and len(ended.edits) == 1 and len(server.requests) == 3


async def test_a_broken_sandbox_is_never_shown_to_the_model() -> None:
    def broken(_: tuple[str, ...]) -> SuiteReport:
        raise EngineFault("the engine was lost")

    with ModelServer([served.call("run_tests")]) as server:
        with pytest.raises(EngineFault):
            await loop(server, desk(broken)).run()
        assert len(server.requests) == 1


async def test_a_resume_repeats_no_paid_call_and_no_test_run() -> None:
    runs: list[tuple[str, ...]] = []

    def changing(ids: tuple[str, ...]) -> SuiteReport:
        runs.append(ids)
        return SuiteReport(word=Word.RED, reason=f"run number {len(runs)}")

    answers = [
        served.call("write_file", path="a.py", content="a = 1\n"),
        served.call("run_tests"),
        served.call("write_file", path="a.py", content="a = 2\n"),
        served.call("finish", summary="two"),
    ]
    journal = MemoryJournal()
    with ModelServer(answers) as server:
        first, again = desk(changing), desk(changing)
        ended = await loop(server, first, journal).run()
        assert len(server.requests) == 4
        resumed = await loop(server, again, journal).run()
        assert len(server.requests) == 4, "nothing was asked twice"
    assert len(runs) == 1 and resumed.edits == ended.edits
    assert again.content == first.content and again.read("a.py") == "a = 2\n"


TEXT_WORK = """I look first.
```tool
{"name": "read_file", "arguments": {"path": "app/main.py"}}
```
"""
TEXT_EDITS = """Now the change.
```json
[{"path": "app/main.py", "action": "replace", "old": "app = FastAPI()", "new": "app = FastAPI(debug=False)"}]
```
````write README.md
# Shop
```
run it
```
````
"""
TEXT_END = '```tool\n{"name": "finish", "arguments": {"summary": "Set debug"}}\n```'


@pytest.mark.parametrize("kind", ["refuses", "ignores", "configured"])
async def test_models_without_tools_work_in_text(kind: str) -> None:
    texts = iter([TEXT_WORK, TEXT_EDITS, TEXT_END])

    def script(asked: served.Asked) -> served.Answer:
        if kind == "refuses" and "tools" in asked.body:
            return served.unsupported("tools")
        if kind == "ignores" and len(asked.messages) == 2:
            return served.reply("I would add a title.")
        return served.reply(next(texts))

    at = desk()
    with ModelServer(script) as server:
        ended = await loop(server, at, tools=False if kind == "configured" else None).run()
        last = server.requests[-1]
    assert (ended.why, ended.text) == ("finished", "Set debug")
    assert "debug=False" in at.read("app/main.py") and at.read("README.md") == "# Shop\n```\nrun it\n```\n"
    assert ("tools" in last.body) is (kind == "ignores")
    roles = [m["role"] for m in last.messages[1:]]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"], "roles alternate"


def test_blocks_that_are_no_calls_stay_text() -> None:
    assert text_calls("```python\nprint(1)\n```\n```json\n[1, 2]\n```\nno fence") == ()
    assert text_calls("```write a.py\nnever closed") == ()
    [bad] = text_calls("```tool\nnot json\n```")
    assert bad.name == "tool"


def conversation(turns: int, size: int) -> list[Any]:
    messages: list[Any] = [SystemMessage("s"), HumanMessage("task " + "t" * 900)]
    for turn in range(turns):
        call = {"id": f"c{turn}", "name": "read_file", "args": {"path": "a.py"}, "type": "tool_call"}
        messages += [AIMessage("", tool_calls=[call]), ToolMessage("x" * size, tool_call_id=f"c{turn}")]
    return messages


def test_a_long_conversation_is_shortened_from_its_old_end() -> None:
    messages = conversation(10, 3_000)
    assert fit(messages, 100_000) == messages
    short = fit(messages, 5_000)
    left = [m for m in short if m.text == LEFT_OUT]
    assert short[:2] == messages[:2] and short[-6:] == messages[-6:]
    assert len(short) == len(messages) and 0 < len(left) < 8 and left[0] is short[3]
    assert fit(messages, 5_000) == short


def test_orphans_are_repaired() -> None:
    messages = conversation(2, 10)
    del messages[3]
    messages.append(ToolMessage("nobody asked", tool_call_id="zzz"))
    whole = repair(messages)
    assert [m.type for m in whole] == ["system", "human", "ai", "tool", "ai", "tool"]
    assert "not carried out" in whole[3].text


def test_a_conversation_with_tools_can_go_on_without() -> None:
    flat = flatten(conversation(2, 10))
    assert [m.type for m in flat] == ["system", "human", "ai", "human", "ai", "human"]
    [call] = text_calls(str(flat[2].text))
    assert (call.name, call.args) == ("read_file", {"path": "a.py"})
    assert json.dumps(flat[2].text)
