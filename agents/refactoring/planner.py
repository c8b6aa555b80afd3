"""The planner of a refactoring: recipes by name or by rule, and with a model whatever recipes cannot do."""

from collections.abc import Callable
from dataclasses import replace

from agents.contracts import Plan
from agents.errors import EditRefused, NotUnderstood
from agents.refactoring.matching import recipes_in
from agents.refactoring.steps import Refactoring, Step, changed_by, named_by, plan_of, recipe_step, seen
from agents.roles import Brief, Desk, Planner, Team

NOTHING = "Nothing to do: no file has what the recipes change."


class RecipePlanner:
    """Plays `roles.Planner`: what rules understand is planned by rule, the rest by `others` (None: not at all)."""

    def __init__(self, others: Planner | None = None) -> None:
        self._others = others

    async def plan(self, brief: Brief) -> Plan:
        """Steps that change something; a plan without steps when there is nothing to do.

        Raises:
            NotUnderstood: the words mean no recipe, and there is no model. Else as `others`.
        """
        request = brief.request
        try:
            names = list(request.recipes) or recipes_in(request.text)
        except NotUnderstood:
            if self._others is None:
                raise
            return await self._others.plan(brief)
        steps = tuple(recipe_step(name) for name in names)
        work = Refactoring(steps=steps, paths=request.paths, named=named_by(steps, _own_words(brief)))
        return planned(work, brief.desk, brief.tell)


def _own_words(brief: Brief) -> str:
    """What the user said, not what we made of a list of recipes."""
    return "" if brief.request.recipes else brief.request.text


def planned(work: Refactoring, desk: Desk, tell: Callable[[str], None], summary: str = "") -> Plan:
    """The plan of those steps that change something, each with the files it changes."""
    files = texts(desk)
    steps: list[Step] = []
    notes: list[str] = []
    for step in work.steps:
        if not step.recipe:
            steps.append(step)
            continue
        outcome = changed_by(step.recipe, files, work.paths)
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


def refactoring_team(team: Team) -> Team:
    """The team with the planner for refactorings."""
    return replace(team, planner=RecipePlanner(team.refactorer))
