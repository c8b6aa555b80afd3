"""How many sandboxes this machine bears: by its cores, and by the memory that is free at the moment."""

import os
from pathlib import Path

RESERVE_MB = 1024
"""Memory that is left to everybody else (MiB)."""
PROCESS_MB = 256
"""What a worker needs besides its sandbox (MiB)."""


def most(asked: int, sandbox_mb: int) -> int:
    """How many workers this machine can ever bear: as asked (0: by its cores), if its memory is enough for them."""
    return max(1, min(asked or (os.cpu_count() or 1), (total_mb() - RESERVE_MB) // (sandbox_mb + PROCESS_MB)))


def wanted(most_of_all: int, running: int, sandbox_mb: int) -> int:
    """How many should be running, by the memory that is free now."""
    room = (free_mb() - RESERVE_MB) // (sandbox_mb + PROCESS_MB)
    return max(1, min(most_of_all, running + max(room, -1) if room else running))


def free_mb() -> int:
    """Memory that can be had without swapping (MiB)."""
    return _memory("MemAvailable")


def total_mb() -> int:
    """All memory, or what our control group allows (MiB)."""
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    total = _memory("MemTotal")
    return min(total, int(limit) // 2**20) if limit.isdecimal() else total


def _memory(key: str) -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 1 << 20  # no such file on this system: memory decides nothing
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith(f"{key}:")), 1 << 20)
