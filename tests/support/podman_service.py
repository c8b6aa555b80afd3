"""Podman's Docker-compatible service for a test alone: own storage, own socket."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.support.private_engine import end_processes_of, remove_tree

START_S = 20


class PodmanService:
    """`podman system service`; `url` is its socket."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "podman.sock"
        self.url = f"unix://{self.socket}"
        self._podman = [
            "podman", f"--runtime={shutil.which('runc', path='/usr/sbin:/usr/bin')}", "--root", str(home / "data"),
            "--runroot", str(home / "run"), "--tmpdir", str(home / "tmp"), "--events-backend=file",
        ]  # fmt: skip
        with (home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*self._podman, "system", "service", "--time=0", self.url],
                cwd=home,  # a container's monitor leaves a file `oom` where it was begun
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_S
        while not self.socket.is_socket():
            assert self.process.poll() is None, (home / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, "Podman's service does not start"
            time.sleep(0.05)

    def close(self) -> None:
        """End it and remove everything it made."""
        self.process.terminate()
        self.process.wait(20)
        subprocess.run([*self._podman, "system", "reset", "--force"], check=False, capture_output=True)
        deadline = time.monotonic() + 20
        while self.home.exists() and time.monotonic() < deadline:  # what cleans up after a container may come late
            end_processes_of(self.home)
            remove_tree(self.home)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def short_folder() -> Path:
    """A new folder: Podman refuses a run root of more than 50 characters."""
    return Path(tempfile.mkdtemp(prefix="gl-podman-"))


def can_run() -> bool:
    """It needs root and its programs, as `make real` sees to."""
    return os.geteuid() == 0 and shutil.which("podman") is not None
