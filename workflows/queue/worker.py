"""A worker: takes jobs one at a time, looks after what dead workers left, and drains when it is asked to end."""

import os
import secrets
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from sandbox.depot import Depot
from workflows.queue import dispatch
from workflows.queue.carry import Carrier, Place
from workflows.queue.jobs import RUNNING, Job, Queue
from workflows.queue.lease import LEASE_S
from workflows.queue.reaper import leave, reap, tell
from workflows.queue.schema import SchemaTooNew, jobs
from workflows.settings import Loaded

DRAIN_S = 3600.0
"""How long a worker that was asked to end waits for its run to come to a checkpoint."""
TURN_S = 2.0
"""How often a worker looks around, at most."""
REMIND_S = 60.0
"""How often a worker that can only wait says so."""
Say = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Options:
    """How a worker works."""

    state_dir: Path
    settings: Callable[[Path | None, dict[str, Any]], Loaded]
    depot: Callable[[Job], Depot]
    say: Say
    lease_s: float = LEASE_S
    until_empty: bool = False
    """End when no job is left."""
    parent: int = 0
    """Process without which it ends; 0: whichever is the parent when it begins."""
    each_turn: Callable[[Queue], None] = lambda _: None
    """What else is to be looked after, e.g. the waves of campaigns."""


class Worker:
    """One process."""

    def __init__(self, queue: Queue, options: Options) -> None:
        self._queue = queue
        self._options = options
        self._stop = threading.Event()
        self._parent = options.parent or os.getppid()
        self.id = f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(3)}"
        self._reminded = 0.0

    def serve(self) -> None:
        """Work until asked to end, or until nothing is left."""
        with self._obeying():
            if not self._ready():
                return
            place = Place(
                worker=self.id,
                state_dir=self._options.state_dir,
                depot=self._options.depot,
                settings=self._options.settings,
                lease_s=self._options.lease_s,
                say=self._options.say,
                draining=self._stop.is_set,
            )
            self._sweep()
            self._tell("working")
            carrier = Carrier(self._queue, place)
            dispatch.launch(self._queue.database.url, self._queue.version, self.id, carrier, self._options.say)
            self._options.say("worker_started", worker=self.id, queue=self._queue.database.shown())
            self._turns(carrier)
            self._options.say("worker_draining", worker=self.id)
            self._tell("draining")
            dispatch.shut_down(DRAIN_S)
            carrier.tidy(0.0)
            leave(self._queue.database, self.id)
        self._options.say("worker_ended", worker=self.id)

    def _ready(self) -> bool:
        """Make or migrate the tables; wait while they are a newer greenloop's. False: asked to end meanwhile."""
        while not self._stop.is_set():
            try:
                self._queue.prepare()
                return True
            except SchemaTooNew as error:
                self._remind("worker_waiting", reason=f"{error}; waiting for a worker's update")
            self._stop.wait(TURN_S)
        return False

    def _turns(self, carrier: Carrier) -> None:
        pause = min(TURN_S, self._options.lease_s / 6)
        while not self._stop.is_set():
            try:
                self._turn()
                carrier.tidy(self._options.lease_s)
            except DBAPIError as error:
                self._options.say("database_away", reason=str(error.orig)[:200])
            if os.getppid() != self._parent:
                self._options.say("worker_orphaned", worker=self.id)
                self._stop.set()
            self._stop.wait(pause)

    def _turn(self) -> None:
        self._tell("working")
        for job_id in reap(self._queue, self._options.lease_s):
            self._options.say("job_taken_over", job=job_id)
        self._options.each_turn(self._queue)
        self._sweep()
        others = {v: n for v, n in self._queue.versions_waiting().items() if v != self._queue.version}
        for version, count in others.items():
            reason = f"{count} jobs wait for greenloop {version}, this is {self._queue.version}: left to such a worker"
            self._remind("other_version", reason=reason)
        if self._options.until_empty and self._queue.left() == 0:
            self._stop.set()

    def _sweep(self) -> None:
        """Folders of jobs that nobody on this machine works on any more."""
        homes = [p for p in (self._options.state_dir / "homes").glob("*.*") if p.name.rpartition(".")[2].isdecimal()]
        for path in homes:
            job_id, _, token = path.name.rpartition(".")
            if self._queue.database.read(lambda conn: _abandoned(conn, job_id, int(token))):  # noqa: B023 - called at once
                shutil.rmtree(path, ignore_errors=True)

    def _remind(self, event: str, **data: Any) -> None:
        if time.monotonic() - self._reminded > REMIND_S or not self._reminded:
            self._reminded = time.monotonic()
            self._options.say(event, worker=self.id, **data)

    def _tell(self, state: str) -> None:
        row = {"id": self.id, "host": socket.gethostname(), "pid": os.getpid(), "version": self._queue.version}
        tell(self._queue.database, row, state)

    @contextmanager
    def _obeying(self) -> Iterator[None]:
        """SIGTERM and Ctrl-C drain; the second time the process ends at once, and its lease runs out."""

        def handle(number: int, frame: FrameType | None) -> None:
            if self._stop.is_set():
                os._exit(128 + number)
            self._stop.set()

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _abandoned(conn: Connection, job_id: str, token: int) -> bool:
    row = conn.execute(select(jobs.c.state, jobs.c.token).where(jobs.c.id == job_id)).first()
    return row is None or row.token != token or row.state != RUNNING
