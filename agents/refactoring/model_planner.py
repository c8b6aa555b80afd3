"""The planner of a refactoring on a chat model: recipes first where they fit, the rest for the builder."""

from collections.abc import Sequence

from pydantic import Field

from agents.contracts import Frozen, Plan, Question
from agents.errors import Contradiction
from agents.opening import Desks
from agents.planner import MAX_QUESTIONS, is_relative
from agents.recipes.catalog import RECIPES, NoSuchRecipe
from agents.recipes.explain import page
from agents.recipes.own import OwnRecipe, own_recipes
from agents.recipes.recipe import WrongArgument
from agents.refactoring.planner import texts
from agents.refactoring.steps import Refactoring, Step, named_by, plan_of, recipe_step
from agents.roles import Brief
from agents.structured import ask_structured

MAX_STEPS = 20


class StepDraft(Frozen):
    """A step as the model writes it."""

    recipe: str = Field("", description="name of a recipe, its argument behind a colon; empty for the builder")
    title: str = Field("", description="builder only: a commit's subject line")
    text: str = Field("", description="builder only: what exactly is to be done")
    files: tuple[str, ...] = Field((), description="builder only: paths the step touches")


class RefactoringDraft(Frozen):
    """The plan as the model writes it."""

    summary: str = Field(min_length=1, description="one sentence: how the code will be written afterwards")
    steps: tuple[StepDraft, ...] = Field(description="in order, recipes first where they fit")
    assumptions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = Field((), description="ids Q1, Q2, ...; only where a wrong guess is useless work")
    contradiction: str = Field("", description="only when the request asks for other behaviour: say which; else empty")


class ModelRefactoringPlanner:
    """Plays `roles.Planner` for refactorings."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def plan(self, brief: Brief) -> Plan:
        """Ask for steps and hold them against the catalogue of recipes.

        Raises:
            Contradiction: the request asks for other behaviour. Else as `ask_structured`.
        """
        most = 0 if brief.answers else MAX_QUESTIONS
        own = own_recipes(texts(brief.desk))
        known = [{"name": r.name, "argument": r.argument, "title": page(r.name).title} for r in RECIPES]
        known += [{"name": r.name, "argument": "", "title": r.summary} for r in own]
        messages = self._desks.opening("planner", brief, None, prompt="refactoring", max_questions=most, recipes=known)
        draft = await ask_structured(self._desks.caller, "planner", brief.step, messages, RefactoringDraft, problems)
        if draft.contradiction:
            raise Contradiction(draft.contradiction)
        steps = tuple(recipe_step(s.recipe, own) if s.recipe else _step(s) for s in draft.steps)
        work = Refactoring(steps=steps, paths=brief.request.paths, named=named_by(steps, brief.request.text))
        plan = plan_of(work, draft.summary, assumptions=draft.assumptions)
        return plan.model_copy(update={"questions": () if brief.answers else draft.questions})


def _step(draft: StepDraft) -> Step:
    return Step(title=" ".join(draft.title.split()), text=draft.text, files=draft.files)


def problems(draft: RefactoringDraft, own: Sequence[OwnRecipe] = ()) -> str:
    """What is wrong with a draft beyond its form, one line each; empty when nothing is."""
    if draft.contradiction:
        return ""
    found = [f"There are more than {MAX_STEPS} steps."] if len(draft.steps) > MAX_STEPS else []
    found += [] if draft.steps else ["There are no steps."]
    for number, step in enumerate(draft.steps, 1):
        try:
            if step.recipe:
                recipe_step(step.recipe, own)
        except (NoSuchRecipe, WrongArgument) as error:
            found.append(f"Step {number}: {error}")
        if not step.recipe and not step.title.strip():
            found.append(f"Step {number} has neither a recipe nor a title.")
        if any(not is_relative(path) for path in step.files):
            found.append(f"Step {number}: files must be paths inside the repository, such as app/main.py.")
    if len(draft.questions) > MAX_QUESTIONS:
        found.append(f"There are more than {MAX_QUESTIONS} questions: assume the rest.")
    return "\n".join(found)
