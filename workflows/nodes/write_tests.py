"""Write the acceptance tests and commit them before any code."""

from langgraph.runtime import Runtime

from agents.contracts import Request, TestSuite
from agents.openapi_contract import contract_tests
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
        suite = _with_contract(suite, state["request"])
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


def _with_contract(suite: TestSuite, request: Request) -> TestSuite:
    """Hold the result to the OpenAPI document that came with the request."""
    if not request.openapi:
        return suite
    file, case = contract_tests(request.openapi)
    return TestSuite(files=(*suite.files, file), cases=(*suite.cases, case))
