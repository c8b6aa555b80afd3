"""Many connections carried over one stream, each with its own window: the same code at both ends.

A frame is `number of the connection, kind, length` (`!IBI`), then that many bytes; MORE and the ends have none. This
file is also sent into build containers (see `probe/relay.py`): standard library only, for the Python they hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import deque
from collections.abc import Callable

HEAD = struct.Struct("!IBI")
OPEN, DATA, END, GONE, MORE, READY, BYE = range(7)
"""END: no more data this way. GONE: the connection broke. MORE: so many bytes were taken, send as many again. READY
and BYE belong to no connection: the carrying end listens; it is to end."""
WINDOW = 1 << 18
"""Bytes of one connection that may be under way in one direction."""
PIECE = 1 << 16
CONNECTIONS = 256


class Damaged(Exception):
    """What came is no frame, or breaks the window: the other end is not ours."""


class Flow:
    """One connection, as this end sees it."""

    def __init__(self, number: int, say: Callable[[int, int, int, bytes], None]) -> None:
        self._number, self._say = number, say
        self._inbox: deque[bytes] = deque()
        self._waiting = 0
        self._room = WINDOW
        self._ended = self._gone = False
        self._changed = asyncio.Event()

    async def read(self) -> bytes:
        """The next bytes, empty at the end.

        Raises:
            ConnectionResetError: it broke.
        """
        while not self._inbox:
            if self._gone:
                raise ConnectionResetError
            if self._ended:
                return b""
            await self._change()
        data = self._inbox.popleft()
        self._waiting -= len(data)
        self._say(self._number, MORE, len(data), b"")
        return data

    async def write(self, data: bytes) -> None:
        """Send all of it, as fast as it is taken.

        Raises:
            ConnectionResetError: it broke.
        """
        rest = memoryview(data)
        while rest:
            if self._gone:
                raise ConnectionResetError
            if not self._room:
                await self._change()
                continue
            piece = bytes(rest[: min(self._room, PIECE)])
            self._room -= len(piece)
            self._say(self._number, DATA, len(piece), piece)
            rest = rest[len(piece) :]

    def end(self) -> None:
        """Send no more."""
        if not self._gone:
            self._say(self._number, END, 0, b"")

    def abort(self) -> None:
        """Break it, for both ends."""
        if not self._gone:
            self._say(self._number, GONE, 0, b"")
        self.take(GONE, 0, b"")

    def take(self, kind: int, length: int, data: bytes) -> None:
        """One frame for this connection.

        Raises:
            Damaged: it sends more than it may.
        """
        if kind == DATA:
            self._waiting += len(data)
            if self._waiting > WINDOW:
                raise Damaged
            self._inbox.append(data)
        elif kind == MORE:
            self._room = min(WINDOW, self._room + length)
        elif kind == END:
            self._ended = True
        elif kind == GONE:
            self._gone = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class Carrier:
    """All connections of one stream. `send` takes bytes for the other end, `opened` a connection that it began."""

    def __init__(self, send: Callable[[bytes], None], opened: Callable[[Flow], None] | None = None) -> None:
        self._send, self._opened = send, opened
        self._flows: dict[int, Flow] = {}
        self._count = 0
        self._buffer = bytearray()
        self.heard: dict[int, int] = {}
        """READY, BYE: what the other end said of itself; READY comes with its port."""

    def open(self) -> Flow | None:
        """Begin a connection; None when there are too many."""
        if len(self._flows) >= CONNECTIONS:
            return None
        self._count += 1
        self.say(self._count, OPEN)
        return self._keep(self._count)

    def forget(self, flow: Flow) -> None:
        """The connection is over at this end."""
        self._flows = {number: one for number, one in self._flows.items() if one is not flow}

    def say(self, number: int, kind: int, length: int = 0, data: bytes = b"") -> None:
        """Send one frame."""
        self._send(HEAD.pack(number, kind, length) + data)

    def feed(self, data: bytes) -> None:
        """Take bytes from the other end.

        Raises:
            Damaged: they are no frames.
        """
        self._buffer += data
        while len(self._buffer) >= HEAD.size:
            number, kind, length = HEAD.unpack_from(self._buffer)
            size = length if kind == DATA else 0
            if kind > BYE or size > PIECE:
                raise Damaged
            if len(self._buffer) < HEAD.size + size:
                return
            payload = bytes(self._buffer[HEAD.size : HEAD.size + size])
            del self._buffer[: HEAD.size + size]
            self._frame(number, kind, length, payload)

    def abort(self) -> None:
        """Break every connection."""
        for flow in list(self._flows.values()):
            flow.take(GONE, 0, b"")

    def _frame(self, number: int, kind: int, length: int, payload: bytes) -> None:
        if kind in (READY, BYE):
            self.heard[kind] = length
        elif kind == OPEN:
            if self._opened is None or number in self._flows or len(self._flows) >= CONNECTIONS:
                self.say(number, GONE)
            else:
                self._opened(self._keep(number))
        elif number in self._flows:
            self._flows[number].take(kind, length, payload)

    def _keep(self, number: int) -> Flow:
        flow = self._flows[number] = Flow(number, self.say)
        return flow


async def join(flow: Flow, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy both ways between a carried connection and a real one until both have ended, or either breaks."""

    async def outward() -> None:
        while data := await flow.read():
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def inward() -> None:
        while data := await reader.read(PIECE):
            await flow.write(data)
        flow.end()

    ways = [asyncio.ensure_future(outward()), asyncio.ensure_future(inward())]
    try:
        await asyncio.gather(*ways)
    except OSError:
        flow.abort()
    finally:
        for way in ways:
            way.cancel()
        with contextlib.suppress(OSError):
            writer.close()
