"""Write the acceptance tests and commit them before any code."""

from langgraph.runtime import Runtime

from agents.contracts import TestSuite
from agents.openapi_contract import PATH, contract_tests
from workflows.held import SHOWS, SUBJECT, file_suite
from workflows.nodes.common import brief_for, context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: tests committed under this step's name are not written twice, only read again."""
    context = context_of(runtime)
    name = f"tests-{state.get('red_tries', 0)}"
    fix = state["request"].kind == "fix"
    title, subject = ("Writing a test that shows the bug", SHOWS) if fix else ("Writing the acceptance tests", SUBJECT)
    async with step(context, name, title):
        context.lab.reset(state["head"])
        if state.get("held"):
            context.lab.lay_tests(state["full_tests"])
        desk = context.lab.desk(role="tester", base=state["base"])
        brief = brief_for(state, context, desk, name, untold=True)
        suite = await context.team.tester.write_tests(brief, state["plan"])
        suite = _with_contract(suite, state, context)
        filed = file_suite(
            context.lab, desk, suite, state["plan"], step=name, hold=context.limits.held_out, subject=subject
        )
        if filed.visible != state["head"]:
            context.record.emit("commit", sha=filed.visible, subject=subject, step=name)
        if filed.held:
            told = f"{len(filed.held)} of {len(suite.cases)} tests are held out until the verdict"
            context.record.emit("note", text=told)
    return {
        "tests_commit": filed.visible,
        "full_tests": filed.full,
        "head": filed.visible,
        "cases": list(suite.cases),
        "held": [case.node_id for case in filed.held],
        "red_tries": state.get("red_tries", 0) + 1,
    }


def _with_contract(suite: TestSuite, state: RunState, context: Context) -> TestSuite:
    """Hold the result to the OpenAPI document that came with the request, beside what earlier runs were held to."""
    document, lab = state["request"].openapi, context.lab
    if not document:
        return suite
    before = set(lab.files(state["base"]))
    stem, number, path = PATH.removesuffix(".py"), 2, PATH
    while path in before:
        path, number = f"{stem}_{number}.py", number + 1
    file, case = contract_tests(document, path, guard=lab.service(state["base"]) is not None)
    return suite.model_copy(update={"files": (*suite.files, file), "cases": (*suite.cases, case)})
