"""`answer`, `resume`, `cancel`, `merge`, `clean`: what can be done to a run."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.common import RunArgument, UsageProblem, find_run, known_problems, load_settings, open_runs

if TYPE_CHECKING:
    from workflows.runs import Runs

STOP_S = 15.0
"""How long a running run may take to hear that it is cancelled."""


def answer(
    run: Annotated[str, RunArgument],
    text: Annotated[str, typer.Argument(help="The answer; with several questions: `Q1: ... Q2: ...`.")],
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per event.")] = False,
) -> int:
    """Answer the questions a run rests at, and go on."""
    with known_problems():
        find_run(run)
        from workflows.cli.execute import execute_again

        return execute_again(run, answer_text=text, json_lines=json_lines)


def resume(
    run: Annotated[str, RunArgument],
    budget: Annotated[float | None, typer.Option(help="A new limit of money (USD).")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="A new limit of tokens.")] = None,
    timeout: Annotated[float | None, typer.Option(help="A new limit of seconds, earlier sessions included.")] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object per event.")] = False,
) -> int:
    """Go on with a run that was stopped, killed, or ran out of something; nothing paid for is paid again."""
    with known_problems():
        find_run(run)
        from workflows.cli.execute import execute_again

        flags = {"budget_usd": budget, "max_tokens": max_tokens, "timeout_s": timeout}
        return execute_again(run, flags=flags, json_lines=json_lines)


def cancel(run: Annotated[str, RunArgument]) -> None:
    """Stop a run; it can be resumed."""
    with known_problems():
        from workflows.endings import Ending

        runs, info = find_run(run)
        if info.ending is not None and not runs.active(info.id):
            raise UsageProblem(f"run {info.id} has ended already ({info.ending})")
        deadline = time.monotonic() + STOP_S
        while runs.active(info.id):
            if time.monotonic() > deadline:
                raise UsageProblem(
                    f"run {info.id} does not stop; its process is named in {runs.home(info.id) / 'lock'}"
                )
            runs.ask_to_stop(info.id)
            time.sleep(0.1)
        with runs.lock(info.id):
            runs.forget_stop(info.id)
            ended = runs.load(info.id)
            if ended.ending is None:
                idle = {"ending": Ending.CANCELLED, "reason": "cancelled while nobody worked on it"}
                ended = ended.model_copy(update=idle)
                runs.save(ended)
                _remove_containers(info.id)
        if ended.ending is not Ending.CANCELLED:
            raise UsageProblem(f"run {info.id} ended before it could be cancelled ({ended.ending})")
        typer.echo(f"run {info.id} is cancelled; go on with: greenloop resume {info.id}")


def _remove_containers(run_id: str) -> None:
    from sandbox.errors import SandboxError
    from workflows.engines import docker_engine

    try:
        docker_engine(load_settings().values).remove_run(run_id)
    except SandboxError as error:
        typer.echo(f"containers were not looked at: {error}", err=True)


def merge(run: Annotated[str, RunArgument]) -> None:
    """Merge a delivered branch into your current branch (no hooks are run); refuses on a dirty checkout."""
    with known_problems():
        from sandbox.merge import merge as merge_branch
        from workflows.endings import Ending

        _, info = find_run(run)
        if info.ending not in (Ending.DELIVERED, Ending.PARTIAL):
            raise UsageProblem(f"run {info.id} delivered nothing ({info.ending or 'still running'})")
        done = merge_branch(Path(info.repo), info.branch)
        how = {"already": "is merged already", "merge": "is merged by a merge commit"}.get(done.kind, "is merged")
        typer.echo(f"{info.branch} {how}: {done.branch} is at {done.commit[:10]}")


def clean(
    run: Annotated[str | None, typer.Argument(help="Only this run.", metavar="[RUN]")] = None,
    older_than: Annotated[float, typer.Option(help="Remove ended runs older than this many days.")] = 14.0,
    everything: Annotated[bool, typer.Option("--all", help="Remove every ended run.")] = False,
) -> None:
    """Remove ended runs and what dead processes left behind; delivered branches stay."""
    with known_problems():
        from sandbox.errors import SandboxError
        from workflows.engines import docker_engine

        runs = open_runs()
        chosen = [runs.load(run)] if run else runs.list()
        limit = time.time() - (0 if everything or run else older_than * 86400)
        removed = 0
        for info in chosen:
            if info.ending is None and run:
                state = "is running" if runs.active(info.id) else "was interrupted, not ended"
                raise UsageProblem(f"run {info.id} {state}; end it first: greenloop cancel {info.id}")
            if info.ending is not None and info.created < limit:
                removed += _removed(runs, info.id)
        runs.remove_unborn()
        try:
            containers = docker_engine(load_settings().values).sweep()
        except SandboxError as error:
            typer.echo(f"containers were not looked at: {error}", err=True)
            containers = []
        typer.echo(f"removed {removed} runs and {len(containers)} containers")


def _removed(runs: "Runs", run_id: str) -> bool:
    """Remove a run that has ended, unless somebody goes on with it right now."""
    from workflows.runs import RunBusy, RunNotFound

    try:
        runs.remove(run_id)
    except (RunBusy, RunNotFound):
        return False
    return True


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (answer, resume, cancel, merge, clean):
        app.command()(command)
