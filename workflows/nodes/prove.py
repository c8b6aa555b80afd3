"""The verdict on all steps together; the step it refuses is cut down to what it does not refuse, or taken out."""

import asyncio
from typing import Any

from langgraph.runtime import Runtime

from agents.contracts import Frozen
from sandbox.replay import hold
from sandbox.reports import Word
from workflows.bisect import bisect
from workflows.endings import Ending, EndRun
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState
from workflows.steps import Before, judged, keep_made, made, refusal, tests_of, told_of, work_of


class Withdrawn(Frozen):
    """A step that a verdict refused."""

    step: int
    reason: str


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Green is the sandbox's word alone."""
    context = context_of(runtime)
    if (known := context.record.load_report(_saved(state), Withdrawn)) is not None:
        return _back(state, context, known)
    standing = [number for number, one in enumerate(made(context, state)) if one.commit]
    if not standing:
        raise EndRun(Ending.STUCK, _nothing_left(state, context))
    name = f"verdict-{len(state['withdrawn'])}"
    async with step(context, name, "Verifying in a fresh container"):
        verdict = await asyncio.to_thread(judged, context, {**state, "trial": ""}, state["head"])
        context.record.save_report(name, verdict)
        context.record.emit("verdict", **verdict.model_dump(mode="json", exclude={"failures", "levels"}))
        if verdict.word is Word.GREEN:
            return {
                "verdict": name, "ending": Ending.DELIVERED.value, "best": state["head"], "complete": state["head"],
                "reason": "", "next": "hand_over",
            }  # fmt: skip
        told_of(context, state["head"], verdict)
        found = await asyncio.to_thread(_culprit, state, context, standing)
    context.record.save_report(_saved(state), found)
    context.record.emit("note", text=f"{made(context, state)[found.step].title}: {found.reason[:240]}")
    return _back(state, context, found)


def _saved(state: RunState) -> str:
    return f"withdrawn-{len(state['withdrawn'])}"


def _culprit(state: RunState, context: Context, standing: list[int]) -> Withdrawn:
    """The first step after which the verdict is not green any more."""
    done = made(context, state)
    context.record.emit("note", text="looking for the step that the verdict is about")
    commits = [done[number].commit for number in standing]
    asked: RunState = {**state, "trial": ""}
    found = bisect(state["full_tests"], commits, lambda c: bool(refusal(context, asked, c)))
    if not found.first_bad:
        reason = refusal(context, asked, state["full_tests"])
        raise EndRun(Ending.REFUSED, f"the code is not green before the refactoring already: {reason}")
    return Withdrawn(step=standing[commits.index(found.first_bad)], reason=refusal(context, asked, found.first_bad))


def _back(state: RunState, context: Context, found: Withdrawn) -> RunState:
    """Go back to before the step: it is cut down, or left out when that did not help.

    Later ones are made again: recipes anew, those of a builder as they were where that still applies and is green.
    """
    done, culprit = made(context, state), found.step
    before = [one.commit for one in done[:culprit] if one.commit]
    head = before[-1] if before else state["full_tests"]
    whole = state["withdrawn"].count(culprit) >= context.limits.max_narrowed
    for number in range(culprit, len(done)):
        if done[number].commit:
            hold(context.lab.workspace.git, done[number].commit, f"{_saved(state)}-step-{number + 1}")
    for number in range(culprit if whole else culprit + 1, len(done)):
        one = done[number]
        was = Before(start=one.start, commit=one.commit, left_out=one.left_out) if one.commit else one.before
        left: dict[str, Any] = {"commit": "", "files": (), "left_out": (), "before": was}
        reason = {"reason": found.reason, "before": None} if number == culprit else {}
        keep_made(context, {**state, "step": number}, one.model_copy(update=left | reason))
    context.lab.reset(head)
    last = culprit + 1 >= len(work_of(state).steps)
    common: RunState = {
        "head": head,
        "tests_commit": tests_of(context.lab, state, head),
        "attempt": 0,
        "withdrawn": [*state["withdrawn"], culprit],
    }
    if not whole:
        going: RunState = {"step": culprit, "trial": done[culprit].commit, "refused": found.reason, "next": "narrow"}
        return {**common, **going}
    return {**common, "step": culprit + 1, "trial": "", "refused": "", "next": "prove" if last else "apply_step"}


def _nothing_left(state: RunState, context: Context) -> str:
    rows = [f"{o.where}: {o.reason}" for one in made(context, state) for o in one.left_out]
    rows += [f"{one.recipe or one.title}: {one.reason}" for one in made(context, state) if one.reason]
    return f"no part of it can be kept: {'; '.join(rows)[:1500]}"
