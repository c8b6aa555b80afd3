"""`greenloop fix`: from a bug to a verified branch that begins with a test showing it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli import options
from workflows.cli.common import UsageProblem, file_text, known_problems, load_settings

if TYPE_CHECKING:
    from agents.contracts import Request
    from workflows.settings import Loaded


def fix(
    text: Annotated[str | None, typer.Argument(help="The bug: what happens, what should.", metavar="TEXT")] = None,
    issue: Annotated[str | None, typer.Option(help="Read the report from a file, `-` for standard input.")] = None,
    test: Annotated[list[str] | None, typer.Option(help="A test that shows it (may be given again).")] = None,
    failing: Annotated[bool, typer.Option("--failing", help="Every test that fails now, each as its own bug.")] = False,
    traceback: Annotated[Path | None, typer.Option(help="A file with a stack trace.")] = None,
    junit: Annotated[Path | None, typer.Option(help="A JUnit report: its failing tests.")] = None,
    repo: options.Repo = Path(),
    since: Annotated[str | None, typer.Option(help="A commit without the bug: find the one that brought it.")] = None,
    together: Annotated[bool, typer.Option("--together", help="Several bugs on one branch.")] = False,
    candidates: Annotated[int | None, typer.Option(min=1, max=16, help="Patches a model makes side by side.")] = None,
    engine: options.Engine = None,
    base_url: options.BaseUrl = None,
    approve: options.Approve = False,
    max_rounds: options.MaxRounds = None,
    budget: options.BudgetUsd = None,
    max_tokens: options.MaxTokens = None,
    timeout: options.Timeout = None,
    json_lines: options.JsonLines = False,
    branch: options.Branch = None,
    include_dirty: options.IncludeDirty = False,
) -> int:
    """Fix a bug: reproduce it with a test, find the lines, repair them, prove it; one new git branch for each bug."""
    with known_problems():
        if not repo.is_dir():
            raise UsageProblem(f"{repo}: no such folder")
        loaded = load_settings(
            repo,
            engine=engine,
            base_url=base_url,
            max_rounds=max_rounds,
            budget_usd=budget,
            max_tokens=max_tokens,
            timeout_s=timeout,
            patches=candidates,
        )
        told = _told(text, issue, traceback)
        tests = (*(test or ()), *(_from_junit(junit, repo) if junit else ()))
        if not (told or tests or failing):
            raise UsageProblem(
                'say what is wrong: greenloop fix "`GET /books/1` returns 500, expected 404", or --issue FILE, '
                "--test NODEID, --failing, --traceback FILE, --junit FILE"
            )
        kept: dict[str, object] = {"approve": approve, "include_dirty": include_dirty, "json": json_lines}
        commit = _commit(repo, since) if since else ""
        if failing:
            return _every_failing(loaded, repo, kept, commit, branch or "", together=together)
        from workflows.cli.execute import execute_new

        return execute_new(loaded, _request(told, tests, commit), repo, kept, branch or "")


def _told(text: str | None, issue: str | None, traceback: Path | None) -> str:
    if text is not None and issue is not None:
        raise UsageProblem("give the report as TEXT or as --issue FILE, not both")
    said = text if text is not None else ""
    if issue is not None:
        said = sys.stdin.read() if issue == "-" else file_text(Path(issue))
    trace = file_text(traceback) if traceback else ""
    return "\n\n".join(part.strip() for part in (said, trace) if part.strip())


def _request(told: str, tests: tuple[str, ...], since: str) -> "Request":
    from agents.contracts import Request

    text = told or (f"{tests[0]} fails" if len(tests) == 1 else f"{len(tests)} tests fail, first {tests[0]}")
    return Request(kind="fix", text=text, tests=tests, since=since)


def _from_junit(path: Path, repo: Path) -> tuple[str, ...]:
    from agents.bugs.junit import UnreadableReport, failures_in

    files = [p.relative_to(repo).as_posix() for p in repo.rglob("*.py") if ".git" not in p.parts]
    try:
        found = failures_in(file_text(path, 20_000_000), files)
    except UnreadableReport as error:
        raise UsageProblem(f"{path}: {error}") from None
    if not found:
        raise UsageProblem(f"{path}: none of its failing tests is in {repo}")
    return tuple(case.node_id for case in found)


def _commit(repo: Path, since: str) -> str:
    from sandbox.intake import commit_named

    found = commit_named(repo, since)
    if found is None:
        raise UsageProblem(f"--since {since}: there is no such commit in {repo}")
    return found


def _every_failing(
    loaded: "Loaded", repo: Path, kept: dict[str, object], since: str, branch: str, *, together: bool
) -> int:
    """Look at the repository's own tests first, then one run for each bug, or one for all."""
    from workflows.cli.execute import execute_new
    from workflows.cli.execute_many import execute_many
    from workflows.control import Control, obeying_signals
    from workflows.survey import survey

    control = Control()
    with obeying_signals(control, "stopped; nothing was changed"):
        found = survey(repo, loaded, control.stopped, include_dirty=bool(kept["include_dirty"]))
    if not kept["json"]:
        for node_id in found.flaky:
            typer.echo(f"flaky, so left alone: {node_id}")
        for node_id in found.endless:
            typer.echo(f"does not end, so left alone: {node_id}")
        for path in found.not_collected:
            typer.echo(f"cannot be collected: {path}")
    tests = [tuple(dict.fromkeys(group)) for group in found.groups]
    tests += [(path,) for path in found.not_collected]
    if not tests:
        typer.echo(f"no test fails ({found.passing} pass)" + "".join(f"\n{line}" for line in found.trouble))
        return 0
    if together or len(tests) == 1:
        every = tuple(node_id for group in tests for node_id in group)
        return execute_new(loaded, _request(_failure(every, found.messages), every, since), repo, kept, branch)
    requests = [_request(_failure(group, found.messages), group, since) for group in tests]
    return execute_many(loaded, requests, repo, kept)


def _failure(group: tuple[str, ...], messages: dict[str, str]) -> str:
    rows = [f"{node_id} fails: {messages.get(node_id, '')}".rstrip(": ") for node_id in group]
    names = ", ".join(node_id.rpartition("::")[2] for node_id in group)
    return "\n".join([f"{len(group)} failing tests: {names}", *rows] if len(rows) > 1 else rows)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fix)
