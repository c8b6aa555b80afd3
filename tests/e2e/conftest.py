"""Whole runs: the real command, a real engine, real git; each test has a state directory of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.docker import DockerEngine
from workflows.gate_choice import ALL as GATES

ROOT = Path(__file__).parents[2]
BUILD_VARIABLES = (
    "SSL_CERT_FILE",
    "PIP_CERT",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "UV_DEFAULT_INDEX",
    "DOCKER_HOST",
)


@dataclass
class Done:
    """One ended command."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything, for a failed assertion's message."""
        return f"exit {self.code}\n{self.out}\n{self.err}"


@dataclass
class Greenloop:
    """The command line, as a user has it."""

    home: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: os.environ[k] for k in BUILD_VARIABLES if k in os.environ}
        # Half a minute and more a run, and tested for themselves.
        quick = {"GREENLOOP_MUTANTS": "false", "GREENLOOP_GATES_OFF": ",".join(GATES)}
        return {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", **quick, **kept, **more}

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "workflows", *arguments]

    def __call__(self, *arguments: str, timeout: float = 280, stdin: str = "", **env: str) -> Done:
        done = subprocess.run(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**env),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str, **env: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.command(*arguments),
            cwd=ROOT,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def runs(self) -> Path:
        return self.home / ".local" / "state" / "greenloop" / "runs"

    def last(self) -> dict[str, object]:
        """The newest run."""
        return json.loads(self("runs", "--json", "-n", "1").out)

    def record(self, run_id: str = "") -> Path:
        return self.runs / (run_id or str(self.last()["id"]))


@pytest.fixture
def greenloop(tmp_path: Path) -> Iterator[Greenloop]:
    home = tmp_path / "home"
    home.mkdir()
    yield Greenloop(home)
    left = [run.name for run in (home / ".local" / "state" / "greenloop" / "runs").glob("*")]
    engine = DockerEngine()
    assert [c for run_id in left for c in engine.remove_run(run_id)] == [], "a run left containers behind"


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(repo), *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "HOME": str(repo)},
    )
    return done.stdout.strip()


@pytest.fixture
def git_repo(tmp_path: Path) -> Callable[[Path], Path]:
    """Make a committed repository of a copied folder."""

    def make(source: Path) -> Path:
        import shutil

        repo = tmp_path / source.name
        shutil.copytree(source, repo, ignore=shutil.ignore_patterns("__pycache__"))
        git(repo, "init", "-q", "-b", "main")
        git(repo, "config", "user.name", "Somebody")
        git(repo, "config", "user.email", "somebody@localhost")
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "Start")
        return repo

    return make
