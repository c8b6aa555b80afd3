"""`rules`: what greenloop holds FastAPI code to, and why."""

from typing import Annotated

import typer

from workflows.cli.common import UsageProblem


def rules(
    rule: Annotated[str, typer.Argument(help="A rule's id or name; without one all are listed.", metavar="[ID]")] = "",
) -> None:
    """List the rules for FastAPI code, or explain one with a bad and a good example."""
    from agents.rules import catalog
    from agents.rules.document import explained, listed

    if not rule:
        typer.echo(listed())
        return
    try:
        found = catalog.rule(rule)
    except KeyError:
        raise UsageProblem(f"no rule {rule!r} (greenloop rules lists all)") from None
    typer.echo(explained(found))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rules)
