"""`recipes`: the refactorings greenloop does by rule, and what each leaves alone."""

from typing import Annotated

import typer

from workflows.cli.common import UsageProblem


def recipes(
    name: Annotated[str, typer.Argument(help="A recipe's name; without one all are listed.", metavar="[NAME]")] = "",
) -> None:
    """List the recipes for refactoring, or explain one with examples of before and after."""
    from agents.recipes import catalog
    from agents.recipes.document import explained, listed

    if not name:
        typer.echo(listed())
        return
    try:
        found = catalog.recipe(name.partition(":")[0])
    except catalog.NoSuchRecipe as error:
        raise UsageProblem(str(error)) from None
    typer.echo(explained(found))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(recipes)
