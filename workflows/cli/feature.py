"""`greenloop feature`: from a request to a verified branch."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from workflows.cli import options
from workflows.cli.common import UsageProblem, file_text, known_problems, load_settings


def feature(
    text: Annotated[str | None, typer.Argument(help="What you want, in plain words.", metavar="TEXT")] = None,
    repo: options.Target = Path(),
    spec: Annotated[str | None, typer.Option(help="Read the request from a file, `-` for standard input.")] = None,
    openapi: Annotated[Path | None, typer.Option(help="An OpenAPI document the result is held to.")] = None,
    engine: options.Engine = None,
    base_url: options.BaseUrl = None,
    approve: options.Approve = False,
    assume: options.Assume = None,
    max_rounds: options.MaxRounds = None,
    budget: options.BudgetUsd = None,
    max_tokens: options.MaxTokens = None,
    timeout: options.Timeout = None,
    allow_breaking: options.AllowBreaking = False,
    record_decisions: options.RecordDecisions = False,
    json_lines: options.JsonLines = False,
    branch: options.Branch = None,
    include_dirty: options.IncludeDirty = False,
) -> int:
    """Build a feature: plan, tests first, code, and a verdict from the sandbox; the result is one new git branch."""
    with known_problems():
        request_text = _request_text(text, spec)
        loaded = load_settings(
            repo if repo.is_dir() else None,
            engine=engine,
            base_url=base_url,
            assume=assume,
            max_rounds=max_rounds,
            budget_usd=budget,
            max_tokens=max_tokens,
            timeout_s=timeout,
        )
        from agents.contracts import Request
        from workflows.cli.execute import execute_new

        contract = _contract(openapi) if openapi else ""
        request = Request(
            text=request_text,
            openapi=contract,
            assume=loaded.values.assume,
            allow_breaking=allow_breaking,
            record_decisions=record_decisions,
        )
        kept = {"approve": approve, "include_dirty": include_dirty, "json": json_lines}
        return execute_new(loaded, request, repo, kept, branch or "")


def _contract(path: Path) -> str:
    """The document's text, looked at before any work begins."""
    from agents.errors import NoOpenApi
    from agents.openapi_contract import operations_of

    text = file_text(path)
    try:
        operations_of(text)
    except NoOpenApi as error:
        raise UsageProblem(f"{path}: {error}") from None
    return text


def _request_text(text: str | None, spec: str | None) -> str:
    if text is not None and spec is not None:
        raise UsageProblem("give the request as TEXT or as --spec FILE, not both")
    if text is None and spec is None:
        raise UsageProblem('say what you want: greenloop feature "add books with title and author", or --spec FILE')
    found = text if text is not None else sys.stdin.read() if spec == "-" else file_text(Path(spec or ""))
    if not found.strip():
        raise UsageProblem("the request is empty")
    return found.strip()


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(feature)
