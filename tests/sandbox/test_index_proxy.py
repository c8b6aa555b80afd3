"""The way out of a build container: the real relay, as a process here, and the proxy behind it, over real sockets."""

import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from sandbox.build_network import BuildNetwork
from sandbox.carrier import DATA, HEAD, WINDOW, Carrier, Damaged
from sandbox.destinations import Destinations, out_of_bounds
from sandbox.errors import EngineFault
from sandbox.index_proxy import IndexProxy
from sandbox.tunnel import Tunnel, relay_program
from tests.support.index_server import IndexServer, Reply


class SocketWire:
    """A stream without the engine's framing."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.end, self.fileno, self.close = end, end.fileno, end.close

    def read(self) -> bytes | None:
        try:
            return self.end.recv(65536)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def write(self, data: memoryview) -> int:
        try:
            return self.end.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)


@dataclass
class Way:
    """One relay with its proxy."""

    proxy: IndexProxy
    tunnel: Tunnel
    relay: "subprocess.Popen[bytes]"
    port: int
    ours: socket.socket

    def say(self, text: str | bytes) -> bytes:
        """What the proxy answers to raw bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(text.encode() if isinstance(text, str) else text)
            client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))

    def connect(self, place: str) -> tuple[int, str]:
        """Status and text of a CONNECT."""
        answer = self.say(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), body.decode()


Open = Callable[..., Way]


@pytest.fixture
def way() -> Iterator[Open]:
    opened: list[Way] = []

    def open_way(indexes: set[str], others: set[str] = frozenset(), **network: object) -> Way:
        ours, theirs = socket.socketpair()
        relay = subprocess.Popen([sys.executable, "-I", "-c", relay_program(), "0"], stdin=theirs, stdout=theirs)
        theirs.close()
        proxy = IndexProxy(BuildNetwork(**network), Destinations(frozenset(indexes), frozenset(others)))
        tunnel = Tunnel(SocketWire(ours), proxy.serve)
        opened.append(Way(proxy, tunnel, relay, tunnel.wait(), ours))
        return opened[-1]

    yield open_way
    for one in opened:
        one.tunnel.close()
        assert one.relay.wait(20) == 0


@pytest.fixture
def server() -> Iterator[IndexServer]:
    with IndexServer() as server:
        server.add("acme-tools")
        yield server


def place(server: IndexServer) -> str:
    return f"127.0.0.1:{server.port}"


@pytest.fixture
def bystander() -> Iterator[socket.socket]:
    """A listener on loopback that nobody is to reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


def get(way: Way, host: str, path: str, *, tunnel: bool) -> tuple[int, bytes]:
    client = http.client.HTTPConnection("127.0.0.1", way.port, timeout=20)
    with contextlib.closing(client):
        if tunnel:
            client.set_tunnel(host)
        client.request("GET", path if tunnel else f"http://{host}{path}", headers={"Accept": "text/html"})
        answer = client.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("tunnel", [True, False], ids=["connect", "plain"])
def test_the_index_can_be_reached(way: Open, server: IndexServer, tunnel: bool) -> None:
    status, body = get(way({place(server)}), place(server), "/simple/acme-tools/", tunnel=tunnel)
    assert status == 200 and b"acme_tools-1.0" in body
    assert server.headers[-1]["Host"] == place(server) and server.headers[-1]["Accept"] == "text/html"


def test_nothing_else_can(way: Open, server: IndexServer, bystander: socket.socket) -> None:
    one = way({place(server)})
    port = bystander.getsockname()[1]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"localhost:{server.port}", f"127.0.0.1.:{server.port}",
                 f"[::1]:{port}", "169.254.169.254:80", "example.org:443", f"127.1:{server.port}"):  # fmt: skip
        assert one.connect(host)[0] == 403, host
        assert b" 403 " in one.say(f"GET http://{host}/ HTTP/1.1\r\n\r\n").splitlines()[0], host
    assert list(one.proxy.refused)[:2] == [f"127.0.0.1:{port}", f"localhost:{port}"]
    assert server.asked == []


def test_a_name_the_pages_gave_may_not_lead_to_this_machine(
    way: Open, server: IndexServer, bystander: socket.socket
) -> None:
    port = bystander.getsockname()[1]
    one = way({place(server)}, {f"localhost:{port}", "169.254.169.254:80", f"localhost:{server.port}"})
    said = f"greenloop: localhost:{port} is this machine, or for this machine only\n"
    assert one.connect(f"localhost:{port}") == (403, said)
    assert one.connect("169.254.169.254:80")[0] == 403
    assert one.connect(f"localhost:{server.port}")[0] == 200, "but for where the index itself is"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "169.254.1.2",
                "fe80::1%lo", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "224.0.0.1"],
)  # fmt: skip
def test_addresses_for_this_machine_only(address: str) -> None:
    assert out_of_bounds(address)


def test_other_addresses_are_not() -> None:
    assert not out_of_bounds("93.184.215.14") and not out_of_bounds("2606:2800:21f:cb07::1")


def test_this_machines_own_addresses_are_out_of_bounds() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door, contextlib.suppress(OSError):
        door.connect(("198.51.100.1", 9))  # sends nothing; tells which address would be used
        assert out_of_bounds(door.getsockname()[0])


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("POST http://{place}/ HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 405),
        ("GET https://{place}/ HTTP/1.1\r\n\r\n", 405),
        ("GET /simple/ HTTP/1.1\r\nHost: {place}\r\n\r\n", 400),
        ("CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n", 400),
        ("CONNECT {place}/path HTTP/1.1\r\n\r\n", 400),
        ("CONNECT user@{place} HTTP/1.1\r\n\r\n", 400),
        ("CONNECT {place}x HTTP/1.1\r\n\r\n", 400),
        ("GET http://{place}/ HTTP/1.1\r\nA: b\nHost: other\r\n\r\n", 400),
        ("GET http://[::1/ HTTP/1.1\r\n\r\n", 400),
        ("\r\n\r\n", 400),
        ("GET", 400),
        ("A" * 70_000, 400),
    ],
)
def test_requests_that_are_not_served(way: Open, server: IndexServer, text: str, status: int) -> None:
    one = way({place(server)})
    answer = one.say(text.replace("{place}", place(server)))
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert server.asked == [] and not one.proxy.refused


def test_a_second_request_is_not_smuggled_behind_the_first(way: Open, server: IndexServer) -> None:
    head = f"GET http://{place(server)}/simple/acme-tools/ HTTP/1.1\r\nContent-Length: 500\r\n\r\n"
    answer = way({place(server)}).say(f"{head}GET /simple/other/ HTTP/1.1\r\nHost: other\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") and server.asked == ["GET /simple/acme-tools/"]
    assert "Content-Length" not in server.headers[0]


def test_an_index_that_is_down_is_a_bad_gateway(way: Open) -> None:
    with IndexServer() as gone:
        pass
    assert way({place(gone)}).connect(place(gone)) == (502, f"greenloop: {place(gone)} cannot be reached\n")
    assert way({"index.invalid:443"}).connect("index.invalid:443")[0] == 502


def test_much_data_passes_whole_and_a_stalled_reader_stops_nobody_else(way: Open, server: IndexServer) -> None:
    large = bytes(range(256)) * 40_000
    server.replies["/large"] = Reply(body=large)
    one = way({place(server)})
    with socket.create_connection(("127.0.0.1", one.port)) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 18)
        stalled.sendall(f"GET http://{place(server)}/large HTTP/1.1\r\n\r\n".encode())
        time.sleep(0.1)
        results: list[bytes] = []
        threads = [
            threading.Thread(target=lambda t=t: results.append(get(one, place(server), "/large", tunnel=t)[1]))
            for t in (True, False, True, False)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert [result == large for result in results] == [True] * 4
        rest = b"".join(iter(lambda: stalled.recv(65536), b""))
    assert rest.endswith(large)


class UsersProxy:
    """The user's own proxy: notes what it is asked, connects CONNECT to one place, answers everything else itself."""

    def __init__(self, target: int) -> None:
        self.listener, self.target = socket.create_server(("127.0.0.1", 0)), target
        self.heads: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://me:p%40ss@127.0.0.1:{self.listener.getsockname()[1]}"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += client.recv(65536)
                self.heads.append(head.decode())
                if head.startswith(b"CONNECT refused"):
                    client.sendall(b"HTTP/1.1 407 No\r\n\r\n")
                elif head.startswith(b"CONNECT"):
                    client.sendall(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n")
                    with socket.create_connection(("127.0.0.1", self.target)) as far:
                        far.sendall(client.recv(65536))
                        while data := far.recv(65536):
                            client.sendall(data)
                else:
                    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
                client.close()


def test_the_users_own_proxy_is_on_the_way(way: Open, server: IndexServer) -> None:
    users = UsersProxy(server.port)
    with contextlib.closing(users.listener):
        one = way({"index.example:443", "index.example:80", "refused.example:443"},
                  proxies={"https": users.url, "http": users.url, "no": "direct.example"})  # fmt: skip
        server.replies["/simple/x/"] = Reply(body=b"through", headers={"Connection": "close"})
        assert get(one, "index.example:443", "/simple/x/", tunnel=True) == (200, b"through")
        assert get(one, "index.example", "/simple/x/", tunnel=False) == (200, b"hi")
        assert one.connect("refused.example:443")[0] == 502
        assert one.connect("other.example:443")[0] == 403
    first, second, third = users.heads
    assert first.startswith("CONNECT index.example:443 HTTP/1.1\r\n") and "Basic bWU6cEBzcw==" in first
    assert second.startswith("GET http://index.example/simple/x/ HTTP/1.1\r\nHost: index.example") and "Basic" in second
    assert third.startswith("CONNECT refused.example:443")


def test_after_it_is_closed_nobody_listens(way: Open, server: IndexServer) -> None:
    one = way({place(server)})
    with socket.create_connection(("127.0.0.1", one.port), timeout=5) as open_still:
        open_still.sendall(f"CONNECT {place(server)} HTTP/1.1\r\n\r\n".encode())
        assert b" 200 " in open_still.recv(200)
        one.tunnel.close()
        assert one.relay.wait(20) == 0
        with contextlib.suppress(ConnectionResetError):
            assert open_still.recv(200) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", one.port))


def test_the_relay_ends_when_its_owner_is_gone(way: Open, server: IndexServer) -> None:
    one = way({place(server)})
    one.ours.shutdown(socket.SHUT_RDWR)
    assert one.relay.wait(20) == 0


def test_a_program_that_is_not_the_relay_is_given_up() -> None:
    ours, theirs = socket.socketpair()
    tunnel = Tunnel(SocketWire(ours), IndexProxy(BuildNetwork(), Destinations(frozenset())).serve)
    theirs.sendall(b"Traceback (most recent call last):\n")
    with pytest.raises(EngineFault, match="did not open"):
        tunnel.wait(5)
    theirs.close()
    tunnel.close()


def test_an_end_that_sends_more_than_its_window_is_not_ours() -> None:
    carrier = Carrier(lambda _: None, lambda _: None)
    carrier.feed(HEAD.pack(7, 0, 0))
    piece = HEAD.pack(7, DATA, 1 << 16) + bytes(1 << 16)
    for _ in range(WINDOW >> 16):
        carrier.feed(piece)
    with pytest.raises(Damaged):
        carrier.feed(piece)
