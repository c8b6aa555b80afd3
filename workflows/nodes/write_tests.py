"""Write the acceptance tests and commit them before any code."""

from langgraph.runtime import Runtime

from workflows.nodes.common import brief_for, context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: tests committed under this step's name are not written twice, only read again."""
    context = context_of(runtime)
    name = f"tests-{state.get('red_tries', 0)}"
    async with step(context, name, "Writing the acceptance tests"):
        context.lab.reset(state["head"])
        desk = context.lab.desk(role="tester", base=state["base"])
        suite = await context.team.tester.write_tests(brief_for(state, context, desk, name), state["plan"])
        for file in suite.files:
            desk.write(file.path, file.content)
        context.lab.add_test_support()
        commit = context.lab.commit("Add acceptance tests", step=name, verdict="red")
        context.record.emit("commit", sha=commit, subject="Add acceptance tests", step=name)
    return {
        "tests_commit": commit,
        "head": commit,
        "cases": list(suite.cases),
        "red_tries": state.get("red_tries", 0) + 1,
    }
