"""The verdict on all steps together; what it does not find green is taken out again, step by step."""

import asyncio

from langgraph.runtime import Runtime

from agents.contracts import Frozen
from sandbox.errors import EngineFault
from sandbox.reports import Verdict, Word
from workflows.bisect import bisect
from workflows.endings import Ending, EndRun
from workflows.judgement import judge
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState
from workflows.steps import keep, keep_made, made, tests_of, work_of


class Withdrawn(Frozen):
    """A step that a verdict was about."""

    step: int
    reason: str


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Green is the sandbox's word alone."""
    context = context_of(runtime)
    if (known := context.record.load_report(_saved(state), Withdrawn)) is not None:
        return _without(state, context, known)
    standing = [number for number, one in enumerate(made(context, state)) if one.commit]
    if not standing:
        raise EndRun(Ending.STUCK, _nothing_left(state, context))
    name = f"verdict-{len(state['withdrawn'])}"
    async with step(context, name, "Verifying in a fresh container"):
        verdict = await asyncio.to_thread(_judged, state, context, state["head"])
        context.record.save_report(name, verdict)
        context.record.emit("verdict", **verdict.model_dump(mode="json", exclude={"failures", "levels"}))
        if verdict.word is Word.GREEN:
            return {
                "verdict": name, "ending": Ending.DELIVERED.value, "best": state["head"], "complete": state["head"],
                "reason": "", "next": "hand_over",
            }  # fmt: skip
        culprit = await asyncio.to_thread(_culprit, state, context, standing)
    found = Withdrawn(step=culprit, reason=f"the verdict on it was {verdict.word}: {verdict.reason}")
    context.record.save_report(_saved(state), found)
    context.record.emit("note", text=f"taken out again: {made(context, state)[culprit].title}: {found.reason[:240]}")
    return _without(state, context, found)


def _saved(state: RunState) -> str:
    return f"withdrawn-{len(state['withdrawn'])}"


def _judged(state: RunState, context: Context, commit: str) -> Verdict:
    found = judge(
        context.lab, commit, tests_of(context.lab, state, commit), state["base"], state["cases"],
        request=state["request"], plan=state["plan"], preserve=keep(context, {**state, "trial": ""}),
    )  # fmt: skip
    if found.word is Word.SANDBOX_DIED:
        raise EngineFault(f"the container was gone during the verdict: {found.reason}")
    return found


def _culprit(state: RunState, context: Context, standing: list[int]) -> int:
    """The number of the first step after which the verdict is not green any more."""
    done = made(context, state)
    if len(standing) == 1:
        return standing[0]
    context.record.emit("note", text="looking for the step that the verdict is about")
    commits = [done[number].commit for number in standing]
    found = bisect(state["full_tests"], commits, lambda c: _judged(state, context, c).word is not Word.GREEN)
    if not found.first_bad:
        reason = _judged(state, context, state["full_tests"]).reason
        raise EndRun(Ending.REFUSED, f"the code is not green before the refactoring already: {reason}")
    return standing[commits.index(found.first_bad)]


def _without(state: RunState, context: Context, found: Withdrawn) -> RunState:
    """Go back to before the step and make those after it again."""
    done, culprit = made(context, state), found.step
    before = [one.commit for one in done[:culprit] if one.commit]
    head = before[-1] if before else state["full_tests"]
    for number in range(culprit, len(done)):
        left = {"commit": "", "files": ()}
        reason = {"reason": found.reason} if number == culprit else {}
        keep_made(context, {**state, "step": number}, done[number].model_copy(update=left | reason))
    context.lab.reset(head)
    last = culprit + 1 >= len(work_of(state).steps)
    return {
        "head": head,
        "tests_commit": tests_of(context.lab, state, head),
        "trial": "",
        "step": culprit + 1,
        "attempt": 0,
        "withdrawn": [*state["withdrawn"], culprit],
        "next": "prove" if last else "apply_step",
    }


def _nothing_left(state: RunState, context: Context) -> str:
    rows = [f"{o.where}: {o.reason}" for one in made(context, state) for o in one.left_out]
    rows += [f"{one.recipe or one.title}: {one.reason}" for one in made(context, state) if one.reason]
    return f"no part of it can be kept: {'; '.join(rows)[:1500]}"
