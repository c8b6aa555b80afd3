"""Building a dependency image, beside what its installer alone takes on the host for the same requirements."""

import contextlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import docker.errors

from sandbox import build
from sandbox.build import BuildContainer
from sandbox.images import TEST_TOOLS
from sandbox.manifest import Manifest
from tests.support.trees import images

GOAL_S = 4.0
STEPS = {"venv ": "venv", "pip ": "install", "marshal": "compile", "pytest ": "pytest once", "rm ": "tidy up"}


class Cold:
    """The same requirements, installed on the host and built into an image, with a cache and without one."""

    def __init__(self, manifest: Manifest, folder: Path) -> None:
        self.manifest, self.folder = manifest, folder
        self.parts: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.arm = ""
        self.uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))

    def measure(self, rounds: int) -> dict[str, list[float]]:
        """Seconds per arm and round, one round before that thrown away."""
        arms: dict[str, Callable[[], float]] = {
            "installer alone": lambda: self.install(self.folder / "cache"),
            "dependency image, built": self.build,
            "installer alone, empty cache": lambda: self.install(self.folder / uuid.uuid4().hex),
            "dependency image, built with an empty cache": self.build_without_cache,
        }
        times: dict[str, list[float]] = defaultdict(list)
        for number in range(-1, rounds):
            if number == 0:
                self.parts.clear()
            for name, arm in random.sample(list(arms.items()), len(arms)):
                self.arm = name
                seconds = arm()
                if number >= 0:
                    times[name].append(seconds)
        return times

    def install(self, cache: Path) -> float:
        """The floor: what the image's installer does, on the host."""
        venv = self.folder / uuid.uuid4().hex
        env = {**os.environ, "UV_CACHE_DIR": str(cache), "UV_LINK_MODE": "copy", "UV_NO_CONFIG": "1"}
        begun = time.perf_counter()
        subprocess.run([self.uv, "venv", "-q", "--python", sys.executable, venv], check=True, env=env)
        wanted = [*self.manifest.requirements, *TEST_TOOLS]
        command = [
            self.uv,
            "pip",
            "install",
            "-q",
            "--no-build",
            "--no-compile-bytecode",
            "--python",
            venv / "bin/python",
        ]
        subprocess.run([*command, *wanted], check=True, env=env)
        seconds = time.perf_counter() - begun
        shutil.rmtree(venv)
        return seconds

    def build(self) -> float:
        """An image nobody has yet, for the same packages."""
        fresh = f"iniconfig!=0.0.{uuid.uuid4().int % 10**9}"
        with self.timed():
            begun = time.perf_counter()
            image = images().ensure(Manifest(requirements=(*self.manifest.requirements, fresh)))
            seconds = time.perf_counter() - begun
        images().api.remove_image(image.tag)
        return seconds

    def build_without_cache(self) -> float:
        """The same with a cache of its own, empty at first."""
        kept, build.CACHE_VOLUME = build.CACHE_VOLUME, f"greenloop-bench-{uuid.uuid4().hex[:12]}"
        try:
            return self.build()
        finally:
            self.remove_volume(build.CACHE_VOLUME)
            build.CACHE_VOLUME = kept

    def remove_volume(self, name: str) -> None:
        """Once its container is gone."""
        for _ in range(100):
            with contextlib.suppress(docker.errors.APIError):
                images().api.remove_volume(name)
                return
            time.sleep(0.1)

    @contextlib.contextmanager
    def timed(self) -> Iterator[None]:
        """Note how long each part of a build takes."""
        methods = {
            name: getattr(BuildContainer, name) for name in ("__init__", "way_out", "step", "commit", "__exit__")
        }

        def noting(name: str) -> Callable[..., object]:
            def call(box: BuildContainer, *args: object, **named: object) -> object:
                begun = time.perf_counter()
                try:
                    return methods[name](box, *args, **named)
                finally:
                    self.parts[self.arm][label(name, args)].append(time.perf_counter() - begun)

            return call

        for name in methods:
            setattr(BuildContainer, name, noting(name))
        try:
            yield
        finally:
            for name, method in methods.items():
                setattr(BuildContainer, name, method)

    def report(self, times: dict[str, list[float]]) -> int:
        """Print the table; returns how many goals were missed."""
        missed = 0
        for ending in ("", ", empty cache"):
            built = "dependency image, built" + (" with an empty cache" if ending else "")
            floor = times[f"installer alone{ending}"]
            over = statistics.median(b - f for b, f in zip(times[built], floor, strict=True))
            print(f"{'installer alone' + ending:46}{statistics.median(floor) * 1000:7.0f} ms")
            state = "met" if over <= GOAL_S else "MISSED"
            print(f"{built:46}{statistics.median(times[built]) * 1000:7.0f} ms           <= installer + {GOAL_S:g} s "
                  f"(+{over:.2f})  {state}")  # fmt: skip
            missed += over > GOAL_S
            for part, seconds in self.parts[built].items():
                print(f"    {part:42}{statistics.median(seconds) * 1000:7.0f} ms")
        return missed


def label(method: str, args: tuple[object, ...]) -> str:
    """What a call is a part of."""
    if method == "step":
        words = " ".join(map(str, args[0])) if isinstance(args[0], list) else ""
        return next((name for word, name in STEPS.items() if word in words), words[:30])
    return {"__init__": "start", "way_out": "waiting for the relay", "__exit__": "end"}.get(method, method)
