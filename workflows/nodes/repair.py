"""Search for a repair by rule, and commit the next one to try."""

import asyncio

from langgraph.runtime import Runtime

from agents.builder import subject
from workflows.endings import Ending, EndRun
from workflows.evidence import REPAIRS, Repairs
from workflows.nodes.common import context_of, step
from workflows.repairs import search
from workflows.routing import best_round
from workflows.settings import OFFLINE
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: what was searched is kept in the record; a repair that was committed is found by its step."""
    context = context_of(runtime)
    number = state.get("repair", 0)
    name = f"repair-{number}"
    async with step(context, name, "Searching for a repair" if number == 0 else "Trying the next repair"):
        found = context.record.load_report(REPAIRS, Repairs)
        if found is None:
            found = await asyncio.to_thread(search, state, context)
            context.record.save_report(REPAIRS, found)
            context.record.emit("note", text=told(found))
        if number >= len(found.ready):
            return _nothing_left(state, context, found)
        return _committed(state, context, found, number, name)


def told(found: Repairs) -> str:
    """What came of the search, in one line."""
    speed = f"{found.tried} candidates in {found.seconds:.1f} s"
    if not found.ready:
        return f"no repair found by rule ({found.note or speed})"
    first = found.ready[0]
    doubt = "; the tests leave open which repair is meant, see the report" if found.open else ""
    return f"{first.where}: {first.says} ({speed}, {len(found.ready)} to try){doubt}"


def _committed(state: RunState, context: Context, found: Repairs, number: int, name: str) -> RunState:
    repair, lab = found.ready[number], context.lab
    commit = lab.find_step(name)
    if commit is None:
        lab.reset(state["tests_commit"])
        desk = lab.desk(role="builder", base=state["base"], tests_commit=state["tests_commit"])
        for path, text in repair.files.items():
            desk.write(path, text)
        body = f"{repair.where}: {repair.says}" + (f"\n\n{repair.trust}" if repair.trust else "")
        title = subject(f"Fix {state['plan'].summary.removeprefix('Fix: ')}")
        commit = lab.commit(title, step=name, verdict="unverified", body=body)
    else:
        lab.reset(commit)
    context.record.emit("commit", sha=commit, subject=lab.subject(commit), step=name)
    return {
        "head": commit,
        "repair": number + 1,
        "round": state.get("round", 0) + 1,
        "feedback": "",
        "complete": "",
        "next": "check",
    }


def _nothing_left(state: RunState, context: Context, found: Repairs) -> RunState:
    """Ask a model if there is one; else hand over the best there is: at least the test that shows the bug."""
    if context.team.name != OFFLINE:
        return {"next": "build"}
    best = best_round(state.get("rounds", []))
    reason = f"no repair was found by rule ({found.tried} candidates tried)" if not found.ready else (
        f"none of {len(found.ready)} repairs stands up to the verdict"
    )  # fmt: skip
    reason = f"{reason}; {found.note}" if found.note else reason
    shown = context.lab.changes(state["base"], state["tests_commit"])
    if best is None and not shown:
        raise EndRun(Ending.STUCK, reason)
    return {
        "next": "deliver",
        "best": best.commit if best else state["tests_commit"],
        "ending": "partial",
        "reason": reason,
    }
