"""What a build container talks to in place of a network: a proxy that connects it to the package index and no further.

It speaks CONNECT, and GET and HEAD for indexes without TLS. Hosts are compared exactly, and an address that leads to
this machine is refused unless an index itself is there.
"""

import asyncio
import base64
import contextlib
import ssl
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from sandbox.build_network import BuildNetwork
from sandbox.carrier import Flow, join
from sandbox.daemon import bounded
from sandbox.destinations import Destinations, out_of_bounds, resolve
from sandbox.errors import EngineFault

HEAD_MAX = 32_768
HEAD_S, CONNECT_S, RESOLVE_S = 30.0, 20.0, 10.0
REMEMBERED = 20
_HOP = frozenset(
    (b"host", b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive", b"te", b"trailer", b"upgrade",
     b"transfer-encoding", b"content-length", b"expect")
)  # fmt: skip


class Refused(Exception):
    """This request goes nowhere; `status` is the answer's."""

    def __init__(self, status: str, why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One proxy request."""

    method: Literal["CONNECT", "GET", "HEAD"]
    host: str
    port: int
    target: str
    """Path and query; empty for CONNECT."""
    headers: tuple[bytes, ...]
    """Header lines that are passed on."""
    rest: bytes = b""
    """What came after the head."""

    @property
    def place(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


class IndexProxy:
    """Serves connections that a build container began."""

    def __init__(self, network: BuildNetwork, allowed: Destinations) -> None:
        self._network, self._allowed = network, allowed
        self.refused: dict[str, None] = {}
        """`host:port` of what was asked for and is not allowed, in order."""

    async def serve(self, flow: Flow) -> None:
        """One connection, to its end."""
        try:
            request = await asyncio.wait_for(_read_request(flow), HEAD_S)
            reader, writer = await self._connected(request)
        except Refused as refusal:
            await _answer(flow, refusal.status, str(refusal))
            return
        except (OSError, TimeoutError):
            flow.abort()
            return
        try:
            if request.method == "CONNECT":
                await flow.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                writer.write(request.rest)
                await join(flow, reader, writer)
            else:
                await _fetch(flow, request, reader, writer, self._proxy_url(request))
        except OSError:
            flow.abort()
        finally:
            writer.close()

    async def _connected(self, request: Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to where the request wants to go, or to the user's proxy on the way there.

        Raises:
            Refused: it may not go there, or nobody answers there.
        """
        if request.place not in self._allowed:
            if len(self.refused) < REMEMBERED:
                self.refused[request.place] = None
            raise Refused("403 Forbidden", f"{request.place} is not the package index")
        try:
            async with asyncio.timeout(CONNECT_S):
                if proxy := self._proxy_url(request):
                    return await _through(proxy, request)
                return await self._direct(request)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            raise Refused("502 Bad Gateway", f"{request.place} cannot be reached") from None

    async def _direct(self, request: Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        addresses = await _addresses(request.host, request.port)
        open_ones = [one for one in addresses if not out_of_bounds(one) or await self._is_index(one, request.port)]
        if addresses and not open_ones:
            raise Refused("403 Forbidden", f"{request.place} is this machine, or for this machine only")
        for address in open_ones:
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(address, request.port)
        raise OSError

    async def _is_index(self, address: str, port: int) -> bool:
        """Whether one of the user's indexes is at an address."""
        for place in self._allowed.indexes:
            host, _, index_port = place.rpartition(":")
            if int(index_port) == port and address in await _addresses(host, port):
                return True
        return False

    def _proxy_url(self, request: Request) -> str:
        return self._network.proxy_for("https" if request.method == "CONNECT" else "http", request.host)


async def _addresses(host: str, port: int) -> tuple[str, ...]:
    """Resolved aside, and for so long only."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(None, lambda: bounded(lambda: resolve(host, port), RESOLVE_S))
    except EngineFault:
        return ()
    return tuple(found)


async def _read_request(flow: Flow) -> Request:
    """Read and understand a request's head.

    Raises:
        Refused: it is none that we serve.
    """
    head = b""
    while b"\r\n\r\n" not in head:
        data = await flow.read()
        if not data or len(head) > HEAD_MAX:
            raise Refused("400 Bad Request", "no request came")
        head += data
    head, _, rest = head.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line for line in (first, *lines)):
        raise Refused("400 Bad Request", "the request cannot be read")
    method, _, target = first.decode("latin-1").partition(" ")
    target = target.rpartition(" ")[0]
    try:
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        port = parts.port or 80
    except ValueError:
        raise Refused("400 Bad Request", "the address cannot be read") from None
    if not parts.hostname or (method == "CONNECT" and (parts.port is None or parts.netloc != target or "@" in target)):
        raise Refused("400 Bad Request", "no host is named")
    if method == "CONNECT":
        return Request("CONNECT", parts.hostname, port, "", (), rest)
    if method not in ("GET", "HEAD") or parts.scheme != "http":
        raise Refused("405 Method Not Allowed", f"{method} is not served")
    path = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
    passed = tuple(line for line in lines if line.partition(b":")[0].strip().lower() not in _HOP)
    return Request("GET" if method == "GET" else "HEAD", parts.hostname, port, path, passed)


async def _through(proxy: str, request: Request) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the user's proxy, for CONNECT one that it has opened to the end."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("502 Bad Gateway", f"a {parts.scheme} proxy cannot be used for a build")
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    port = parts.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=secure)
    if request.method == "CONNECT":
        first = f"CONNECT {request.place} HTTP/1.1".encode()
        writer.write(b"\r\n".join((first, *_proxy_lines(proxy, request), b"\r\n")))
        status = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1:2]
        if status != [b"200"]:
            writer.close()
            raise Refused("502 Bad Gateway", f"the proxy does not connect to {request.place}")
    return reader, writer


def _proxy_lines(proxy: str, request: Request) -> list[bytes]:
    """Header lines for the user's proxy."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    lines = [f"Host: {request.place}".encode()]
    if parts.username is not None:
        known = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        lines.append(b"Proxy-Authorization: Basic " + base64.b64encode(known))
    return lines


async def _fetch(
    flow: Flow, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, proxy: str
) -> None:
    """One plain request and its answer, which is all that the connection is for."""
    host = request.host if request.port == 80 else request.place
    target, lines = request.target, [f"Host: {host}".encode()]
    if proxy:
        target, lines = f"http://{host}{target}", _proxy_lines(proxy, request)
    first = f"{request.method} {target} HTTP/1.1".encode("latin-1")
    writer.write(b"\r\n".join((first, *lines, *request.headers, b"Connection: close", b"\r\n")))
    while data := await reader.read(1 << 16):
        await flow.write(data)
    flow.end()


async def _answer(flow: Flow, status: str, why: str) -> None:
    body = f"greenloop: {why}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError):
        await flow.write(head.encode() + body)
        flow.end()
