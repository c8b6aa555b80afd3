"""The steps of a refactoring, what they may change for others, and what a recipe does to a tree."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from agents.contracts import Criterion, Frozen, Plan, PlanStep
from agents.recipes.apply import apply
from agents.recipes.catalog import find
from agents.recipes.explain import page
from agents.recipes.own import OwnRecipe, apply_own, own_recipes
from agents.recipes.recipe import Outcome, Recipe, WrongArgument
from sandbox.gates.same_document import Asked
from sandbox.protocol import Sandbox

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
TURNS_ASYNC = frozenset({"async-sessions"})
"""Recipes that are about functions becoming `async`."""
_NAME = re.compile(r"`([^`\s]+)`|\b(\w+(?:\.\w+)+|[a-z]+_\w+|[A-Z][a-z0-9]+[A-Z]\w*|_\w+)\b")


class Step(Frozen):
    """One step: a recipe, or words for the builder."""

    title: str
    recipe: str = ""
    """Its name, with its argument behind a colon."""
    text: str = ""
    files: tuple[str, ...] = ()
    openapi: bool = False
    """The recipe says that the OpenAPI document changes."""


class Refactoring(Frozen):
    """What is to be done."""

    steps: tuple[Step, ...] = ()
    paths: tuple[str, ...] = ()
    """Globs: other files stay as they are."""
    named: tuple[str, ...] = ()
    """Names the request is about: these may be imported from elsewhere, or called otherwise, afterwards."""

    def openapi(self) -> Asked:
        """What may become of the OpenAPI document."""
        return "compatible" if any(step.openapi for step in self.steps) else "identical"

    def awaited(self) -> bool:
        """Whether functions may become `async`."""
        return any(step.recipe in TURNS_ASYNC for step in self.steps)


def names_in(text: str) -> tuple[str, ...]:
    """Names of code in a request: what stands in backticks, and what only code looks like."""
    return tuple(dict.fromkeys(quoted or plain for quoted, plain in _NAME.findall(text)))


def recipe_step(name: str, own: Sequence[OwnRecipe] = ()) -> Step:
    """The step of a recipe; `own`: those of the repository.

    Raises:
        NoSuchRecipe, WrongArgument: there is none of that name, or not with that argument.
    """
    found = find(name, own)
    if isinstance(found, OwnRecipe):
        return Step(title=found.summary or f"The repository's recipe {found.name}", recipe=found.name)
    if found.argument and ":" not in name:
        raise WrongArgument(f"recipe {found.name} wants {found.name}:{found.argument}")
    return Step(title=page(found.name).title, recipe=name.strip(), openapi=bool(found.openapi))


def named_by(steps: Iterable[Step], text: str = "") -> tuple[str, ...]:
    """Names the request and the arguments of its recipes are about."""
    arguments = [step.recipe.partition(":")[2] for step in steps]
    found = [*names_in(text), *(name for one in arguments for name in re.findall(r"[\w.]+", one))]
    return tuple(dict.fromkeys(found))


Change = Callable[[str, Mapping[str, bytes], Sequence[str]], Outcome]
"""A recipe's name, a tree and globs -> what the recipe would do to it."""
Box = Callable[[], AbstractContextManager[Sandbox]]


def changed_by(name: str, files: Mapping[str, bytes], paths: Sequence[str], box: Box | None = None) -> Outcome:
    """What a recipe would do to a tree; nothing is written. `box`: where a program of the repository's own runs.

    Raises:
        NoSuchRecipe, WrongArgument: there is none of that name, not with that argument, or it cannot be done here.
        EngineFault: the sandbox broke.
    """
    found = find(name, own_recipes(files))
    if isinstance(found, Recipe):
        return apply(found, files, paths)
    if found.kind == "rule" or box is None:
        return apply_own(found, files, paths)
    with box() as sandbox:
        return apply_own(found, files, paths, sandbox)


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
