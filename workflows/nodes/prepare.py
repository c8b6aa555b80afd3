"""Make the workspace, clean up after earlier attempts, learn what the repository's own tests say."""

import asyncio

from langgraph.runtime import Runtime

from workflows.judgement import baseline
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a workspace and a baseline that are there already are used."""
    context = context_of(runtime)
    async with step(context, "prepare", "Preparing the workspace and the sandbox"):
        base = await asyncio.to_thread(context.lab.prepare)
        known = await asyncio.to_thread(baseline, context.lab, base)
        if known.failing:
            context.record.emit("note", text=f"{len(known.failing)} of the repository's own tests fail already")
    return {"base": base, "head": base}
