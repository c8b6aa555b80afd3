"""Find the smallest parts of a step that break something, and go on without them."""

import asyncio

from langgraph.runtime import Runtime

from workflows.narrowing import narrowed, wrong_with
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState
from workflows.steps import LeftOut, keep_made, lay, made_of, name_of, settled, trusted_of


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: every part that was tried is found again by what it is, in git and in the record."""
    context = context_of(runtime)
    name = f"{name_of(state)}-kept"
    async with step(context, name, "Looking for what of it breaks"):
        return await asyncio.to_thread(_narrow, state, context, name)


def _narrow(state: RunState, context: Context, name: str) -> RunState:
    lab = context.lab
    made, done = made_of(context, state), lab.find_step(name)
    texts, left_out = narrowed(context, state)
    for one in left_out:
        context.record.emit("note", text=f"left out: {one.where}: {one.reason[:200]}")
    left_out = [*(one for one in made.left_out if one not in left_out), *left_out]
    commit = state["head"]
    if texts:
        subject = lab.workspace.line(state["head"], state["trial"])[-1].subject
        lab.reset(state["head"])
        lay(lab, texts)
        commit = done or lab.commit(subject, step=name, verdict="unverified", body=f"Left out: {_listed(left_out)}.")
        if wrong_with(context, state, commit):
            commit = state["head"]
    files = tuple(change.path for change in lab.changes(state["head"], commit)) if commit != state["head"] else ()
    reason = "" if files else "every part of it breaks something"
    found = {"commit": commit if files else "", "files": files, "left_out": tuple(left_out), "reason": reason,
             "start": state["head"], "before": None}  # fmt: skip
    keep_made(context, state, made.model_copy(update=found))
    if files:
        context.record.emit("commit", sha=commit, subject=lab.subject(commit), step=name)
    lab.reset(commit)
    return {**settled(state, commit), "tests_commit": trusted_of(lab, state, commit)}


def _listed(left_out: list[LeftOut]) -> str:
    return ", ".join(one.where for one in left_out[:10])
