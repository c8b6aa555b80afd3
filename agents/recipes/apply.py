"""Applying a recipe to files."""

from collections.abc import Mapping, Sequence

from agents.recipes.recipe import Outcome, Recipe
from agents.recipes.repo import Repo


def apply(recipe: Recipe, files: Mapping[str, str | bytes], paths: Sequence[str] = ()) -> Outcome:
    """Work out what a recipe changes; the same files give the same outcome, and applying it again changes nothing."""
    repo = Repo.of(files, paths, tests=recipe.tests)
    recipe.rewrite(repo)
    changes: dict[str, str | None] = {p: t for p, t in repo.texts.items() if repo.given.get(p) != t}
    changes |= {p: None for p in repo.given if p not in repo.texts}
    return Outcome(changes, tuple(sorted(set(repo.notes))), tuple(repo.added), tuple(repo.removed))
