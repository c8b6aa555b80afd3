"""Run the trusted tests in the warm sandbox: quick, for the loop only; it never decides that a run is green."""

import asyncio

from langgraph.runtime import Runtime

from workflows.held import visible_cases
from workflows.nodes.common import context_of, step
from workflows.routing import fingerprint
from workflows.state import Context, Round, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The report is kept in the record, its summary in the state."""
    context = context_of(runtime)
    name = f"check-{state['round']}-{state['red_tries']}"
    async with step(context, name, "Running the tests in the sandbox"):
        cases = visible_cases(state)
        report = await asyncio.to_thread(context.lab.check, state["head"], state["tests_commit"], cases)
        context.record.save_report(name, report)
        for note in report.notes:
            context.record.emit("note", text=note)
        passed, total = len(report.passed()), max(len(report.results), len(cases))
        context.record.emit("tests", step=name, word=report.word, passed=passed, total=total, reason=report.reason)
    done = Round(
        number=state["round"],
        commit=state["head"],
        tree=context.lab.tree_id(state["head"]),
        word=report.word,
        passed=passed,
        total=total,
        fingerprint=fingerprint(report),
    )
    return {"rounds": [done], "report": name}
