"""`greenloop doctor`: what a run needs, checked; `--app`: why your application does not start or answer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli import options
from workflows.cli.common import FOUND, UsageProblem, known_problems, load_settings

if TYPE_CHECKING:
    from agents.troubles.trouble import Trouble


def doctor(
    app: Annotated[
        bool, typer.Option("--app", help="Start the application of --repo and explain what is wrong.")
    ] = False,
    repo: options.Repo = Path(),
    attacks: Annotated[bool, typer.Option(help="Try ten attacks on a sandbox of this engine (some seconds).")] = True,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per check.")] = False,
) -> int:
    """Check what a run needs and what keeps its sandbox closed, or with --app why an application does not work."""
    with known_problems():
        return _application(repo, json_lines=json_lines) if app else _checkup(attacks=attacks, json_lines=json_lines)


def _checkup(*, attacks: bool, json_lines: bool) -> int:
    from workflows.checkup import checkup

    rows = []
    for row in checkup(load_settings(), attacks=attacks):
        rows.append(row)
        if json_lines:
            typer.echo(row.model_dump_json())
        else:
            mark = {"ok": "ok  ", "warn": "warn", "bad": "BAD "}[row.state]
            typer.echo(f"{mark}  {row.name:<18} {row.found}" + (f"\n      -> {row.advice}" if row.advice else ""))
    bad = [row for row in rows if row.state == "bad"]
    if not json_lines:
        typer.echo(f"\n{'everything a run needs is there' if not bad else f'{len(bad)} problems'}")
    return 16 if bad else 0


def _application(repo: Path, *, json_lines: bool) -> int:
    if not repo.is_dir():
        raise UsageProblem(f"{repo}: no such folder")
    from workflows.app_doctor import examine
    from workflows.control import Control, obeying_signals
    from workflows.render import PlainRenderer

    loaded, control = load_settings(repo), Control()
    with obeying_signals(control, "stopped; nothing was changed"):
        found = examine(repo, loaded, control.stopped, PlainRenderer(lambda text: typer.echo(text, err=True)))
    if json_lines:
        typer.echo(found.model_dump_json(indent=1))
    else:
        from sandbox.text import clean

        typer.echo(f"ok    it starts; {found.asked} requests were sent" if found.starts else "BAD   it does not start")
        for trouble in found.troubles:
            typer.echo(clean("\n".join(_told(trouble))))
        if found.starts and not found.troubles:
            typer.echo("none of the usual reasons for wrong answers was found")
    return FOUND if found.seen() or not found.starts else 0


def _told(trouble: "Trouble") -> list[str]:
    place = f"  {trouble.path}:{trouble.line}  {trouble.code}" if trouble.path else ""
    lines = [f"{'BAD ' if trouble.shown else 'see '}  {trouble.reason}{place}", f"      {trouble.what}"]
    lines += [f"      seen: {trouble.shown}"] if trouble.shown else ["      (read in the code; no request showed it)"]
    return [*lines, f"      -> {trouble.change}"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)
