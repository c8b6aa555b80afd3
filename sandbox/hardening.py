"""What a container may do: the one place where its privileges and limits are written down."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.types

from sandbox.extras.values import Extras, Name
from sandbox.protocol import SCRATCH, SOURCE, TESTS, WORK, Limits, User

UIDS: dict[User, int] = {"root": 0, "app": 10001, "tests": 10002}
EXTRA_UIDS: dict[Name, int] = {"postgresql": 10005, "redis": 10006}
"""Servers beside the code: nobody else's processes can signal them or open their files."""
WRITABLE: dict[User, tuple[str, ...]] = {
    "root": ("/tmp", "/dev/shm"),  # noqa: S108 - paths inside the container
    "app": (WORK, "/tmp", "/dev/shm"),  # noqa: S108 - paths inside the container
    "tests": (SCRATCH, "/tmp", "/dev/shm"),  # noqa: S108 - paths inside the container
}
"""Where a sweep empties what a user left behind."""
OWNER_OF: dict[str, User] = {SOURCE: "root", TESTS: "root", WORK: "app", SCRATCH: "tests"}
"""Who unpacks and reads files below each target."""
HOMES: dict[User, str] = {"root": "/", "app": WORK, "tests": SCRATCH}
SHM_MB = 64


@dataclass(frozen=True, slots=True)
class Room:
    """What a server gets on top of the sandbox's own limits."""

    place: str
    """Its only writable folder, closed to everybody else."""
    disk_mb: int
    inodes: int
    memory_mb: int
    """Its disk included."""
    pids: int


ROOMS: dict[Name, Room] = {
    "postgresql": Room("/extras/postgresql", disk_mb=256, inodes=20_000, memory_mb=384, pids=116),
    "redis": Room("/extras/redis", disk_mb=16, inodes=100, memory_mb=112, pids=10),
}
"""PostgreSQL's processes: one for each of 100 connections, and its own."""
LOOPBACK = "127.0.0.1"
OPEN_FILES = 1024
OUR_PIDS = 6
"""init, timeout, the supervisor, two killers, and one helper of theirs."""
SECCOMP = Path(__file__).with_name("seccomp.json")


def identity(user: User | Name) -> str:
    """`uid:gid` as an exec wants it (without the gid an unknown uid would be in root's group)."""
    uid = (UIDS | EXTRA_UIDS)[user]
    return f"{uid}:{uid}"


def base_env(user: User, path: str) -> dict[str, str]:
    """The whole environment of a command that asks for nothing more."""
    return {"PATH": path, "HOME": HOMES[user], "LANG": "C.UTF-8"}


def tmpfs(limits: Limits, extras: Collection[Name] = ()) -> dict[str, str]:
    """Mount options per writable directory; each is bounded in bytes and in files."""
    bounds = f"size={limits.disk_mb}m,nr_inodes={limits.inodes},nosuid,nodev"
    mounts = {
        target: f"{bounds},exec,mode={'0755' if user == 'root' else '0700'},uid={UIDS[user]},gid={UIDS[user]}"
        for target, user in OWNER_OF.items()
    }
    # The service must not read what it is about to be asked.
    mounts[TESTS] = f"{bounds},exec,mode=0750,uid={UIDS['root']},gid={UIDS['tests']}"
    mounts["/tmp"] = f"{bounds},exec,mode=1777"  # noqa: S108 - a path inside the container
    shm = f"size={min(SHM_MB, limits.disk_mb)}m,nr_inodes={limits.inodes},nosuid,nodev,noexec,mode=1777"
    mounts["/dev/shm"] = shm  # noqa: S108 - a path inside the container
    for name in extras:
        room, uid = ROOMS[name], EXTRA_UIDS[name]
        own = f"size={room.disk_mb}m,nr_inodes={room.inodes},nosuid,nodev,noexec,mode=0700,uid={uid},gid={uid}"
        mounts[room.place] = own
    return mounts


def host_config(api: Any, limits: Limits, extras: Extras, *, cpus: float, runtime: str | None) -> Any:
    """The engine's `HostConfig`: no network, no capability, read-only root, every resource bounded.

    `cpus` is the limit already cut to what the machine has (the engine refuses more). Names are looked up (a container
    whose network is switched off altogether starts 0.1 s sooner and does not know `localhost`), and no server of the
    host's is asked.
    """
    rooms = [ROOMS[name] for name in extras.names]
    memory = f"{limits.memory_mb + sum(room.memory_mb for room in rooms)}m"
    largest_file = limits.disk_mb * 1024 * 1024
    return api.create_host_config(
        network_mode="none",
        ipc_mode="private",
        read_only=True,
        tmpfs=tmpfs(limits, extras.names),
        extra_hosts=dict.fromkeys(extras.hosts, LOOPBACK),
        dns=[LOOPBACK],
        dns_search=["."],
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true", f"seccomp={SECCOMP.read_text()}"],
        mem_limit=memory,
        memswap_limit=memory,
        oom_score_adj=500,
        nano_cpus=int(cpus * 1_000_000_000),
        pids_limit=limits.pids + OUR_PIDS + sum(room.pids for room in rooms),
        ulimits=[
            docker.types.Ulimit(name="nofile", soft=OPEN_FILES, hard=OPEN_FILES),
            docker.types.Ulimit(name="core", soft=0, hard=0),
            docker.types.Ulimit(name="fsize", soft=largest_file, hard=largest_file),
        ],
        log_config=docker.types.LogConfig(type="none", config={}),
        init=True,
        auto_remove=True,
        runtime=runtime,
    )


def container_config(api: Any, image: str, program: list[str], *, labels: dict[str, str], host: Any) -> dict[str, Any]:
    """The engine's container description; whatever the image says about users, entry points or checks is overridden."""
    config: dict[str, Any] = api.create_container_config(
        image,
        command=[],
        entrypoint=program,
        user="0:0",
        working_dir="/",
        hostname="sandbox",
        stdin_open=True,
        labels=labels,
        healthcheck={"test": ["NONE"]},
        host_config=host,
    )
    return config | {"StdinOnce": True, "AttachStdin": True, "AttachStdout": True, "AttachStderr": True}
