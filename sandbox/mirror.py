"""Keeps a directory of a warm sandbox equal to a tree by sending only what changed since the last time."""

import hashlib
import selectors
import time
from collections.abc import Iterable, Mapping

from sandbox import tars
from sandbox.container import TRANSFER_S, DockerSandbox
from sandbox.errors import EngineFault
from sandbox.listing import Key, Read
from sandbox.protocol import Command
from sandbox.streams import TICK_S, Channel, Output
from sandbox.trust import TreeFile

SCRIPT = r"""
while read -r verb target size; do
  case $verb in
    put) head -c "$size" | tar -x -f - -C "$target" --no-same-owner --no-same-permissions --touch ;;
    drop) head -c "$size" | (cd "$target" && xargs -0 -r rm -f -- && find . -mindepth 1 -type d -empty -delete) ;;
    empty) find "$target" -mindepth 1 -delete ;;
  esac 2>&1 && echo done || echo failed
done
"""
"""Root's, without any capability: it owns `/src` and `/tests`. `head -c` takes exactly its bytes off the pipe."""


class Courier:
    """A shell in the container that unpacks what it is sent: an exec per transfer would cost ten times as much."""

    def __init__(self, box: DockerSandbox) -> None:
        argv = ("/bin/sh", "-c", SCRIPT)
        self._channel: Channel = box.converse(Command(argv=argv, user="root", timeout_s=TRANSFER_S))

    def ask(self, verb: str, target: str, data: bytes = b"") -> None:
        """Have one thing done.

        Raises:
            EngineFault: it was not.
        """
        rest = memoryview(f"{verb} {target} {len(data)}\n".encode() + data)
        output, said, deadline = Output(1 << 16), b"", time.monotonic() + TRANSFER_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while not said.endswith((b"done\n", b"failed\n")):
                if rest:
                    rest = rest[self._channel.write(rest) :]
                    if not rest:
                        selector.modify(self._channel, selectors.EVENT_READ)
                came = self._channel.read()
                if came == b"" or time.monotonic() > deadline:
                    raise EngineFault(f"filling {target} was cut off")
                if came is None:
                    selector.select(TICK_S)
                elif not output.feed(came):
                    raise EngineFault(f"filling {target} failed with too many words")
                said += output.drain()[0]
        if not said.endswith(b"done\n"):
            raise EngineFault(f"filling {target} failed: {said.decode('utf-8', 'replace').strip()[-300:]}")

    def close(self) -> None:
        """Let it go."""
        self._channel.close()


class Mirror:
    """One target (`/src` or `/tests`) of one sandbox, empty at first."""

    def __init__(self, courier: Courier, target: str) -> None:
        self._courier, self._target = courier, target
        self._there: dict[str, Key] = {}

    def fill(self, files: Mapping[str, TreeFile]) -> int:
        """Make the target hold exactly these files; returns how many had to be sent or removed.

        Raises:
            EngineFault: it could not be done; the sandbox is to be given up.
        """
        index = {
            path: (hashlib.blake2b(f.content, digest_size=16).hexdigest(), f.executable) for path, f in files.items()
        }
        return self.fill_from(index, lambda paths: {path: files[path].content for path in paths})

    def fill_from(self, index: Mapping[str, Key], read: Read) -> int:
        """The same when contents have keys of their own (git's blob ids, say): `read` is asked only for what is new.

        Raises:
            EngineFault: it could not be done; the sandbox is to be given up.
        """
        gone = [path for path in self._there if path not in index]
        new = [path for path, key in index.items() if self._there.get(path) != key]
        if gone:
            self._courier.ask("drop", self._target, _listed(gone))
        if new:
            executable = frozenset(path for path in new if index[path][1])
            self._courier.ask("put", self._target, tars.build(read(new), executable=executable))
        self._there = dict(index)
        return len(gone) + len(new)


def _listed(paths: Iterable[str]) -> bytes:
    return b"".join(path.encode("utf-8", "surrogateescape") + b"\0" for path in paths)
