"""Make one step: a recipe's changes, or a builder's, committed under the step's name."""

import asyncio

from langgraph.runtime import Runtime

from agents.contracts import Plan, PlanStep
from agents.recipes.recipe import WrongArgument
from agents.refactoring.steps import Step
from agents.roles import Brief
from sandbox.errors import PathRefused
from sandbox.replay import replayed
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState
from workflows.steps import (
    Before,
    Checked,
    Made,
    keep_made,
    lay,
    made_of,
    name_of,
    outcome_of,
    own_cases,
    replay_of,
    work_of,
)


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Idempotent: a step that was committed is found by its name."""
    context = context_of(runtime)
    number = state["step"]
    work = work_of(state)
    now = work.steps[number]
    name = name_of(state) + (f"-try-{state['attempt'] + 1}" if state["attempt"] else "")
    title = f"Step {number + 1} of {len(work.steps)}: {now.recipe or now.title}"
    async with step(context, name, title):
        lab = context.lab
        before = None if state["attempt"] or now.recipe else made_of(context, state).before
        commit = lab.find_step(name) or (lab.find_step(replay_of(state)) if before else None)
        if commit is None:
            lab.reset(state["trial"] if state["attempt"] else state["head"])
            if now.recipe:
                commit = await asyncio.to_thread(_by_recipe, state, context, now, name)
            else:
                commit = _again(state, context, before) if before else None
                commit = commit or await _by_builder(state, context, now, name)
        if commit != state["head"]:
            context.record.emit("commit", sha=commit, subject=lab.subject(commit), step=name)
    return {"trial": commit}


def _by_recipe(state: RunState, context: Context, now: Step, name: str) -> str:
    lab = context.lab
    try:
        outcome = outcome_of(lab, state["head"], now, work_of(state).paths)
    except WrongArgument as error:  # what it is about was left out of a step before
        keep_made(context, state, Made(title=now.title, recipe=now.recipe, notes=(str(error),)))
        return state["head"]
    try:
        lay(lab, outcome.changes)
    except PathRefused as refused:
        lab.reset(state["head"])
        context.record.emit("note", text=f"{now.recipe}: {refused}")
    notes = tuple(str(note) for note in outcome.notes)
    keep_made(context, state, Made(title=now.title, recipe=now.recipe, notes=notes))
    title = now.title.replace("`", "").rstrip(".")
    return lab.commit(f"Apply the recipe {now.recipe}", step=name, verdict="unverified", body=f"{title}.")


def _again(state: RunState, context: Context, before: Before) -> str | None:
    """The builder's step as it was before one ahead of it was withdrawn; None where it does not apply any more."""
    lab = context.lab
    contents = replayed(lab.workspace.git, before.start, before.commit, state["head"])
    try:
        lay(lab, contents or {})
    except PathRefused:
        contents = None
    if contents is None:
        lab.reset(state["head"])
        context.record.emit("note", text="what the builder wrote for this step does not apply any more")
        return None
    context.record.emit("note", text="what the builder wrote for this step still applies: it is not asked again")
    was = lab.workspace.line(before.start, before.commit)[-1]
    return lab.commit(was.subject, step=replay_of(state), verdict="unverified", body=was.body)


async def _by_builder(state: RunState, context: Context, now: Step, name: str) -> str:
    lab = context.lab
    lab.remember(own_cases(lab, state))
    desk = lab.desk(role="builder", base=state["base"], tests_commit=state["tests_commit"])
    told = context.record.load_report(state.get("report", ""), Checked) if state.get("report") else None
    brief = Brief(
        request=state["request"],
        desk=desk,
        answers=tuple(state.get("answers", [])),
        round=state["attempt"],
        step=name,
        failures=told.failures if told else (),
        feedback=f"The step changed what the code does: {told.reason}" if told else "",
        tell=lambda text: context.record.emit("note", text=text),
    )
    change = await context.team.builder.build(brief, _plan(state["plan"], now))
    keep_made(context, state, Made(title=now.title, notes=(change.note,) if change.note else ()))
    return lab.commit(change.message, step=name, verdict="unverified", body=change.note)


def _plan(plan: Plan, now: Step) -> Plan:
    """The plan as the builder of one step sees it: this step, and what has to hold as before."""
    this = PlanStep(title=f"{now.title}. {now.text}".strip(), files=now.files)
    summary = f"Refactor without changing what the code does: {now.title}"
    return plan.model_copy(update={"summary": summary, "steps": (this,), "spec": {}, "questions": ()})
