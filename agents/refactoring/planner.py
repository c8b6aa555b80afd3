"""The planner of a refactoring: recipes by name or by rule, and with a model whatever recipes cannot do."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from agents.contracts import Plan
from agents.errors import EditRefused, NotUnderstood
from agents.recipes.catalog import NoSuchRecipe
from agents.recipes.own import own_recipes
from agents.refactoring.matching import recipes_in
from agents.refactoring.steps import (
    Change,
    Refactoring,
    Step,
    changed_by,
    named_by,
    plan_of,
    recipe_step,
    refactoring_of,
    seen,
)
from agents.roles import Brief, Desk, Planner, Team

NOTHING = "Nothing to do: no file has what the recipes change."


class RecipePlanner:
    """Plays `roles.Planner`: what rules understand is planned by rule, the rest by `others` (None: not at all)."""

    def __init__(self, others: Planner | None = None, change: Change = changed_by) -> None:
        self._others, self._change = others, change

    async def plan(self, brief: Brief) -> Plan:
        """Steps that change something; a plan without steps when there is nothing to do.

        Raises:
            NotUnderstood: the words mean no recipe, and there is no model.
            WrongArgument: a recipe cannot do here what it is asked for. Else as `others`.
        """
        request = brief.request
        try:
            own = own_recipes(texts(brief.desk))
            names = list(request.recipes) or recipes_in(request.text, own)
            steps = tuple(recipe_step(name, own) for name in names)
        except NotUnderstood:
            if self._others is None:
                raise
            return await self._by_others(self._others, brief)
        except NoSuchRecipe as error:
            raise NotUnderstood(request.text, str(error)) from error
        said = "" if request.recipes else request.text
        work = Refactoring(steps=steps, paths=request.paths, named=named_by(steps, said))
        return await self._planned(brief, work)

    async def _by_others(self, others: Planner, brief: Brief) -> Plan:
        plan = await others.plan(brief)
        made = await self._planned(brief, refactoring_of(plan), plan.summary)
        assumptions = (*plan.assumptions, *made.assumptions)
        return made.model_copy(update={"questions": plan.questions, "assumptions": assumptions})

    async def _planned(self, brief: Brief, work: Refactoring, summary: str = "") -> Plan:
        return await asyncio.to_thread(planned, work, brief.desk, brief.tell, summary, self._change)


def planned(
    work: Refactoring, desk: Desk, tell: Callable[[str], None], summary: str = "", change: Change = changed_by
) -> Plan:
    """The plan of those steps that change something, each with the files it changes."""
    files = texts(desk)
    steps: list[Step] = []
    notes: list[str] = []
    for step in work.steps:
        if not step.recipe:
            steps.append(step)
            continue
        outcome = change(step.recipe, files, work.paths)
        notes += [f"{step.recipe} leaves {note}" for note in outcome.notes if note.left_out]
        if not outcome:
            tell(f"{step.recipe}: nothing to do")
            continue
        files = after(files, outcome.changes)
        steps.append(step.model_copy(update={"files": tuple(sorted(outcome.changes))}))
    work = work.model_copy(update={"steps": tuple(steps)})
    return plan_of(work, summary or (_summary(steps) if steps else NOTHING), assumptions=notes)


def texts(desk: Desk) -> dict[str, bytes]:
    """What recipes get to see of a tree; files that are no text are not there for them."""
    found: dict[str, bytes] = {}
    for path in seen(desk.files()):
        try:
            found[path] = desk.read(path).encode()
        except EditRefused:
            continue
    return found


def after(files: dict[str, bytes], changes: dict[str, str | None]) -> dict[str, bytes]:
    """A tree with changes in it."""
    kept = {path: content for path, content in files.items() if path not in changes}
    return kept | {path: text.encode() for path, text in changes.items() if text is not None}


def _summary(steps: list[Step]) -> str:
    names = [step.recipe or step.title for step in steps]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"Refactor: {', '.join(names[:3])}{more}"


def refactoring_team(team: Team, change: Change) -> Team:
    """The team with the planner for refactorings."""
    return replace(team, planner=RecipePlanner(team.refactorer, change))
