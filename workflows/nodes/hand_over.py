"""Bring a refactoring into the user's repository as one new branch, or only show it."""

import asyncio

from langgraph.runtime import Runtime

from sandbox.reports import Verdict
from workflows.characterise import REPORT, Characterised
from workflows.endings import Ending
from workflows.nodes.common import context_of, step
from workflows.refactor_report import render_refactor_report
from workflows.state import Context, RunState

DROP = "Drop the tests that were recorded for the refactoring"


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a branch that points at the commit already is left as it is."""
    context = context_of(runtime)
    preview = state["request"].preview
    async with step(context, "deliver", "Showing what would be changed" if preview else "Delivering the branch"):
        return await asyncio.to_thread(_handed_over, state, context, preview)


def _handed_over(state: RunState, context: Context, preview: bool) -> RunState:
    lab, name = context.lab, state["verdict"]
    verdict = context.record.load_report(name, Verdict)
    lab.reset(state["head"])
    commit = lab.sealed(_final(state, context), "green")
    if verdict is not None and state["request"].keep_tests:
        verdict = verdict.model_copy(update={"commit": commit})
    report = render_refactor_report(state, context, verdict, lab.changes(state["base"], commit))
    context.record.write_text("report.md", report)
    if preview:
        context.record.write_text("preview.diff", lab.diff(state["base"], commit))
        return {"ending": Ending.PREVIEWED.value, "best": "", "branch": ""}
    lab.deliver(commit, context.branch)
    if verdict is not None:
        context.record.save_report(name, verdict)
    return {"branch": context.branch, "best": commit}


def _final(state: RunState, context: Context) -> str:
    """The commit that is delivered: the judged one, or one more without the recorded tests."""
    lab = context.lab
    known = context.record.load_report(REPORT, Characterised) or Characterised()
    if state["request"].keep_tests or not known.files:
        return state["head"]
    done = lab.find_step("drop-tests")
    if done is None:
        there = set(lab.files(state["head"]))
        for path in known.files:
            before = lab.commit_source(state["base"]).raw(path)
            if before is not None:
                lab.workspace.write(path, before)
            elif path in there:
                lab.delete(path)
        done = lab.commit(DROP, step="drop-tests", verdict="green")
    return done
