"""`greenloop review`: what is wrong with a change or a whole repository, with the request that shows it."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli import options
from workflows.cli.common import FOUND, UsageProblem, known_problems, load_settings

if TYPE_CHECKING:
    from workflows.review.findings import Review
    from workflows.settings import Loaded

_ID = re.compile(r"[A-Za-z][\w-]*-[0-9a-f]{8}")


class Format(StrEnum):
    """How the review is printed."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    SARIF = "sarif"


class FailOn(StrEnum):
    """The slightest severity that makes the exit code 20."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    NEVER = "never"


def review(
    repo: options.Repo = Path(),
    base: Annotated[str | None, typer.Option(help="Review what changed since this revision.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="Review the whole repository.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TEXT,
    fail_on: Annotated[FailOn, typer.Option(help="Slightest severity that makes the exit code 20.")] = FailOn.ERROR,
    fix: Annotated[bool, typer.Option("--fix", help="Start a run that repairs what was proven by a test.")] = False,
    dismiss: Annotated[str | None, typer.Option(help="Never show the finding of this id again.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why it is dismissed.")] = None,
    show_dismissed: Annotated[bool, typer.Option("--show-dismissed", help="Print what was dismissed, too.")] = False,
    new: Annotated[bool, typer.Option("--new", help="Only what the last review did not find.")] = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="Only read the code; start nothing.")] = False,
    engine: options.Engine = None,
    base_url: options.BaseUrl = None,
    budget: options.BudgetUsd = None,
    timeout: options.Timeout = None,
) -> int:
    """Find what is wrong with the uncommitted changes, a branch or a whole FastAPI repository, and prove it."""
    with known_problems():
        if not repo.is_dir():
            raise UsageProblem(f"{repo}: no such folder")
        if (dismiss is None) != (reason is None):
            raise UsageProblem('a dismissal needs both: --dismiss ID --reason "why"')
        if whole and base:
            raise UsageProblem("give --base REF or --all, not both")
        if fix and no_run:
            raise UsageProblem("--fix repairs what was proven by running it: leave --no-run out")
        if dismiss is not None and reason is not None:
            return _dismiss(repo, dismiss, reason)
        loaded = load_settings(repo, engine=engine, base_url=base_url, budget_usd=budget, timeout_s=timeout)
        from workflows.control import Control, obeying_signals
        from workflows.render import PlainRenderer
        from workflows.review.findings import Review
        from workflows.review.look import NothingToReview, Wanted, review
        from workflows.review.memory import UnreadableDismissals

        wanted = Wanted(repo=repo, base=base or "HEAD", whole=whole, run=not no_run)
        control = Control()
        try:
            with obeying_signals(control, "stopped; nothing was changed"):
                tell = PlainRenderer(lambda text: typer.echo(text, err=True))
                found: Review = review(wanted, loaded, control.stopped, tell)
        except (NothingToReview, UnreadableDismissals) as error:
            raise UsageProblem(str(error)) from None
        if new:
            found = found.model_copy(update={"findings": tuple(f for f in found.findings if f.id in found.new)})
        typer.echo(_printed(found, output, dismissed=show_dismissed), nl=output is not Format.MARKDOWN)
        if fix:
            return _fixed(loaded, found, repo, fail_on)
        return FOUND if found.at_least(fail_on.value) else 0


def _fixed(loaded: "Loaded", found: "Review", repo: Path, fail_on: FailOn) -> int:
    """One run on everything that a test shows; its ending gives the exit code."""
    from workflows.cli.execute import execute_new
    from workflows.review.repair import fix_request

    request = fix_request(found)
    if request is None:
        typer.echo("nothing to repair was proven by a test", err=True)
        return FOUND if found.at_least(fail_on.value) else 0
    kept: dict[str, object] = {"approve": False, "include_dirty": True, "json": False, "candidates": 3}
    return execute_new(loaded, request, repo, kept, "")


def _printed(found: "Review", output: Format, *, dismissed: bool) -> str:
    from workflows.review.sarif import as_sarif
    from workflows.review.show import as_json, as_markdown, as_text

    if output is Format.JSON:
        return as_json(found)
    if output is Format.SARIF:
        return as_sarif(found)
    return (as_markdown if output is Format.MARKDOWN else as_text)(found, dismissed=dismissed)


def _dismiss(repo: Path, finding: str, reason: str) -> int:
    from workflows.review.memory import DISMISSED, UnreadableDismissals, dismiss, message_of

    if not _ID.fullmatch(finding):
        raise UsageProblem(f"--dismiss {finding}: not an id of a finding, such as GL512-1f0c9a2b")
    if not reason.strip():
        raise UsageProblem("--reason is empty: say why, for whoever reads the file next")
    message = message_of(load_settings().values.state_dir, repo, finding)
    try:
        dismiss(repo, finding, reason, message)
    except UnreadableDismissals as error:
        raise UsageProblem(str(error)) from None
    known = message or "no review here found it yet"
    typer.echo(f"{finding} is dismissed in {DISMISSED} ({known}); commit the file to share it")
    return 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(review)
