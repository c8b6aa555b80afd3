"""Runs on disk: made, found, listed, locked, cancelled, removed."""

import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from agents.contracts import Request
from workflows.endings import Ending
from workflows.record import TEMPORARY, write_durably

LOCK_S = 0.5
"""How long a lock may be held by somebody who only looks."""


class RunInfo(BaseModel):
    """`run.json`: what a run is and how it ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    created: float
    """Seconds since the epoch."""
    repo: str
    """Absolute path of the user's repository (it may not exist yet)."""
    request: Request
    branch: str
    engine: str
    options: dict[str, Any] = {}
    """Flags given on the command line, so that a resume means the same."""
    ending: Ending | None = None
    reason: str = ""
    problem: str = ""
    """The reason without what a person at this one run could do about it."""
    commit: str = ""


class RunBusy(Exception):
    """Another process is working on this run."""


class RunNotFound(LookupError):
    """No run of that id."""


def slug(text: str, words: int = 5) -> str:
    """A few words of a request, fit for a branch name."""
    parts = re.findall(r"[a-z0-9]+", re.sub(r"\([^)]*\)", "", text.lower()))[:words]
    return "-".join(parts)[:40].strip("-") or "change"


class Runs:
    """All runs below one directory, `<state dir>/runs/<id>/`."""

    def __init__(self, state_dir: Path) -> None:
        self.root = state_dir / "runs"

    def create(
        self,
        request: Request,
        repo: Path,
        engine: str,
        options: dict[str, Any],
        branch: str = "",
        prefix: str = "greenloop/",
    ) -> RunInfo:
        """A new run with an id nobody has; the branch is named after the request when no name is given."""
        run_id = secrets.token_hex(4)
        name = branch or f"{prefix}{slug(request.text)}-{run_id}"
        info = RunInfo(
            id=run_id,
            created=time.time(),
            repo=str(repo.absolute()),
            request=request,
            branch=name,
            engine=engine,
            options=options,
        )
        self.home(run_id).mkdir(parents=True)
        self.save(info)
        return info

    def home(self, run_id: str) -> Path:
        """The run's directory."""
        return self.root / run_id

    def save(self, info: RunInfo) -> None:
        """Write `run.json` durably."""
        write_durably(self.home(info.id) / "run.json", info.model_dump_json(indent=1).encode())

    def load(self, run_id: str) -> RunInfo:
        """A run by id or by an unambiguous beginning of it; `last` is the newest.

        Raises:
            RunNotFound: none, or more than one.
        """
        everything = self.list()
        found = everything[:1] if run_id == "last" else [i for i in everything if i.id.startswith(run_id)]
        if len(found) != 1:
            known = ", ".join(i.id for i in everything[:5]) or "none yet"
            what = "no run" if not found else "more than one run"
            raise RunNotFound(f"{what} {run_id!r} (runs: {known}; `greenloop runs` lists all)")
        return found[0]

    def list(self) -> list[RunInfo]:
        """Newest first; a directory without a readable `run.json` is not a run."""
        found = []
        for path in self.root.glob("*/run.json"):
            try:
                found.append(RunInfo.model_validate_json(path.read_bytes()))
            except (ValueError, OSError):
                continue
        return sorted(found, key=lambda i: i.created, reverse=True)

    @contextmanager
    def lock(self, run_id: str) -> Iterator[None]:
        """Own the run in this process; the lock ends with the process, however that ends.

        Raises:
            RunBusy: another process owns it.
            RunNotFound: it was removed in the meantime.
        """
        path = self.home(run_id) / "lock"
        try:
            stream = path.open("a+")
        except FileNotFoundError:
            raise RunNotFound(f"run {run_id} was removed") from None
        with stream:
            if not _locked(stream, LOCK_S):
                stream.seek(0)
                raise RunBusy(f"run {run_id} is being worked on by process {stream.read().strip() or '?'}")
            if not path.exists():
                raise RunNotFound(f"run {run_id} was removed")
            stream.truncate(0)
            stream.write(str(os.getpid()))
            stream.flush()
            yield

    def active(self, run_id: str) -> bool:
        """Whether a process works on it now; asking never gets in the way of somebody who wants to."""
        try:
            with (self.home(run_id) / "lock").open() as stream:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def ask_to_stop(self, run_id: str) -> None:
        """Leave word for the process that works on it."""
        (self.home(run_id) / "stop").touch()

    def asked_to_stop(self, run_id: str) -> bool:
        """Whether somebody left word."""
        return (self.home(run_id) / "stop").exists()

    def forget_stop(self, run_id: str) -> None:
        """The word was heard, or is out of date."""
        (self.home(run_id) / "stop").unlink(missing_ok=True)

    def tidy(self, run_id: str) -> None:
        """Before a session, by the owner of the lock: remove an old word to stop and half-written files of the dead."""
        self.forget_stop(run_id)
        for folder in (self.home(run_id), *(self.home(run_id) / name for name in ("replies", "reports"))):
            for path in folder.glob(f".*{TEMPORARY}"):
                path.unlink(missing_ok=True)

    def remove(self, run_id: str) -> None:
        """Delete the run's directory (never the delivered branch).

        Raises:
            RunBusy: a process works on it.
        """
        with self.lock(run_id):
            shutil.rmtree(self.home(run_id), ignore_errors=True)

    def remove_unborn(self, older_s: float = 60.0) -> None:
        """Delete directories of runs whose process was killed before `run.json` was there."""
        for path in self.root.glob("*/"):
            with suppress(OSError):
                if not (path / "run.json").exists() and time.time() - path.stat().st_mtime > older_s:
                    shutil.rmtree(path, ignore_errors=True)


def _locked(stream: IO[str], within: float) -> bool:
    """Take the lock; somebody who only looks whether it is taken (`active`) is waited for."""
    deadline = time.monotonic() + within
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
