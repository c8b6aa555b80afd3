"""A plan that led to a result in one repository, and whether it fits another one as it is."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from agents.contracts import Frozen, Plan, Request
from agents.recipes.catalog import NoSuchRecipe, find
from agents.recipes.own import own_recipes
from agents.recipes.recipe import WrongArgument
from agents.refactoring.planner import texts
from agents.refactoring.steps import Step, refactoring_of
from agents.roles import Brief, Planner

SHORTEST = 3
"""Letters of the shortest word that counts."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Settled(Frozen):
    """A plan as its planner made it."""

    plan: Plan
    words: tuple[str, ...] = ()
    """Of the plan, not of the request, that its repository's code uses as names: another one needs them too."""
    there: tuple[str, ...] = ()
    """Files it names that were there."""
    new: tuple[str, ...] = ()
    """Files it names that were not."""


def settled(plan: Plan, request: Request, files: Mapping[str, bytes]) -> Settled:
    """What another repository must have for a plan to fit; `files`: the text files of the one it was made for."""
    named = {path for step in plan.steps for path in step.files}
    told = {word for text in _said(plan) for word in _words(text)} - set(_words(request.text))
    return Settled(
        plan=plan,
        words=tuple(sorted(told & vocabulary(files))),
        there=tuple(sorted(named & set(files))),
        new=tuple(sorted(named - set(files))),
    )


def misfit(known: Settled, files: Mapping[str, bytes]) -> str:
    """Why a plan is not for a repository with these text files; empty when it fits."""
    try:
        for step in steps_of(known.plan):
            _ = step.recipe and find(step.recipe, own_recipes(files))
    except (NoSuchRecipe, WrongArgument) as error:
        return str(error)
    gone = [path for path in known.there if path not in files]
    taken = [path for path in known.new if path in files]
    lost = sorted(set(known.words) - vocabulary(files)) if not gone and not taken else []
    if gone:
        return f"it speaks of {gone[0]}, which is not here"
    return f"it makes {taken[0]}, which is here" if taken else f"nothing here is called {lost[0]}" if lost else ""


def steps_of(plan: Plan) -> tuple[Step, ...]:
    """Of a refactoring; none of another plan."""
    return refactoring_of(plan).steps if "refactoring" in plan.spec else ()


def _said(plan: Plan) -> Iterator[str]:
    """Whatever a plan says that its planner wrote; recipes say the same everywhere."""
    yield from (plan.summary, *plan.assumptions)
    yield from (text for one in plan.questions for text in (one.text, one.default))
    if "refactoring" in plan.spec:
        yield from refactoring_of(plan).named
        yield from (f"{step.title} {step.text}" for step in steps_of(plan) if not step.recipe)
    else:
        yield from (one.text for one in plan.criteria)
        yield from (step.title for step in plan.steps)


def vocabulary(files: Mapping[str, bytes]) -> frozenset[str]:
    """Words that names and URL paths in Python code are made of: `/books/{book_id}` is `book` (`id` is too short)."""
    return frozenset(word for path, content in files.items() if path.endswith(".py") for word in _names(content))


def _names(content: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        for value in (getattr(node, field, None) for field in ("id", "attr", "arg", "name", "module", "value")):
            if isinstance(value, str) and (not isinstance(node, ast.Constant) or value.startswith("/")):
                yield from _words(value)


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text):
        if len(word) >= SHORTEST:
            yield word.lower().removesuffix("s")


class LearntPlanner:
    """Plays `roles.Planner`: a plan settled elsewhere where it fits, else `inner` is asked."""

    def __init__(self, inner: Planner, known: Callable[[], Sequence[tuple[str, Settled]]],
                 keep: Callable[[Settled], None]) -> None:  # fmt: skip
        """`known`: settled plans with where each comes from; `keep`: told what `inner` planned."""
        self._inner, self._known, self._keep = inner, known, keep

    async def plan(self, brief: Brief) -> Plan:
        """As `inner`; a person's answers or feedback are always put to it."""
        files = texts(brief.desk)
        if not brief.answers and not brief.feedback:
            for origin, one in self._known():
                why = misfit(one, files)
                if not why:
                    brief.tell(f"the plan that was settled in {origin} fits: nobody is asked for another")
                    return one.plan
                brief.tell(f"the plan that was settled in {origin} does not fit: {why}")
        plan = await self._inner.plan(brief)
        self._keep(settled(plan, brief.request, files))
        return plan
