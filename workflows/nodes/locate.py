"""Learn what the repository's own tests say, find the lines that may be to blame, and say why."""

import asyncio

from langgraph.runtime import Runtime

from workflows.evidence import WHERE, Where
from workflows.nodes.common import context_of, last_report, step
from workflows.nodes.prepare import own_tests
from workflows.repairs import locate
from workflows.state import Context, RunState

SHOWN = 3


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The ranking is kept in the record (see `greenloop show RUN --where`)."""
    context = context_of(runtime)
    if context.record.load_report(WHERE, Where) is not None:
        return {}
    unended = last_report(state, context).unended
    async with step(context, "baseline", "Running the repository's own tests"):
        await own_tests(context, state["base"], [unended] if unended else [])
    async with step(context, "locate", "Looking for the lines to blame"):
        found = await asyncio.to_thread(locate, state, context)
        context.record.save_report(WHERE, found)
        for place in found.places[:SHOWN]:
            told = f"{place.path}:{place.line} {place.text.strip()[:80]} ({', '.join(place.reasons)})"
            context.record.emit("note", text=told)
        if found.note:
            context.record.emit("note", text=found.note)
    return {}
