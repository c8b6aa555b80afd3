"""The SDK's HTTP over connections that a `Way` makes."""

from typing import Any

from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from sandbox.ways import DIAL_S, Way

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


def shares_files(api: Any) -> bool:
    """Whether the engine behind an SDK client sees this machine's files, so that they can be mounted."""
    adapter = api.adapters.get(SCHEME)
    return not isinstance(adapter, Adapter) or adapter.way.local
