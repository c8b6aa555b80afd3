"""What Podman's Docker-compatible service does otherwise, and what it is asked for instead.

Its tmpfs mounts know no owner and no bound on files, so the writable folders are named volumes of type tmpfs, which do.
It leaves two folders of a read-only root writable without a bound; those are closed. It takes a seccomp profile as a
path on its machine. It forgets the pid of a command that has ended, so one that never began is known by the runtime's
own complaint.
"""

import contextlib
import re
import time
import uuid
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from sandbox.daemon import Daemon, Gone
from sandbox.errors import EngineFault, EngineUnavailable
from sandbox.hardening import SECCOMP
from sandbox.owners import RUN

NAME = "Podman Engine"
PAGE = 4096
REMOVE_S = 5.0
CLOSED = ("/run", "/var/tmp")  # noqa: S108 - paths inside the container
"""Writable without a limit on Podman's read-only root."""
PROCESSES = {"Name": "nproc", "Soft": 16_384, "Hard": 16_384}
"""Its own default is more than an engine without CAP_SYS_RESOURCE may give."""
FILES = {"Name": "nofile", "Soft": 8_192, "Hard": 8_192}
_FLAGS = frozenset({"nosuid", "nodev", "noexec"})
_SIZE = re.compile(r"size=(\d+)m")
_NEVER_BEGAN = re.compile(rb"\A(?:\S* ?)Error: .*(?:OCI|conmon|runc|crun)", re.DOTALL)
REFUSALS = (125, 126, 127)


def is_podman(version: Mapping[str, Any]) -> bool:
    """By what the engine says of its version."""
    return any(part.get("Name") == NAME for part in version.get("Components") or ())


def require_runtime(wanted: str | None, info: Mapping[str, Any]) -> None:
    """Podman's service does not let a container choose its runtime, and does not say so.

    Raises:
        EngineUnavailable: it runs another than the one asked for.
    """
    runs = str(info.get("DefaultRuntime") or "").rpartition("/")[2]
    if wanted and wanted != runs:
        raise EngineUnavailable(
            f"this Podman runs containers with {runs or 'its own choice'}, not {wanted}",
            advice=f"start its service with `podman --runtime {wanted} system service`",
        )


def never_began(code: int, complaint: bytes) -> bool:
    """A command that the runtime refused: the exit code is its own, and so is all that was said."""
    return code in REFUSALS and _NEVER_BEGAN.match(complaint) is not None


@dataclass(frozen=True, slots=True)
class Volumes:
    """The writable folders of one container."""

    daemon: Daemon
    names: tuple[str, ...] = ()

    def remove(self) -> None:
        """Once the container is gone; Podman may not have noticed yet. What stays is swept later."""
        left, deadline = set(self.names), time.monotonic() + REMOVE_S
        with contextlib.suppress(EngineFault):
            while left:
                for name in left:
                    with contextlib.suppress(Gone):
                        self.daemon.call("remove_volume", name)
                left &= {str(one["Name"]) for one in volumes_of(self.daemon)}
                if time.monotonic() > deadline:
                    return
                time.sleep(0.1 if left else 0)


def adapt(daemon: Daemon, host: MutableMapping[str, Any], labels: Mapping[str, str]) -> Volumes:
    """Change a `HostConfig` to what Podman understands; the volumes it names are made.

    Raises:
        EngineUnavailable: the engine does not see this machine's files.
        EngineFault: a volume could not be made.
    """
    if not daemon.way.local:
        raise EngineUnavailable(
            "Podman on another machine cannot be given the seccomp profile",
            advice="use its socket on that machine, or Docker",
        )
    host["SecurityOpt"] = ["no-new-privileges:true", f"seccomp={SECCOMP.resolve()}"]
    host["Ulimits"] = [*host["Ulimits"], PROCESSES]
    mounts = {**host.pop("Tmpfs"), **dict.fromkeys(CLOSED, "size=1m,nr_inodes=32,nosuid,nodev,noexec,mode=0555")}
    made = {f"greenloop-{uuid.uuid4().hex}": place for place in mounts}
    volumes = Volumes(daemon, tuple(made))
    try:
        for name, place in made.items():
            options = {"type": "tmpfs", "device": "tmpfs", "o": volume_options(mounts[place])}
            daemon.call("create_volume", name, driver="local", driver_opts=options, labels=dict(labels))
    except EngineFault:
        volumes.remove()
        raise
    flags = {place: ",".join(sorted(_FLAGS & set(mounts[place].split(",")))) for place in mounts}
    host["Binds"] = [f"{name}:{place}:{flags[place]}" for name, place in made.items()]
    return volumes


def volume_options(tmpfs: str) -> str:
    """Docker's tmpfs options as those of a volume: `size` is taken for a quota there, blocks are not."""
    blocks = _SIZE.sub(lambda match: f"nr_blocks={int(match[1]) * 1024 * 1024 // PAGE}", tmpfs)
    return ",".join(option for option in blocks.split(",") if option != "exec")


def volumes_of(daemon: Daemon) -> list[dict[str, Any]]:
    """Every volume of a sandbox that is there."""
    found = daemon.call("volumes", filters={"label": RUN})
    return [one for one in found.get("Volumes") or () if RUN in (one.get("Labels") or {})]


def discard(daemon: Daemon, volumes: Iterable[Mapping[str, Any]]) -> None:
    """Remove volumes that nobody uses any more."""
    Volumes(daemon, tuple(str(one["Name"]) for one in volumes)).remove()
