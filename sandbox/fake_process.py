"""A command of the fake sandbox: a Python function in a thread, with the clock and the limits of a real one."""

import posixpath
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol, cast

from sandbox.fake_files import FakeFiles
from sandbox.hardening import UIDS, base_env
from sandbox.protocol import Cause, Command, Outcome, User

PATH = "/usr/local/bin:/usr/bin:/bin"
TICK_S = 0.02


class Host(Protocol):
    """What a program and its process need from their sandbox."""

    files: FakeFiles
    closed: bool
    died: bool
    cancelled: Callable[[], bool]

    def launch(self, call: "Call", program: "Program") -> "Task": ...

    def kill(self, *users: User) -> None: ...


class Killed(BaseException):
    """Raised inside a program, out of any method of its `Call`, when its process is ended."""


class Call:
    """What a program sees of the sandbox, and how it answers."""

    def __init__(self, box: Host, command: Command, cap: int) -> None:
        self.argv = tuple(command.argv)
        self.user: User = command.user
        self.uid = UIDS[command.user]
        self.cwd = command.cwd
        self.env: Mapping[str, str] = base_env(command.user, PATH) | dict(command.env)
        self.stdin = command.stdin
        self.stdout, self.stderr = bytearray(), bytearray()
        self.killed, self.overflow = threading.Event(), threading.Event()
        self._box, self._cap = box, cap

    def write(self, data: bytes, *, error: bool = False) -> None:
        """Print to stdout, or stderr; more than the cap ends the process."""
        self._alive()
        part = self.stderr if error else self.stdout
        room = self._cap - len(self.stdout) - len(self.stderr)
        part += data[:room]
        if len(data) > room:
            self.overflow.set()
            self.killed.wait()
        self._alive()

    def sleep(self, seconds: float) -> None:
        """Wait, or be killed."""
        self.killed.wait(seconds)
        self._alive()

    def read_file(self, path: str) -> bytes:
        """A file's content as this user (OSError as the kernel would say)."""
        self._alive()
        return self._box.files.read(posixpath.join(self.cwd, path), self.user)

    def write_file(self, path: str, data: bytes, *, kind: str = "file") -> None:
        """Write a file as this user; `kind="link"` makes a symbolic link to the path in `data`."""
        self._alive()
        self._box.files.write(posixpath.join(self.cwd, path), data, self.user, kind=kind)

    def spawn(self, program: "Program") -> None:
        """A child that outlives this program until it returns, or everything of this user is killed."""
        command = Command(argv=self.argv, timeout_s=0, user=self.user, cwd=self.cwd, env=self.env)
        self._box.launch(Call(self._box, command, self._cap), program)

    def _alive(self) -> None:
        if self.killed.is_set():
            raise Killed


Program = Callable[[Call], "int | Cause"]
"""Returns an exit code, or the cause it simulates (`Cause.OUT_OF_MEMORY`, ...). An OSError is exit code 1."""


class Task:
    """A program running in a thread."""

    def __init__(self, call: Call, program: Program) -> None:
        self.call = call
        self.result: int | Cause = 137
        self.bug: BaseException | None = None
        self.done = threading.Event()
        threading.Thread(target=self._main, args=(program,), name="fake-program", daemon=True).start()

    def _main(self, program: Program) -> None:
        try:
            self.result = program(self.call)
        except Killed:
            self.result = 137
        except OSError as error:
            self.call.stderr += f"{error}\n".encode()
            self.result = 1
        except Exception as error:  # noqa: BLE001 - a mistake in a test's program: `wait` raises it
            self.bug = error
        finally:
            self.done.set()


class FakeProcess:
    """See `protocol.Process`."""

    def __init__(self, box: Host, task: Task, timeout_s: float) -> None:
        self._box, self._task = box, task
        self._started = time.monotonic()
        self._timeout_s = timeout_s
        self._stopped = threading.Event()
        self._outcome: Outcome | None = None
        self._thread = threading.Thread(target=self._watch, name="fake-process", daemon=True)
        self._thread.start()

    def wait(self) -> Outcome:
        """See `protocol.Process.wait`."""
        self._thread.join()
        if self._task.bug is not None:
            raise self._task.bug
        return cast(Outcome, self._outcome)

    def stop(self) -> Outcome:
        """See `protocol.Process.stop`."""
        self._stopped.set()
        return self.wait()

    def _watch(self) -> None:
        cause: Cause | None = None
        while cause is None and not self._task.done.wait(TICK_S):
            cause = self._cut()
        if cause is None and self._box.closed and self._task.call.killed.is_set():
            cause = Cause.STOPPED
        if cause is not None:
            self._box.kill(self._task.call.user)
            self._outcome = self._result(cause)
        elif isinstance(self._task.result, Cause):
            self._box.died = self._box.died or self._task.result is Cause.SANDBOX_DIED
            self._outcome = self._result(self._task.result)
        else:
            self._outcome = self._result(Cause.EXITED, self._task.result)

    def _cut(self) -> Cause | None:
        if self._task.call.overflow.is_set():
            return Cause.OUTPUT_LIMIT
        if self._stopped.is_set() or self._box.closed or self._box.cancelled():
            return Cause.STOPPED
        return Cause.TIMEOUT if time.monotonic() - self._started > self._timeout_s else None

    def _result(self, cause: Cause, exit_code: int | None = None) -> Outcome:
        call, elapsed = self._task.call, time.monotonic() - self._started
        return Outcome(
            cause=cause, exit_code=exit_code, stdout=bytes(call.stdout), stderr=bytes(call.stderr), elapsed_s=elapsed
        )
