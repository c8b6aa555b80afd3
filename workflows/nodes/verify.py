"""The verdict: every gate in a fresh container on the committed tree."""

import asyncio

from langgraph.runtime import Runtime

from sandbox.errors import EngineFault
from sandbox.reports import SuiteReport, Word
from workflows.endings import Ending
from workflows.held import add_tests, completed, findings, held_cases, scrubbed
from workflows.judgement import judge
from workflows.nodes.common import UNTOLD, context_of, step
from workflows.state import Context, Round, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Green is the sandbox's word alone; anything else goes back as findings."""
    context = context_of(runtime)
    name = f"verdict-{state['round']}-{state['red_tries']}"
    async with step(context, name, "Verifying in a fresh container"):
        complete = completed(context.lab, state, state["head"], f"held-{state['round']}-{state['red_tries']}")
        verdict = await asyncio.to_thread(
            judge, context.lab, complete, state["full_tests"], state["base"], state["cases"], state["held"],
            request=state["request"], plan=state["plan"],
        )  # fmt: skip
        if verdict.word is Word.SANDBOX_DIED:
            raise EngineFault(f"the container was gone during the verdict: {verdict.reason}")
        context.record.save_report(name, verdict)
        context.record.emit("verdict", **verdict.model_dump(mode="json", exclude={"failures", "levels"}))
    if verdict.word is Word.GREEN:
        return {"verdict": name, "ending": Ending.DELIVERED.value, "best": complete, "complete": complete, "reason": ""}
    everything = SuiteReport(word=verdict.word, results=verdict.failures, reason=verdict.reason)
    context.record.save_report(f"{name}-findings{UNTOLD}", everything)
    context.record.save_report(f"{name}-findings", findings(verdict, state))
    evidence = (f"{g.name}: {g.evidence}" for g in verdict.gates if not g.passed and g.blocking)
    failed = "; ".join(scrubbed(line, held_cases(state)) for line in evidence)
    red = Round(
        number=state["round"],
        commit=state["head"],
        tree=f"{context.lab.tree_id(state['head'])} verdict",
        word=verdict.word,
        passed=verdict.passed,
        total=verdict.total,
        fingerprint=f"verdict:{verdict.word}:{verdict.reason}"[:80],
    )
    shown = add_tests(context.lab, state, verdict.shows, f"attacks-{state['round']}") if verdict.shows else {}
    return {
        **shown,
        "verdict": name,
        "ending": "",
        "complete": complete,
        "report": f"{name}-findings",
        "feedback": failed,
        "rounds": [red],
    }
