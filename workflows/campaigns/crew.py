"""Workers on this machine: one process a run, begun and ended as memory allows."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import workflows
from workflows.campaigns.capacity import free_mb, wanted
from workflows.campaigns.hall import opened
from workflows.campaigns.waves import advance
from workflows.queue.jobs import Queue
from workflows.queue.lease import LEASE_S
from workflows.queue.worker import Options, Worker
from workflows.settings import Loaded, load

LOOK_S = 5.0
SPARE_S = 30.0
"""How long a machine has to be short of memory before a worker is asked to end."""
RESTART_S = 2.0
IMAGES_S = 120.0
"""How often the disk that images take is looked at."""
PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from workflows.cli.main import main; main()"
"""With `-P`: not `-m`, which would import whatever the current folder, a repository perhaps, calls `workflows`."""
Say = Callable[..., None]


class BadAddress(ValueError):
    """Metrics cannot be served there."""


@contextmanager
def metrics_at(loaded: Loaded, address: str) -> Iterator[None]:
    """Answer `/metrics` meanwhile, when an address (`host:port`) is given.

    Raises:
        BadAddress: it is none, or is taken.
    """
    if not address:
        yield
        return
    from workflows.engines import docker_engine
    from workflows.queue.metrics import serve

    with opened(loaded) as hall:
        try:
            stop = serve(hall.queue, docker_engine(loaded.values), address)
        except (ValueError, OSError) as error:
            raise BadAddress(f"--metrics {address}: {error}") from None
        try:
            yield
        finally:
            stop()


class Housekeeping:
    """What a worker looks after between jobs: the waves of campaigns, and the disk that images take."""

    def __init__(self, loaded: Loaded, say: Say) -> None:
        self._loaded = loaded
        self._say = say
        self._looked = time.monotonic()

    def __call__(self, queue: Queue) -> None:
        advance(queue)
        limit = self._loaded.values.image_disk_gb
        if limit and time.monotonic() - self._looked > IMAGES_S:
            self._looked = time.monotonic()
            self._prune(int(limit * 10**9))

    def _prune(self, keep_bytes: int) -> None:
        from sandbox.errors import SandboxError
        from workflows.engines import images_for

        try:
            removed = images_for(self._loaded).prune(keep_bytes)
        except SandboxError as error:
            self._say("images_not_looked_at", reason=str(error)[:300])
            return
        if removed:
            self._say("images_removed", tags=list(removed))


def serve_one(loaded: Loaded, say: Say, *, lease_s: float, until_empty: bool, parent: int = 0) -> None:
    """Be a worker until asked to end."""

    def settings(repo: Path | None, flags: dict[str, Any]) -> Loaded:
        return load(repo, flags)

    with opened(loaded) as hall:
        options = Options(
            state_dir=hall.folder,
            settings=settings,
            depot=hall.depot_of,
            say=say,
            lease_s=lease_s,
            until_empty=until_empty,
            parent=parent,
            each_turn=Housekeeping(loaded, say),
        )
        Worker(hall.queue, options).serve()


def begin_crew(loaded: Loaded, say: Say, count: int, *, lease_s: float = LEASE_S, until_empty: bool = True) -> "Crew":
    """Several workers, each in a process of its own; they begin with `work` or `keep`."""
    arguments = ["--lease", str(lease_s), f"--parent={os.getpid()}", "--json"]
    arguments += ["--until-empty"] if until_empty else []
    if loaded.origin["queue_url"] == "flag":  # else they find it where we did; an argument can be read by others
        arguments += ["--queue-url", loaded.values.queue_url]
    return Crew(arguments, count, loaded.values.memory_mb, say, until_empty, loaded.values.state_dir / "queue")


class Crew:
    """Worker processes: begun as memory allows, begun again when they die, drained when we are asked to end."""

    def __init__(
        self, arguments: list[str], most_of_all: int, sandbox_mb: int, say: Say, until_empty: bool, folder: Path
    ) -> None:
        """`arguments`: of `greenloop worker`, for one of them; `folder`: for what they print, unless that is ours."""
        root = str(Path(workflows.__file__).parents[1])
        self._arguments = [sys.executable, "-P", "-c", PROGRAM, root, "worker", *arguments, "--concurrency", "1"]
        self._most = most_of_all
        self._sandbox_mb = sandbox_mb
        self._say = say
        self._until_empty = until_empty
        self._log: Path | None = folder / "workers.log"
        self._alive: list[subprocess.Popen[bytes]] = []
        self._stop = threading.Event()
        self._short_since = 0.0
        self._nothing_left = False

    def work(self) -> None:
        """Until asked to end by a signal, or until the workers have nothing left to do; they print where we do."""
        self._log = None
        before = {n: signal.signal(n, self._asked) for n in (signal.SIGTERM, signal.SIGINT)}
        try:
            self.keep()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def keep(self) -> None:
        """Until `stop`, or until the workers have nothing left to do; what they print is in a file."""
        try:
            while not self._stop.is_set():
                if not self._look() and self._until_empty:
                    break
                self._stop.wait(LOOK_S if len(self._alive) >= self._most else RESTART_S)
        finally:
            self.drain()

    def stop(self) -> None:
        """Ask all to end."""
        self._stop.set()

    def _asked(self, *_: object) -> None:
        if self._stop.is_set():
            for worker in self._alive:
                worker.kill()
        self._stop.set()

    def _look(self) -> bool:
        """Start or end workers; False when nothing is left to do and all have ended."""
        ended = [w for w in self._alive if w.poll() is not None]
        self._alive = [w for w in self._alive if w.poll() is None]
        for worker in ended:
            if worker.returncode != 0:
                self._say("worker_died", pid=worker.pid, code=worker.returncode)
        if ended and self._until_empty:
            # one that found nothing left needs no other; one that died left something
            self._nothing_left = all(w.returncode == 0 for w in ended)
        if self._nothing_left and not self._alive:
            return False
        count = wanted(self._most, len(self._alive), self._sandbox_mb)
        if count > len(self._alive) and not self._nothing_left:
            self._alive.append(self._start())
        self._spare(count)
        return True

    def _spare(self, count: int) -> None:
        """Short of memory for a while: the youngest is asked to hand its job back."""
        if count >= len(self._alive):
            self._short_since = 0.0
        elif not self._short_since:
            self._short_since = time.monotonic()
        elif time.monotonic() - self._short_since > SPARE_S:
            self._short_since = 0.0
            self._say("worker_spared", pid=self._alive[-1].pid, free_mb=free_mb())
            self._alive[-1].terminate()

    def _start(self) -> "subprocess.Popen[bytes]":
        # a session of its own: a Ctrl-C reaches us, and them through us
        if self._log is None:
            return subprocess.Popen(self._arguments, stdin=subprocess.DEVNULL, start_new_session=True)
        with self._log.open("ab") as log:
            return subprocess.Popen(
                self._arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def drain(self) -> None:
        """Ask all to end, and wait for them."""
        for worker in self._alive:
            if worker.poll() is None:
                worker.terminate()
        for worker in self._alive:
            worker.wait()
