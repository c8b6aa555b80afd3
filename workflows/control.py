"""Stopping a run: one place that says why, tells everybody at once, and sees to it that the process really ends."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from workflows.endings import Ending, exit_code

GRACE_S = 4.5
"""How long work may take to end after it was asked to; then the process ends without it."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Control:
    """Why the run should stop, set from a signal, another process, or the clock."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.RLock()
        self._then: list[Callable[[], None]] = []
        self.ending = Ending.CANCELLED
        self.reason = ""

    def stop(self, ending: Ending, reason: str) -> None:
        """Ask everything to stop; the first reason counts. May be called from a signal handler."""
        with self._lock:
            if self._event.is_set():
                return
            self.ending, self.reason = ending, reason
            self._event.set()
            then = list(self._then)
        for action in then:
            action()

    def on_stop(self, action: Callable[[], None]) -> None:
        """Have `action` done when the run is stopped; at once when that has happened already."""
        with self._lock:
            self._then.append(action)
            late = self._event.is_set()
        if late:
            action()

    def stopped(self) -> bool:
        """Polled by every wait in the sandbox."""
        return self._event.is_set()


@contextmanager
def obeying_signals(control: Control, goodbye: str) -> Iterator[None]:
    """Stop on Ctrl-C, on a request to end and when the terminal goes away; the second time, end at once.

    A signal that is ignored (`nohup`, a shell's background job) stays ignored. `goodbye` is printed when the process
    has to end without its work.
    """

    def leave(code: int) -> None:
        show_cursor = "\x1b[?25h" if sys.stderr.isatty() else ""
        os.write(2, f"{show_cursor}greenloop: {goodbye}\n".encode())
        os._exit(code)

    def handle(number: int, frame: FrameType | None) -> None:
        if control.stopped():
            leave(exit_code(Ending.CANCELLED))
        control.stop(Ending.CANCELLED, "stopped by you")

    timers: list[threading.Timer] = []

    def set_timer() -> None:
        timer = threading.Timer(GRACE_S, lambda: leave(exit_code(control.ending)))
        timer.daemon = True
        timers.append(timer)
        timer.start()

    before = {number: signal.getsignal(number) for number in SIGNALS}
    ours = [number for number in SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in ours:
        signal.signal(number, handle)
    control.on_stop(set_timer)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for number in ours:
            signal.signal(number, before[number])


@contextmanager
def interruptible() -> Iterator[None]:
    """While a person is asked, Ctrl-C ends the question (KeyboardInterrupt)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
