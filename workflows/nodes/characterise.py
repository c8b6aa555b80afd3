"""Write down what touched code does where no test reaches it, as tests, before anything is changed."""

import asyncio

from langgraph.runtime import Runtime

from agents.contracts import TestCase
from sandbox.reports import SuiteReport
from workflows.characterise import (
    REPORT,
    Characterised,
    Recording,
    count_reached,
    digest,
    lay_tests,
    recorded,
    touched_by,
)
from workflows.endings import Ending, EndRun
from workflows.judgement import baseline
from workflows.nodes.common import context_of, step
from workflows.preservation import traced
from workflows.state import Context, RunState
from workflows.steps import work_of

SUBJECT = "Record what the code does before it is refactored"
STEP = "characterise"


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: tests committed under this step's name are found, and what was recorded is in the record."""
    context = context_of(runtime)
    if not work_of(state).steps:
        raise EndRun(Ending.UNCHANGED, state["plan"].summary)
    async with step(context, STEP, "Looking at which touched lines tests reach"):
        return await asyncio.to_thread(_characterised, state, context)


def _characterised(state: RunState, context: Context) -> RunState:
    lab = context.lab
    said = context.record.load_report(REPORT, Characterised)
    commit = lab.find_step(STEP)
    if said is None or (said.tests and commit is None):
        said, commit = _recorded(state, context)
    if not said.tests and not baseline(lab, state["base"]).passing:
        reason = "no test passes here and none could be recorded, so nothing would show that behaviour is preserved"
        raise EndRun(Ending.REFUSED, f"{reason}; add a test of what matters first")
    told = f"{said.reached_now} of {said.touched} touched statements are reached by tests"
    told += f"; {len(said.tests)} tests were recorded" if said.tests else ""
    context.record.emit("note", text=told)
    tests = commit or state["base"]
    return {
        "tests_commit": tests, "full_tests": tests, "head": tests, "held": [], "red_tries": 0, "step": 0, "attempt": 0,
        "cases": [TestCase(node_id=node_id, criteria=("C1",), guard=True) for node_id in said.tests],
        "withdrawn": [], "trial": "",
    }  # fmt: skip


def _recorded(state: RunState, context: Context) -> tuple[Characterised, str | None]:
    """Record what is not reached; the tests are written down in the record before they are committed."""
    lab, base = context.lab, state["base"]
    own = baseline(lab, base).passing
    wanted = touched_by(lab, base, work_of(state))
    reached, places = count_reached(wanted, traced(lab, base, base))
    total = sum(len(rows) for rows in wanted.values())
    said = Characterised(touched=total, reached=reached, reached_now=reached)
    commit = None
    if places or not own:
        told = f"{total - reached} touched statements are not reached: recording what they do"
        context.record.emit("note", text=told if own else "there are no tests: recording what the service answers")
        recording = recorded(lab, base, places if own else None)
        bad = _uncertain(context, base, recording)
        said = said.model_copy(update={"dropped": tuple(sorted(bad))})
        files, cases = recording.tests(bad)
        lab.reset(base)
        left = lay_tests(lab, files)
        cases = [case for case in cases if not any(case.node_id.startswith(f"{path}::") for path in left)]
        if cases:
            aside = lab.set_aside(SUBJECT, step=f"{STEP}-{digest(files)}")
            now, _ = count_reached(wanted, traced(lab, base, aside))
            new = tuple(change.path for change in lab.changes(base, aside))
            found = {"tests": tuple(case.node_id for case in cases), "reached_now": now, "files": new}
            said = said.model_copy(update=found)
    context.record.save_report(REPORT, said)
    if said.tests:
        commit = lab.commit(SUBJECT, step=STEP, verdict="green")
        context.record.emit("commit", sha=commit, subject=SUBJECT, step=STEP)
    return said, commit


def _uncertain(context: Context, base: str, recording: Recording) -> set[str]:
    """Node ids of recorded tests that do not pass twice on the very code they were recorded from."""
    lab = context.lab
    files, cases = recording.tests()
    if not cases:
        return set()
    lab.reset(base)
    for reason in lay_tests(lab, files).values():
        context.record.emit("note", text=reason)
    commit = lab.set_aside(SUBJECT, step=f"{STEP}-try-{digest(files)}")
    reports = [lab.check(base, commit, cases) for _ in range(2)]
    bad = {case.node_id for case in cases if not all(_passed(case, report) for report in reports)}
    if bad:
        context.record.emit("note", text=f"{len(bad)} recorded tests did not say the same again and are left out")
    return bad


def _passed(case: TestCase, report: SuiteReport) -> bool:
    mine = [r for r in report.results if r.node_id.split("[")[0] == case.node_id]
    return bool(mine) and all(r.outcome == "passed" for r in mine)
