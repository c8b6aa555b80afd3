"""The recipes as text: a table, one recipe explained, and the page of the documentation."""

import textwrap

from agents.recipes.catalog import RECIPES
from agents.recipes.explain import Example, page
from agents.recipes.recipe import Recipe

_HEAD = """\
<!-- made by scripts/recipes_doc.py from agents/recipes; a test keeps it in step -->
# Recipes

Refactorings by rule, without a model. Each reads a repository as text and writes it differently; nothing of it is run.
The same files always give the same result, and a second time changes nothing. What cannot be changed for certain is
left as it is, and said with file, line and reason. `greenloop recipes NAME` shows one with its examples; the examples
are its tests.
"""


def listed() -> str:
    """One line for each recipe: name and title."""
    wide = max(len(_written(recipe)) for recipe in RECIPES)
    lines = [f"{_written(recipe):<{wide}}  {page(recipe.name).title}" for recipe in RECIPES]
    return "\n".join([*lines, f"{len(RECIPES)} recipes; greenloop recipes NAME explains one"])


def explained(recipe: Recipe) -> str:
    """One recipe: why, what changes, what it leaves alone, examples."""
    text = page(recipe.name)
    parts = [f"{_written(recipe)}: {text.title}", textwrap.fill(text.why, 100)]
    parts.append("Done by " + ("greenloop on LibCST's syntax trees" if recipe.by == "libcst" else recipe.by) + ".")
    if recipe.openapi:
        parts.append(f"The OpenAPI document changes: {recipe.openapi}.")
    parts.append("Left alone:\n" + "\n".join(textwrap.fill(f"- {item}", 100) for item in text.left_alone))
    parts += [part for example in text.examples for part in _shown(example)]
    return "\n\n".join(parts)


def _shown(example: Example) -> list[str]:
    parts = [f"== {example.title}" + (f" (with {example.argument})" if example.argument else "")]
    for title, files, other in (
        ("Before", example.before, example.after),
        ("After", example.after, example.before),
    ):
        parts += [
            f"{title}, {path}:\n\n{textwrap.indent(code.rstrip(), '    ')}"
            for path, code in files.items()
            if other.get(path) != code
        ]
    parts += [
        f"Stays, {path}:\n\n{textwrap.indent(code.rstrip(), '    ')}"
        for path, code in example.before.items()
        if example.after.get(path) == code and len(example.before) == 1
    ]
    if example.left_out:
        parts.append("Says:\n\n" + "\n".join(f"    {line}" for line in example.left_out))
    return parts


def _written(recipe: Recipe) -> str:
    return f"{recipe.name}:{recipe.argument}" if recipe.argument else recipe.name


def document() -> str:
    """The page of the documentation."""
    rows = ["| recipe | what it does, and why | left alone | done by |", "|---|---|---|---|"]
    for recipe in RECIPES:
        text = page(recipe.name)
        left = " ".join(f"{item.rstrip('.')}." for item in text.left_alone)
        openapi = f" OpenAPI changes: {recipe.openapi}." if recipe.openapi else ""
        written = _written(recipe).replace("|", "\\|")
        row = f"| `{written}` | **{text.title}.** {text.why}{openapi} | {left} | {recipe.by} |"
        rows.append(row.replace("`X | None`", "`X \\| None`").replace("`X | Y`", "`X \\| Y`"))
    return _HEAD + "\n" + "\n".join(rows) + "\n"
