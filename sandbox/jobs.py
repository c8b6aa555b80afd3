"""A test program to run inside a sandbox, and who starts it: a plain process, or a worker that has its imports done."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sandbox.probe import BOOT, stdin_for
from sandbox.protocol import Command, Process, Sandbox, User


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One of our programs (see `sandbox.probe`) and its task."""

    python: str
    parts: tuple[str, ...]
    """Names of the sources that make up the program."""
    task: Mapping[str, object]
    """Handed to the program as JSON."""
    user: User
    cwd: str
    env: Mapping[str, str]
    timeout_s: float


class Starter(Protocol):
    """Starts jobs in one sandbox."""

    def clean(self) -> None:
        """Leave no process and no scratch file of an earlier job.

        Raises:
            EngineFault: the sandbox cannot be cleaned.
        """

    def start(self, job: Job) -> Process:
        """Start a job and return at once.

        Raises:
            EngineFault: it cannot be started.
        """


class Plain:
    """A fresh interpreter for every job: what a verdict is made with."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def clean(self) -> None:
        """See `Starter.clean`."""
        self._sandbox.sweep()

    def start(self, job: Job) -> Process:
        """See `Starter.start`."""
        return self._sandbox.start(
            Command(
                argv=(job.python, "-I", "-B", "-c", BOOT),
                stdin=stdin_for(job.task, *job.parts),
                user=job.user,
                cwd=job.cwd,
                env=job.env,
                timeout_s=job.timeout_s,
            )
        )
