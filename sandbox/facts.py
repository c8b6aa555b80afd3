"""What an engine says of itself: its kind, what it runs on, and which bounds it can keep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.podman import is_podman

KATA = ("kata", "kata-runtime", "io.containerd.kata.v2")
"""Names under which engines know it."""
_BOUNDS = {"memory": "MemoryLimit", "swap": "SwapLimit", "processes": "PidsLimit", "CPU": "CpuCfsQuota"}
NEEDED = ("memory", "processes")
"""Without these a sandbox is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One engine."""

    kind: str
    """Docker or Podman."""
    version: str
    api: str
    rootless: bool
    cgroup: int
    cgroup_driver: str
    storage: str
    runtimes: tuple[str, ...]
    default_runtime: str
    missing: tuple[str, ...]
    """Bounds it cannot keep."""
    confinement: tuple[str, ...]
    """What it puts around a container besides namespaces: seccomp, apparmor, selinux, userns ..."""
    versions: Mapping[str, str]
    """Program -> version, of those that take part."""


def read_facts(info: Mapping[str, Any], version: Mapping[str, Any]) -> Facts:
    """From the engine's answers to `info` and `version`."""
    podman = is_podman(version)
    options = [str(one).split(",")[0].removeprefix("name=") for one in info.get("SecurityOptions") or ()]
    default = str(info.get("DefaultRuntime") or "").rpartition("/")[2]
    runtimes = {str(name).rpartition("/")[2] for name in info.get("Runtimes") or ()}
    return Facts(
        kind="Podman" if podman else "Docker",
        version=str(info.get("ServerVersion") or version.get("Version") or "?"),
        api=str(version.get("ApiVersion") or "?"),
        rootless="rootless" in options or bool(info.get("Rootless")),
        cgroup=2 if str(info.get("CgroupVersion") or "1") == "2" else 1,
        cgroup_driver=str(info.get("CgroupDriver") or "?"),
        storage=str(info.get("Driver") or "?"),
        runtimes=tuple(sorted(runtimes - {""})),
        default_runtime=default,
        missing=tuple(name for name, key in _BOUNDS.items() if info.get(key) is False),
        confinement=tuple(option for option in options if option not in ("rootless", "cgroupns")),
        versions=_versions(podman, info, version),
    )


def _versions(podman: bool, info: Mapping[str, Any], version: Mapping[str, Any]) -> dict[str, str]:
    engine = str(info.get("ServerVersion") or version.get("Version") or "")
    found = {"podman" if podman else "docker": engine}
    for part in version.get("Components") or ():
        name, number = str(part.get("Name", "")).lower(), str(part.get("Version", ""))
        if name in ("containerd", "runc"):
            found[name] = number
        elif name.startswith("oci runtime"):
            words = number.split()
            found |= {words[0]: words[2]} if len(words) > 2 and words[1] == "version" else {}
    return {name: number for name, number in found.items() if number}


def runtime_name(wanted: str | None, info: Mapping[str, Any]) -> str | None:
    """The setting as this engine calls it; None leaves the choice to the engine."""
    if wanted != "kata":
        return wanted
    known = info.get("Runtimes") or {}
    return next((name for name in KATA if name in known), KATA[-1])


def why_unbounded(facts: Facts) -> str:
    """Why a sandbox of this engine would not be bounded, with what to do; empty when it is."""
    lacking = [name for name in NEEDED if name in facts.missing]
    if not lacking:
        return ""
    why = "its kernel has no such control group"
    if facts.rootless:
        why = "a rootless engine needs " + ("control groups v2" if facts.cgroup == 1 else "them delegated to its user")
    return f"this engine cannot bound {' and '.join(lacking)}: {why}"
