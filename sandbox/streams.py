"""The byte stream of one exec or attach: non-blocking, demultiplexed, capped while it flows."""

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Any

CHUNK = 65_536
TICK_S = 0.2
HEADER = struct.Struct(">BxxxL")


class Channel:
    """The hijacked connection of an exec or attach, as the SDK hands it out."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._response = getattr(connection, "_response", None)
        self._socket: socket.socket = getattr(connection, "_sock", connection)
        self._socket.setblocking(False)
        self._early = self._buffered()
        self._closed = False

    def _buffered(self) -> bytes:
        """What the HTTP layer read beyond the answer's headers: the first bytes of the stream."""
        try:
            return bytes(self._response.raw._fp.fp.peek(1))  # type: ignore[union-attr]
        except (AttributeError, ValueError, OSError):
            return b""

    def fileno(self) -> int:
        """For selectors."""
        return self._socket.fileno()

    def read(self) -> bytes | None:
        """The next bytes, None when there are none yet, `b""` at the end (or when the connection broke)."""
        if self._early:
            early, self._early = self._early, b""
            return early
        try:
            return self._socket.recv(CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def write(self, data: memoryview) -> int:
        """Send some of `data`; returns how much, all of it when nobody reads any more."""
        try:
            return self._socket.send(data[:CHUNK])
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def end_input(self) -> None:
        """Say that no more input comes."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Shut the connection down first: a stream that nobody reads would block every kill of the container."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        for part in (self._response, self._connection, self._socket):
            with contextlib.suppress(OSError, AttributeError):
                part.close()  # type: ignore[union-attr]


class Output:
    """stdout and stderr out of Docker's frames, together never more than `cap` bytes."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._header = bytearray()
        self._left = 0
        self._parts = {1: bytearray(), 2: bytearray()}
        self._part = self._parts[1]

    @property
    def stdout(self) -> bytes:
        """Bytes kept of stdout."""
        return bytes(self._parts[1])

    @property
    def stderr(self) -> bytes:
        """Bytes kept of stderr."""
        return bytes(self._parts[2])

    def drain(self) -> tuple[bytes, bytes]:
        """Take out what was kept so far of stdout and stderr; the cap counts from here again."""
        taken = self.stdout, self.stderr
        for part in self._parts.values():
            part.clear()
        return taken

    def feed(self, data: bytes) -> bool:
        """Take the next bytes of the stream; False once there was more than the cap."""
        at = 0
        while at < len(data):
            if self._left == 0:
                taken = data[at : at + HEADER.size - len(self._header)]
                self._header += taken
                at += len(taken)
                if len(self._header) == HEADER.size:
                    kind, self._left = HEADER.unpack(self._header)
                    self._part = self._parts.get(kind, self._parts[2])
                    self._header.clear()
                continue
            piece = data[at : at + self._left]
            self._left -= len(piece)
            at += len(piece)
            room = self._cap - sum(map(len, self._parts.values()))
            self._part += piece[:room]
            if len(piece) > room:
                return False
        return True


class End(Enum):
    """Why we stopped reading."""

    CLOSED = "closed"
    TIMEOUT = "timeout"
    OVERFLOW = "overflow"
    STOPPED = "stopped"


class Wake:
    """Ends a `pump` from another thread."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._lock = threading.Lock()
        self._open = True
        self.asked = False

    def fileno(self) -> int:
        """For selectors."""
        return self._reader

    def ask(self) -> None:
        """Make the pump return `STOPPED`."""
        with self._lock:
            if self._open and not self.asked:
                os.write(self._writer, b"!")
            self.asked = True

    def close(self) -> None:
        """Give the descriptors back."""
        with self._lock:
            if self._open:
                os.close(self._reader)
                os.close(self._writer)
            self._open = False


def pump(
    channel: Channel, stdin: bytes, output: Output, *, deadline: float, cancelled: Callable[[], bool], wake: Wake
) -> End:
    """Write `stdin` and read output at the same time until the stream ends or somebody's patience does.

    `deadline` is a `time.monotonic()` value; output never extends it.
    """
    rest = memoryview(stdin)
    with selectors.DefaultSelector() as selector:
        selector.register(wake, selectors.EVENT_READ)
        selector.register(channel, selectors.EVENT_READ | (selectors.EVENT_WRITE if rest else 0))
        while True:
            data = channel.read()
            if data == b"":
                return End.CLOSED
            if data and not output.feed(data):
                return End.OVERFLOW
            if wake.asked or cancelled():
                return End.STOPPED
            left = deadline - time.monotonic()
            if left <= 0:
                return End.TIMEOUT
            patience = 0.0 if data else min(left, TICK_S)
            events = _ready(selector.select(patience), channel)
            if rest and events & selectors.EVENT_WRITE:
                rest = rest[channel.write(rest) :]
                if not rest:
                    channel.end_input()
                    selector.modify(channel, selectors.EVENT_READ)


def _ready(ready: list[tuple[selectors.SelectorKey, int]], channel: Channel) -> int:
    return next((events for key, events in ready if key.fileobj is channel), 0)
