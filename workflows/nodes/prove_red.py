"""Run the new tests on the code before the change: each one has to fail, for the right reason."""

import asyncio

from langgraph.runtime import Runtime

from sandbox.reports import SuiteReport, Word
from workflows.endings import Ending, EndRun
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Tests that pass already prove nothing: they go back to the tester, a bounded number of times."""
    context = context_of(runtime)
    name = f"red-{state['red_tries']}"
    async with step(context, name, "Proving that the new tests fail before the change"):
        report = await asyncio.to_thread(context.lab.prove_red, state["base"], state["full_tests"], state["cases"])
        context.record.save_report(name, report)
        guards = sum(1 for case in state["cases"] if case.guard)
        counts = {"passed": len(report.passed()), "total": len(report.results), "guards": guards}
        context.record.emit("tests", step=name, word=report.word, **counts)
    problem = _problem(report, state)
    if not problem:
        return {"red_proven": True, "feedback": "", "report": state.get("report", "")}
    if state["red_tries"] >= context.limits.max_red_tries:
        raise EndRun(Ending.NEEDS_HUMAN, f"no test could be written that fails before the change: {problem}")
    context.record.emit("note", text=problem)
    return {"red_proven": False, "feedback": problem, "report": name}


def _problem(report: SuiteReport, state: RunState) -> str:
    """Why the proof does not hold, in words for the tester; empty when it holds."""
    guards = {case.node_id for case in state["cases"] if case.guard}
    if report.word in (Word.COLLECT_ERROR, Word.NO_TESTS, Word.TAMPERED):
        return f"the tests cannot be run: {report.reason}"
    already = sorted(n for n in report.passed() if n.split("[")[0] not in guards)
    if already:
        return "these tests pass before the change, so they prove nothing: " + ", ".join(already)
    skipped = sorted(r.node_id for r in report.results if r.outcome == "skipped")
    if skipped:
        return "these tests skip themselves: " + ", ".join(skipped)
    broken = sorted(r.node_id for r in report.failures() if r.outcome == "error" and _own_fault(r.message))
    return "these tests fail by an error of their own: " + ", ".join(broken) if broken else ""


def _own_fault(message: str) -> bool:
    """An error that no change of the application can turn into a pass."""
    kinds = ("fixture '", "NameError", "SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError")
    return any(kind in message for kind in kinds)
