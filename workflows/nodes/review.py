"""Let a reviewer veto a green result. It can send back, it can never pass."""

from langgraph.runtime import Runtime

from workflows.nodes.common import brief_for, context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Without a reviewer in the team there is nothing to do; vetoes are bounded."""
    context = context_of(runtime)
    reviewer = context.team.reviewer
    if reviewer is None or state.get("vetoes", 0) >= context.limits.max_vetoes:
        return {"next": "deliver"}
    name = f"review-{state['round']}"
    async with step(context, name, "Reviewing the change"):
        context.lab.reset(state["head"])  # without the held-out checks: a veto goes to the builder
        diff = context.lab.diff(state["base"], state["head"])
        brief = brief_for({**state, "report": "", "feedback": ""}, context, context.lab.desk(role="planner"), name)
        veto = await reviewer.review(brief, state["plan"], diff)
    if not veto:
        return {"next": "deliver"}
    context.record.emit("note", text=f"the reviewer objects: {veto}")
    return {"next": "build", "vetoes": state.get("vetoes", 0) + 1, "ending": "", "feedback": veto, "report": ""}
