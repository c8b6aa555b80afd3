"""Dependency images: what a repository needs, installed once and kept under the hash of what it asked for."""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors

from sandbox.base_image import KIND, PYTHON, Tell, installer_env, quiet
from sandbox.build import BUILDER, CACHE, EMPTY, PRIMER, ROOM, BuildContainer, Step, engine_errors, installer
from sandbox.build_network import BuildNetwork
from sandbox.errors import DependencyError, EngineFault, ImageUnavailable, Stopped
from sandbox.manifest import Manifest, check_python
from sandbox.text import cut

RECIPE = "1"
"""Raise it when the steps below change what is in an image."""
REPOSITORY = "greenloop/deps"
TEST_TOOLS = ("pytest", "httpx", "anyio")
"""Wanted in every image; no version is asked of them, so they bend to what the repository pins."""
VENV_PYTHON = "/opt/venv/bin/python"
INSTALL_S = 900
LOCK_POLL_S = 0.1
_NEEDS_BUILD = ("building from source is disabled", "no usable wheels", "has no wheels")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is present."""

    tag: str
    built: bool
    """False: it was there already."""
    seconds: float


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """One dependency image on this engine."""

    tag: str
    size: int
    """Bytes, what it shares with the base included."""
    created: float
    """Seconds since the epoch."""
    last_used: float | None
    """Seconds since the epoch, None when unknown here."""


class Images:
    """The dependency images of one engine.

    `cache`: a folder for locks and last-use times. `cancelled`: asked many times a second during a build; True ends it.
    """

    def __init__(
        self, client: Any, network: BuildNetwork, tell: Tell = quiet, *, base: str, cache: Path,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.api = getattr(client, "api", client)
        self.cancelled = cancelled
        self.network, self.tell, self.base, self.cache = network, tell, base, cache
        self._base: dict[str, Any] | None = None

    def ensure(self, manifest: Manifest) -> Image:
        """The image that holds what the manifest asks for, built first when it is not there.

        Raises:
            DependencyError: it cannot be installed; the message ends with the installer's own words.
            ImageUnavailable: the base image is gone.
            EngineFault: the engine failed.
            Stopped: `cancelled` said so.
        """
        begun = time.monotonic()
        tag = self.tag_of(manifest)
        built = False
        if not self._present(tag):
            with self._lock(tag):
                if not self._present(tag):
                    self._build(manifest, tag)
                    built = True
        self._touch(tag)
        return Image(tag, built, round(time.monotonic() - begun, 3))

    def tag_of(self, manifest: Manifest) -> str:
        """The tag under which the manifest's image is kept: manifest, base image and recipe decide it."""
        base = self._base_info()
        check_python(manifest, (base["Config"].get("Labels") or {}).get(PYTHON, ""))
        content = "\n".join((RECIPE, base["Id"], manifest.key))
        return f"{REPOSITORY}:{hashlib.sha256(content.encode()).hexdigest()[:24]}"

    def list(self) -> list[ImageInfo]:
        """Every dependency image on this engine, most recently used first."""
        with engine_errors("images cannot be listed"):
            found = self.api.images(name=REPOSITORY)
        infos = [
            ImageInfo(tag, int(one["Size"]), float(one["Created"]), self._used(tag))
            for one in found
            for tag in one.get("RepoTags") or ()
            if tag.startswith(f"{REPOSITORY}:")
        ]
        return sorted(infos, key=_recency, reverse=True)

    def prune(self, keep_bytes: int) -> Sequence[str]:
        """Remove images, least recently used first, until what is left fits; returns the removed tags.

        The base and images in use by a container stay.
        """
        removed, total = [], 0
        for info in self.list():
            total += info.size
            if total > keep_bytes:
                with contextlib.suppress(docker.errors.APIError):
                    self.api.remove_image(info.tag)
                    removed.append(info.tag)
                    total -= info.size
                    self._mark(info.tag).unlink(missing_ok=True)
        return removed

    def _build(self, manifest: Manifest, tag: str) -> None:
        self.tell(f"installing {len(manifest.requirements)} requirements")
        try:
            self._attempt(manifest, tag, wheels_only=True)
        except _NeedsBuild:
            # Building a package runs its code, so that happens away from the cache all repositories share.
            self.tell("a package has no wheel; building it from source")
            self._attempt(manifest, tag, wheels_only=False)

    def _attempt(self, manifest: Manifest, tag: str, *, wheels_only: bool) -> None:
        with BuildContainer(
            self.api, self._base_info()["Id"], network=self.network, shared_cache=wheels_only, cancelled=self.cancelled
        ) as box:
            step = self._install(box, manifest, wheels_only=wheels_only)
            if step.exit_code:
                if wheels_only and any(words in step.output for words in _NEEDS_BUILD):
                    raise _NeedsBuild
                raise DependencyError(f"the dependencies cannot be installed:\n{_tail(step.output)}")
            box.cut_off()
            self._prime(box)
            box.step(["sh", "-c", f"rm -f {ROOM}/*.txt {ROOM}/log-*"], user="0:0", timeout_s=30)
            box.commit(tag, {KIND: "deps", PYTHON: ""})

    def _install(self, box: BuildContainer, manifest: Manifest, *, wheels_only: bool) -> Step:
        requirements = "\n".join((*manifest.requirements, *TEST_TOOLS, ""))
        constraints = "\n".join((*manifest.constraints, ""))
        files = {f"{ROOM}/requirements.txt": requirements.encode(), f"{ROOM}/constraints.txt": constraints.encode()}
        box.put(dict(files), owner=0, mode=0o644)
        env = installer_env(self.network, CACHE if wheels_only else "/tmp/uv-cache")  # noqa: S108
        user = f"{BUILDER}:{BUILDER}"
        made = box.step(
            [installer(), "venv", "--quiet", "--allow-existing", "--python=python3", "/opt/venv"],
            user=user, env=env, timeout_s=60,
        )  # fmt: skip
        if made.exit_code:
            raise EngineFault(f"no virtual environment can be made in the base image: {_tail(made.output)}")
        flags = ["--no-build"] if wheels_only else []
        return box.step(
            [installer(), "pip", "install", f"--python={VENV_PYTHON}", *flags, "--no-compile-bytecode",
             "-r", f"{ROOM}/requirements.txt", "-c", f"{ROOM}/constraints.txt"],
            user=user, env=env, timeout_s=INSTALL_S,
        )  # fmt: skip

    def _prime(self, box: BuildContainer) -> None:
        """Compile everything, pytest's plugins included: a read-only image would pay for it on every run.

        Installed code runs here for the first time: without a network, as a user the wheel cache is closed to.
        """
        user = f"{PRIMER}:{BUILDER}"
        self.tell("compiling")
        box.step([VENV_PYTHON, "-I", "-m", "compileall", "-q", "-j", "0", "/opt/venv/lib"], user=user, timeout_s=300)
        step = box.step(
            [VENV_PYTHON, "-I", "-m", "pytest", "-qp", "no:cacheprovider", "-c", "/dev/null", "--rootdir=/", EMPTY],
            user=user, timeout_s=120,
        )  # fmt: skip
        if step.exit_code != 5:
            raise DependencyError(f"pytest does not start among these dependencies:\n{_tail(step.output)}")

    def _base_info(self) -> dict[str, Any]:
        if self._base is None:
            try:
                with engine_errors("the base image cannot be read"):
                    self._base = dict(self.api.inspect_image(self.base))
            except EngineFault as fault:
                if isinstance(fault.__cause__, docker.errors.ImageNotFound):
                    raise ImageUnavailable(f"the base image {self.base} is gone: build it again") from fault
                raise
        return self._base

    def _present(self, tag: str) -> bool:
        try:
            with engine_errors("an image cannot be read"):
                self.api.inspect_image(tag)
        except EngineFault as fault:
            if isinstance(fault.__cause__, docker.errors.ImageNotFound):
                return False
            raise
        return True

    def _mark(self, tag: str) -> Path:
        return self.cache / f"{tag.rpartition(':')[2]}.used"

    def _used(self, tag: str) -> float | None:
        with contextlib.suppress(OSError):
            return self._mark(tag).stat().st_mtime
        return None

    def _touch(self, tag: str) -> None:
        with contextlib.suppress(OSError):
            self.cache.mkdir(parents=True, exist_ok=True)
            self._mark(tag).touch()

    @contextlib.contextmanager
    def _lock(self, tag: str) -> Iterator[None]:
        """One builder per image and machine; the lock ends with its process."""
        self.cache.mkdir(parents=True, exist_ok=True)
        path = self.cache / f"{tag.rpartition(':')[2]}.lock"
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            waiting = False
            while not _locked(held):
                if not waiting:
                    self.tell("waiting for another build of the same dependencies")
                waiting = True
                if self.cancelled():
                    raise Stopped("stopped while waiting for another build")
                time.sleep(LOCK_POLL_S)
            yield
        finally:
            os.close(held)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _NeedsBuild(Exception):
    """A package has no wheel."""


def _recency(info: ImageInfo) -> float:
    return info.last_used or info.created


def _tail(output: str) -> str:
    return cut("\n".join(output.strip().splitlines()[-40:]), 3000)
