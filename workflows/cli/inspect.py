"""`runs`, `show`, `diff`, `log`: looking at runs."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.common import RunArgument, UsageProblem, find_run, known_problems, open_runs

if TYPE_CHECKING:
    from workflows.record import Record
    from workflows.runs import RunInfo


def runs(
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per run.")] = False,
    limit: Annotated[int, typer.Option("-n", help="How many, newest first.")] = 20,
) -> None:
    """List runs, newest first."""
    with known_problems():
        found = open_runs()
        listed = found.list()[:limit]
        for info in listed:
            if json_lines:
                typer.echo(info.model_dump_json())
                continue
            state = info.ending or ("running" if found.active(info.id) else "interrupted")
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(info.created))
            typer.echo(f"{info.id}  {when}  {state:<17}  {info.request.text.splitlines()[0][:70]}")
        if not listed and not json_lines:
            typer.echo('no runs yet; start one: greenloop feature "add books with title and author" --repo PATH')


def show(
    run: Annotated[str, RunArgument],
    report: Annotated[bool, typer.Option("--report", help="Print report.md instead.")] = False,
    where: Annotated[bool, typer.Option("--where", help="Print the lines a fix suspects, and why.")] = False,
) -> None:
    """Show what a run built, what proves it, and what to do next."""
    with known_problems():
        from workflows.record import Record
        from workflows.screens import final_screen

        found, info = find_run(run)
        home = found.home(info.id)
        if where:
            typer.echo(_where(Record(home), info.id))
            return
        if report:
            path = home / "report.md"
            if not path.exists():
                raise UsageProblem(f"run {info.id} has no report{_because(info)}")
            typer.echo(path.read_text(encoding="utf-8"))
            return
        typer.echo(f"run {info.id}  engine {info.engine}  request: {info.request.text}")
        if info.ending is None:
            state = (
                "is running" if found.active(info.id) else f"was interrupted; go on with: greenloop resume {info.id}"
            )
            typer.echo(f"It {state}\nLog: greenloop log {info.id} -f")
            return
        typer.echo(final_screen(info, Record(home), gates=True))


def _because(info: "RunInfo") -> str:
    return f": it ended as {info.ending}" if info.ending else " yet: it has not ended"


def _where(record: "Record", run: str) -> str:
    from workflows.evidence import WHERE, Where
    from workflows.fix_report import where_text

    found = record.load_report(WHERE, Where)
    if found is None:
        raise UsageProblem(f"run {run} has looked for no lines to blame; that is done by: greenloop fix")
    return where_text(found)


def diff(
    run: Annotated[str, RunArgument],
    stat: Annotated[bool, typer.Option("--stat", help="Only names and line counts.")] = False,
) -> None:
    """Show what a run changed against the commit it started from."""
    with known_problems():
        from sandbox.text import clean
        from sandbox.workspace import Workspace

        found, info = find_run(run)
        home = found.home(info.id) / "workspace"
        if not home.exists():
            raise UsageProblem(f"run {info.id} has no workspace{_because(info)}")
        workspace = Workspace.open(home)
        typer.echo(clean(workspace.diff(workspace.base, info.commit or workspace.head(), stat=stat)))


def log(
    run: Annotated[str, RunArgument],
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until the run ends.")] = False,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per event.")] = False,
) -> None:
    """Print a run's events."""
    with known_problems():
        from workflows.record import read_events
        from workflows.render import JsonRenderer, PlainRenderer

        found, info = find_run(run)
        render = JsonRenderer(typer.echo) if json_lines else PlainRenderer(typer.echo)
        path: Path = found.home(info.id) / "events.jsonl"
        seen = 0
        while True:
            going_on = follow and found.active(info.id)
            for offset, event in read_events(path, seen) if path.exists() else ():
                render(event)
                seen = offset
            if not going_on:
                return
            time.sleep(0.2)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (runs, show, diff, log):
        app.command()(command)
