"""`greenloop refactor`: from words or recipes to a verified branch that does what the code did before."""

from pathlib import Path
from typing import Annotated

import typer

from workflows.cli import options
from workflows.cli.common import UsageProblem, known_problems, load_settings
from workflows.cli.recipes import own_recipes_in


def refactor(
    text: Annotated[str | None, typer.Argument(help="What is to be written otherwise.", metavar="TEXT")] = None,
    recipe: Annotated[
        list[str] | None, typer.Option(help="A recipe by name (may be given again); its argument behind a colon.")
    ] = None,
    repo: options.Repo = Path(),
    paths: Annotated[list[str] | None, typer.Option(help="Change only files like this (may be given again).")] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Print the diff and what would be left out; deliver nothing.")
    ] = False,
    keep_tests: Annotated[
        bool, typer.Option("--keep-tests/--drop-tests", help="Deliver the tests recorded for it, or take them out.")
    ] = True,
    engine: options.Engine = None,
    base_url: options.BaseUrl = None,
    approve: options.Approve = False,
    assume: options.Assume = None,
    budget: options.BudgetUsd = None,
    max_tokens: options.MaxTokens = None,
    timeout: options.Timeout = None,
    json_lines: options.JsonLines = False,
    branch: options.Branch = None,
    include_dirty: options.IncludeDirty = False,
) -> int:
    """Change how code is written and prove that what it does stayed the same; what breaks something is left out."""
    with known_problems():
        names = _known(recipe or [], repo)
        if bool(text and text.strip()) == bool(names):
            raise UsageProblem(
                'say what to refactor: greenloop refactor "use Annotated for dependencies", or --recipe NAME '
                "(greenloop recipes lists them), not both"
            )
        if not repo.is_dir():
            raise UsageProblem(f"{repo}: there is no such folder, so nothing to refactor")
        flags = {"budget_usd": budget, "max_tokens": max_tokens, "timeout_s": timeout, "assume": assume}
        loaded = load_settings(repo, engine=engine, base_url=base_url, **flags)
        from agents.contracts import Request
        from workflows.cli.execute import execute_new

        request = Request(
            kind="refactor",
            text=(text or "").strip() or f"Recipes: {', '.join(names)}",
            recipes=names,
            paths=tuple(paths or ()),
            preview=preview,
            keep_tests=keep_tests,
            assume=loaded.values.assume,
        )
        kept = {"approve": approve, "include_dirty": include_dirty, "json": json_lines}
        return execute_new(loaded, request, repo, kept, branch or "")


def _known(names: list[str], repo: Path) -> tuple[str, ...]:
    """The recipes, each looked up before any work begins."""
    from agents.recipes.catalog import NoSuchRecipe
    from agents.recipes.recipe import WrongArgument
    from agents.refactoring.steps import recipe_step

    try:
        own = own_recipes_in(repo) if names else ()
        for name in names:
            recipe_step(name, own)
    except (NoSuchRecipe, WrongArgument) as error:
        raise UsageProblem(str(error)) from None
    return tuple(dict.fromkeys(name.strip() for name in names))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(refactor)
