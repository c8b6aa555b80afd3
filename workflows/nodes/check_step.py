"""Hold a step against what was before; only one that changes nothing for anybody goes on as it is."""

import asyncio

from langgraph.runtime import Runtime

from workflows.nodes.common import context_of, step
from workflows.state import Context, Round, RunState
from workflows.steps import check, is_replay, keep_made, made_of, name_of, settled, trusted_of, work_of


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """A builder may try again a bounded number of times; then, or after a recipe, the step is narrowed down."""
    context = context_of(runtime)
    lab, trial, number = context.lab, state["trial"], state["step"]
    if trial == state["head"] or lab.tree_id(trial) == lab.tree_id(state["head"]):
        nothing = {"reason": "nothing was to be done", "before": None}
        keep_made(context, state, made_of(context, state).model_copy(update=nothing))
        return settled(state, state["head"])
    name = f"check-{name_of(state)}-{state['attempt']}"
    async with step(context, name, "Checking that nothing changed for anybody"):
        found = await asyncio.to_thread(check, context, state, trial)
        context.record.save_report(name, found)
        word = "red" if found.reason else "green"
        context.record.emit("tests", step=name, word=word, passed=found.passed, total=found.total, reason=found.reason)
        if found.reason:
            context.record.emit("note", text=f"it breaks something: {found.reason[:300]}")
    done = Round(
        number=number + 1, commit=trial, tree=lab.tree_id(trial), word=word, passed=found.passed, total=found.total,
        fingerprint=found.reason[:80],
    )  # fmt: skip
    was = made_of(context, state)
    if not found.reason:
        files = tuple(change.path for change in lab.changes(state["head"], trial))
        left_out = was.before.left_out if was.before else was.left_out
        now = {"commit": trial, "start": state["head"], "files": files, "left_out": left_out, "before": None}
        keep_made(context, state, was.model_copy(update=now))
        tests = trusted_of(lab, state, trial)
        return {**settled(state, trial), "rounds": [done], "tests_commit": tests}
    if is_replay(context, state):
        keep_made(context, state, was.model_copy(update={"before": None}))
        return {"rounds": [done], "trial": "", "next": "apply_step"}
    again = not work_of(state).steps[number].recipe and state["attempt"] + 1 < context.limits.max_step_tries
    if again:
        return {"rounds": [done], "attempt": state["attempt"] + 1, "report": name, "next": "apply_step"}
    return {"rounds": [done], "next": "narrow"}
