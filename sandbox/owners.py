"""Who owns a container: a process, named so that a reused pid or another machine is never mistaken for it."""

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

RUN = "greenloop.run"
OWNER = "greenloop.owner"
DEADLINE = "greenloop.deadline"
GRACE_S = 60
"""Seconds beyond its lifetime after which a container that is still there is removed by whoever sweeps."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One process. Pids repeat, so its start time; pids are per namespace and boot; engines are shared by machines."""

    pid: int
    start: str
    namespace: str
    boot: str
    machine: str

    def __str__(self) -> str:
        return ":".join((str(self.pid), self.start, self.namespace, self.boot, self.machine))


def _read(path: str) -> str:
    with contextlib.suppress(OSError):
        return Path(path).read_text(errors="replace").strip()
    return ""


def start_time(pid: int) -> str:
    """Ticks since boot at which the process started; empty when there is none (or no /proc)."""
    after_name = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return after_name[19] if len(after_name) > 19 and after_name[0] != "Z" else ""


def this_process() -> Owner:
    """The calling process."""
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
    return Owner(
        pid=os.getpid(),
        start=start_time(os.getpid()),
        namespace=namespace,
        boot=_read("/proc/sys/kernel/random/boot_id"),
        machine=_read("/etc/machine-id"),
    )


def parse(text: str) -> Owner | None:
    """The owner written in a label, None when it is not one of ours."""
    parts = text.split(":")
    if len(parts) != 5 or not parts[0].isdecimal():
        return None
    return Owner(int(parts[0]), *parts[1:])


def is_dead(owner: Owner, here: Owner) -> bool:
    """True only when that is certain from here: another machine's or namespace's processes cannot be seen."""
    if owner.machine != here.machine:
        return False
    if owner.boot != here.boot:
        return True
    return owner.namespace == here.namespace and start_time(owner.pid) != owner.start


def labels(run_id: str, lifetime_s: int) -> dict[str, str]:
    """The labels of a container that this process opens now."""
    return {RUN: run_id, OWNER: str(this_process()), DEADLINE: str(int(time.time()) + lifetime_s + GRACE_S)}


def is_abandoned(container_labels: Mapping[str, str], here: Owner, now: float) -> bool:
    """True for a container of ours whose owner is dead or whose deadline has passed (`now`: epoch seconds)."""
    if RUN not in container_labels:
        return False
    deadline = container_labels.get(DEADLINE, "")
    if deadline.isdecimal() and now > int(deadline):
        return True
    owner = parse(container_labels.get(OWNER, ""))
    return owner is not None and is_dead(owner, here)
