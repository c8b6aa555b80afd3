"""Several runs on one repository at once: one ledger, one way to stop them, a branch each."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import typer

from agents.contracts import Request
from agents.ledger import Budget, Ledger
from workflows.cli.common import open_runs
from workflows.cli.execute import create, work_on
from workflows.control import Control, obeying_signals
from workflows.endings import MEANING, Ending, exit_code
from workflows.render import JsonRenderer, PlainRenderer
from workflows.runs import RunInfo, Runs
from workflows.settings import Loaded

SIDE_BY_SIDE = 2
"""Runs worked on at the same time: each keeps about one processor busy."""


def execute_many(loaded: Loaded, requests: Sequence[Request], repo: Path, options: dict[str, Any]) -> int:
    """Create a run for each request and carry all of them to their endings; the first that did not deliver gives the
    exit code."""
    runs, settings = open_runs(loaded), loaded.values
    infos = [create(runs, loaded, request, repo, options, "") for request in requests]
    ledger = Ledger(Budget(usd=settings.budget_usd, tokens=settings.max_tokens, calls=settings.max_calls))
    if not options["json"]:
        typer.echo(f"{len(infos)} bugs, a run and a branch each:")
        for info in infos:
            typer.echo(f"  {info.id}  {info.request.text.splitlines()[0][:100]}")
    group = Control()
    with obeying_signals(group, "stopped; go on with: greenloop resume RUN"), ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        done = list(pool.map(lambda info: _one(runs, info, loaded, group, ledger, options), infos))
    if not options["json"]:
        typer.echo("\n" + "\n".join(_row(info) for info in done))
    bad = next((info.ending for info in done if info.ending is not Ending.DELIVERED), Ending.DELIVERED)
    return exit_code(bad or Ending.INFRA)


def _one(runs: Runs, info: RunInfo, loaded: Loaded, group: Control, ledger: Ledger, options: dict[str, Any]) -> RunInfo:
    if group.stopped():
        return info
    control = Control()
    group.on_stop(lambda: control.stop(group.ending, group.reason))
    renderer = (
        JsonRenderer(typer.echo) if options["json"] else PlainRenderer(lambda text: typer.echo(f"{info.id}  {text}"))
    )
    return work_on(runs, info, loaded, renderer, control, lambda _: None, ledger)


def _row(info: RunInfo) -> str:
    ending = info.ending or Ending.CANCELLED
    told = f"branch {info.branch}" if ending is Ending.DELIVERED else info.reason or MEANING[ending][1]
    return f"{info.id}  {ending:<16} {told}"
