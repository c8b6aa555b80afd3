"""The commands put together, and what a failure looks like to a user."""

import os
import sys
import traceback
from collections.abc import Sequence

import typer
from typer.exceptions import Abort, Exit, TyperException

from workflows.cli import (
    campaign,
    control,
    doctor,
    feature,
    fix,
    images,
    inspect,
    recipes,
    refactor,
    review,
    rules,
    setup,
    worker,
)
from workflows.cli.common import FOUND, UsageProblem
from workflows.endings import MEANING, Ending, exit_code

BUG = 70


def _epilog() -> str:
    lines = [f"{code:>4}  {ending}: {text}" for ending, (code, text) in MEANING.items()]
    lines.append(f"{FOUND:>4}  greenloop review: something at or above --fail-on was found")
    lines.append("   2  wrong command line or configuration")
    lines.append(f"  {BUG}  a bug in greenloop (a file with details is named)")
    return "Exit codes:\n\n\b\n" + "\n".join(lines)


app = typer.Typer(
    name="greenloop",
    help="Turn a request, a bug or a recipe into a verified git branch of a FastAPI project. It loops until green.",
    epilog=_epilog(),
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=True,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def top(version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True)) -> None:
    """Turn a request, a bug or a recipe into a verified git branch of a FastAPI project. It loops until green."""
    if version:
        from importlib.metadata import version as installed

        typer.echo(installed("greenloop"))
        raise typer.Exit


for register in (
    feature.register,
    fix.register,
    refactor.register,
    inspect.register,
    control.register,
    doctor.register,
    images.register,
    recipes.register,
    review.register,
    rules.register,
    setup.register,
    campaign.register,
    worker.register,
):
    register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; no traceback for anything foreseeable."""
    try:
        result = typer.main.get_command(app).main(args=list(arguments), prog_name="greenloop", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except Exit as end:
        return end.exit_code
    except (Abort, KeyboardInterrupt):
        _say("stopped")
        return exit_code(Ending.CANCELLED)
    except TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        _say(f"{message.replace('Value error, ', '')} (greenloop --help)")
        return 2
    except UsageProblem as problem:
        _say(str(problem))
        return problem.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - a bug: the details go to a file, the user gets one line
        _say(f"this is a bug in greenloop; details are in {_crash_file()}")
        return BUG


def _say(text: str) -> None:
    typer.echo(f"greenloop: {text}", err=True)


def _crash_file() -> str:
    import tempfile

    with tempfile.NamedTemporaryFile("w", prefix="greenloop-crash-", suffix=".txt", delete=False) as stream:
        stream.write(traceback.format_exc())
    return stream.name
