"""`greenloop feature`: from a request to a verified branch."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.common import UsageProblem, known_problems, load_settings


def feature(
    text: Annotated[str | None, typer.Argument(help="What you want, in plain words.", metavar="TEXT")] = None,
    repo: Annotated[Path, typer.Option(help="The repository; an empty or missing folder becomes a new one.")] = Path(),
    spec: Annotated[str | None, typer.Option(help="Read the request from a file, `-` for standard input.")] = None,
    openapi: Annotated[Path | None, typer.Option(help="An OpenAPI document the result is held to.")] = None,
    engine: Annotated[str | None, typer.Option(help="`offline` (rules, no model) or a model's name.")] = None,
    base_url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint.")] = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Show the plan and wait for a yes before building.")
    ] = False,
    assume: Annotated[
        bool | None, typer.Option("--assume/--ask", help="Answer open questions by defaults, or ask.")
    ] = None,
    max_rounds: Annotated[int | None, typer.Option(help="Build-verify turns before giving up.")] = None,
    budget: Annotated[float | None, typer.Option(help="Most money the run may cost (USD).")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Most tokens the run may use.")] = None,
    timeout: Annotated[float | None, typer.Option(help="Most seconds the run may take.")] = None,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="Existing clients may break; what breaks is recorded.")
    ] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per event.")] = False,
    branch: Annotated[str | None, typer.Option(help="Name of the result branch.")] = None,
    include_dirty: Annotated[bool, typer.Option("--include-dirty", help="Start from uncommitted changes too.")] = False,
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
        from agents.openapi_contract import read_openapi
        from workflows.cli.execute import execute_new

        contract = _file_text(openapi) if openapi else ""
        if openapi:
            read_openapi(contract)
        request = Request(
            text=request_text, openapi=contract, assume=loaded.values.assume, allow_breaking=allow_breaking
        )
        options = {"approve": approve, "include_dirty": include_dirty, "json": json_lines}
        return execute_new(loaded, request, repo, options, branch or "")


def _request_text(text: str | None, spec: str | None) -> str:
    if (text is None) == (spec is None):
        raise UsageProblem('say what you want: greenloop feature "add books with title and author", or --spec FILE')
    found = text if text is not None else sys.stdin.read() if spec == "-" else _file_text(Path(spec or ""))
    if not found.strip():
        raise UsageProblem("the request is empty")
    return found.strip()


def _file_text(path: Path, limit: int = 1_000_000) -> str:
    try:
        if path.stat().st_size > limit:
            raise UsageProblem(f"{path}: larger than {limit:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageProblem(f"{path}: not UTF-8 text") from None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(feature)
