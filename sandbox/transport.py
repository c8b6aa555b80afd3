"""The SDK's HTTP over connections that a `Way` makes."""

import re
from pathlib import Path
from typing import Any

from docker.errors import NotFound
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from sandbox.ways import DIAL_S, Way

_ENGINE_FILE = re.compile(r"/([0-9a-f]{64})/(?:userdata/)?(?:hostname|hosts|resolv\.conf)\s")
SCHEME = "http+docker://"
"""What the SDK writes before its requests when they do not go over TCP."""


class Connection(HTTPConnection):
    """HTTP over a connection that somebody else makes."""

    def __init__(self, way: Way) -> None:
        super().__init__("localhost")
        self._way = way

    def connect(self) -> None:
        """See `HTTPConnection.connect`."""
        self.sock = self._way.dial()
        self.sock.settimeout(self.timeout if isinstance(self.timeout, int | float) else DIAL_S)


class Pool(HTTPConnectionPool):
    """Connections to one engine."""

    def __init__(self, way: Way) -> None:
        super().__init__("localhost", maxsize=10)
        self._way = way

    def _new_conn(self) -> Connection:
        return Connection(self._way)


class Adapter(HTTPAdapter):
    """Sends every request over connections of one way."""

    def __init__(self, way: Way) -> None:
        self.way, self._pool = way, Pool(way)
        super().__init__()

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> HTTPConnectionPool:
        """See `HTTPAdapter`."""
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: Any) -> str:
        """The path alone: no proxy stands between us and an engine."""
        return str(request.path_url)

    def close(self) -> None:
        """Drop idle connections."""
        self._pool.close()
        super().close()


def shares_files(api: Any, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether the engine behind an SDK client sees this process's files, so that they can be mounted.

    It does not when it is elsewhere, and when this process is in one of its own containers. `mounts`: of this process.
    """
    adapter = api.adapters.get(SCHEME)
    if isinstance(adapter, Adapter) and not adapter.way.local:
        return False
    return not any(_knows(api, one) for one in _containers(mounts))


def _containers(mounts: Path) -> set[str]:
    """Ids of the container this process is in, by the files that engines put into each of theirs."""
    try:
        return set(_ENGINE_FILE.findall(mounts.read_text(encoding="utf-8", errors="replace")))
    except OSError:  # no Linux
        return set()


def _knows(api: Any, container: str) -> bool:
    try:
        api.inspect_container(container)
    except NotFound:
        return False
    return True
