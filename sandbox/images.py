"""Dependency images: what a repository needs, installed once and kept under the hash of what it asked for."""

import contextlib
import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors

from sandbox.base_image import KIND, PYTHON, Tell, installer_env, quiet
from sandbox.build import (
    BUILDER,
    CACHE,
    CACHE_VOLUME,
    EMPTY,
    PRIMER,
    ROOM,
    BuildContainer,
    Step,
    engine_errors,
    installer,
)
from sandbox.build_network import BuildNetwork
from sandbox.destinations import Destinations, destinations_of
from sandbox.errors import DependencyError, EngineFault, ImageUnavailable
from sandbox.extras.layer import REPOSITORY as SERVERS
from sandbox.extras.layer import build_layer, layer_tag
from sandbox.extras.values import NONE, Extras
from sandbox.guard import Policy, check
from sandbox.index import Asker
from sandbox.locks import locked, try_lock
from sandbox.manifest import Manifest, check_python
from sandbox.probe import source_of
from sandbox.server import SERVER, lacks_server, tools_for
from sandbox.text import cut

RECIPE = "2"
"""Raise it when the steps below change what is in an image."""
REPOSITORY = "greenloop/deps"
TEST_TOOLS = ("pytest", "httpx", "anyio")
"""Wanted in every image; no version is asked of them, so they bend to what the repository pins."""
VENV_PYTHON = "/opt/venv/bin/python"
INSTALL_S = 900
BYTECODE = f"{CACHE}/bytecode-v1"
PRIVATE_CACHE = "/tmp/uv-cache"  # noqa: S108
_VIEW = f"""mkdir -p {PRIVATE_CACHE}
for entry in {CACHE}/*; do
  case $entry in
    */bytecode-*) ;;
    */archive-*|*/simple-*) cp -rs "$entry" {PRIVATE_CACHE}/ ;;
    *) cp -a "$entry" {PRIVATE_CACHE}/ ;;
  esac
done"""
"""A cache to write to that has everything in it that the shared one has: links where something large is, in the
installer's own layout (wheels and index pages by name, the rest small)."""
_USED: dict[Path, int] = {}
"""Locks that say to other processes which images this one uses; they end with the process."""
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
    """Bytes, what it shares with other images included."""
    own: int
    """Bytes that no other image of ours has, the base included: what removing it gives back."""
    created: float
    """Seconds since the epoch."""
    last_used: float | None
    """Seconds since the epoch, None when unknown here."""


class Images:
    """The dependency images of one engine.

    `cache`: a folder for locks, last-use times and what the index said. `policy`: which packages are let in.
    `cancelled`: asked many times a second during a build; True ends it.
    """

    def __init__(
        self, client: Any, network: BuildNetwork, tell: Tell = quiet, *, base: str, cache: Path,
        policy: Policy | None = None, cancelled: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self.api = getattr(client, "api", client)
        self.cancelled = cancelled
        self.policy = policy or Policy()
        self.network, self.tell, self.base, self.cache = network, tell, base, cache
        self._base: dict[str, Any] | None = None

    def ensure(self, manifest: Manifest, known: Manifest | None = None, extras: Extras = NONE) -> Image:
        """The image that holds what the manifest asks for and these servers, built first when it is not there.

        `known`: what the repository asked for before the change, and so is trusted with; None: nothing.

        Raises:
            PackageRefused: a package is not even tried, see `guard`.
            DependencyError: it cannot be installed; the message ends with the installer's own words.
            ImageUnavailable: the base image is gone, or the servers' packages cannot be had.
            EngineFault: the engine failed.
            Stopped: `cancelled` said so.
        """
        begun = time.monotonic()
        tag = self.tag_of(manifest, extras)
        built = self._once(tag, lambda: self._build(manifest, known, self._below(extras), tag))
        if extras:
            self._use(layer_tag(self._base_info()["Id"], extras.names))
        return Image(tag, built, round(time.monotonic() - begun, 3))

    def _once(self, tag: str, build: Callable[[], None]) -> bool:
        """Build an image that is not there, one builder at a time; True when that was needed."""
        built = False
        self._use(tag)
        if not self._present(tag):
            with locked(
                self._place(tag, "lock"),
                lambda: self.tell("waiting for another build of the same dependencies"),
                self.cancelled,
            ):
                if not self._present(tag):
                    build()
                    built = True
            self._use(tag)
        return built

    def _below(self, extras: Extras) -> str:
        """What a dependency image is built on: the base, or the layer with the servers, made first."""
        base = str(self._base_info()["Id"])
        if not extras:
            return base
        tag, names = layer_tag(base, extras.names), extras.names
        self._once(tag, lambda: build_layer(self.api, base, names, tag, self.network, self.tell, self.cancelled))
        return tag

    def tag_of(self, manifest: Manifest, extras: Extras = NONE) -> str:
        """The tag under which the manifest's image is kept: manifest, base image, servers and recipe decide it."""
        base = self._base_info()
        check_python(manifest, (base["Config"].get("Labels") or {}).get(PYTHON, ""))
        below = layer_tag(base["Id"], extras.names) if extras else base["Id"]
        beside = (SERVER,) if lacks_server(manifest) else ()
        content = "\n".join((RECIPE, below, manifest.key, *beside))
        return f"{REPOSITORY}:{hashlib.sha256(content.encode()).hexdigest()[:24]}"

    def list(self) -> list[ImageInfo]:
        """Every dependency image, and every layer of servers, on this engine; most recently used first."""
        with engine_errors("images cannot be listed"):
            found = [one for name in (REPOSITORY, SERVERS) for one in self.api.images(name=name)]
            ours = (f"{REPOSITORY}:", f"{SERVERS}:")
            tags = {t: one for one in found for t in one.get("RepoTags") or () if t.startswith(ours)}
            layers = {one["Id"]: self._layers(one["Id"]) for one in tags.values()}
            bases = {one["Id"]: self._layers(one["Id"]) for one in self.api.images(filters={"label": f"{KIND}=base"})}
        holders = Counter(layer for one in {**bases, **layers}.values() for layer in one)
        infos = [
            ImageInfo(
                tag=tag,
                size=int(one["Size"]),
                own=sum(size for layer, size in layers[one["Id"]].items() if holders[layer] == 1),
                created=float(one["Created"]),
                last_used=self._used(tag),
            )
            for tag, one in tags.items()
        ]
        return sorted(infos, key=_recency, reverse=True)

    def prune(self, keep_bytes: int) -> Sequence[str]:
        """Remove images, least recently used first, until what they hold alone fits; returns the removed tags.

        The base stays, and so do images that a container or a living process uses.
        """
        removed, total = [], 0
        for info in self.list():
            total += info.own
            if total > keep_bytes and self._remove(info.tag):
                removed.append(info.tag)
                total -= info.own
        return removed

    def forget_wheels(self) -> bool:
        """Remove what builds share; True when there was something and no build used it."""
        with contextlib.suppress(docker.errors.APIError):
            self.api.remove_volume(CACHE_VOLUME)
            return True
        return False

    def _remove(self, tag: str) -> bool:
        """Remove an image unless somebody uses it."""
        place = self._place(tag, "used")
        held = None if place in _USED else try_lock(place)
        if held is None:
            return False
        try:
            with contextlib.suppress(docker.errors.APIError):
                self.api.remove_image(tag)
                return True
        finally:
            os.close(held)
        return False

    def _layers(self, image_id: str) -> dict[str, int]:
        """The image's layers, newest first, and their sizes in bytes."""
        names = reversed(self.api.inspect_image(image_id)["RootFS"].get("Layers") or ())
        sizes = (int(step["Size"]) for step in self.api.history(image_id) if step["Size"])
        return dict(zip(names, sizes, strict=False))

    def _build(self, manifest: Manifest, known: Manifest | None, below: str, tag: str) -> None:
        asker = Asker(self.network, self.cache / "index")
        for note in check(manifest, known, asker, self.network.indexes(), self.policy):
            self.tell(note)
        allowed = destinations_of(self.network, asker, manifest)
        self.tell(f"installing {len(manifest.requirements)} requirements")
        try:
            self._attempt(manifest, below, tag, allowed, wheels_only=True)
        except _NeedsBuild:
            # Building a package runs its code, so that only reads the cache all repositories share.
            self.tell("a package has no wheel; building it from source")
            self._attempt(manifest, below, tag, allowed, wheels_only=False)

    def _attempt(self, manifest: Manifest, below: str, tag: str, allowed: Destinations, *, wheels_only: bool) -> None:
        with BuildContainer(
            self.api, below, network=self.network, cache="ours" if wheels_only else "read",
            cancelled=self.cancelled,
        ) as box:  # fmt: skip
            box.connect(allowed)
            step = self._install(box, manifest, wheels_only=wheels_only)
            if step.exit_code:
                if wheels_only and any(words in step.output for words in _NEEDS_BUILD):
                    raise _NeedsBuild
                raise DependencyError(f"the dependencies cannot be installed:\n{_tail(step.output)}{box.refusals()}")
            box.cut_off()
            self._compile(box, clean=wheels_only)
            self._prime(box)
            box.step(["sh", "-c", f"rm -f {ROOM}/*.txt {ROOM}/log-*"], user="0:0", timeout_s=30)
            box.commit(tag, {KIND: "deps", PYTHON: ""})

    def _install(self, box: BuildContainer, manifest: Manifest, *, wheels_only: bool) -> Step:
        requirements = "\n".join((*manifest.requirements, *tools_for(manifest, TEST_TOOLS), ""))
        constraints = "\n".join((*manifest.constraints, ""))
        files = {f"{ROOM}/requirements.txt": requirements.encode(), f"{ROOM}/constraints.txt": constraints.encode()}
        box.put(dict(files), owner=0, mode=0o644)
        env = installer_env(CACHE if wheels_only else PRIVATE_CACHE)
        user = f"{BUILDER}:{BUILDER}"
        venv = f"exec {installer()} venv --quiet --allow-existing --python=python3 /opt/venv"
        make = f"set -e\n{'' if wheels_only else _VIEW}\n{venv}"
        made = box.step(["sh", "-c", make], user=user, env=env, timeout_s=120)
        if made.exit_code:
            raise EngineFault(f"no virtual environment can be made in the base image: {_tail(made.output)}")
        flags = ["--no-build"] if wheels_only else []
        return box.step(
            [installer(), "pip", "install", f"--python={VENV_PYTHON}", *flags, "--no-compile-bytecode",
             "-r", f"{ROOM}/requirements.txt", "-c", f"{ROOM}/constraints.txt"],
            user=user, env=env | box.way_out(), timeout_s=INSTALL_S,
        )  # fmt: skip

    def _compile(self, box: BuildContainer, *, clean: bool) -> None:
        """Compile what was installed: a read-only image would pay for it on every run.

        `clean`: no package's code ran here, so that bytecode may be shared with other builds.
        """
        self.tell("compiling")
        cache = [BYTECODE] if clean else []
        user = f"{BUILDER if clean else PRIMER}:{BUILDER}"
        argv = ["python3", "-I", "-S", "-W", "ignore", "-c", source_of("bytecode"), "/opt/venv/lib", *cache]
        step = box.step(argv, user=user, timeout_s=300)
        if step.exit_code:
            raise EngineFault(f"the packages cannot be compiled: {_tail(step.output)}")

    def _prime(self, box: BuildContainer) -> None:
        """Run pytest once, on nothing: it compiles its plugins in a way of its own.

        Installed code runs here for the first time: without a network, as a user the wheel cache is closed to.
        """
        step = box.step(
            [VENV_PYTHON, "-I", "-m", "pytest", "-qp", "no:cacheprovider", "-c", "/dev/null", "--rootdir=/", EMPTY],
            user=f"{PRIMER}:{BUILDER}", timeout_s=120,
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
                    raise ImageUnavailable(f"the base image {self.base} is gone", advice="build it again") from fault
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

    def _place(self, tag: str, kind: str) -> Path:
        return self.cache / f"{tag.rpartition(':')[2]}.{kind}"

    def _used(self, tag: str) -> float | None:
        with contextlib.suppress(OSError):
            return self._place(tag, "used").stat().st_mtime
        return None

    def _use(self, tag: str) -> None:
        """Say that this process uses an image, until it ends."""
        place = self._place(tag, "used")
        with contextlib.suppress(OSError):
            if place not in _USED and (held := try_lock(place, shared=True)) is not None:
                _USED[place] = held
            os.utime(place)


class _NeedsBuild(Exception):
    """A package has no wheel."""


def _recency(info: ImageInfo) -> float:
    return info.last_used or info.created


def _tail(output: str) -> str:
    return cut("\n".join(output.strip().splitlines()[-40:]), 3000)
