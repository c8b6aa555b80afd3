"""One command in a container: read on our own clock, ended when it must be, and named by what really happened."""

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sandbox.causes import Counters, starved
from sandbox.daemon import Daemon, Gone
from sandbox.errors import EngineFault, SandboxError
from sandbox.podman import never_began
from sandbox.protocol import Cause, Command, Outcome, User
from sandbox.streams import Channel, End, Output, Wake, pump

SETTLE_S = 5.0
"""How long the engine may take to notice that a command has ended."""
KILL_AGAIN_S = 0.05
POLL_S = 0.005


class Box(Protocol):
    """What a running command needs from its container."""

    daemon: Daemon

    @property
    def closing(self) -> bool: ...

    def counters(self) -> Counters | None: ...

    def disk_full(self, user: User) -> bool: ...

    def kill(self, user: User) -> bool: ...

    def destroy(self, reason: str) -> None: ...

    def gone(self) -> Cause: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that never ran: its outcome is known."""

    outcome: Outcome

    def wait(self) -> Outcome:
        """The outcome."""
        return self.outcome

    def stop(self) -> Outcome:
        """The outcome."""
        return self.outcome


class DockerProcess:
    """A running exec, drained by a thread of its own."""

    def __init__(
        self, box: Box, command: Command, exec_id: str, channel: Channel, *, cap: int, cancelled: Callable[[], bool],
        before: Counters,
    ) -> None:  # fmt: skip
        self._box, self._command, self._exec_id, self._channel = box, command, exec_id, channel
        self._output = Output(cap)
        self._cancelled = cancelled
        self._before = before
        self._wake = Wake()
        self._started = time.monotonic()
        self._outcome: Outcome | None = None
        self._fault: SandboxError | None = None
        self._thread = threading.Thread(target=self._main, name="sandbox-command", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """True until its outcome is known."""
        return self._thread.is_alive()

    def wait(self) -> Outcome:
        """See `protocol.Process.wait`."""
        self._thread.join()
        if self._outcome is None:
            raise self._fault or EngineFault("the command was lost")
        return self._outcome

    def stop(self) -> Outcome:
        """See `protocol.Process.stop`."""
        self._wake.ask()
        return self.wait()

    def abandon(self, within: float) -> None:
        """Stop reading, because the container is going away."""
        self._wake.ask()
        self._thread.join(within)

    def _main(self) -> None:
        try:
            deadline = self._started + self._command.timeout_s
            end = pump(
                self._channel,
                self._command.stdin,
                self._output,
                deadline=deadline,
                cancelled=self._cancelled,
                wake=self._wake,
            )
            self._outcome = self._ended() if end is End.CLOSED else self._cut(end)
        except SandboxError as fault:
            self._fault = fault
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; `wait` raises it
            self._fault = EngineFault(f"reading a command failed: {error!r}")
        finally:
            self._channel.close()
            self._wake.close()

    def _result(self, cause: Cause, exit_code: int | None = None) -> Outcome:
        return Outcome(
            cause=cause,
            exit_code=exit_code if cause is Cause.EXITED else None,
            stdout=self._output.stdout,
            stderr=self._output.stderr,
            elapsed_s=time.monotonic() - self._started,
        )

    def _cut(self, end: End) -> Outcome:
        """We stopped reading: end the command, unless it had ended and only its children held the stream."""
        self._channel.close()
        if self._box.closing:
            return self._result(Cause.STOPPED)
        if end is not End.OVERFLOW and (code := self._code_if_over()) is not None:
            return self._judged(code)
        after = self._box.counters()
        if after is not None:
            self._put_down()
        if end is not End.TIMEOUT:
            return self._result(Cause.OUTPUT_LIMIT if end is End.OVERFLOW else Cause.STOPPED)
        return self._result(self._box.gone() if after is None else starved(self._before, after) or Cause.TIMEOUT)

    def _ended(self) -> Outcome:
        """The stream ended: by itself, because the container died, or because the connection did."""
        try:
            state = self._settled()
        except Gone:
            return self._result(self._box.gone())
        if not is_over(state):
            self._put_down()
            raise EngineFault("the connection to the engine was lost while a command ran: no exit code")
        if not self._began(state):
            return self._not_started()
        return self._judged(int(state["ExitCode"]))

    def _began(self, state: dict[str, Any]) -> bool:
        """The program itself ran; of one that the runtime refused the exit code is not its own."""
        if self._box.daemon.podman:
            return not never_began(int(state["ExitCode"]), self._output.stderr)
        return bool(state["Pid"])

    def _judged(self, code: int) -> Outcome:
        return self._result(cause_of(self._box, self._command.user, self._before, code), code)

    def _not_started(self) -> Outcome:
        """The engine could not start the exec; its complaint came as if it were the program's output."""
        after = self._box.counters()
        if after is None:
            return self._result(self._box.gone())
        cause = starved(self._before, after)
        complaint = (self._output.stdout + self._output.stderr).decode("utf-8", "replace").strip()[-500:]
        self._output = Output(0)
        if cause is None:
            raise EngineFault(f"the engine could not start the command: {complaint}")
        return self._result(cause)

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self._box.daemon.call("exec_inspect", self._exec_id)
        return state

    def _settled(self, within: float = SETTLE_S) -> dict[str, Any]:
        """The exec's state once it is over, or after `within` seconds."""
        deadline = time.monotonic() + within
        while True:
            state = self._state()
            if is_over(state) or time.monotonic() > deadline:
                return state
            time.sleep(POLL_S)

    def _code_if_over(self) -> int | None:
        with contextlib.suppress(EngineFault):
            state = self._state()
            if is_over(state) and self._began(state):
                return int(state["ExitCode"])
        return None

    def _put_down(self) -> None:
        """Kill everything of this user, again while the command may still be starting; else the container goes."""
        deadline = time.monotonic() + SETTLE_S
        with contextlib.suppress(EngineFault):
            while self._box.kill(self._command.user) and time.monotonic() < deadline:
                if is_over(self._settled(KILL_AGAIN_S)):
                    return
        self._box.destroy("a command could not be ended")


def cause_of(box: Box, user: User, before: Counters, code: int) -> Cause:
    """Why a command ended that gave this exit code."""
    after = box.counters()
    if after is None:
        return box.gone()
    cause = starved(before, after)
    if code == 0 and cause is not Cause.OUT_OF_MEMORY:
        return Cause.EXITED
    if cause is None and box.disk_full(user):
        return Cause.DISK_FULL
    return cause or Cause.EXITED


def is_over(state: dict[str, Any]) -> bool:
    """True for an exec that has ended; one that has not begun yet does not run either, but has no exit code."""
    return not state["Running"] and state["ExitCode"] is not None
