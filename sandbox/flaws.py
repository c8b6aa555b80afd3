"""Known holes in the programs that keep a sandbox closed, and the releases that repair them.

A release line that is not listed is taken for repaired when it is newer than all that are. Distributions repair holes
without changing the number, so what is found here is a reason to look, not a proof.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Program = Literal["docker", "podman", "containerd", "runc", "crun", "git", "python"]
Release = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One advisory."""

    ids: str
    what: str
    repaired: tuple[str, ...]
    """One release for each line, oldest first."""


FLAWS: Mapping[Program, tuple[Flaw, ...]] = {
    "runc": (
        Flaw("CVE-2024-21626", "a container reaches the host through a leaked descriptor", ("1.1.12",)),
        Flaw("CVE-2024-45310", "a container makes empty files on the host", ("1.1.14", "1.2.0")),
        Flaw("CVE-2025-31133, CVE-2025-52565, CVE-2025-52881", "escapes by racing mounts and masked paths",
             ("1.2.8", "1.3.3", "1.4.0")),
    ),
    "crun": (Flaw("CVE-2022-27650", "containers keep capabilities they should not inherit", ("1.4.4",)),),
    "containerd": (
        Flaw("CVE-2023-25173", "supplementary groups of a container are not set up", ("1.5.18", "1.6.18")),
        Flaw("CVE-2024-40635", "a user id that overflows becomes root", ("1.6.38", "1.7.27", "2.0.4")),
        Flaw("CVE-2024-25621", "local users may enter its folders", ("1.7.29", "2.0.7", "2.1.5", "2.2.0")),
    ),
    "docker": (
        Flaw("CVE-2024-24557", "a poisoned build cache", ("24.0.9", "25.0.2")),
        Flaw("CVE-2024-41110", "requests pass an authorisation plugin unseen", ("23.0.15", "26.1.5", "27.1.1")),
    ),
    "podman": (Flaw("CVE-2024-1753", "a build mounts the host's root", ("4.9.4", "5.0.1")),),
    "git": (
        Flaw("CVE-2024-32002", "a submodule writes a hook while it is cloned",
             ("2.39.4", "2.40.2", "2.41.1", "2.42.2", "2.43.4", "2.44.1", "2.45.1")),
        Flaw("CVE-2025-48384", "a carriage return in a submodule's path writes a hook",
             ("2.43.7", "2.44.4", "2.45.4", "2.46.4", "2.47.3", "2.48.2", "2.49.1", "2.50.1")),
    ),
    "python": (
        Flaw("CVE-2025-4517, CVE-2025-4330, CVE-2025-4138", "tarfile's filters are passed by links",
             ("3.9.23", "3.10.18", "3.11.13", "3.12.11", "3.13.4")),
        Flaw("CVE-2025-8194", "a tar archive makes tarfile read for ever", ("3.11.14", "3.12.12", "3.13.6")),
    ),
}  # fmt: skip


def release(version: str) -> Release | None:
    """`1.1.5+ds1` -> (1, 1, 5); None when it does not begin with numbers."""
    match = re.match(r"v?(\d+)\.(\d+)(?:\.(\d+))?", version)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3] or 0))


def is_repaired(flaw: Flaw, found: Release) -> bool:
    """Whether a release has the repair of its line, or comes from a later line than any that needed one."""
    repaired = [one for one in map(release, flaw.repaired) if one is not None]
    mine = [one for one in repaired if one[:2] == found[:2]]
    return found >= mine[0] if mine else found > max(repaired)


def flaws_of(program: Program, version: str) -> tuple[Flaw, ...]:
    """What is known to be open in this version; nothing when the version cannot be read."""
    found = release(version)
    return () if found is None else tuple(flaw for flaw in FLAWS[program] if not is_repaired(flaw, found))
