"""Let a model repair it: several patches side by side at first, one at a time when a verdict came back."""

from langgraph.runtime import Runtime

from workflows.nodes.common import context_of, step
from workflows.patches import one_more, side_by_side
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a finished patch is found by its step; replies that were paid for come from the record."""
    context = context_of(runtime)
    number = state.get("round", 0)
    name = f"patch-{number}"
    many = not state.get("patched") and context.limits.patches > 1
    title = f"Making {context.limits.patches} patches side by side" if many else "Repairing"
    async with step(context, name, title):
        commit = context.lab.find_step(name)
        if commit is None:
            make = side_by_side if many else one_more
            commit = await make(state, context, name)
        else:
            context.lab.reset(commit)
        context.record.emit("commit", sha=commit, subject=context.lab.subject(commit), step=name)
    return {"head": commit, "round": number + 1, "feedback": "", "complete": "", "patched": True}
