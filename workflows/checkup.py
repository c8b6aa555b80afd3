"""What `doctor` looks at. Nothing is changed; every check is bounded in time."""

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from sandbox.base_image import base_tag, is_present
from sandbox.errors import SandboxError
from sandbox.git import installed
from workflows.engine_checkup import attack_rows, engine_rows, host_flaws
from workflows.engines import docker_engine
from workflows.rows import Row
from workflows.settings import OFFLINE, Loaded, choose_engine

GIB = 1024**3
DISK_FREE = 5 * GIB


def checkup(loaded: Loaded, *, attacks: bool = True) -> Iterator[Row]:
    """Every check, in the order in which problems should be solved; the attacks on a sandbox come last."""
    yield _python()
    git, found = _git()
    yield git
    yield from host_flaws(found)
    engine = docker_engine(loaded.values)
    try:
        yield from engine_rows(loaded.values, engine)
        base = _base(loaded, engine.client)
    except SandboxError as error:
        yield Row(name="docker", state="bad", found=error.problem, advice=error.advice)
        attacks = False
    else:
        yield base
        attacks = attacks and base.state == "ok"
    yield _disk(loaded)
    yield _model(loaded)
    if attacks:
        yield from attack_rows(engine, base_tag(loaded.values.base_image))
    engine.close()


def _python() -> Row:
    return Row(name="python", state="ok", found=f"{sys.version.split()[0]}, greenloop {version('greenloop')}")


def _git() -> tuple[Row, str]:
    try:
        found = ".".join(str(part) for part in installed())
    except (SandboxError, OSError) as error:
        return Row(name="git", state="bad", found=str(error), advice="install a newer git"), ""
    return Row(name="git", state="ok", found=found), found


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
