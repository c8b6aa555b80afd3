"""A Unix socket in front of the Docker engine's that fails in chosen ways at chosen moments."""

import contextlib
import socket
import threading
from pathlib import Path
from typing import Any, Literal, Self

ENGINE = "/var/run/docker.sock"
Mode = Literal["pass", "refuse", "error"]
SORRY = b'{"message":"the engine is out of order"}'
ERROR = b"\r\n".join(
    (
        b"HTTP/1.1 500 Internal Server Error",
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(SORRY),
        b"Connection: close",
        b"",
        SORRY,
    )
)


class DockerProxy:
    """Use as a context manager; `url` is what `DOCKER_HOST` takes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "engine.sock"
        self.mode: Mode = "pass"
        """For new connections: let through, close at once, or answer 500."""
        self._flows = threading.Event()
        self._flows.set()
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen(50)
        self._start(self._accept)

    @property
    def url(self) -> str:
        """The address."""
        return f"unix://{self.path}"

    def freeze(self) -> None:
        """Nothing gets through any more, in either direction."""
        self._flows.clear()

    def thaw(self) -> None:
        """Go on where `freeze` stopped."""
        self._flows.set()

    def cut(self) -> None:
        """Drop every connection there is."""
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def fail(self, mode: Mode) -> None:
        """Drop every connection, and treat new ones like this."""
        self.mode = mode
        self.cut()

    def _start(self, work: Any, *args: Any) -> None:
        threading.Thread(target=work, args=args, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._start(self._serve, near)

    def _serve(self, near: socket.socket) -> None:
        if self.mode != "pass":
            with near, contextlib.suppress(OSError):
                if self.mode == "error":
                    near.recv(65536)
                    near.sendall(ERROR)
            return
        far = socket.socket(socket.AF_UNIX)
        far.connect(ENGINE)
        with self._lock:
            self._sockets += [near, far]
        back = threading.Thread(target=self._copy, args=(far, near), daemon=True)
        back.start()
        self._copy(near, far)
        back.join()
        with self._lock:
            self._sockets = [one for one in self._sockets if one not in (near, far)]
        near.close()
        far.close()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.thaw()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
