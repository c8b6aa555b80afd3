"""Let the builder change the tree, and commit what it did."""

from langgraph.runtime import Runtime

from workflows.decisions import write_decisions
from workflows.held import visible_cases
from workflows.nodes.common import brief_for, context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: the tree is put back to where the round starts; a finished build is found by its step."""
    context = context_of(runtime)
    number = state.get("round", 0)
    name = f"build-{number}"
    title = "Building" if number == 0 else f"Repairing, round {number + 1}"
    async with step(context, name, title):
        commit = context.lab.find_step(name)
        if commit is None:
            context.lab.reset(state["head"])
            context.lab.lay_tests(state["tests_commit"])  # an earlier commit we went back to has earlier tests
            context.lab.remember(visible_cases(state))
            desk = context.lab.desk(role="builder", base=state["base"], tests_commit=state["tests_commit"])
            change = await context.team.builder.build(brief_for(state, context, desk, name), state["plan"])
            if number == 0 and state["request"].record_decisions:
                write_decisions(context.lab, state["plan"])
            commit = context.lab.commit(change.message, step=name, verdict="unverified", body=change.note)
        else:
            context.lab.reset(commit)
        context.record.emit("commit", sha=commit, subject=context.lab.subject(commit), step=name)
    return {"head": commit, "round": number + 1, "feedback": "", "complete": ""}
