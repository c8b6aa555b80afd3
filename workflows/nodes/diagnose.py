"""Red: decide whether the code or a test is to blame, or whether there is no progress any more."""

from dataclasses import replace

from langgraph.runtime import Runtime

from agents.contracts import Blame
from sandbox.gates import documented
from sandbox.reports import Verdict, Word
from workflows.endings import Ending, EndRun
from workflows.evidence import REPAIRS, Repairs
from workflows.nodes.common import brief_for, context_of, step
from workflows.routing import best_round, no_progress
from workflows.settings import OFFLINE
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Cheap before dear: the builder gets one try before anybody is paid to ask whose fault it is."""
    context = context_of(runtime)
    rounds = state["rounds"]
    async with step(context, f"diagnose-{len(rounds)}", "Reading the failures"):
        if repairs := _repairs_left(state, context):
            return repairs
        if stuck := no_progress(rounds, context.limits):
            return _stop(state, context, stuck)
        if rounds[-1].word == Word.WEAK_TESTS and state.get("triaged", 0) < context.limits.max_triages:
            return _more_tests(state)
        if len(rounds) < 2 or state.get("triaged", 0) >= context.limits.max_triages:
            return {"next": "build"}
        blame = await _triage(state, context)
    if blame.fault == "request":
        raise EndRun(Ending.NEEDS_HUMAN, blame.reason)
    if blame.fault == "test":
        return {
            "next": "write_tests",
            "triaged": state.get("triaged", 0) + 1,
            "feedback": f"{blame.reason}\nRewrite: {', '.join(blame.tests)}",
            "red_proven": False,
        }
    # The tester has seen the held-out checks; its words on them would give them away.
    told = state.get("feedback", "") if state.get("complete") and state.get("held") else blame.reason
    return {"next": "build", "triaged": state.get("triaged", 0) + 1, "feedback": told}


def _repairs_left(state: RunState, context: Context) -> RunState | None:
    """A further repair that was found by rule costs nothing, so it comes before anybody is asked."""
    found = context.record.load_report(REPAIRS, Repairs) if state["request"].kind == "fix" else None
    if found is None or state.get("patched") or state["rounds"][-1].word == Word.TAMPERED:
        return None
    if state["rounds"][-1].number >= context.limits.max_rounds:
        return None
    if state["repair"] < len(found.ready):
        return {"next": "repair"}
    if context.team.name != OFFLINE:
        return {"next": "build"}
    if against := against_the_documents(state, context):
        raise EndRun(Ending.NEEDS_HUMAN, f"what the tests ask for contradicts the documentation: {against}")
    return {"next": "repair"}


def against_the_documents(state: RunState, context: Context) -> str:
    """What the documentation says otherwise, when that is why the last verdict was not green; else empty."""
    verdict = context.record.load_report(state.get("verdict", ""), Verdict) if state.get("verdict") else None
    bad = [gate for gate in verdict.gates if gate.blocking and not gate.passed] if verdict else []
    return next((gate.evidence for gate in bad if gate.name == documented.NAME), "")


def _more_tests(state: RunState) -> RunState:
    """The code is green and the tests would not notice damage to it: they are the tester's to sharpen."""
    wanted = "Keep the tests there are and add some that notice this damage to the code"
    return {
        "next": "write_tests",
        "triaged": state.get("triaged", 0) + 1,
        "feedback": f"{wanted}: {state.get('feedback', '')}",
        "red_proven": False,
    }


async def _triage(state: RunState, context: Context) -> Blame:
    name = f"triage-{len(state['rounds'])}"
    context.lab.reset(state.get("complete") or state["head"])
    desk = context.lab.desk(role="tester")
    cases = frozenset(case.node_id for case in state["cases"])
    brief = replace(brief_for(state, context, desk, name, untold=True), cases=cases)
    blame = await context.team.tester.triage(brief, state["plan"])
    context.record.emit("note", text=f"triage: the {blame.fault} is to blame: {blame.reason}")
    return blame


def _stop(state: RunState, context: Context, reason: str) -> RunState:
    """Try once more from the best commit with other means if allowed, else hand over what is best."""
    rounds = state["rounds"]
    best = best_round(rounds)
    replans = state.get("replans", 0)
    room = replans < context.limits.max_replans and state["round"] < context.limits.max_rounds
    if room and context.team.name != OFFLINE:
        context.record.emit("note", text=f"no progress ({reason}); going back to the best commit for another approach")
        return {
            "next": "build",
            "replans": replans + 1,
            "head": best.commit if best else state["tests_commit"],
            "feedback": f"No progress: {reason}. Take a different approach from the one that failed.",
        }
    if rounds[-1].word == Word.TAMPERED:
        raise EndRun(
            Ending.NEEDS_HUMAN, f"the sources of the verdict disagree, so nothing is delivered: {state['feedback']}"
        )
    if best is None:
        raise EndRun(Ending.STUCK, f"{reason}; no acceptance test ever passed")
    return {"next": "deliver", "best": best.commit, "ending": "partial", "reason": f"{reason}"}
