"""A job held by this process: renewed in the background, and known to be lost without asking anybody.

The clock is our own and goes on while the process or the machine sleeps: a process that was frozen past its lease
finds it lost before it writes anything. What is written to the database is checked there once more (`assert_held`).
"""

import threading
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from workflows.queue.jobs import LeaseLost, Queue

LEASE_S = 30.0
"""How long a job stays with a worker that is not heard of."""
MARGIN = 0.2
"""Share of the lease at whose end we count it as lost already."""
RENEWALS = 5
"""How often a lease is renewed in its time."""


def clock() -> float:
    """Seconds that pass in sleep too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Lease:
    """One job's lease. `on_stop` is called from the background, once: the lease is lost, or the job is to stop."""

    def __init__(
        self, queue: Queue, job_id: str, token: int, seconds: float, on_stop: Callable[[str], None], taken_at: float
    ) -> None:
        """`taken_at`: by `clock`, from before the job was claimed."""
        self.job_id = job_id
        self.token = token
        self.queue = queue
        self._seconds = seconds
        self._on_stop = on_stop
        self._until = taken_at + seconds * (1 - MARGIN)
        self._lost = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{job_id}", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def check(self) -> None:
        """Refuse to write when the lease may be somebody else's.

        Raises:
            LeaseLost: it is, or may be.
        """
        if self._lost.is_set() or clock() >= self._until:
            self._lose()
            raise LeaseLost(f"job {self.job_id} was taken from us: the lease ran out")

    def left_s(self) -> float:
        """Seconds until the lease counts as lost."""
        return 0.0 if self._lost.is_set() else max(0.0, self._until - clock())

    def close(self) -> None:
        """Renew no more."""
        self._over.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._over.wait(self._seconds / RENEWALS):
            before = clock()
            if before >= self._until:
                return self._lose()
            try:
                stop = self.queue.renew(self.job_id, self.token, self._seconds, away_s=self.left_s())
            except LeaseLost:
                return self._lose()
            except DBAPIError:
                continue  # the database is away; the clock decides
            self._until = before + self._seconds * (1 - MARGIN)
            if stop:
                self._on_stop("cancelled")
        return None

    def _lose(self) -> None:
        if not self._lost.is_set():
            self._lost.set()
            self._on_stop("lost")
