"""The image everything else is built on: a Python, and a tool environment of our own that runs service tests."""

import hashlib
import importlib.metadata
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker.errors
import requests.exceptions

from sandbox.build import BUILDER, CACHE, EMPTY, MOUNTED_INSTALLER, ROOM, BuildContainer, engine_errors, installer
from sandbox.build_network import BuildNetwork
from sandbox.destinations import destinations_of
from sandbox.errors import EngineUnavailable, ImageUnavailable
from sandbox.index import Asker
from sandbox.locks import locked
from sandbox.text import clean, last_line, shown

PREFERRED = "python:3.12-slim"
RECIPE = "1"
"""Raise it when the steps below change what is in the image."""
TOOLS = {"/opt/greenloop": Path(__file__).with_name("tools.txt"), "/opt/gates": Path(__file__).with_name("gates.txt")}
"""Environments of our own: what runs the tests from outside, and what the other gates need."""
SUITE = "bookworm"
PACKAGES = "python3,python3-venv,python3-pip,ca-certificates"
FOUNDATION = "greenloop/foundation"
PULL_STALL_S, PULL_S, BOOTSTRAP_S = 20, 300, 900
KIND, PYTHON = "greenloop.kind", "greenloop.python"
"""Image labels: what the image is for, and its Python's version."""
Tell = Callable[[str], None]


def quiet(_: str) -> None:
    """Tell nobody."""


def ensure_base(
    client: Any,
    *,
    cache: Path,
    preferred: str = PREFERRED,
    tell: Tell = quiet,
    network: BuildNetwork | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> str:
    """The tag of a base image that is present, made first when it is not; only one process makes it.

    `client`: a docker client, or its low-level API. `cache`: a folder for the lock and what the index said.

    Raises:
        EngineUnavailable: no engine answers.
        ImageUnavailable: nothing to build on can be had; the message says what to do.
        EngineFault: the engine failed during the build.
        Stopped: `cancelled` said so while another process made it.
    """
    api = getattr(client, "api", client)
    tag = base_tag(preferred)
    if is_present(api, tag):
        return tag
    network = network or BuildNetwork()
    with locked(cache / "base.lock", lambda: tell("waiting for another build of the base image"), cancelled):
        if not is_present(api, tag):
            foundation = _foundation(api, preferred, tell, network)
            _add_tools(api, foundation, tag, network, tell, cache)
    return tag


def base_tag(preferred: str = PREFERRED) -> str:
    """`greenloop/base:<hash of recipe>`."""
    tools = (file.read_text(encoding="utf-8") for file in TOOLS.values())
    recipe = "\n".join((RECIPE, preferred, SUITE, PACKAGES, *tools))
    return f"greenloop/base:{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"


def _foundation(api: Any, preferred: str, tell: Tell, network: BuildNetwork) -> str:
    if is_present(api, preferred):
        return preferred
    if preferred == PREFERRED and is_present(api, f"{FOUNDATION}:{SUITE}"):
        return f"{FOUNDATION}:{SUITE}"
    tell(f"pulling {preferred}")
    trouble = _pull(api, preferred)
    if trouble is None:
        return preferred
    program = shutil.which("debootstrap", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None or os.geteuid() != 0:
        raise ImageUnavailable(
            f"{preferred} is not here and cannot be pulled ({trouble})",
            advice="load it (`docker load`), name an image that is here, or run as root with debootstrap installed",
        )
    tell(f"{preferred} cannot be pulled; making a Debian {SUITE} base (about a minute)")
    return _bootstrap(api, program, network)


def is_present(api: Any, image: str) -> bool:
    """Whether the engine has this image.

    Raises:
        EngineUnavailable: no engine answers.
    """
    try:
        api.inspect_image(image)
    except docker.errors.ImageNotFound:
        return False
    except (docker.errors.DockerException, requests.exceptions.RequestException) as broken:
        raise EngineUnavailable(f"the Docker engine does not answer: {broken}") from broken
    return True


def _pull(api: Any, image: str) -> str | None:
    """Pull, giving up soon when nothing moves; returns what went wrong, None when the image is here."""
    name, version = image.rsplit(":", 1) if ":" in image.rsplit("/", 1)[-1] else (image, "latest")
    said: queue.SimpleQueue[tuple[bool, str]] = queue.SimpleQueue()

    def pull() -> None:
        try:
            for event in api.pull(name, tag=version, stream=True, decode=True):
                said.put(("error" in event, str(event.get("error", ""))))
            said.put((True, ""))
        except (docker.errors.DockerException, requests.exceptions.RequestException) as broken:
            said.put((True, str(broken)))

    threading.Thread(target=pull, name="image-pull", daemon=True).start()
    deadline = time.monotonic() + PULL_S
    while time.monotonic() < deadline:
        try:
            ended, trouble = said.get(timeout=PULL_STALL_S)
        except queue.Empty:
            return f"nothing arrived for {PULL_STALL_S} s"
        if ended:
            return clean(trouble)[:300] or None
    return f"not complete after {PULL_S} s"


def _bootstrap(api: Any, program: str, network: BuildNetwork) -> str:
    """Make a minimal Debian with the host's debootstrap and import it; returns the image's id."""
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    env |= {name: value for name, value in network.environment().items() if name.endswith("_proxy")}
    with tempfile.TemporaryDirectory(prefix="greenloop-base-") as folder:
        command = [program, "--variant=minbase", f"--include={PACKAGES}", SUITE, folder]
        try:
            made = subprocess.run(
                command, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOTSTRAP_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as broken:
            raise ImageUnavailable(f"debootstrap failed: {broken}") from broken
        if made.returncode:
            raise ImageUnavailable(f"debootstrap failed: {last_line(made.stdout + made.stderr)}")
        return _import_tree(api, folder)


def _import_tree(api: Any, folder: str) -> str:
    skipped = [f"--exclude=./{path}" for path in ("var/cache/apt/*", "var/lib/apt/lists/*", "usr/share/doc/*")]
    command = ["tar", "-C", folder, "--numeric-owner", *skipped, "-cf", "-", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as packed, engine_errors("the base cannot be imported"):
        said = json.loads(
            api.import_image_from_stream(packed.stdout, repository=FOUNDATION, tag=SUITE).splitlines()[-1]
        )
        api.tag(said["status"], FOUNDATION, SUITE)  # Podman takes no tag with an import
    if packed.returncode:
        raise ImageUnavailable("the base's files cannot be packed")
    return f"{FOUNDATION}:{SUITE}"


def _add_tools(api: Any, foundation: str, tag: str, network: BuildNetwork, tell: Tell, cache: Path) -> None:
    """The tool environment and the folders later steps need; only pinned wheels with known hashes, no foreign code."""
    tell("adding the tool environment")
    allowed = destinations_of(network, Asker(network, cache / "index"))
    with BuildContainer(api, foundation, network=network, cache="none") as box:
        box.connect(allowed)
        box.put({ROOM: None, "/tmp": None}, owner=0, mode=0o1777)  # noqa: S108
        box.put({"/opt/venv": None}, owner=BUILDER, mode=0o2775)
        box.put({CACHE: None}, owner=BUILDER, mode=0o700)
        box.put({EMPTY: None}, owner=0, mode=0o755)
        box.put({f"{ROOM}/{file.name}": file.read_bytes() for file in TOOLS.values()}, owner=0, mode=0o644)
        commands = (
            *_installer_commands(),
            *(command for home, file in TOOLS.items() for command in _environment_commands(home, file.name)),
            ["/opt/greenloop/bin/python", "-I", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null",
             "--rootdir=/", EMPTY],
        )  # fmt: skip
        env = installer_env() | box.way_out()
        for argv in commands:
            step = box.step(argv, user="0:0", env=env, timeout_s=300)
            if step.exit_code not in (0, 5):
                raise ImageUnavailable(
                    f"the tool environment cannot be installed: {shown(step.output, 1500)}{box.refusals()}"
                )
        asked = box.step(["python3", "-I", "-c", "import platform; print(platform.python_version())"], user="0:0",
                         timeout_s=30)  # fmt: skip
        box.commit(tag, {KIND: "base", PYTHON: asked.output.strip()})


def _environment_commands(home: str, requirements: str) -> tuple[list[str], ...]:
    return (
        [installer(), "venv", "--quiet", home],
        [installer(), "pip", "install", "--quiet", f"--python={home}/bin/python", "--no-build", "--no-deps",
         "--compile-bytecode", "--require-hashes", "-r", f"{ROOM}/{requirements}"],
    )  # fmt: skip


def _installer_commands() -> tuple[list[str], ...]:
    """What puts an installer into the base image, nothing when ours is mounted."""
    if installer() == MOUNTED_INSTALLER:
        return ()
    version = importlib.metadata.version("uv")
    return (
        ["python3", "-m", "venv", "/opt/installer"],
        ["/opt/installer/bin/python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", f"uv=={version}"],
    )


def installer_env(cache: str = "/tmp/uv-cache") -> dict[str, str]:  # noqa: S108
    """What the installer is told besides its arguments and the way to the index."""
    return {
        "UV_CACHE_DIR": cache,
        "UV_LINK_MODE": "copy",
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        "NO_COLOR": "1",
    }
