"""What can be asked of a sandbox, and every way it can end.

A command that ran is an `Outcome`, whatever its exit code. A sandbox that could not run it raises: `EngineFault` is
never turned into an outcome, and an outcome never hides a fault.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

User = Literal["root", "app", "tests"]
"""Who runs a command: uid 0 without any capability, the service's uid, or the tests' uid."""

SOURCE = "/src"
"""The tree under test, written by root, readable and not writable by `app` and `tests`."""
WORK = "/work"
"""Scratch space of `app` (mode 0700)."""
TESTS = "/tests"
"""Trusted tests, written by root, readable by `tests` alone: the service never sees what it will be asked."""
SCRATCH = "/scratch"
"""Scratch space of `tests` (mode 0700)."""


class Cause(StrEnum):
    """Why a command ended: read from the engine and our own clock, never guessed from an exit code."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    OUT_OF_MEMORY = "out_of_memory"
    OUTPUT_LIMIT = "output_limit"
    DISK_FULL = "disk_full"
    PIDS_LIMIT = "pids_limit"
    SANDBOX_DIED = "sandbox_died"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one sandbox; every one is held by the engine or by our own clock."""

    memory_mb: int = 1024
    cpus: float = 2.0
    pids: int = 256
    disk_mb: int = 512
    """Size of each writable tmpfs (MiB)."""
    inodes: int = 100_000
    output_bytes: int = 1_000_000
    """Most bytes kept of one command's stdout and stderr together; more ends it with `output_limit`."""
    lifetime_s: int = 3600
    """The container removes itself after this many seconds, whoever is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One program to run: an argument list, never a shell string."""

    argv: Sequence[str]
    timeout_s: float
    user: User = "app"
    cwd: str = "/"
    env: Mapping[str, str] = field(default_factory=dict)
    """Added to `PATH` (the image's), `HOME` (the user's writable directory) and `LANG`; there is nothing else."""
    stdin: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a command. True when it exited by itself with 0."""

    cause: Cause
    exit_code: int | None
    """The exit status when `cause` is `exited`, else None."""
    stdout: bytes
    stderr: bytes
    elapsed_s: float

    def __bool__(self) -> bool:
        return self.cause is Cause.EXITED and self.exit_code == 0


class Process(Protocol):
    """A command that is running; its output is drained (and capped) from the start."""

    def wait(self) -> Outcome:
        """Block until it ends or its `timeout_s` runs out. May be called again: same outcome.

        Raises:
            EngineFault: the engine was lost, or gave no exit code.
        """

    def stop(self) -> Outcome:
        """End it and everything its user runs; `Outcome.cause` is `stopped` unless it had ended before."""


class Sandbox(Protocol):
    """One container. Use as a context manager: leaving it kills and removes the container."""

    @property
    def id(self) -> str: ...

    @property
    def env(self) -> Mapping[str, str]:
        """How the project's processes find the servers that run beside them; empty when there are none."""

    def ailing(self) -> str:
        """Why one of those servers is not there any more, in one line; empty when all are well.

        Raises:
            EngineFault: they cannot be asked.
        """

    def start(self, command: Command) -> Process:
        """Start a command and return at once.

        A program that is not there is an `Outcome` with exit code 127, as a shell would say; a missing `cwd` is 125.

        Raises:
            EngineFault: the command could not be started for a reason that is the engine's.
        """

    def run(self, command: Command) -> Outcome:
        """`start` and `wait`."""

    def put(self, archive: bytes, target: str) -> None:
        """Unpack an uncompressed tar of plain files (made by us) into `/src`, `/tests`, `/work` or `/scratch`.

        Files belong to root in `/src` and `/tests` (mode 0644/0755), to `app` in `/work`, to `tests` in `/scratch`.

        Raises:
            EngineFault: unpacking failed.
        """

    def get(self, path: str, limit: int = 1_000_000) -> bytes | None:
        """One regular file's content, None when there is none; never follows a link, never more than `limit` bytes.

        Raises:
            EngineFault: the file is larger than `limit`, or the engine was lost.
        """

    def sweep(self) -> None:
        """Kill every process of `app` and `tests`, empty `/work`, `/scratch` and `/tmp`, start servers anew.

        Raises:
            EngineFault: that cannot be done.
        """

    def close(self) -> None:
        """Kill and remove the container; never raises, may be called twice."""

    def __enter__(self) -> "Sandbox": ...

    def __exit__(self, *exc: object) -> None: ...


class Engine(Protocol):
    """Starts sandboxes and cleans up after dead owners."""

    def open(self, image: str, *, run_id: str, limits: Limits) -> Sandbox:
        """Start a container from an image that is present.

        Raises:
            EngineUnavailable: no engine answers.
            ImageUnavailable: the image is not there, or declares volumes.
            EngineFault: the engine refused to start it.
        """

    def sweep(self) -> list[str]:
        """Remove containers whose owner is dead or whose deadline has passed; returns their ids."""

    def remove_run(self, run_id: str) -> list[str]:
        """Remove every container of one run (used before a resume and by `cancel`); returns their ids."""
