"""Calls to the Docker daemon that end within a bound of our own clock, whatever the daemon does."""

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import docker
from docker.constants import MINIMUM_DOCKER_API_VERSION
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from sandbox.errors import EngineFault, EngineUnavailable
from sandbox.transport import SCHEME, Adapter
from sandbox.ways import Place, Way, elsewhere, way_to

CALL_S = 15.0

T = TypeVar("T")


class Gone(EngineFault):
    """The container (or the command in it) is not there any more, or does not run."""


def bounded(work: Callable[[], T], within: float) -> T:
    """Do `work` in a thread; abandon it after `within` seconds.

    Raises:
        EngineFault: no answer in time.
        Exception: whatever `work` raised.
    """
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def answer() -> None:
        try:
            answers.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread and raised there
            answers.put((None, error))

    threading.Thread(target=answer, name="docker-call", daemon=True).start()
    try:
        value, error = answers.get(timeout=within)
    except queue.Empty:
        raise EngineFault(f"the Docker engine did not answer within {within:g} s") from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # None only when T is None


class Daemon:
    """One pool of connections to one engine."""

    def __init__(self, way: Way, version: str | None = None, *, ahead_s: float = 0.0, podman: bool = False) -> None:
        self.way = way
        self.ahead_s = ahead_s
        """How far its clock is ahead of ours (seconds)."""
        self.podman = podman
        """It is Podman's service, see `sandbox.podman`."""
        if version is None:
            first = self._client(MINIMUM_DOCKER_API_VERSION)
            try:
                version = str(first.version(api_version=False)["ApiVersion"])
            finally:
                first.close()
        self.api = self._client(version)

    def _client(self, version: str) -> Any:
        api = docker.APIClient(base_url="unix:///engine", version=version, timeout=int(CALL_S))
        api.mount(SCHEME, Adapter(self.way))
        api.trust_env = False
        return api

    @property
    def version(self) -> str:
        """The API version spoken, e.g. `1.41`."""
        return str(self.api.api_version)

    def another(self) -> "Daemon":
        """A pool of its own to the same engine, so that one stuck stream cannot block another sandbox."""
        return Daemon(self.way, self.version, ahead_s=self.ahead_s, podman=self.podman)

    def call(self, method: str, *args: Any, within: float | None = None, **kwargs: Any) -> Any:
        """One low-level SDK call, e.g. `call("inspect_container", id)`.

        Raises:
            Gone: the engine says there is no such running container or command.
            EngineFault: any other refusal, a lost connection, no answer in time.
        """
        try:
            return bounded(lambda: getattr(self.api, method)(*args, **kwargs), within or CALL_S)
        except APIError as error:
            # Podman answers 500 when the container of a command is gone.
            gone = error.status_code in (404, 409) or "no such container" in str(error.explanation).lower()
            kind = Gone if gone else EngineFault
            raise kind(f"the Docker engine refused {method}: {error.explanation or error}") from error
        except (DockerException, RequestException, OSError) as error:
            raise EngineFault(f"the Docker engine was lost during {method}: {error}") from error

    def close(self) -> None:
        """Drop idle connections."""
        self.api.close()


def connect(place: Place) -> Daemon:
    """Connect to the engine and agree on an API version.

    Raises:
        EngineUnavailable: nobody answers, with one line on what to do.
    """
    way = way_to(place)
    try:
        return bounded(lambda: Daemon(way), CALL_S)
    except (DockerException, RequestException, OSError, EngineFault) as error:
        problem, advice = _unanswered(place, way, str(error))
        raise EngineUnavailable(problem, advice=advice) from error


def _unanswered(place: Place, way: Way, reason: str) -> tuple[str, str]:
    """Problem and advice."""
    where = place.url
    if where.startswith("ssh://"):
        told = way.trouble or "the engine's socket there does not answer"
        return f"the Docker engine at {where} is not reached: {told}", "see whether `ssh` gets there without a question"
    if "Permission denied" in reason or "PermissionError" in reason:
        return f"you may not use the Docker engine at {where}", "join its group (sudo usermod -aG docker $USER)"
    if "HTTP request to an HTTPS server" in reason:
        return f"the Docker engine at {where} wants TLS", "set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH"
    if way.trouble:
        return f"no Docker engine can be used at {where}: {way.trouble}", ""
    others = [one for one in elsewhere() if one != where]
    hint = f" ({' and '.join(others)} is here)" if others else ""
    return f"no Docker engine answers at {where}", f"start Docker, or say where it listens with DOCKER_HOST{hint}"
