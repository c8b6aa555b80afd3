"""Turn the request into a plan."""

from langgraph.runtime import Runtime

from agents.contracts import Answer
from workflows.nodes.common import brief_for, context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Ask the planner; with `assume`, open questions are answered by their defaults at once."""
    context = context_of(runtime)
    answers = state.get("answers", [])
    name = f"plan-{len(answers)}"
    async with step(context, name, "Planning"):
        desk = context.lab.desk(role="planner")
        plan = await context.team.planner.plan(brief_for(state, context, desk, name))
        context.record.save_report("plan", plan)
        context.record.emit("plan", **plan.model_dump(mode="json", exclude={"spec"}))
    update: RunState = {"plan": plan}
    if plan.questions and not answers and state["request"].assume:
        update["answers"] = [Answer(question=q.id, text=q.default, assumed=True) for q in plan.questions]
    return update
