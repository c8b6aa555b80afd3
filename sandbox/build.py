"""One build container: used to install packages, and then kept as an image.

It has no network but a relay to the package index (see `sandbox.tunnel`), unless the user chose the engine's bridge.
Every wait is on our own clock: a step is started detached, its end is polled for, its output goes to a file in the
container.
"""

import contextlib
import functools
import io
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import docker.errors
import requests.exceptions
import uv

from sandbox import owners, podman
from sandbox.build_network import CA_DIR, BuildNetwork
from sandbox.destinations import Destinations
from sandbox.errors import EngineFault, Stopped
from sandbox.index_proxy import IndexProxy
from sandbox.streams import Channel
from sandbox.text import clean
from sandbox.transport import shares_files
from sandbox.tunnel import PORT, Tunnel, start_relay

MOUNTED_INSTALLER = "/usr/local/bin/greenloop-uv"
OWN_INSTALLER = "/opt/installer/bin/uv"
"""Where the base image has one of its own, when the host's cannot run in a container (macOS)."""
CACHE = "/cache"
CACHE_VOLUME = "greenloop-wheels"
BUILDER, PRIMER = 10003, 10004
"""Who installs (with network and wheel cache), and who compiles and tries out (with neither)."""
COMMIT_S = 300
"""How long the engine may take to write an image; large ones on a slow disk need minutes."""
ROOM = "/build"
"""Where files are put for a build, and each user's step leaves the end of its output."""
_FOR_PIP = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_CERT": "SSL_CERT_FILE"}
EMPTY = f"{ROOM}/empty"
"""A folder without tests: running pytest there once leaves its compiled plugins in the image."""
_SCRIPT = 'umask 002; cd "$0" && "$@" >"$LOG" 2>&1; code=$?; tail -c 20000 "$LOG" >"$LOG.end"; exit $code'


@dataclass(frozen=True, slots=True)
class Step:
    """How one step of a build ended: exit code and the end of what it printed."""

    exit_code: int
    output: str


@contextlib.contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turn whatever the docker SDK raises into an `EngineFault`."""
    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as broken:
        raise EngineFault(f"{doing}: {broken}") from broken


class BuildContainer:
    """A container made from `image`, removed when the `with` block ends, and by itself after `lifetime_s`.

    `cache`: the wheels of all builds, `ours` to use and fill, or only to `read`.
    """

    def __init__(
        self,
        api: Any,
        image: str,
        *,
        network: BuildNetwork,
        cache: Literal["ours", "read", "none"] = "ours",
        lifetime_s: int = 1800,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.api, self.labels = api, owners.labels("build", lifetime_s)
        self.cancelled, self.network = cancelled, network
        self.bridged = network.reach == "bridge"
        self.proxy: IndexProxy | None = None
        self._tunnel: Tunnel | None = None
        self.deadline = time.monotonic() + lifetime_s
        with engine_errors("the engine cannot be asked"):
            self._shared = shares_files(api)
        volumes = network.mounts() if self._shared else {}
        if installer() == MOUNTED_INSTALLER and self._shared:
            volumes[uv.find_uv_bin()] = {"bind": MOUNTED_INSTALLER, "mode": "ro"}
        if cache != "none":
            volumes[CACHE_VOLUME] = {"bind": CACHE, "mode": "rw" if cache == "ours" else "ro"}
        with engine_errors("a build container cannot be started"):
            host = api.create_host_config(
                binds=volumes,
                network_mode="bridge" if self.bridged else "none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                mem_limit="2g",
                memswap_limit="2g",
                pids_limit=512,
                auto_remove=True,
                log_config={"Type": "none"},
                tmpfs={"/tmp": "rw,exec,nosuid,nodev,size=2g,mode=1777"},  # noqa: S108
            )
            self._podman = podman.is_podman(api.version())
            if self._podman:
                host["Ulimits"] = [podman.FILES, podman.PROCESSES]
            made = api.create_container(
                image,
                ["timeout", "-s", "KILL", str(lifetime_s), "sleep", "infinity"],
                entrypoint=[],
                name=f"greenloop-build-{uuid.uuid4().hex[:12]}",
                user="0:0",
                working_dir="/",
                labels=self.labels,
                host_config=host,
            )
            self.id: str = made["Id"]
            api.start(self.id)
        if not self._shared:
            self._bring()

    def _bring(self) -> None:
        """Copy what is mounted where the engine sees our files; the installer does not stay in the image."""
        try:
            with _patient(self.api, COMMIT_S):
                if installer() == MOUNTED_INSTALLER:
                    self.put({MOUNTED_INSTALLER: Path(uv.find_uv_bin()).read_bytes()}, owner=0, mode=0o755)
                if (bundle := self.network.bundle()) is not None and self.network.ca_dir is not None:
                    place = f"{CA_DIR}/{bundle.relative_to(self.network.ca_dir)}"
                    self.put({place: bundle.read_bytes()}, owner=0, mode=0o644)
        except EngineFault:
            self.__exit__(None, None, None)
            raise

    def connect(self, allowed: Destinations) -> None:
        """Open the way to the package index; it is there once `way_out` says so."""
        if self.bridged:
            return
        self.proxy = IndexProxy(self.network, allowed)
        with engine_errors("the build container's relay cannot be started"):
            self._tunnel = Tunnel(start_relay(self.api, self.id), self.proxy.serve)

    def way_out(self) -> dict[str, str]:
        """What the installer has to know of the network, once it is there.

        Raises:
            EngineFault: it does not come.
        """
        if self._tunnel is None:
            found = self.network.environment()
        else:
            self._tunnel.wait()
            found = self.network.environment(through=f"http://127.0.0.1:{PORT}")
        return found | {pip: found[name] for pip, name in _FOR_PIP.items() if name in found}

    def refusals(self) -> str:
        """A line on what was asked for besides the index, empty when nothing was."""
        if self.proxy is None or not self.proxy.refused:
            return ""
        places = ", ".join(self.proxy.refused)
        return f"\nOnly the package index can be reached during a build; {places} cannot (setting build_hosts)."

    def __enter__(self) -> "BuildContainer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._tunnel is not None:
            self._tunnel.close()
        with contextlib.suppress(docker.errors.DockerException, requests.exceptions.RequestException):
            try:
                self.api.kill(self.id)  # the engine removes it then; nobody has to wait for that
            except docker.errors.APIError:
                self.api.remove_container(self.id, force=True)

    def put(self, entries: Mapping[str, bytes | None], *, owner: int, mode: int) -> None:
        """Write files (or, for None, make folders), given by absolute path, before any foreign code ran here."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for path, content in entries.items():
                member = tarfile.TarInfo(path.lstrip("/"))
                member.uid = member.gid = owner
                member.mode = mode
                if content is None:
                    member.type = tarfile.DIRTYPE
                else:
                    member.size = len(content)
                tar.addfile(member, None if content is None else io.BytesIO(content))
        with engine_errors("a file cannot be put into the build container"):
            self.api.put_archive(self.id, "/", archive.getvalue())

    def step(
        self, argv: Sequence[str], *, user: str, env: Mapping[str, str] | None = None, timeout_s: float, cwd: str = "/"
    ) -> Step:
        """Run one program to its end.

        Raises:
            EngineFault: the engine was lost or the step did not end in time.
            Stopped: `cancelled` said so.
        """
        log = f"{ROOM}/log-{user.partition(':')[0]}"
        end = min(self.deadline, time.monotonic() + timeout_s)
        full = {"HOME": "/tmp", "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LOG": log, **(env or {})}  # noqa: S108
        with engine_errors("a build step cannot be run"):
            made = self.api.exec_create(self.id, ["sh", "-c", _SCRIPT, cwd, *argv], user=user, environment=full)
            watched = self._started(made["Id"])
            while not watched() or (state := self.api.exec_inspect(made["Id"]))["Running"] or state["ExitCode"] is None:
                if self.cancelled():
                    raise Stopped("stopped during a build")
                if time.monotonic() > end:
                    raise EngineFault(f"a build step did not end within {timeout_s:.0f} s: {' '.join(argv)[:200]}")
                time.sleep(0.02)
            return Step(int(state["ExitCode"]), self._read(f"{log}.end"))

    def _started(self, exec_id: str) -> Callable[[], bool]:
        """Start a step; what comes back says whether it is worth asking how it ended."""
        if not self._podman:
            self.api.exec_start(exec_id, detach=True)
            return lambda: True
        # Podman looks after a detached command minutes later; the stream of one whose output goes to a file is silent.
        channel = Channel(self.api.exec_start(exec_id, socket=True))

        def ended() -> bool:
            if channel.read() != b"":
                return False
            channel.close()
            return True

        return ended

    def _read(self, path: str) -> str:
        """The content of a small file, cleaned; empty when it is something else."""
        chunks, stat = self.api.get_archive(self.id, path)
        if stat["size"] > 100_000:
            chunks.close()
            return ""
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
            member = tar.next()
            content = tar.extractfile(member) if member is not None and member.isreg() else None
            return clean(content.read()) if content is not None else ""

    def cut_off(self) -> None:
        """Take the network away; what runs after this can reach nothing."""
        if self._tunnel is not None:
            self._tunnel.close()
        if not self.bridged:
            return
        with engine_errors("the build container's network cannot be removed"):
            self.api.disconnect_container_from_network(self.id, "bridge", force=True)

    def commit(self, tag: str, labels: Mapping[str, str]) -> str:
        """Keep the container's file system as an image with a clean configuration; returns the image's id."""
        if not self._shared:
            self.step(["rm", "-f", MOUNTED_INSTALLER], user="0:0", timeout_s=30)
        own = dict.fromkeys(self.labels, "") | dict(labels)
        changes = [f'LABEL {name}="{value}"' for name, value in own.items()]
        name, _, version = tag.rpartition(":")
        with engine_errors("the image cannot be written"), _patient(self.api, COMMIT_S):
            made = self.api.commit(
                self.id, repository=name, tag=version, changes=["CMD []", "ENTRYPOINT []", "USER 0:0", *changes]
            )
        return str(made["Id"])


@contextlib.contextmanager
def _patient(api: Any, seconds: int) -> Iterator[None]:
    """Let one call take longer than the client's calls usually may."""
    before, api.timeout = api.timeout, seconds
    try:
        yield
    finally:
        api.timeout = before


@functools.cache
def installer() -> str:
    """The installer's path in a build container: this environment's own, mounted, when it is a Linux program."""
    with contextlib.suppress(OSError), Path(uv.find_uv_bin()).open("rb") as binary:
        if binary.read(4) == b"\x7fELF":
            return MOUNTED_INSTALLER
    return OWN_INSTALLER
