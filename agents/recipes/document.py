"""The recipes as text: a table, one recipe explained, and the page of the documentation."""

import textwrap
from collections.abc import Sequence

from agents.recipes.catalog import RECIPES
from agents.recipes.explain import Example, page
from agents.recipes.own import OwnRecipe
from agents.recipes.recipe import Recipe

_HEAD = """\
<!-- made by scripts/recipes_doc.py from agents/recipes; a test keeps it in step -->
# Recipes

Refactorings by rule, without a model. Each reads a repository as text and writes it differently; nothing of it is run.
The same files always give the same result, and a second time changes nothing. What cannot be changed for certain is
left as it is, and said with file, line and reason. `greenloop recipes NAME` shows one with its examples; the examples
are its tests. What they did to published projects: [measured](recipes-measured.md).

`greenloop recipes` also lists those of the repository it is called in.
"""
_OWN = """
## Recipes of your own

Files in `.greenloop/recipes` of the repository; the file's name without its ending is the recipe's name. A name that
begins with `_` is no recipe.

`NAME.yml` holds one or more [ast-grep](https://ast-grep.github.io/guide/rule-config.html) rules for Python, each with a
`fix`. They are applied until they find nothing more:

```yaml
id: no-shout
message: Shout through the log
language: python
rule:
  pattern: shout($A)
fix: log.info($A)
```

`NAME.py` is a program. It runs in a container without network, never on your machine, with the packages your repository
requires, and defines one function:

```python
def refactor(files: dict[str, str]) -> dict[str, str | None]:
    # gets every text file by path; gives back those that are to be different, None for one that goes
    return {path: text.replace("colour", "color") for path, text in files.items()}
```

It runs twice in separate processes, which have to agree, and twice on its own result, which then has to stay. What it
returns is checked by the same gates as everything else.
"""


def listed(own: Sequence[OwnRecipe] = ()) -> str:
    """One line for each recipe, greenloop's and the repository's: name and title."""
    rows = [(_written(recipe), page(recipe.name).title) for recipe in RECIPES]
    rows += [(one.name, f"{one.summary or 'no summary'} ({one.path})") for one in own]
    wide = max(len(name) for name, _ in rows)
    lines = [f"{name:<{wide}}  {title}" for name, title in rows]
    return "\n".join([*lines, f"{len(rows)} recipes; greenloop recipes NAME explains one"])


def explained_own(own: OwnRecipe) -> str:
    """A repository's own recipe: what it says of itself, and its text."""
    where = "ast-grep applies it" if own.kind == "rule" else "it runs in a sandbox without network"
    return f"{own.name}: {own.summary or 'no summary'}\n\n{own.path}; {where}.\n\n{textwrap.indent(own.text, '    ')}"


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
    return _HEAD + "\n" + "\n".join(rows) + "\n" + _OWN
