"""Bring the result into the user's repository as one new branch and write the report."""

import asyncio

from langgraph.runtime import Runtime

from sandbox.reports import Verdict
from workflows.nodes.common import context_of, step
from workflows.report import render_report
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a branch that points at the commit already is left as it is."""
    context = context_of(runtime)
    commit = state["best"]
    async with step(context, "deliver", "Delivering the branch"):
        await asyncio.to_thread(context.lab.deliver, commit, context.branch)
        verdict = context.record.load_report(state.get("verdict", ""), Verdict) if state.get("verdict") else None
        report = render_report(state, context, verdict, context.lab.changes(state["base"], commit))
        context.record.write_text("report.md", report)
    return {"branch": context.branch}
