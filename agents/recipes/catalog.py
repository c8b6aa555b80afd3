"""Every recipe, by name."""

import difflib
from collections.abc import Sequence

from agents.recipes import (
    annotated,
    async_sessions,
    dead_code,
    fastapi_names,
    httpx_calls,
    lifespan,
    logging_calls,
    pwdlib,
    pydantic_v2,
    pyjwt,
    rename,
    response_models,
    routers,
    select,
    settings_class,
    typing_names,
    utcnow,
)
from agents.recipes.own import OwnRecipe
from agents.recipes.recipe import Recipe, WrongArgument

_TOPICS = (
    annotated,
    async_sessions,
    dead_code,
    fastapi_names,
    httpx_calls,
    lifespan,
    logging_calls,
    pwdlib,
    pydantic_v2,
    pyjwt,
    rename,
    response_models,
    routers,
    select,
    settings_class,
    typing_names,
    utcnow,
)
RECIPES: tuple[Recipe, ...] = tuple(sorted((topic.RECIPE for topic in _TOPICS), key=lambda recipe: recipe.name))


class NoSuchRecipe(LookupError):
    """There is no recipe of that name; the message offers the nearest."""


def find(name: str, own: Sequence[OwnRecipe]) -> Recipe | OwnRecipe:
    """The recipe of that name, greenloop's or one of the repository's own.

    Raises:
        NoSuchRecipe: there is none.
        WrongArgument: a repository's recipe has the name of one of greenloop's, or the argument is wrong.
    """
    taken = {one.name for one in RECIPES}
    for one in own:
        if one.name in taken:
            raise WrongArgument(f"{one.path}: greenloop has a recipe of that name; rename the file")
    hits = [one for one in own if one.name == name.strip()]
    return hits[0] if hits else recipe(name, [one.name for one in own])


def recipe(name: str, others: Sequence[str] = ()) -> Recipe:
    """The recipe of that name.

    Raises:
        NoSuchRecipe: there is none.
        WrongArgument: what follows the colon is not what the recipe takes.
    """
    wanted, colon, argument = name.strip().partition(":")
    found = {one.name: one for one in RECIPES}.get(wanted.lower())
    if found is None:
        near = difflib.get_close_matches(wanted.lower(), [*(one.name for one in RECIPES), *others], 1, 0.4)
        offer = f"; do you mean {near[0]}?" if near else ""
        raise NoSuchRecipe(f"no recipe {wanted!r}{offer} (greenloop recipes lists all)")
    if colon and not found.argument:
        raise WrongArgument(f"recipe {found.name} takes nothing after a colon, got {argument!r}")
    return rename.with_argument(argument) if colon else found
