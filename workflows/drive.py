"""Carry a run through its graph in this process: start, ask, stop on time, and name the ending."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.errors import GraphRecursionError, NodeTimeoutError
from langgraph.types import Command

from agents.errors import (
    AgentError,
    BadAnswer,
    BudgetExceeded,
    Contradiction,
    ModelUnavailable,
    NoOpenApi,
    NotUnderstood,
)
from agents.recipes.recipe import WrongArgument
from sandbox.errors import BranchTaken, DependencyError, RepositoryRefused, SandboxError
from workflows.control import Control
from workflows.endings import Ending, EndRun
from workflows.graphs import RECURSION_LIMIT, Graph
from workflows.kinds import graph_of
from workflows.runs import RunInfo, Runs
from workflows.state import STATE_TYPES, Context, RunState

Ask = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Given the graph's question, the user's answer, or None when nobody is there."""

SERDE = JsonPlusSerializer(allowed_msgpack_modules=STATE_TYPES)
"""How a checkpoint is written; only our own types are brought back to life."""

ENDING_OF: tuple[tuple[type[BaseException], Ending], ...] = (
    (NotUnderstood, Ending.NOT_UNDERSTOOD),
    (Contradiction, Ending.NEEDS_HUMAN),
    (NoOpenApi, Ending.REFUSED),
    (BudgetExceeded, Ending.BUDGET),
    (ModelUnavailable, Ending.MODEL_UNAVAILABLE),
    (BadAnswer, Ending.MODEL_UNAVAILABLE),
    (AgentError, Ending.MODEL_UNAVAILABLE),
    (RepositoryRefused, Ending.REFUSED),
    (WrongArgument, Ending.REFUSED),
    (DependencyError, Ending.REFUSED),
    (BranchTaken, Ending.REFUSED),
    (SandboxError, Ending.INFRA),
    (GraphRecursionError, Ending.STUCK),
    (NodeTimeoutError, Ending.INFRA),
    (sqlite3.Error, Ending.INFRA),
    (OSError, Ending.INFRA),
)


OpenSaver = Callable[[Path], AbstractAsyncContextManager[BaseCheckpointSaver[Any]]]
"""Given the run's directory, where its checkpoints are kept."""


@asynccontextmanager
async def in_directory(home: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Checkpoints in a file of the run's directory."""
    async with aiosqlite.connect(home / "checkpoint.sqlite") as connection:
        saver = AsyncSqliteSaver(connection, serde=SERDE)
        await saver.setup()
        await saver.conn.execute("pragma synchronous=NORMAL")
        yield saver


async def drive(
    runs: Runs,
    info: RunInfo,
    context: Context,
    control: Control,
    *,
    timeout_s: float,
    ask: Ask,
    checkpoints: OpenSaver = in_directory,
) -> RunInfo:
    """Run (or resume) until an ending; the caller holds the run's lock. Never raises for a foreseeable failure.

    Args:
        timeout_s: most seconds of work on this run, earlier sessions included.
        ask: called with a pending question.
    """
    values: dict[str, Any] = {}
    try:
        context.record.emit("run_started", run=info.id, request=info.request.text, engine=info.engine, repo=info.repo)
        async with checkpoints(runs.home(info.id)) as saver:
            graph = graph_of(info.request.kind, saver)
            await asyncio.to_thread(_remove_leftovers, context)
            work = asyncio.create_task(_session(graph, info, context, ask))
            control.on_stop(_canceller(work))
            watcher = asyncio.create_task(_watch(runs, info, context, control, timeout_s))
            ending, reason, problem = await _named(work, control)
            watcher.cancel()
            values = dict((await graph.aget_state(_config(info))).values)
    except (sqlite3.Error, OSError) as error:
        ending, reason = Ending.INFRA, f"the run's own files cannot be written: {error}"
        problem = reason
    info = info.model_copy(update={"problem": problem})
    return _finish(runs, info, context, ending, reason, values)


def _remove_leftovers(context: Context) -> None:
    """Containers of a session that was killed: a resume does not begin at `prepare`, which looks for them too."""
    with suppress(SandboxError):  # an engine that does not answer is named by the node that needs it
        context.lab.engine.sweep()
        context.lab.engine.remove_run(context.run_id)


def _config(info: RunInfo) -> Any:
    return {"configurable": {"thread_id": info.id}, "recursion_limit": RECURSION_LIMIT}


async def _named(work: "asyncio.Task[tuple[Ending, str]]", control: Control) -> tuple[Ending, str, str]:
    """Ending, reason and problem of a session, whatever ended it; anything not listed is a bug and propagates."""
    try:
        ending, reason = await work
        return ending, reason, reason
    except asyncio.CancelledError:
        if not control.stopped():
            raise
        return control.ending, control.reason, control.reason
    except EndRun as error:
        return error.ending, error.reason, error.reason
    except tuple(kind for kind, _ in ENDING_OF) as error:
        if control.stopped():
            return control.ending, control.reason, control.reason
        ending = next(word for kind, word in ENDING_OF if isinstance(error, kind))
        reason = str(error) or type(error).__name__
        return ending, reason, error.problem if isinstance(error, SandboxError) else reason


async def _session(graph: Graph, info: RunInfo, context: Context, ask: Ask) -> tuple[Ending, str]:
    config = _config(info)
    snapshot = await graph.aget_state(config)
    feed: Any = None if snapshot.created_at else RunState(request=info.request)
    while True:
        snapshot = await graph.aget_state(config)
        if snapshot.interrupts:
            question = snapshot.interrupts[0]
            given = ask(question.value)
            if given is None:
                return Ending.NEEDS_ANSWER, "the run waits for your answer"
            feed = Command(resume={question.id: given})
        elif snapshot.created_at and not snapshot.tasks:
            values = snapshot.values
            return Ending(values.get("ending") or Ending.STUCK), values.get("reason", "")
        async for _ in graph.astream(
            feed, config, context=context, stream_mode=["updates"], version="v2", durability="sync"
        ):
            pass
        feed = None


def _canceller(work: "asyncio.Task[Any]") -> Callable[[], None]:
    """Cancels the work from any thread or signal handler, before it can save what a stopped sandbox said."""
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        with suppress(RuntimeError):  # the loop is closed: the run has ended already
            loop.call_soon_threadsafe(work.cancel)

    return cancel


async def _watch(runs: Runs, info: RunInfo, context: Context, control: Control, timeout_s: float) -> None:
    """Two reasons to stop besides a signal: another process's word and the clock."""
    while not control.stopped():
        await asyncio.sleep(0.2)
        if runs.asked_to_stop(info.id):
            control.stop(Ending.CANCELLED, "stopped by `greenloop cancel`")
        if context.record.elapsed_s > timeout_s:
            control.stop(Ending.BUDGET, f"the {timeout_s:g} s of --timeout are used up")


def _finish(
    runs: Runs, info: RunInfo, context: Context, ending: Ending, reason: str, values: dict[str, Any]
) -> RunInfo:
    """Write the ending down: first the run's own file, then the event everybody waits for."""
    done = info.model_copy(update={"ending": ending, "reason": reason, "commit": values.get("best", "")})
    try:
        runs.save(done)
        context.record.emit(
            "run_ended",
            run=info.id,
            ending=ending,
            reason=reason,
            branch=values.get("branch", ""),
            commit=done.commit,
            usage=context.ledger.totals().model_dump(),
        )
    except OSError as error:
        reason = reason if ending is Ending.INFRA else f"the run's own files cannot be written: {error}"
        return done.model_copy(update={"ending": Ending.INFRA, "reason": reason, "problem": reason})
    return done
