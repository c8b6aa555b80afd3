"""Start or resume a run in this process and show it; shared by `feature`, `answer` and `resume`."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import typer
from typer.exceptions import Abort

from agents.ledger import Ledger
from sandbox.deliver import refuse_name
from sandbox.errors import BranchTaken
from workflows.cli.common import UsageProblem, load_settings, open_runs
from workflows.cli.questions import ask_on_terminal, from_text
from workflows.control import Control, interruptible, obeying_signals
from workflows.drive import Ask, drive
from workflows.endings import RESUMABLE, Ending, exit_code
from workflows.live import LiveRenderer
from workflows.record import Record
from workflows.render import JsonRenderer, PlainRenderer
from workflows.runs import RunInfo, Runs
from workflows.screens import final_screen
from workflows.services import assemble
from workflows.settings import Loaded, choose_engine

KEPT_FLAGS = ("max_rounds", "budget_usd", "max_tokens", "timeout_s", "base_url", "patches")
Renderer = LiveRenderer | JsonRenderer | PlainRenderer


def execute_new(loaded: Loaded, request: Any, repo: Path, options: dict[str, Any], branch: str) -> int:
    """Create a run and carry it to its ending; returns the exit code."""
    runs = open_runs(loaded)
    return _session(runs, create(runs, loaded, request, repo, options, branch), loaded, json_lines=options["json"])


def create(runs: Runs, loaded: Loaded, request: Any, repo: Path, options: dict[str, Any], branch: str) -> RunInfo:
    """A new run with the flags that were given, so that a resume means the same."""
    given = {k: getattr(loaded.values, k) for k in KEPT_FLAGS if loaded.origin[k] == "flag"}
    engine, prefix = choose_engine(loaded.values), loaded.values.branch_prefix
    try:
        refuse_name(branch or f"{prefix}x")
    except BranchTaken as error:
        raise UsageProblem(str(error) if branch else f"setting branch_prefix: {error}") from None
    return runs.create(request, repo, engine, {**options, "flags": given}, branch, prefix)


def execute_again(
    run: str, *, flags: dict[str, Any] | None = None, answer_text: str | None = None, json_lines: bool = False
) -> int:
    """Go on with a run; `answer_text` answers the questions it rests at."""
    runs = open_runs()
    info = runs.load(run)
    if runs.active(info.id):
        raise UsageProblem(f"run {info.id} is being worked on; watch it with: greenloop log {info.id} -f")
    if answer_text is not None and info.ending is not Ending.NEEDS_ANSWER:
        raise UsageProblem(f"run {info.id} asks nothing ({info.ending or 'not ended: greenloop resume ' + info.id})")
    if info.ending is not None and info.ending not in RESUMABLE:
        raise UsageProblem(f"run {info.id} has ended: {info.ending}; start a new one")
    kept = {**info.options.get("flags", {}), **{k: v for k, v in (flags or {}).items() if v is not None}}
    repo = Path(info.repo)
    loaded = load_settings(repo if repo.is_dir() else None, engine=info.engine, **kept)
    info = info.model_copy(update={"options": {**info.options, "flags": kept}})
    return _session(runs, info, loaded, json_lines=json_lines, answer_text=answer_text)


def _session(runs: Runs, info: RunInfo, loaded: Loaded, *, json_lines: bool, answer_text: str | None = None) -> int:
    renderer = _renderer(json_lines)
    control = Control()
    goodbye = f"stopped; nothing is lost, go on with: greenloop resume {info.id}"
    ask = _asker(renderer, json_lines) if answer_text is None else _prepared(answer_text)
    with obeying_signals(control, goodbye):
        done = work_on(runs, info, loaded, renderer, control, ask)
    if not json_lines:
        typer.echo(final_screen(done, Record(runs.home(done.id))))
    return exit_code(done.ending or Ending.INFRA)


def work_on(
    runs: Runs,
    info: RunInfo,
    loaded: Loaded,
    renderer: Renderer,
    control: Control,
    ask: Ask,
    ledger: Ledger | None = None,
) -> RunInfo:
    """Carry one run to its ending in this thread; `ledger`: one that several runs share."""
    with runs.lock(info.id):
        runs.tidy(info.id)
        started = info.model_copy(update={"ending": None, "reason": ""})
        runs.save(started)
        context = assemble(runs, started, loaded, control.stopped, ledger)
        context.record.listen(renderer)
        try:
            with asyncio.Runner() as runner:
                work = drive(runs, started, context, control, timeout_s=loaded.values.timeout_s, ask=ask)
                return runner.run(work)
        except UsageProblem:
            runs.save(info)
            raise
        finally:
            renderer.pause()
            context.lab.close()


def _renderer(json_lines: bool) -> Renderer:
    if json_lines:
        return JsonRenderer(typer.echo)
    if sys.stdout.isatty():
        from rich.console import Console

        return LiveRenderer(Console())
    return PlainRenderer(typer.echo)


def _asker(renderer: Renderer, json_lines: bool) -> Ask:
    """Ask at once when a person is there, else let the run rest."""
    here = sys.stdin.isatty() and sys.stdout.isatty() and not json_lines

    def ask(question: dict[str, Any]) -> dict[str, Any] | None:
        if not here:
            return None
        renderer.pause()
        try:
            with interruptible():
                return ask_on_terminal(question)
        except (Abort, KeyboardInterrupt):
            return None

    return ask


def _prepared(text: str) -> Ask:
    """One answer, given beforehand; a further question finds nobody."""
    left = [text]
    return lambda question: from_text(question, left.pop()) if left else None
