"""`recipes`: the refactorings greenloop does by rule, and what each leaves alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.common import UsageProblem

if TYPE_CHECKING:
    from agents.recipes.own import OwnRecipe

_MOST = 1_000_000


def recipes(
    name: Annotated[str, typer.Argument(help="A recipe's name; without one all are listed.", metavar="[NAME]")] = "",
    repo: Annotated[Path, typer.Option(help="The repository whose own recipes are listed too.")] = Path(),
) -> None:
    """List the recipes for refactoring, or explain one with examples of before and after."""
    from agents.recipes import catalog
    from agents.recipes.document import explained, explained_own, listed
    from agents.recipes.own import OwnRecipe
    from agents.recipes.recipe import WrongArgument

    try:
        own = own_recipes_in(repo)
        if not name:
            typer.echo(listed(own))
            return
        found = catalog.find(name.partition(":")[0], own)
    except (catalog.NoSuchRecipe, WrongArgument) as error:
        raise UsageProblem(str(error)) from None
    typer.echo(explained_own(found) if isinstance(found, OwnRecipe) else explained(found))


def own_recipes_in(repo: Path) -> "tuple[OwnRecipe, ...]":
    """The recipes in a folder's `.greenloop/recipes`, read without following links and without running anything."""
    from agents.recipes.own import FOLDER, own_recipes
    from sandbox.errors import WorkspaceError
    from sandbox.treefiles import read

    folder = repo / FOLDER
    files: dict[str, str | bytes] = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else ():
        path = f"{FOLDER}/{file.name}"
        try:
            files[path] = read(repo.resolve(), path, _MOST)
        except WorkspaceError as error:
            raise UsageProblem(str(error)) from None
    return own_recipes(files)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recipes)
