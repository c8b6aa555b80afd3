"""A sandbox that is a Docker container."""

import contextlib
import posixpath
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sandbox import tars
from sandbox.causes import Counters, is_full, parse_counters
from sandbox.daemon import Daemon, Gone, bounded
from sandbox.errors import EngineFault
from sandbox.execution import DockerProcess, Finished
from sandbox.extras.keeper import Keepers
from sandbox.extras.values import NONE, Extras, Name
from sandbox.hardening import OWNER_OF, UIDS, WRITABLE, base_env, identity
from sandbox.protocol import Cause, Command, Limits, Outcome, Process, User
from sandbox.resident import INPUT_ENDED, KILLER_SCRIPT, Resident
from sandbox.streams import Channel

ATTEMPTS = 3
TRANSFER_S = 120.0
WIPE_S = 30.0
GOODBYE_S = 5.0
ENDS = ("oom", "die", "stop")
"""What an engine notes about the end of a container."""
NOTES_S = 0.2
"""How long after the end of a container the engine may take to write it down."""


def never() -> bool:
    """For what is too short to be cancelled."""
    return False


class DockerSandbox:
    """See `protocol.Sandbox`."""

    def __init__(
        self, daemon: Daemon, container_id: str, supervisor: Resident, *, path: str, limits: Limits,
        cancelled: Callable[[], bool], extras: Extras = NONE, afterwards: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.daemon = daemon
        self.extras = extras
        self._id = container_id
        self._supervisor = supervisor
        self._path = path
        self._limits = limits
        self._cancelled = cancelled
        self._afterwards = afterwards
        self._last_seen = time.time()
        self._lock = threading.Lock()
        self._killers: dict[User, Resident] = {}
        self._processes: list[DockerProcess] = []
        self._conversations: list[Channel] = []
        self._closing = False
        self._destroyed = ""
        self._keepers = Keepers(extras, lambda argv, name: self._exec(argv, name, stdin=True)[1])
        for user in ("app", "tests"):
            self._arm(user)

    @property
    def id(self) -> str:
        """The container's id."""
        return self._id

    @property
    def closing(self) -> bool:
        """True once we are taking the container away ourselves."""
        return self._closing

    @property
    def limits(self) -> Limits:
        """Its bounds."""
        return self._limits

    @property
    def cancelled(self) -> Callable[[], bool]:
        """Asked while a command runs; True ends it as `stopped`."""
        return self._cancelled

    @property
    def env(self) -> Mapping[str, str]:
        """See `protocol.Sandbox.env`."""
        return self.extras.env

    def ailing(self) -> str:
        """See `protocol.Sandbox.ailing`."""
        return self._keepers.ailing()

    def renew_ahead(self) -> None:
        """Start the servers anew while nobody waits; for when no process of the tests is left."""
        self._keepers.ahead()

    def start(self, command: Command) -> Process:
        """See `protocol.Sandbox.start`."""
        if command.user != "root":
            self._keepers.used()
        return self._start(command, self._limits.output_bytes, self._cancelled)

    def run(self, command: Command) -> Outcome:
        """See `protocol.Sandbox.run`."""
        return self.start(command).wait()

    def _start(self, command: Command, cap: int, cancelled: Callable[[], bool]) -> Process:
        argv = as_argv(command, self._path)
        self._require_open()
        try:
            before = self._prepared(command.user)
            if before is None:
                return Finished(Outcome(cause=self.gone(), exit_code=None, stdout=b"", stderr=b"", elapsed_s=0.0))
            exec_id, channel = self._exec(argv, command.user, stdin=bool(command.stdin))
        except Gone:
            return Finished(Outcome(cause=self.gone(), exit_code=None, stdout=b"", stderr=b"", elapsed_s=0.0))
        process = DockerProcess(self, command, exec_id, channel, cap=cap, cancelled=cancelled, before=before)
        with self._lock:
            self._processes = [p for p in self._processes if p.running] + [process]
        return process

    def converse(self, command: Command) -> Channel:
        """Start a command whose input stays open; for a program of ours that answers (see `sandbox.worker`).

        Raises:
            EngineFault: it could not be started.
        """
        argv = as_argv(command, self._path)
        self._require_open()
        if self._prepared(command.user) is None:
            raise EngineFault("the sandbox does not answer")
        channel = self._exec(argv, command.user, stdin=True)[1]
        with self._lock:
            self._conversations.append(channel)
        return channel

    def _require_open(self) -> None:
        if self._closing:
            raise EngineFault("the sandbox is closed")
        if self._destroyed:
            raise EngineFault(f"the sandbox was destroyed: {self._destroyed}")

    def _exec(self, argv: list[str], user: User | Name, *, stdin: bool) -> tuple[str, Channel]:
        created = self.daemon.call("exec_create", self._id, argv, stdin=stdin, user=identity(user), workdir="/")
        exec_id: str = created["Id"]
        return exec_id, Channel(self.daemon.call("exec_start", exec_id, socket=True))

    def _prepared(self, user: User) -> Counters | None:
        """See to it that `user` can be killed, and read the counters; None when the container does not answer."""
        before = self.counters()
        if before is None or user == "root":
            return before
        for _ in range(ATTEMPTS):
            if self._killers[user].ask("ready", 10.0) is not None:
                return before
            self._arm(user)
        if self.counters() is None:
            return None
        self.destroy("no process can be started in it")
        raise EngineFault("no process can be started in the sandbox any more")

    def _arm(self, user: User) -> None:
        script = ["/bin/sh", "-c", KILLER_SCRIPT, " ".join(WRITABLE[user]), str(UIDS[user])]
        if user in self._killers:
            self._killers[user].close()
        self._killers[user] = Resident(self._exec(script, user, stdin=True)[1])

    def counters(self) -> Counters | None:
        """What ran out so far; None when the container does not answer."""
        lines = self._supervisor.ask("count")
        if lines is not None:
            self._last_seen = time.time()
        return None if lines is None else parse_counters(lines)

    def disk_full(self, user: User) -> bool:
        """True when a file system that `user` writes to has no free block or no free inode."""
        return is_full(self._supervisor.ask("disk") or (), WRITABLE[user])

    def kill(self, user: User) -> bool:
        """Kill every process of `user`; False when nobody confirmed it."""
        if user == "root":
            return self._supervisor.ask("kill") is not None
        for _ in range(ATTEMPTS):
            if self._killers[user].ask("kill") is not None:
                return True
            self._arm(user)
        return False

    def gone(self) -> Cause:
        """Why the container does not answer.

        Raises:
            EngineFault: it still runs, so the engine (or the way to it) is at fault.
        """
        deadline = time.monotonic() + GOODBYE_S
        while not self._closing and time.monotonic() < deadline:
            try:
                if not self.daemon.call("inspect_container", self._id)["State"]["Running"]:
                    break
            except Gone:
                break
            time.sleep(0.02)
        else:
            if not self._closing:
                raise EngineFault("the engine lost the stream of a sandbox that still runs")
        return Cause.STOPPED if self._closing else self._last_word()

    def _last_word(self) -> Cause:
        """Why the container ended, by the engine's own notes since it last answered us.

        Raises:
            EngineFault: it was the engine or the way to it.
        """
        begin, end = (moment + self.daemon.ahead_s for moment in (self._last_seen, time.time() + NOTES_S))
        since, until = f"{begin:.9f}", f"{end:.9f}"
        filters: dict[str, Any] = {"container": self._id, "event": list(ENDS)}
        if self.daemon.podman:  # it knows whole seconds only, and other words to filter by
            since, until, filters = str(int(begin)), str(int(end) + 1), {"container": self._id}
        try:
            events = bounded(lambda: list(self.daemon.api.events(since, until, filters, decode=True)), GOODBYE_S)
        except Exception:  # noqa: BLE001 - without notes the word is the weaker, still true `sandbox_died`
            return Cause.SANDBOX_DIED
        events = [event for event in events if event.get("Action") in ENDS]
        if any(event["Action"] == "oom" for event in events):
            return Cause.OUT_OF_MEMORY
        codes = [event.get("Actor", {}).get("Attributes", {}).get("exitCode") for event in events]
        if str(INPUT_ENDED) in codes:
            raise EngineFault("the connection to the engine was lost, and the sandbox ended with it")
        if not events or any(event["Action"] == "stop" for event in events):
            raise EngineFault("the engine itself ended the sandbox: it was stopped or started again")
        return Cause.SANDBOX_DIED

    def destroy(self, reason: str) -> None:
        """Kill the container because of what runs in it; later commands raise."""
        self._destroyed = self._destroyed or reason
        with contextlib.suppress(EngineFault):
            self.daemon.call("kill", self._id)

    def put(self, archive: bytes, target: str) -> None:
        """See `protocol.Sandbox.put`."""
        if target not in OWNER_OF:
            raise ValueError(f"not a place to put files: {target}")
        argv = ("tar", "-x", "-f", "-", "-C", target, "--no-same-owner", "--no-same-permissions", "--touch")
        command = Command(argv=argv, user=OWNER_OF[target], stdin=archive, timeout_s=TRANSFER_S)
        outcome = self._start(command, 100_000, never).wait()
        if not outcome:
            said = outcome.stderr.decode("utf-8", "replace").strip()[-300:]
            raise EngineFault(f"unpacking into {target} failed ({outcome.cause}): {said}")

    def get(self, path: str, limit: int = 1_000_000) -> bytes | None:
        """See `protocol.Sandbox.get`."""
        names = tars.components(path)
        argv = ("tar", "-c", "-f", "-", "-C", "/", "--no-recursion", "--format=gnu", "--", *names)
        command = Command(argv=argv, user=reader_of(path), timeout_s=TRANSFER_S)
        outcome = self._start(command, limit + tars.MARGIN, never).wait()
        if outcome.cause is Cause.OUTPUT_LIMIT:
            raise EngineFault(f"{path} is larger than {limit} bytes")
        if outcome.cause not in (Cause.EXITED, Cause.DISK_FULL):
            raise EngineFault(f"reading {path} failed ({outcome.cause})")
        return tars.read_one(outcome.stdout, names, limit)

    def sweep(self) -> None:
        """See `protocol.Sandbox.sweep`."""
        self._require_open()
        users: tuple[User, ...] = ("app", "tests")
        if not all(self.kill(user) for user in users):
            self.destroy("its processes could not be ended")
            raise EngineFault("the sandbox could not be swept")
        self._empty()
        self._keepers.ready(swept=True)

    def wipe(self) -> None:
        """Empty `/work`, `/scratch` and `/tmp`, start servers anew; processes of `app` and `tests` stay.

        Raises:
            EngineFault: that cannot be done.
        """
        self._empty()
        self._keepers.ready(swept=False)

    def _empty(self) -> None:
        residents = [self._killers["app"], self._killers["tests"], self._supervisor]
        if any(resident.ask("wipe", WIPE_S) is None for resident in residents):
            self.destroy("its scratch space could not be emptied")
            raise EngineFault("the sandbox could not be emptied")

    def close(self) -> None:
        """See `protocol.Sandbox.close`."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            processes = list(self._processes)
        for process in processes:
            process.abandon(GOODBYE_S)
        for channel in self._conversations:
            channel.close()
        for resident in (*self._killers.values(), self._supervisor):
            resident.close()
        with contextlib.suppress(EngineFault):
            remove(self.daemon, self._id)
        self._afterwards()
        self._keepers.close()
        self.daemon.close()

    def __enter__(self) -> "DockerSandbox":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def as_argv(command: Command, path: str) -> list[str]:
    """The command below `env -i`: exactly its environment, whatever the image sets; 127 when the program is missing.

    Raises:
        ValueError: it cannot be written as an argument list.
    """
    env = base_env(command.user, path) | dict(command.env)
    if not command.argv or "=" in command.argv[0] or any(not key or "=" in key for key in env):
        raise ValueError("a command needs a program, and neither it nor a variable's name may contain '='")
    argv = ["/usr/bin/env", "-i", "-C", command.cwd, *(f"{key}={value}" for key, value in env.items()), *command.argv]
    if any("\0" in part for part in argv):
        raise ValueError("a command must not contain NUL")
    return argv


def reader_of(path: str) -> User:
    """Who may read below `path`: root has no capability, so private directories are read by their owner."""
    top = "/" + posixpath.normpath(path).lstrip("/").split("/")[0]
    return "app" if top in ("/tmp", "/dev") else OWNER_OF.get(top, "root")  # noqa: S108 - a path inside the container


def remove(daemon: Daemon, container_id: str) -> None:
    """Remove a container and wait (a little) until it is gone; one that is gone already is fine.

    Raises:
        EngineFault: the engine did not answer.
    """
    with contextlib.suppress(Gone):
        daemon.call("remove_container", container_id, force=True, v=True)
    deadline = time.monotonic() + GOODBYE_S
    while present(daemon, container_id) and time.monotonic() < deadline:
        time.sleep(0.02)


def present(daemon: Daemon, container_id: str) -> bool:
    """True while the engine lists the container."""
    found: list[Any] = daemon.call("containers", all=True, filters={"id": container_id})
    return bool(found)
