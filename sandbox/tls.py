"""An engine behind TLS: connections are plain socket pairs whose other end a thread of ours carries over TLS.

Python's TLS sockets cannot end their input and go on reading, and hide what they have read from `select`. OpenSSL can
do both when it works on memory, so each connection has a thread that moves bytes between a socket pair and OpenSSL.
"""

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

from sandbox.errors import EngineUnavailable

CHUNK = 65_536
FULL = 4 * CHUNK
"""Nothing more is read for a side that has this much waiting."""
GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class TlsWay:
    """See `ways.Way`."""

    local = False

    def __init__(self, host: str, port: int, certificates: Path, dial_tcp: Callable[[str, int], socket.socket]) -> None:
        self._host, self._port, self._dial_tcp = host, port, dial_tcp
        self._context = context_of(certificates)
        self.trouble = ""

    def dial(self) -> socket.socket:
        """See `ways.Way.dial`."""
        far = self._dial_tcp(self._host, self._port)
        session = Session(self._context, self._host)
        try:
            session.greet(far)
            near, inner = socket.socketpair()
        except OSError as error:
            self._note(error)
            far.close()
            raise
        self.trouble = ""
        carrier = Carrier(session, inner, far, self._note)
        threading.Thread(target=carrier.run, name="engine-tls", daemon=True).start()
        return near

    def _note(self, error: OSError) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            self.trouble = f"its certificate is not trusted: {error.verify_message}"
        elif isinstance(error, ssl.SSLError):
            self.trouble = f"TLS failed: {(error.reason or str(error)).replace('_', ' ').lower()}"
        else:
            self.trouble = str(error)


def context_of(certificates: Path) -> ssl.SSLContext:
    """Both sides are checked, by the files that `DOCKER_CERT_PATH` holds.

    Raises:
        EngineUnavailable: they are not there or cannot be used.
    """
    ca, cert, key = (certificates / name for name in ("ca.pem", "cert.pem", "key.pem"))
    if not ca.is_file():
        advice = "put the engine's ca.pem (and your cert.pem and key.pem) into the folder that DOCKER_CERT_PATH names"
        raise EngineUnavailable(f"{ca} is not there", advice=advice)
    try:
        context = ssl.create_default_context(cafile=str(ca))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if cert.is_file():
            context.load_cert_chain(cert, key)
    except (OSError, ValueError) as error:
        raise EngineUnavailable(f"the certificates in {certificates} cannot be used: {error}") from None
    return context


class Session:
    """One TLS session on memory: what is to be sent and what has come are taken in and out as bytes."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def greet(self, far: socket.socket) -> None:
        """Shake hands over a connection with a time limit.

        Raises:
            OSError: the other side is not what it should be, or does not want us.
        """
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                far.sendall(self._outgoing.read())
                self._incoming.write(_some(far))
            except ssl.SSLError:
                with contextlib.suppress(OSError):
                    far.sendall(self._outgoing.read())
                raise
            else:
                far.sendall(self._outgoing.read())
                return

    def send(self, data: bytes) -> bytes:
        """What to send so that `data` arrives."""
        if data:
            self._tls.write(data)
        return self._outgoing.read()

    def end(self) -> bytes:
        """What to send so that the other side knows that no more comes. Everything that came was taken out before."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.unwrap()
        return self._outgoing.read()

    def receive(self, data: bytes) -> tuple[bytes, bool]:
        """What came in `data`, and whether more may come."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        plain = bytearray()
        while True:
            try:
                piece = self._tls.read(CHUNK)
            except ssl.SSLWantReadError:
                return bytes(plain), True
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return bytes(plain), False
            if not piece:
                return bytes(plain), False
            plain += piece


def _some(far: socket.socket) -> bytes:
    data = far.recv(CHUNK)
    if not data:
        raise ConnectionResetError("the engine ended the connection during the TLS handshake")
    return data


class Carrier:
    """Moves bytes between one plain socket and one TLS session until either side is gone."""

    def __init__(
        self, session: Session, near: socket.socket, far: socket.socket, note: Callable[[OSError], None]
    ) -> None:
        self._session, self._near, self._far, self._note = session, near, far, note
        self._to_near, self._to_far = bytearray(), bytearray()
        self._asking = self._answering = True
        near.setblocking(False)
        far.setblocking(False)

    def run(self) -> None:
        """Until the engine has said its last, or nobody listens any more."""
        poll = select.poll()
        with self._near, self._far:
            try:
                while self._answering or self._to_near:
                    poll.register(self._near, self._wanted(self._asking, self._to_far, self._to_near))
                    poll.register(self._far, self._wanted(self._answering, self._to_near, self._to_far))
                    events = dict(poll.poll())
                    if events.get(self._near.fileno(), 0) & GONE:
                        return
                    self._move(events.get(self._near.fileno(), 0), events.get(self._far.fileno(), 0))
            except OSError as error:
                self._note(error)

    @staticmethod
    def _wanted(reads: bool, onward: bytearray, waiting: bytearray) -> int:
        return select.POLLIN * (reads and len(onward) < FULL) | select.POLLOUT * bool(waiting)

    def _move(self, near: int, far: int) -> None:
        if far & (select.POLLIN | GONE) and self._answering:
            plain, self._answering = self._session.receive(self._far.recv(CHUNK))
            self._to_near += plain
            self._to_far += self._session.send(b"")
        if near & select.POLLIN:
            data = self._near.recv(CHUNK)
            self._asking = bool(data)
            self._to_far += self._session.send(data) if data else self._session.end()
        if self._to_near and near & select.POLLOUT:
            del self._to_near[: self._near.send(self._to_near)]
        if self._to_far and far & select.POLLOUT:
            del self._to_far[: self._far.send(self._to_far)]
