"""What `doctor` looks at. Nothing is changed; every check is bounded in time."""

import shutil
import sys
from importlib.metadata import version
from typing import Any, Literal

from agents.contracts import Frozen
from sandbox.base_image import base_tag, is_present
from sandbox.errors import SandboxError
from sandbox.git import installed
from workflows.engines import docker_engine
from workflows.settings import OFFLINE, Loaded, choose_engine

GIB = 1024**3
DISK_FREE = 5 * GIB


class Row(Frozen):
    """One check."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    advice: str = ""


def checkup(loaded: Loaded) -> list[Row]:
    """Every check, in the order in which problems should be solved."""
    return [_python(), _git(), *_docker(loaded), _disk(loaded), _model(loaded)]


def _python() -> Row:
    return Row(name="python", state="ok", found=f"{sys.version.split()[0]}, greenloop {version('greenloop')}")


def _git() -> Row:
    try:
        found = installed()
    except (SandboxError, OSError) as error:
        return Row(name="git", state="bad", found=str(error), advice="install a newer git")
    return Row(name="git", state="ok", found=".".join(str(part) for part in found))


def _docker(loaded: Loaded) -> list[Row]:
    try:
        client = docker_engine(loaded.values).client
        info: dict[str, Any] = client.info()
    except SandboxError as error:
        return [Row(name="docker", state="bad", found="no engine answers", advice=str(error))]
    options = ", ".join(o.split(",")[0].removeprefix("name=") for o in info.get("SecurityOptions") or []) or "none"
    text = f"engine {info.get('ServerVersion')}, cgroup v{info.get('CgroupVersion', '1')}, security: {options}"
    rows = [Row(name="docker", state="ok", found=text)]
    wanted = loaded.values.runtime
    runtimes = sorted(info.get("Runtimes") or {})
    if wanted and wanted not in runtimes:
        rows.append(
            Row(name="runtime", state="bad", found=f"{wanted} is not one of {', '.join(runtimes)}", advice="install it")
        )
    if "name=seccomp,profile=default" not in (info.get("SecurityOptions") or []) and "seccomp" not in options:
        rows.append(
            Row(name="seccomp", state="warn", found="the engine has no seccomp", advice="use a kernel with seccomp")
        )
    rows.append(_base(loaded, client))
    return rows


def _base(loaded: Loaded, client: Any) -> Row:
    tag = base_tag(loaded.values.base_image)
    if is_present(client, tag):
        return Row(name="base image", state="ok", found=tag)
    advice = "greenloop sandbox build (the first run does it too)"
    return Row(name="base image", state="warn", found="not built yet", advice=advice)


def _disk(loaded: Loaded) -> Row:
    path = loaded.values.state_dir
    while not path.exists():
        path = path.parent
    free = shutil.disk_usage(path).free
    low = free < DISK_FREE
    advice = "free some: greenloop clean, greenloop sandbox prune" if low else ""
    return Row(name="disk", state="warn" if low else "ok", found=f"{free / GIB:.0f} GiB free at {path}", advice=advice)


def _model(loaded: Loaded) -> Row:
    engine = choose_engine(loaded.values)
    if engine == OFFLINE:
        advice = "set OPENAI_API_KEY, or GREENLOOP_BASE_URL and GREENLOOP_MODEL, for requests in free words"
        return Row(name="model", state="ok", found="none set: the offline rules play the agents", advice=advice)
    place = loaded.values.base_url or "the provider's own endpoint"
    return Row(name="model", state="ok", found=f"{engine} at {place} (not called)")
