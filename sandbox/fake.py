"""An engine in memory that keeps the same promises as the Docker one: for tests of what is built on sandboxes.

Programs are Python functions registered by name; files are a dictionary; nothing is executed.

    engine = FakeEngine()
    engine.program("pytest", lambda call: call.write(b"1 passed\\n") or 0)
"""

import itertools
import posixpath
import threading
from collections.abc import Callable, Mapping

from sandbox import tars
from sandbox.container import as_argv, never
from sandbox.errors import EngineFault
from sandbox.fake_files import FakeFiles
from sandbox.fake_process import PATH, Call, FakeProcess, Program, Task
from sandbox.fake_programs import BUILT_IN, complaint
from sandbox.hardening import OWNER_OF
from sandbox.protocol import Cause, Command, Limits, Outcome, Process, User

__all__ = ["Call", "FakeEngine", "FakeSandbox", "Program"]


class FakeSandbox:
    """See `protocol.Sandbox`; `files` may be looked at and changed by a test."""

    def __init__(
        self, number: int, run_id: str, limits: Limits, programs: Mapping[str, Program], cancelled: Callable[[], bool]
    ) -> None:
        self.id = f"fake-{number}"
        self.run_id = run_id
        self.files = FakeFiles()
        self.cancelled = cancelled
        self.closed = self.died = False
        self._limits, self._programs = limits, programs
        self._lock = threading.Lock()
        self._tasks: list[Task] = []

    @property
    def env(self) -> Mapping[str, str]:
        """See `protocol.Sandbox.env`: no server runs beside what is fake."""
        return {}

    def ailing(self) -> str:
        """See `protocol.Sandbox.ailing`."""
        return ""

    def start(self, command: Command) -> Process:
        """See `protocol.Sandbox.start`."""
        as_argv(command, PATH)
        self._require_open()
        call = Call(self, command, self._limits.output_bytes)
        return FakeProcess(self, self.launch(call, self._program(call)), command.timeout_s)

    def _program(self, call: Call) -> Program:
        if self.died:
            return lambda _: Cause.SANDBOX_DIED
        if not self.files.is_dir(posixpath.normpath(call.cwd)):
            return complaint(f"cannot change directory to '{call.cwd}': No such file or directory", 125)
        name = call.argv[0]
        found = self._programs.get(name) or self._programs.get(posixpath.basename(name))
        return found or complaint(f"'{name}': No such file or directory", 127)

    def launch(self, call: Call, program: Program) -> Task:
        """Run a program in a thread of its own."""
        with self._lock:
            self._tasks = [task for task in self._tasks if not task.done.is_set()]
            task = Task(call, program)
            self._tasks.append(task)
            return task

    def run(self, command: Command) -> Outcome:
        """See `protocol.Sandbox.run`."""
        return self.start(command).wait()

    def kill(self, *users: User) -> None:
        """End every program of these users; waits a second for those that do not notice."""
        with self._lock:
            ended = [task for task in self._tasks if task.call.user in users]
        for task in ended:
            task.call.killed.set()
        for task in ended:
            task.done.wait(1.0)

    def put(self, archive: bytes, target: str) -> None:
        """See `protocol.Sandbox.put`."""
        if target not in OWNER_OF:
            raise ValueError(f"not a place to put files: {target}")
        self._require_open(alive=True)
        self.files.unpack(archive, target)

    def get(self, path: str, limit: int = 1_000_000) -> bytes | None:
        """See `protocol.Sandbox.get`."""
        parts = tars.components(path)
        self._require_open(alive=True)
        data = self.files.regular(parts)
        if data is not None and len(data) > limit:
            raise EngineFault(f"{path} is larger than {limit} bytes")
        return data

    def sweep(self) -> None:
        """See `protocol.Sandbox.sweep`."""
        self._require_open(alive=True)
        self.kill("app", "tests")
        self.files.wipe()

    def _require_open(self, *, alive: bool = False) -> None:
        if self.closed:
            raise EngineFault("the sandbox is closed")
        if alive and self.died:
            raise EngineFault("the sandbox died")

    def close(self) -> None:
        """See `protocol.Sandbox.close`."""
        self.closed = True
        self.kill("root", "app", "tests")

    def __enter__(self) -> "FakeSandbox":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class FakeEngine:
    """See `protocol.Engine`; `opened` lists every sandbox there ever was."""

    def __init__(self, *, cancelled: Callable[[], bool] = never) -> None:
        self.opened: list[FakeSandbox] = []
        self._cancelled = cancelled
        self._numbers = itertools.count(1)
        self._programs: dict[str, Program] = dict(BUILT_IN)

    def program(self, name: str, program: Program) -> None:
        """Install a program in every sandbox, found by its name or the last part of its path."""
        self._programs[name] = program

    def open(self, image: str, *, run_id: str, limits: Limits) -> FakeSandbox:
        """See `protocol.Engine.open`; every image is there."""
        box = FakeSandbox(next(self._numbers), run_id, limits, self._programs, self._cancelled)
        self.opened.append(box)
        return box

    def sweep(self) -> list[str]:
        """See `protocol.Engine.sweep`: nothing of ours outlives this process."""
        return []

    def remove_run(self, run_id: str) -> list[str]:
        """See `protocol.Engine.remove_run`."""
        removed = [box for box in self.opened if box.run_id == run_id and not box.closed]
        for box in removed:
            box.close()
        return [box.id for box in removed]
