"""`doctor`: is everything there that a run needs, and what to do when not."""

from typing import Annotated

import typer

from workflows.cli.common import known_problems, load_settings


def doctor(json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per check.")] = False) -> int:
    """Check what a run needs: Python, git, Docker, the base image, disk, the model."""
    with known_problems():
        from workflows.checkup import checkup

        rows = checkup(load_settings())
        for row in rows:
            if json_lines:
                typer.echo(row.model_dump_json())
            else:
                mark = {"ok": "ok  ", "warn": "warn", "bad": "BAD "}[row.state]
                typer.echo(f"{mark}  {row.name:<12} {row.found}" + (f"\n      -> {row.advice}" if row.advice else ""))
        bad = [row for row in rows if row.state == "bad"]
        if not json_lines:
            typer.echo(f"\n{'everything a run needs is there' if not bad else f'{len(bad)} problems'}")
        return 16 if bad else 0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)
