"""Make the workspace, clean up after earlier attempts, learn what the repository's own tests say."""

import asyncio
from collections.abc import Collection

from langgraph.runtime import Runtime

from workflows.judgement import baseline
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a workspace and a baseline that are there already are used.

    A fix has its baseline later: whether the bug shows itself is known sooner, and may be all there is to know.
    """
    context = context_of(runtime)
    async with step(context, "prepare", "Preparing the workspace and the sandbox"):
        base = await asyncio.to_thread(context.lab.prepare)
        if state["request"].kind != "fix":
            await own_tests(context, base)
    return {"base": base, "head": base}


async def own_tests(context: Context, base: str, endless: Collection[str] = ()) -> None:
    """Learn what they say; `endless`: those known not to end."""
    known = await asyncio.to_thread(baseline, context.lab, base, endless)
    if known.failing:
        count, verb = len(known.failing), "fails" if len(known.failing) == 1 else "fail"
        context.record.emit("note", text=f"{count} of the repository's own tests {verb} already")
