"""The way to an engine: the local socket, TCP with or without TLS, or ssh. Each gives plain sockets of this machine.

A stream of an exec is read by `select`, and its input ends while its output goes on (see `sandbox.streams`). A socket
of the kernel can do both, a TLS socket of Python neither. So TLS ends in a thread of ours (`sandbox.tls`), and ssh in a
forwarded Unix socket (`sandbox.ssh`).
"""

import functools
import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

from sandbox.errors import EngineUnavailable
from sandbox.ssh import SshWay
from sandbox.tls import TlsWay

SOCKET = "/var/run/docker.sock"
DEFAULT_URL = f"unix://{SOCKET}"
DIAL_S = 15.0
USE = "use unix:///path/docker.sock, tcp://host:2376 or ssh://user@host"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:%-]*")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine listens, and what it takes to get there."""

    url: str = DEFAULT_URL
    certificates: Path | None = None
    """Folder with `ca.pem`, and `cert.pem` and `key.pem` when the engine asks who we are; TCP is TLS with it."""
    ssh_config: Path | None = None
    """Instead of the user's own ssh configuration."""
    ssh_agent: str = ""
    """Socket of the user's ssh agent."""


class Way(Protocol):
    """How connections to one engine are made."""

    @property
    def local(self) -> bool:
        """The engine sees the files of this machine."""

    @property
    def trouble(self) -> str:
        """What went wrong last, one line; empty when nothing did."""

    def dial(self) -> socket.socket:
        """A new connection to the engine.

        Raises:
            OSError: there is none.
        """


@dataclass(frozen=True, slots=True)
class UnixWay:
    """A socket in this machine's file system."""

    path: str
    local: bool = True
    trouble: str = ""

    def dial(self) -> socket.socket:
        """See `Way.dial`."""
        near = socket.socket(socket.AF_UNIX)
        try:
            near.settimeout(DIAL_S)
            near.connect(self.path)
        except OSError:
            near.close()
            raise
        return near


@dataclass(frozen=True, slots=True)
class TcpWay:
    """TCP as it is: whoever is on the way, or reaches the port, has root's rights on the engine's machine."""

    host: str
    port: int
    local: bool = False
    trouble: str = ""

    def dial(self) -> socket.socket:
        """See `Way.dial`."""
        return dial_tcp(self.host, self.port)


def dial_tcp(host: str, port: int) -> socket.socket:
    """A TCP connection that notices when the other machine is gone."""
    far = socket.create_connection((host, port), DIAL_S)
    far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    far.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return far


@functools.cache
def way_to(place: Place) -> Way:
    """The way to an engine, the same for everybody in this process; nothing is contacted yet.

    Raises:
        EngineUnavailable: the address or what belongs to it cannot be used; the message says what to do.
    """
    try:
        parts = urlsplit(place.url)
        port = parts.port
    except ValueError as error:
        raise EngineUnavailable(f"{place.url} is no address of a Docker engine ({error})", advice=USE) from None
    if parts.scheme == "unix" and not parts.query:
        return UnixWay("/" + (parts.netloc + parts.path).lstrip("/"))
    host = parts.hostname or ""
    if not _NAME.fullmatch(host) or parts.password or parts.query or parts.scheme not in ("tcp", "ssh"):
        raise EngineUnavailable(f"{_shown(parts)} is no address of a Docker engine", advice=USE)
    if parts.scheme == "ssh":
        remote = parts.path if parts.path not in ("", "/") else SOCKET
        return SshWay(host, parts.username or "", port, remote, config=place.ssh_config, agent=place.ssh_agent)
    if place.certificates is None:
        return TcpWay(host, port or 2375)
    return TlsWay(host, port or 2376, place.certificates, dial_tcp)


def elsewhere() -> list[str]:
    """Addresses of engines' sockets that are here, in the usual places."""
    places = [SOCKET, "/run/podman/podman.sock"]
    places += [f"/run/user/{os.getuid()}/{name}" for name in ("docker.sock", "podman/podman.sock")]
    return [f"unix://{path}" for path in places if Path(path).is_socket()]


def _shown(parts: SplitResult) -> str:
    """The address without a password."""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
