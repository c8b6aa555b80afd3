"""What live changes promise: server-sent events and a WebSocket channel."""

from collections.abc import Iterator

from agents.blueprints.spec import BlockSpec
from agents.offline.source import quoted
from agents.offline.topics import Check, Topic, Words, lines
from agents.offline.topics_files import file_of
from agents.offline.world import World


def event_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of server-sent events of one resource."""
    thing = world.things[block.resource]
    w = Words(world, thing)
    path = quoted(f"{world.prefix}/events/{thing.plural.replace('_', '-')}")
    login = w.login("list")
    live = lines(f"""
        with client.stream("GET", {path}{login}) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            rows_read = stream.iter_lines()
            assert next(rows_read).startswith("retry:")
            {w.var} = {w.make()}
            first = event_of(rows_read)
        assert (first["event"], first["data"]["id"]) == ("created", {w.var}["id"])
        other = {w.make()}
        before = {_headers(login)} | {{"Last-Event-ID": first["id"]}}
        with client.stream("GET", {path}, headers=before) as stream:
            missed = event_of(stream.iter_lines())
        assert (missed["event"], missed["data"]["id"]) == ("created", other["id"])
    """)
    checks = [Check(f"test_changes_of_{thing.plural}_are_told", "at once, and after the last one that was seen.", live)]
    if login:
        checks.append(Check(f"test_changes_of_{thing.plural}_need_a_login", "401 without a token.",
                            lines(f"assert client.get({path}).status_code == 401")))  # fmt: skip
    yield Topic(
        file_of(block),
        f"GET {path.strip(chr(34))} answers changes of {thing.many} as server-sent events (created, updated, deleted, "
        "with the id) and goes on after Last-Event-ID.",
        tuple(checks),
    )


def channel_topics(world: World, block: BlockSpec) -> Iterator[Topic]:
    """Topics of a WebSocket channel of one resource."""
    thing = world.things[block.resource]
    w = Words(world, thing)
    path = quoted(f"{world.prefix}/ws/{thing.plural.replace('_', '-')}")
    guarded = "list" in thing.guarded
    header = w.login("list").removeprefix(", headers=")
    enter = [f'channel.send({{"token": {header}["Authorization"].split()[1]}})'] if guarded else []
    body = [
        f"channel = Channel(base_url, {path})",
        *enter,
        'assert channel.receive() == {"ready": True}',
        f"{w.var} = {w.make()}",
        "change = channel.receive()",
        f'assert (change["action"], change["id"]) == ("created", {w.var}["id"])',
        "channel.close()",
    ]
    checks = [Check(f"test_a_channel_tells_of_{thing.plural}", "what is created is told.", tuple(body))]
    if guarded:
        closed = lines(f"""
            for said in ({{"token": "nonsense"}}, {{}}, []):
                channel = Channel(base_url, {path})
                channel.send(said)
                assert channel.receive() == {{"closed": 1008}}
        """)
        checks.append(Check(f"test_a_channel_of_{thing.plural}_needs_a_login", "1008 for a bad token.", closed))
    yield Topic(
        file_of(block),
        f"The WebSocket {path.strip(chr(34))} tells of every change of {thing.many}"
        f"{', once the first message has named a good token' if guarded else ''}.",
        tuple(checks),
    )


def _headers(login: str) -> str:
    return login.removeprefix(", headers=") or "{}"


EVENT_OF = '''\
def event_of(rows_read: Iterator[str]) -> dict:
    """The next event of a stream."""
    found: dict = {}
    for row in rows_read:
        name, _, value = row.partition(": ")
        if name in ("id", "event", "data"):
            found[name] = json.loads(value) if name == "data" else value
        elif "data" in found:
            return found
    raise AssertionError("the stream ended")'''
CHANNEL = '''\
class Channel:
    """A WebSocket client just large enough for these tests."""

    def __init__(self, base_url: str, path: str) -> None:
        address = httpx.URL(base_url)
        self.socket = socket.create_connection((address.host, address.port or 80), 10)
        key = base64.b64encode(uuid.uuid4().bytes).decode()
        head = f"GET {path} HTTP/1.1\\r\\nHost: {address.host}\\r\\nUpgrade: websocket\\r\\n"
        head += f"Connection: Upgrade\\r\\nSec-WebSocket-Key: {key}\\r\\nSec-WebSocket-Version: 13\\r\\n"
        self.socket.sendall(f"{head}\\r\\n".encode())
        self.file = self.socket.makefile("rb")
        assert b" 101 " in self.file.readline()
        while self.file.readline().strip():
            pass

    def send(self, value: object) -> None:
        """One message."""
        data, mask = json.dumps(value).encode(), uuid.uuid4().bytes[:4]
        size = bytes([0x80 | len(data)]) if len(data) < 126 else b"\\xfe" + len(data).to_bytes(2, "big")
        masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))
        self.socket.sendall(b"\\x81" + size + mask + masked)

    def receive(self) -> dict:
        """The next message, or the code of the end."""
        kind, size = self.file.read(2)
        if size == 126:
            size = int.from_bytes(self.file.read(2), "big")
        data = self.file.read(size)
        return {"closed": int.from_bytes(data[:2], "big")} if kind & 15 == 8 else json.loads(data)

    def close(self) -> None:
        """Go away."""
        self.file.close()
        self.socket.close()'''
