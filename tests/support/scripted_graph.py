"""A short graph on the real parts: git workspaces, paid calls over HTTP, containers, one branch; its words are given.

The request's text is JSON: `calls` (paid), `pause_s` (in each node), `docker`, `ending`.
"""

import asyncio
import json
from itertools import pairwise
from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agents.calls import Caller
from agents.models import ModelConfig
from sandbox.base_image import base_tag
from sandbox.protocol import Command
from workflows.endings import Ending, EndRun
from workflows.graphs import Graph
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState

IMAGE = base_tag("python:3.12-slim")


def wants(state: RunState) -> dict[str, Any]:
    return json.loads(state["request"].text)


async def prepare(state: RunState, runtime: Runtime[Context]) -> RunState:
    context = context_of(runtime)
    async with step(context, "prepare", "Prepare"):
        base = await asyncio.to_thread(context.lab.prepare)
        await asyncio.sleep(wants(state)["pause_s"])
    return {"base": base, "head": base}


async def plan(state: RunState, runtime: Runtime[Context]) -> RunState:
    context = context_of(runtime)
    async with step(context, "plan", "Plan"):
        await paid(state, context, "plan")
    return {"feedback": "planned"}


async def build(state: RunState, runtime: Runtime[Context]) -> RunState:
    context, lab = context_of(runtime), context_of(runtime).lab
    async with step(context, "build", "Build"):
        commit = lab.find_step("build-0")
        if commit is None:
            lab.reset(state["head"])
            for number in range(wants(state)["calls"]):
                lab.write(f"made-{number}.txt", await paid(state, context, f"build-{number}") + "\n")
            await asyncio.sleep(wants(state)["pause_s"])
            commit = lab.commit("Make files", step="build-0", verdict="unverified")
        else:
            lab.reset(commit)
        context.record.emit("commit", sha=commit, subject="Make files", step="build-0")
    return {"head": commit}


async def check(state: RunState, runtime: Runtime[Context]) -> RunState:
    context, lab = context_of(runtime), context_of(runtime).lab
    async with step(context, "check", "Check"):
        if wants(state)["docker"]:
            await asyncio.to_thread(in_container, context)
        await asyncio.sleep(wants(state)["pause_s"])
        assert lab.workspace.head() == state["head"]
    ending = wants(state)["ending"]
    if ending not in ("delivered", "partial"):
        raise EndRun(Ending(ending), f"the script says {ending}")
    return {"best": state["head"], "ending": ending}


def in_container(context: Context) -> None:
    with context.lab.engine.open(IMAGE, run_id=context.run_id, limits=context.lab.limits) as box:
        done = box.run(Command(argv=["/bin/echo", "here"], timeout_s=20))
        assert done.stdout == b"here\n"


async def deliver(state: RunState, runtime: Runtime[Context]) -> RunState:
    context = context_of(runtime)
    async with step(context, "deliver", "Deliver"):
        await asyncio.to_thread(context.lab.deliver, state["best"], context.branch)
        context.record.write_text("report.md", f"# {context.branch}\n\nScripted.\n")
    return {"branch": context.branch}


async def paid(state: RunState, context: Context, name: str) -> str:
    """One paid call; the prompt names the run and the step, so that a repetition is seen at the server."""
    model = ModelConfig(name="scripted", base_url=wants(state)["model"], price_input=1.0, price_output=1.0)
    caller = Caller({"default": [model]}, ledger=context.ledger, journal=context.record)
    reply = await caller.ask("builder", name, [HumanMessage(f"{context.run_id} {name}")])
    return reply.text


def build_graph(saver: BaseCheckpointSaver[Any] | None = None) -> Graph:
    builder = StateGraph(RunState, context_schema=Context)
    order = [prepare, plan, build, check, deliver]
    for node in order:
        builder.add_node(node.__name__, node)
    builder.add_edge(START, "prepare").add_edge("deliver", END)
    for first, then in pairwise(order):
        builder.add_edge(first.__name__, then.__name__)
    return builder.compile(checkpointer=saver)
