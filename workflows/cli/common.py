"""What every command shares: settings, the runs, known problems turned into one line and a code."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from workflows.runs import RunInfo, Runs
    from workflows.settings import Loaded


FOUND = 20
"""Exit code of commands that look for what is wrong: they found something."""


class UsageProblem(Exception):
    """Something the user can put right; printed as one line."""

    def __init__(self, message: str, code: int = 2) -> None:
        self.code = code
        super().__init__(message)


@contextmanager
def known_problems() -> Iterator[None]:
    """Turn the errors a user can cause or meet into one line and an exit code."""
    from agents.errors import AgentError, NotUnderstood
    from sandbox.errors import EngineUnavailable, ImageUnavailable, SandboxError, WorkspaceError
    from workflows.endings import Ending, exit_code
    from workflows.runs import RunBusy, RunNotFound
    from workflows.settings import ConfigError

    try:
        yield
    except (ConfigError, NotUnderstood, RunNotFound, RunBusy) as error:
        raise UsageProblem(str(error)) from None
    except (EngineUnavailable, ImageUnavailable) as error:
        raise UsageProblem(str(error), exit_code(Ending.INFRA)) from None
    except WorkspaceError as error:
        raise UsageProblem(str(error), exit_code(Ending.REFUSED)) from None
    except (SandboxError, AgentError) as error:
        raise UsageProblem(str(error), exit_code(Ending.INFRA)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise UsageProblem(what, exit_code(Ending.INFRA)) from None


def load_settings(repo: Path | None = None, **flags: Any) -> "Loaded":
    """The merged settings; flags that are None were not given."""
    from workflows.settings import load

    return load(repo, flags)


def open_runs(loaded: "Loaded | None" = None) -> "Runs":
    """The runs of this user."""
    from workflows.runs import Runs

    return Runs((loaded or load_settings()).values.state_dir)


def find_run(run: str) -> "tuple[Runs, RunInfo]":
    """A run by id, by the beginning of one, or `last`."""
    runs = open_runs()
    return runs, runs.load(run)


def file_text(path: Path, limit: int = 1_000_000) -> str:
    try:
        if path.stat().st_size > limit:
            raise UsageProblem(f"{path}: larger than {limit:,} bytes")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageProblem(f"{path}: not UTF-8 text") from None


RunArgument = typer.Argument(help="A run's id, the beginning of one, or `last`.", metavar="RUN")
