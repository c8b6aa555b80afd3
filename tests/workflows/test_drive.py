"""Going on with a run exactly where it was, wherever the process died."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from agents.contracts import Plan, Request, Usage
from sandbox.errors import BranchTaken, SandboxError
from sandbox.reports import Gate
from workflows.control import Control
from workflows.drive import SERDE, _named, _session
from workflows.endings import Ending
from workflows.runs import RunInfo
from workflows.state import RunState

INFO = RunInfo(
    id="r", created=0, repo=str(Path("repo").absolute()), request=Request(text="x"), branch="b", engine="offline"
)


class Dying(InMemorySaver):
    """Keeps what a node said and dies before the checkpoint after it, once."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._left = at

    async def aput(self, *args: Any, **kwargs: Any) -> Any:
        self._left -= 1
        if self._left == 0:
            raise SystemError("killed")
        return await super().aput(*args, **kwargs)


@pytest.mark.parametrize("at", range(2, 5))
async def test_a_run_killed_between_a_node_and_its_checkpoint_goes_on(at: int) -> None:
    calls = []
    saver = Dying(at)
    builder = StateGraph(RunState)

    def node(name: str) -> Any:
        def work(_: RunState) -> RunState:
            calls.append(name)
            return {"ending": "delivered", "reason": name} if name == "last" else {"reason": name}

        return work

    builder.add_node("first", node("first"))
    builder.add_node("last", node("last"))
    builder.add_edge(START, "first").add_edge("first", "last").add_edge("last", END)
    graph: Any = builder.compile(checkpointer=saver)
    context: Any = None
    with pytest.raises(SystemError):
        await _session(graph, INFO, context, lambda _: None)
    assert await _session(graph, INFO, context, lambda _: None) == (Ending.DELIVERED, "last")
    assert calls == ["first", "last"], "what was done is not done again"


async def test_the_reason_gives_advice_and_the_problem_of_many_runs_does_not() -> None:
    async def refused() -> tuple[Ending, str]:
        raise BranchTaken("branch x exists already", advice="use --branch NAME", where="/r")

    ended = await _named(asyncio.ensure_future(refused()), Control())
    assert ended == (Ending.REFUSED, "/r: branch x exists already: use --branch NAME", "branch x exists already")
    assert str(SandboxError("refused:\na does not exist.", advice="Do without.")).endswith("exist.\nDo without.")


def test_the_first_reason_to_stop_counts_and_everybody_is_told_once() -> None:
    control, told = Control(), []
    control.on_stop(lambda: told.append("early"))
    control.stop(Ending.BUDGET, "time")
    control.stop(Ending.CANCELLED, "you")
    control.on_stop(lambda: told.append("late"))
    assert (control.ending, control.reason, told) == (Ending.BUDGET, "time", ["early", "late"])


def test_only_our_own_types_come_back_from_a_checkpoint() -> None:
    plan = Plan(summary="Add notes", criteria=[], steps=[])
    assert SERDE.loads_typed(SERDE.dumps_typed(plan)) == plan
    for other in (Usage(calls=1), Gate(name="g", passed=True, evidence="e")):
        assert not isinstance(SERDE.loads_typed(SERDE.dumps_typed({"v": other}))["v"], type(other)), other
