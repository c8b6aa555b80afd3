"""The steps of a refactoring, what they may change for others, and what a recipe does to a tree."""

import re
from collections.abc import Iterable, Mapping, Sequence

from agents.contracts import Criterion, Frozen, Plan, PlanStep
from agents.recipes.apply import apply
from agents.recipes.catalog import recipe
from agents.recipes.explain import page
from agents.recipes.recipe import Outcome
from sandbox.gates.same_document import Asked

READ = (".py", ".pyi", ".toml", ".txt", ".cfg", ".ini", ".in", ".lock", ".yml", ".yaml")
"""Files a recipe gets to see."""
KEPT = (
    "The repository's own tests give the same results",
    "The OpenAPI document is the same",
    "Whatever could be imported and called can be so still",
    "The database schema is the same",
    "Functions that can be called by themselves do the same for the same arguments",
)
"""What a refactoring promises, as criteria that hold already."""
COMPATIBLE = "Clients of the service notice nothing"
_NAME = re.compile(r"`([^`\s]+)`|\b(\w+(?:\.\w+)+|[a-z]+_\w+|[A-Z][a-z0-9]+[A-Z]\w*|_\w+)\b")


class Step(Frozen):
    """One step: a recipe, or words for the builder."""

    title: str
    recipe: str = ""
    """Its name, with its argument behind a colon."""
    text: str = ""
    files: tuple[str, ...] = ()


class Refactoring(Frozen):
    """What is to be done."""

    steps: tuple[Step, ...] = ()
    paths: tuple[str, ...] = ()
    """Globs: other files stay as they are."""
    named: tuple[str, ...] = ()
    """Names the request is about: these may be imported from elsewhere, or called otherwise, afterwards."""

    def openapi(self) -> Asked:
        """What may become of the OpenAPI document."""
        return "compatible" if any(_changes_openapi(step) for step in self.steps) else "identical"


def _changes_openapi(step: Step) -> bool:
    return bool(step.recipe) and bool(recipe(step.recipe).openapi)


def names_in(text: str) -> tuple[str, ...]:
    """Names of code in a request: what stands in backticks, and what only code looks like."""
    return tuple(dict.fromkeys(quoted or plain for quoted, plain in _NAME.findall(text)))


def recipe_step(name: str) -> Step:
    """The step of a recipe.

    Raises:
        NoSuchRecipe, WrongArgument: there is none of that name, or not with that argument.
    """
    found = recipe(name)
    return Step(title=page(found.name).title, recipe=name.strip())


def named_by(steps: Iterable[Step], text: str = "") -> tuple[str, ...]:
    """Names the request and the arguments of its recipes are about."""
    arguments = [step.recipe.partition(":")[2] for step in steps]
    found = [*names_in(text), *(name for one in arguments for name in re.findall(r"[\w.]+", one))]
    return tuple(dict.fromkeys(found))


def changed_by(name: str, files: Mapping[str, bytes], paths: Sequence[str]) -> Outcome:
    """What a recipe would do to a tree; nothing is written.

    Raises:
        NoSuchRecipe, WrongArgument: there is none of that name, or not with that argument.
    """
    return apply(recipe(name), files, paths)


def seen(paths: Iterable[str]) -> list[str]:
    """Those paths that recipes get to see."""
    return [path for path in paths if path.endswith(READ)]


def plan_of(work: Refactoring, summary: str, *, assumptions: Sequence[str] = ()) -> Plan:
    """The plan a person approves; every criterion holds before the change and must go on holding."""
    texts = [COMPATIBLE if n == 1 and work.openapi() != "identical" else text for n, text in enumerate(KEPT)]
    criteria = tuple(Criterion(id=f"C{n}", text=text, guard=True) for n, text in enumerate(texts, 1))
    steps = tuple(PlanStep(title=f"{s.recipe}: {s.title}" if s.recipe else s.title, files=s.files) for s in work.steps)
    spec = {"refactoring": work.model_dump(mode="json")}
    return Plan(summary=summary, criteria=criteria, steps=steps, assumptions=tuple(assumptions), spec=spec)


def refactoring_of(plan: Plan) -> Refactoring:
    """The steps of a plan made here."""
    return Refactoring.model_validate(plan.spec["refactoring"])
