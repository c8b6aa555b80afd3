"""What every node needs: the brief for a role, timing, and the last report."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.runtime import Runtime

from agents.roles import Brief, Desk
from sandbox.reports import SuiteReport
from workflows.state import Context, RunState

EMPTY_REPORT = SuiteReport(word="green")
UNTOLD = "-untold"
"""Ends the name of a report that tells of held-out checks too, for the tester alone."""


def context_of(runtime: Runtime[Context]) -> Context:
    """The live objects; a run without them is a programming error."""
    if runtime.context is None:
        raise RuntimeError("the graph was started without its context")
    return runtime.context


@asynccontextmanager
async def step(context: Context, name: str, title: str) -> AsyncIterator[None]:
    """Tell when a step starts and ends, and what the ledger says then."""
    started = context.record.elapsed_s
    context.record.emit("step_started", step=name, title=title)
    yield
    usage = context.ledger.totals()
    if usage.calls:
        context.record.emit("usage", **usage.model_dump())
    context.record.emit("step_done", step=name, seconds=round(context.record.elapsed_s - started, 2))


def last_report(state: RunState, context: Context, *, untold: bool = False) -> SuiteReport:
    """The suite report somebody has to act on, an empty one when there is none."""
    name = state.get("report", "")
    if not name:
        return EMPTY_REPORT
    found = context.record.load_report(f"{name}{UNTOLD}", SuiteReport) if untold else None
    return found or context.record.load_report(name, SuiteReport) or EMPTY_REPORT


def brief_for(state: RunState, context: Context, desk: Desk, step_name: str, *, untold: bool = False) -> Brief:
    """What a role gets to see in this step; `untold`: failures of held-out checks as they are."""
    report = last_report(state, context, untold=untold)
    feedback = state.get("feedback", "")
    if not report.failures() and report.reason:
        feedback = "\n".join(part for part in (feedback, report.reason, report.service_output) if part)
    return Brief(
        request=state["request"],
        desk=desk,
        answers=tuple(state.get("answers", [])),
        round=state.get("round", 0),
        step=step_name,
        failures=report.failures(),
        feedback=feedback,
        tell=lambda text: context.record.emit("note", text=text),
    )
