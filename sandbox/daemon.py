"""Calls to the Docker daemon that end within a bound of our own clock, whatever the daemon does."""

import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import docker
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException

from sandbox.errors import EngineFault, EngineUnavailable

DEFAULT_URL = "unix:///var/run/docker.sock"
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

    def __init__(self, base_url: str, version: str | None = None) -> None:
        self.base_url = base_url
        self.api = docker.APIClient(base_url=base_url, version=version, timeout=int(CALL_S))
        self.api.trust_env = False

    @property
    def version(self) -> str:
        """The API version spoken, e.g. `1.41`."""
        return str(self.api.api_version)

    def another(self) -> "Daemon":
        """A pool of its own to the same engine, so that one stuck stream cannot block another sandbox."""
        return Daemon(self.base_url, self.version)

    def call(self, method: str, *args: Any, within: float | None = None, **kwargs: Any) -> Any:
        """One low-level SDK call, e.g. `call("inspect_container", id)`.

        Raises:
            Gone: the engine says there is no such running container or command.
            EngineFault: any other refusal, a lost connection, no answer in time.
        """
        try:
            return bounded(lambda: getattr(self.api, method)(*args, **kwargs), within or CALL_S)
        except APIError as error:
            kind = Gone if error.status_code in (404, 409) else EngineFault
            raise kind(f"the Docker engine refused {method}: {error.explanation or error}") from error
        except (DockerException, RequestException, OSError) as error:
            raise EngineFault(f"the Docker engine was lost during {method}: {error}") from error

    def close(self) -> None:
        """Drop idle connections."""
        self.api.close()


def connect(base_url: str) -> Daemon:
    """Connect to the engine and agree on an API version.

    Raises:
        EngineUnavailable: nobody answers, with one line on what to do.
    """
    try:
        _knock(base_url)
        return bounded(lambda: Daemon(base_url), CALL_S)
    except (DockerException, RequestException, OSError, EngineFault) as error:
        raise EngineUnavailable(_advice(base_url, str(error))) from error


def _knock(base_url: str) -> None:
    """See whether anybody listens, with a socket of our own: the SDK leaves one open when nobody does."""
    if base_url.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(CALL_S)
            door.connect("/" + base_url.removeprefix("unix://").lstrip("/"))


def _advice(base_url: str, reason: str) -> str:
    if "Permission denied" in reason or "PermissionError" in reason:
        return f"you may not use the Docker engine at {base_url}: join its group (sudo usermod -aG docker $USER)"
    return f"no Docker engine answers at {base_url}: start Docker, or say where it listens with DOCKER_HOST"
