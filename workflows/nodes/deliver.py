"""Bring the result into the user's repository as one new branch and write the report."""

import asyncio

from langgraph.runtime import Runtime

from sandbox.reports import Verdict
from workflows.endings import Ending
from workflows.fix_report import render_fix_report
from workflows.held import completed
from workflows.nodes.common import context_of, step
from workflows.report import render_report
from workflows.state import Context, RunState

RENDERERS = {"fix": render_fix_report}
"""Kind of request -> who writes its report, where it is not the common one."""


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a branch that points at the commit already is left as it is."""
    context = context_of(runtime)
    name = state.get("verdict", "")
    verdict = context.record.load_report(name, Verdict) if name else None
    async with step(context, "deliver", "Delivering the branch"):
        best = state["best"]
        if best == state.get("complete"):
            context.lab.reset(best)
        else:
            best = completed(context.lab, state, best, "held-best")
        commit = context.lab.sealed(best, verdict.word if verdict else "red")
        if verdict and state.get("ending") == Ending.DELIVERED:
            verdict = verdict.model_copy(update={"commit": commit})
            context.record.save_report(name, verdict)
        await asyncio.to_thread(context.lab.deliver, commit, context.branch)
        render = RENDERERS.get(state["request"].kind, render_report)
        report = render(state, context, verdict, context.lab.changes(state["base"], commit))
        context.record.write_text("report.md", report)
    return {"branch": context.branch, "best": commit}
