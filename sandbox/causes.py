"""Why a command ended, from what the control group and the file systems say."""

from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.protocol import Cause


@dataclass(frozen=True, slots=True)
class Counters:
    """Monotonic counters of one container."""

    oom_kills: int = 0
    refused_forks: int = 0


def parse_counters(lines: Iterable[str]) -> Counters:
    """Read `memory oom_kill N` and `pids max N` out of lines `<table> <key> <value>` (control groups v1 and v2)."""
    values: dict[tuple[str, str], int] = {}
    for line in lines:
        table, _, rest = line.partition(" ")
        key, _, value = rest.partition(" ")
        if value.isdecimal():
            values[table, key] = int(value)
    return Counters(values.get(("memory", "oom_kill"), 0), values.get(("pids", "max"), 0))


def is_full(lines: Iterable[str], places: Iterable[str]) -> bool:
    """True when one of the lines `<mount> <free blocks> <free inodes>` about `places` has a zero."""
    facts = {fields[0]: fields[1:] for fields in map(str.split, lines) if len(fields) == 3}
    return any("0" in facts.get(place, ()) for place in places)


def starved(before: Counters, after: Counters) -> Cause | None:
    """The resource that ran out between two readings, if any."""
    if after.oom_kills > before.oom_kills:
        return Cause.OUT_OF_MEMORY
    if after.refused_forks > before.refused_forks:
        return Cause.PIDS_LIMIT
    return None
