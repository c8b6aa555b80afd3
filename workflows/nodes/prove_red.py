"""Run the new tests on the code before the change: each one has to fail, for the right reason."""

import asyncio
from collections.abc import Sequence

from langgraph.runtime import Runtime

from agents.contracts import TestCase
from sandbox.reports import SuiteReport, Word
from workflows.endings import Ending, EndRun
from workflows.nodes.common import context_of, step
from workflows.routing import fingerprint
from workflows.settings import OFFLINE
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Tests that pass already prove nothing: they go back to the tester, a bounded number of times."""
    context = context_of(runtime)
    name = f"red-{state['red_tries']}"
    fix = state["request"].kind == "fix"
    title = "Reproducing the bug" if fix else "Proving that the new tests fail before the change"
    async with step(context, name, title):
        report = await _report(state, context)
        context.record.save_report(name, report)
        cases = standing(state["cases"], report) if fix else state["cases"]
        guards = sum(1 for case in cases if case.guard)
        counts = {"passed": len(report.passed()), "total": len(report.results), "guards": guards}
        context.record.emit("tests", step=name, word=report.word, **counts)
        if report.unended:
            context.record.emit("note", text=report.reason)
        problem = _problem(report, cases)
        if (
            fix
            and not problem
            and not report.unended
            and fingerprint(await _report(state, context)) != fingerprint(report)
        ):
            problem = "the tests fail in another way when they are run again, so they show nothing certain"
    if not problem:
        kept = name if fix else state.get("report", "")
        return {"red_proven": True, "feedback": "", "report": kept, "cases": cases}
    no_more = state["red_tries"] >= context.limits.max_red_tries
    if fix and (no_more or context.team.name == OFFLINE or state["request"].tests):
        raise EndRun(Ending.NOT_REPRODUCED, f"{problem} (tried: {_tried(state)})")
    if no_more:
        raise EndRun(Ending.NEEDS_HUMAN, f"no test could be written that fails before the change: {problem}")
    context.record.emit("note", text=problem)
    return {"red_proven": False, "feedback": problem, "report": name}


async def _report(state: RunState, context: Context) -> SuiteReport:
    return await asyncio.to_thread(context.lab.prove_red, state["base"], state["full_tests"], state["cases"])


def standing(cases: Sequence[TestCase], report: SuiteReport) -> list[TestCase]:
    """The cases of a bug report: where some show the bug, those that pass already guard what is there."""
    bad = {failure.node_id.split("[")[0] for failure in report.failures()}
    if not any(case.node_id.split("[")[0] in bad for case in cases):
        return list(cases)
    good = {node_id.split("[")[0] for node_id in report.passed()} - bad
    return [c.model_copy(update={"guard": True}) if c.node_id.split("[")[0] in good else c for c in cases]


def _tried(state: RunState) -> str:
    return "; ".join(criterion.text for criterion in state["plan"].criteria[:5])


def _problem(report: SuiteReport, cases: Sequence[TestCase]) -> str:
    """Why the proof does not hold, in words for the tester; empty when it holds."""
    guards = {case.node_id for case in cases if case.guard}
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
