"""The one way out of a build container: a relay in it (`probe/relay.py`) whose stream ends here, on the host.

The container itself has no network. What connects to the relay's port is handed to `serve` on this side.
"""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from sandbox import carrier
from sandbox.carrier import BYE, READY, Carrier, Damaged, Flow
from sandbox.errors import EngineFault
from sandbox.probe import source_of
from sandbox.streams import Channel, Output

PORT = 3128
"""Where the relay listens, on the container's own loopback."""
READY_S = 30.0
BYE_S = 2.0
Serve = Callable[[Flow], Awaitable[None]]


class Wire(Protocol):
    """A two-way, non-blocking byte stream."""

    def fileno(self) -> int:
        """For the event loop."""

    def read(self) -> bytes | None:
        """The next bytes, None when there are none yet, empty at the end."""

    def write(self, data: memoryview) -> int:
        """Send some; returns how much."""

    def close(self) -> None:
        """End it."""


class ExecWire:
    """The stream of an exec in a container, out of the engine's framing; what the program complains of is kept."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._output = Output(1 << 24)
        self.complaint = ""
        self.fileno, self.write, self.close = channel.fileno, channel.write, channel.close

    def read(self) -> bytes | None:
        """See `Wire.read`."""
        data = self._channel.read()
        if not data:
            return data
        self._output.feed(data)
        out, err = self._output.drain()
        self.complaint = (self.complaint + err.decode("utf-8", "replace"))[-500:]
        return out or None


def relay_program() -> str:
    """What the relay runs: `python3 -I -c <this> <port> [<pid to end with us>]`."""
    return Path(carrier.__file__).read_text(encoding="utf-8") + source_of("relay")


def start_relay(api: Any, container_id: str) -> ExecWire:
    """Start the relay in a container as root, which nothing else there is; the SDK's errors pass through."""
    argv = ["python3", "-I", "-c", relay_program(), str(PORT), "1"]
    made = api.exec_create(container_id, argv, user="0:0", stdin=True)
    return ExecWire(Channel(api.exec_start(made["Id"], socket=True)))


class Tunnel:
    """Carries connections from the relay to `serve`, in a thread of its own, until it is closed."""

    def __init__(self, wire: Wire, serve: Serve) -> None:
        self._wire, self._serve, self._fd = wire, serve, wire.fileno()
        self._outgoing = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listens, self._over = threading.Event(), threading.Event()
        self._ended = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._carrier = Carrier(self._send, self._opened)
        self._thread = threading.Thread(target=self._run, name="build-network", daemon=True)
        self._thread.start()

    def wait(self, within: float = READY_S) -> int:
        """Until the relay listens; returns its port.

        Raises:
            EngineFault: it does not.
        """
        if not self._listens.wait(within) or self._over.is_set():
            complaint = getattr(self._wire, "complaint", "").strip().splitlines()[-1:]
            raise EngineFault(f"the build container's way to the index did not open: {' '.join(complaint)}")
        return self._carrier.heard[READY]

    def close(self) -> None:
        """Nothing gets through any more; the relay ends, its container stays."""
        with contextlib.suppress(RuntimeError):  # it is over already
            self._loop.call_soon_threadsafe(self._say_goodbye)
        self._thread.join(BYE_S + 1)

    def _say_goodbye(self) -> None:
        self._stop_serving()
        self._carrier.say(0, BYE)
        self._loop.call_later(BYE_S, self._ended.set)

    def _stop_serving(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._carrier.abort()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._carry())

    async def _carry(self) -> None:
        """Until the stream ends, by us or by the other end."""
        self._loop.add_reader(self._fd, self._read)
        self._loop.call_soon(self._read)  # what the engine's first answer held already
        await self._ended.wait()
        self._over.set()
        self._listens.set()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        self._wire.close()
        self._stop_serving()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _read(self) -> None:
        data = self._wire.read()
        if data == b"":
            self._ended.set()
            return
        try:
            self._carrier.feed(data or b"")
        except Damaged:
            self._ended.set()
        if READY in self._carrier.heard:
            self._listens.set()

    def _send(self, data: bytes) -> None:
        if not self._outgoing:
            self._loop.add_writer(self._fd, self._write)
        self._outgoing += data

    def _write(self) -> None:
        with memoryview(self._outgoing) as waiting:
            sent = self._wire.write(waiting)
        del self._outgoing[:sent]
        if not self._outgoing:
            self._loop.remove_writer(self._fd)

    def _opened(self, flow: Flow) -> None:
        task = self._loop.create_task(self._serve_one(flow))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve_one(self, flow: Flow) -> None:
        try:
            await self._serve(flow)
        finally:
            self._carrier.forget(flow)
