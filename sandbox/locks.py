"""One process at a time: locks on files that end with their process, however that ends."""

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.errors import Stopped

POLL_S = 0.1


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Take a lock and return its descriptor, whose closing gives it back; None when somebody else has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], None], cancelled: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Hold a lock, waiting for whoever has it; `waiting` is called once when there is somebody to wait for.

    Raises:
        Stopped: `cancelled` said so while waiting.
    """
    told = False
    while (held := try_lock(path)) is None:
        if not told:
            waiting()
        told = True
        if cancelled():
            raise Stopped("stopped while waiting for another build")
        time.sleep(POLL_S)
    try:
        yield
    finally:
        os.close(held)
