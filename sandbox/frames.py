"""What a preloaded worker says: frames that carry its secret, over the demultiplexed stream of its exec."""

import json
import selectors
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from sandbox.streams import TICK_S, Channel, End, Output, Wake

LARGEST = 1 << 20
HEADER_MAX = 200
CHUNK_CAP = 1 << 24


@dataclass(frozen=True, slots=True)
class Frame:
    """`kind` is hello, out, err or end; `child` counts the job's processes from 0."""

    kind: str
    child: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ended:
    """Every child of a job is gone."""

    statuses: tuple[int, ...]
    """Exit codes, 128 + signal for a killed one."""
    clean: bool
    """Nothing they started is left."""

    @classmethod
    def read(cls, payload: bytes) -> Self:
        """Out of an `end` frame."""
        data = json.loads(payload)
        return cls(tuple(int(one) for one in data["statuses"]), bool(data["clean"]))


class Talk:
    """Lines out, frames in. Used by one thread at a time."""

    def __init__(self, channel: Channel, secret: str) -> None:
        self._channel = channel
        self._start = secret.encode() + b" "
        self._output = Output(CHUNK_CAP)
        self._buffer = bytearray()
        self._errors = b""

    def complaint(self) -> str:
        """The end of what the worker itself printed."""
        return self._errors.decode("utf-8", "replace").strip()[-300:] or "it said nothing"

    def idle(self) -> bool:
        """True while it is there and says nothing."""
        return not self._buffer and self._channel.read() is None

    def send(self, data: bytes, within: float) -> None:
        """Write all of it, or as much as goes in time; a worker that is gone shows when it is read from."""
        rest, deadline = memoryview(data), time.monotonic() + within
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_WRITE)
            while rest and time.monotonic() < deadline:
                rest = rest[self._channel.write(rest) :]
                if rest:
                    selector.select(TICK_S)

    def receive(self, deadline: float, cancelled: Callable[[], bool], wake: Wake | None) -> Frame | End:
        """The next frame, or why there is none; `CLOSED` too when what came is no frame.

        `deadline`: a `time.monotonic()` value.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ)
            if wake is not None:
                selector.register(wake, selectors.EVENT_READ)
            while True:
                if (wake is not None and wake.asked) or cancelled():
                    return End.STOPPED
                frame = self._parsed()
                if frame is not None:
                    return frame
                left = deadline - time.monotonic()
                if left <= 0:
                    return End.TIMEOUT
                data = self._channel.read()
                if data == b"":
                    return End.CLOSED
                if data is None:
                    selector.select(min(left, TICK_S))
                    continue
                self._output.feed(data)
                out, err = self._output.drain()
                self._buffer += out
                self._errors = (self._errors + err)[-2000:]

    def _parsed(self) -> Frame | End | None:
        """A whole frame out of what has come, None when there is none yet, `CLOSED` when it cannot be one."""
        line, newline, _ = self._buffer[:HEADER_MAX].partition(b"\n")
        if not newline:
            return End.CLOSED if len(self._buffer) >= HEADER_MAX else None
        words = bytes(line).removeprefix(self._start).split(b" ")
        if not line.startswith(self._start) or len(words) != 3 or not (words[1] + words[2]).isdigit():
            return End.CLOSED
        size, begin = int(words[2]), len(line) + 1
        if size > LARGEST:
            return End.CLOSED
        if len(self._buffer) < begin + size:
            return None
        payload = bytes(self._buffer[begin : begin + size])
        del self._buffer[: begin + size]
        return Frame(words[0].decode("ascii", "replace"), int(words[1]), payload)

    def skip_to_end(self, deadline: float) -> Ended | None:
        """Read on until the job has ended; None when it does not in time."""
        while True:
            frame = self.receive(deadline, lambda: False, None)
            if isinstance(frame, End):
                return None
            if frame.kind == "end":
                return Ended.read(frame.payload)

    def close(self) -> None:
        """End its input, and read no more."""
        self._channel.close()
