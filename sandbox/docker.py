"""The engine that starts sandboxes on Docker, and cleans up after owners that died."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox import podman
from sandbox.container import DockerSandbox, never, remove
from sandbox.daemon import Daemon, Gone, connect
from sandbox.errors import EngineFault, EngineUnavailable, ImageUnavailable, Stopped
from sandbox.extras.values import NONE, Extras
from sandbox.facts import read_facts, runtime_name, why_unbounded
from sandbox.hardening import WRITABLE, container_config, host_config
from sandbox.owners import RUN, is_abandoned, labels, this_process
from sandbox.protocol import Limits
from sandbox.resident import SUPERVISOR_SCRIPT, Resident
from sandbox.streams import Channel
from sandbox.ways import DEFAULT_URL, Place

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
START_S = 60.0


class DockerEngine:
    """See `protocol.Engine`. Nothing is contacted before the first call.

    `place`: where the engine listens (the environment is not asked). `runtime`: an OCI runtime, e.g. `runsc`.
    `cancelled`: asked several times a second while a command runs, from another thread; True ends it as `stopped`.
    """

    def __init__(
        self, place: Place | str = DEFAULT_URL, runtime: str | None = None, *, cancelled: Callable[[], bool] = never
    ) -> None:
        self._place = Place(place) if isinstance(place, str) else place
        self._runtime = runtime
        self._cancelled = cancelled
        self._lock = threading.Lock()
        self._daemon: Daemon | None = None
        self._cpus = 0.0
        self._unbounded = ""
        self._runtime_name: str | None = None

    @property
    def client(self) -> Any:
        """The low-level SDK client (`docker.APIClient`), for building images.

        Raises:
            EngineUnavailable: no engine answers.
        """
        return self._connected().api

    def _connected(self) -> Daemon:
        with self._lock:
            if self._daemon is None:
                daemon = connect(self._place)
                info = daemon.call("info")
                self._cpus = float(info["NCPU"])
                version = daemon.call("version")
                self._unbounded = why_unbounded(read_facts(info, version))
                self._runtime_name = runtime_name(self._runtime, info)
                daemon.podman = podman.is_podman(version)
                if daemon.podman:
                    podman.require_runtime(self._runtime, info)
                daemon.ahead_s = 0.0 if daemon.way.local else clock_ahead(str(info.get("SystemTime")))
                self._daemon = daemon
            return self._daemon

    def open(self, image: str, *, run_id: str, limits: Limits, extras: Extras = NONE) -> DockerSandbox:
        """See `protocol.Engine.open`. `extras`: servers to start beside the code, from an image that holds them.

        Raises:
            EngineUnavailable: no engine answers, or it cannot keep a sandbox's bounds.
            ImageUnavailable: the image is not there, or wants writable volumes.
            EngineFault: the engine refused to start it.
        """
        connected = self._connected()
        if self._unbounded:
            told = f"no sandbox is opened: {self._unbounded}"
            raise EngineUnavailable(told, advice="`greenloop doctor` says more")
        path = _search_path(connected, image)
        daemon = connected.another()
        host = host_config(daemon.api, limits, extras, cpus=min(limits.cpus, self._cpus), runtime=self._runtime_name)
        marks = labels(run_id, limits.lifetime_s)
        with contextlib.ExitStack() as undo:
            undo.callback(daemon.close)
            volumes = podman.adapt(daemon, host, marks) if daemon.podman else podman.Volumes(daemon)
            undo.callback(volumes.remove)
            config = container_config(daemon.api, image, _program(limits), labels=marks, host=host)
            container_id: str = daemon.call("create_container_from_config", config)["Id"]
            undo.callback(_forget, connected, container_id)
            streams = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            supervisor = Resident(Channel(daemon.call("attach_socket", container_id, params=streams)))
            undo.callback(supervisor.close)
            daemon.call("start", container_id, within=START_S)
            box = DockerSandbox(
                daemon, container_id, supervisor, path=path, limits=limits, cancelled=self._cancelled, extras=extras,
                afterwards=volumes.remove,
            )  # fmt: skip
            undo.pop_all()
        return box

    def supplied(self, extras: Extras) -> "Supplied":
        """This engine, opening sandboxes with these servers."""
        return Supplied(self, extras)

    def sweep(self) -> list[str]:
        """See `protocol.Engine.sweep`."""
        here, now = this_process(), time.time()
        return self._remove(lambda marks: is_abandoned(marks, here, now))

    def remove_run(self, run_id: str) -> list[str]:
        """See `protocol.Engine.remove_run`."""
        return self._remove(lambda marks: marks.get(RUN) == run_id)

    def count(self) -> int:
        """How many sandboxes of ours are there now, whoever's they are."""
        return len(_ours(self._connected()))

    def _remove(self, wanted: Callable[[Mapping[str, str]], bool]) -> list[str]:
        daemon = self._connected()
        found = _ours(daemon)
        removed = [container["Id"] for container in found if wanted(container["Labels"] or {})]
        for container_id in removed:
            remove(daemon, container_id)
        if daemon.podman:
            podman.discard(daemon, [one for one in podman.volumes_of(daemon) if wanted(one["Labels"])])
        return removed

    def refuse_if_stopped(self) -> None:
        """To be called before a result is believed: a command that was cancelled ends like one that died.

        Raises:
            Stopped: `cancelled` says so.
        """
        if self._cancelled():
            raise Stopped("stopped")

    def close(self) -> None:
        """Drop idle connections; sandboxes that are open stay open."""
        with self._lock:
            if self._daemon is not None:
                self._daemon.close()
            self._daemon = None


@dataclass(frozen=True, slots=True)
class Supplied:
    """See `protocol.Engine`: every sandbox gets the same servers."""

    engine: DockerEngine
    extras: Extras

    def open(self, image: str, *, run_id: str, limits: Limits) -> DockerSandbox:
        """See `DockerEngine.open`."""
        return self.engine.open(image, run_id=run_id, limits=limits, extras=self.extras)

    def sweep(self) -> list[str]:
        """See `DockerEngine.sweep`."""
        return self.engine.sweep()

    def remove_run(self, run_id: str) -> list[str]:
        """See `DockerEngine.remove_run`."""
        return self.engine.remove_run(run_id)


def _ours(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.call("containers", all=True, filters={"label": RUN})
    return found


def _forget(daemon: Daemon, container_id: str) -> None:
    with contextlib.suppress(EngineFault):
        remove(daemon, container_id)


def clock_ahead(told: str) -> float:
    """How far a clock that just showed `told` (ISO 8601) is ahead of ours, 0 when that is unreadable."""
    match = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d*(Z|[+-]\d\d:\d\d)", told)
    if match is None:
        return 0.0
    moment = f"{match[1]}{(match[2] or '.0').ljust(7, '0')}{match[3].replace('Z', '+00:00')}"
    return datetime.fromisoformat(moment).timestamp() - time.time()


def _program(limits: Limits) -> list[str]:
    """What keeps the container alive: ends when its lifetime does, or when we do (its input is our connection)."""
    places = sorted({place for places in WRITABLE.values() for place in places})
    return ["timeout", "-s", "KILL", str(limits.lifetime_s), "/bin/sh", "-c", SUPERVISOR_SCRIPT, " ".join(places)]


def _search_path(daemon: Daemon, image: str) -> str:
    """The image's PATH."""
    try:
        config = daemon.call("inspect_image", image)["Config"] or {}
    except Gone:
        raise ImageUnavailable(f"the image {image} is not there") from None
    if config.get("Volumes"):
        raise ImageUnavailable(f"the image {image} declares volumes: they would be writable without a limit")
    variables = dict(item.partition("=")[::2] for item in config.get("Env") or ())
    return variables.get("PATH") or DEFAULT_PATH
