"""A run in another process that is watched by its events, and stopped at chosen moments."""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread
from typing import IO, Any

from sandbox.docker import DockerEngine
from sandbox.owners import RUN
from tests.e2e import notes
from tests.e2e.conftest import Greenloop, git
from tests.support import model_server as served
from tests.support.model_server import OPENINGS, Answer, Asked, ModelServer
from workflows.engines import images_for, manifest_of
from workflows.settings import load

KEY = "key-of-the-scripted-server"
PATIENCE_S = 120.0
OWN_TEST = "def test_sum() -> None:\n    assert 1 + 1 == 2\n"
TRY = served.call("run_tests")
NOTES = notes.build(notes.APP)
ANSWERS = {
    "planner": [served.as_json(notes.PLAN)],
    "tester": notes.write_tests(),
    "builder": [NOTES[0], NOTES[1], TRY, NOTES[2]],
}
KEEPING = {**ANSWERS, "builder": [NOTES[0], NOTES[2]]}
"""The builder leaves the requirements as they are."""
CALLS = sum(map(len, ANSWERS.values()))


class Script:
    """Answers by role and turn, the same however often they are asked for; calls can be held at the server."""

    def __init__(self, answers: dict[str, list[Answer]] | None = None) -> None:
        self._answers = answers or ANSWERS
        self._held: dict[tuple[str, int], Flag] = {}
        self._release = Flag()

    def hold(self, role: str, turn: int) -> Callable[[], bool]:
        """Keep the next such call waiting for an answer; the result tells whether it has come in."""
        self._held[role, turn] = Flag()
        return self._held[role, turn].is_set

    def release(self) -> None:
        """Answer what is held."""
        self._release.set()

    def __call__(self, asked: Asked) -> Answer:
        system = str(asked.messages[0].get("content"))
        role = next(name for name, opening in OPENINGS.items() if system.startswith(opening))
        turn = sum(m.get("role") == "assistant" for m in asked.messages)
        held = self._held.get((role, turn))
        if held is not None and not held.is_set():
            held.set()
            self._release.wait(PATIENCE_S)
        return self._answers[role][turn]


@contextmanager
def serving(script: Script) -> Iterator[ModelServer]:
    """The scripted server; whatever is held is let go at the end."""
    with ModelServer(script) as server:
        try:
            yield server
        finally:
            script.release()


class Run:
    """One run of the notes job on a repository, over several sessions of the command."""

    def __init__(self, greenloop: Greenloop, server: ModelServer, repo: Path, **env: str) -> None:
        self.greenloop, self.server, self.repo = greenloop, server, repo
        self.env = {"OPENAI_API_KEY": KEY, "GREENLOOP_RETRY_S": "300", **env}
        self.id = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._seen = 0
        self._said = b""
        self._events: list[dict[str, Any]] = []
        self._read_to = 0

    def start(self, *more: str) -> None:
        """The first session."""
        known = set(self.greenloop.runs.glob("*"))
        self._begin("feature", notes.REQUEST, "--repo", str(self.repo), "--base-url", self.server.url, "--engine",
                    "scripted", *more)  # fmt: skip
        self.wait(lambda: bool(set(self.greenloop.runs.glob("*/run.json")) - {k / "run.json" for k in known}))
        (new,) = set(self.greenloop.runs.glob("*")) - known
        self.id = new.name

    def resume(self, *more: str) -> None:
        """A further session."""
        self._seen = len(self.events())
        self._begin("resume", self.id, *more)

    def _begin(self, *arguments: str) -> None:
        process = subprocess.Popen(
            self.greenloop.command(*arguments),
            cwd=Path(__file__).parents[2],
            env=self.greenloop.environment(**self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._process = process
        self._reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._said += line

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    @property
    def record(self) -> Path:
        return self.greenloop.record(self.id)

    @property
    def said(self) -> str:
        """What all sessions printed."""
        if self.process.poll() is not None:
            self._reader.join(timeout=10)
        return self._said.decode(errors="replace")

    def events(self) -> list[dict[str, Any]]:
        """Complete events of all sessions; asked for hundreds of times a second, so that only new lines are read."""
        path = self.record / "events.jsonl"
        if path.exists() and path.stat().st_size > self._read_to:
            with path.open("rb") as file:
                file.seek(self._read_to)
                new = file.read().rpartition(b"\n")[0]
            self._events += [json.loads(line) for line in new.splitlines()]
            self._read_to += len(new) + 1 if new else 0
        return self._events

    def happened(self, kind: str, text: str = "") -> Callable[[], bool]:
        """Whether an event of this session is of a kind, and has a text in its data."""
        return lambda: any(e["kind"] == kind and text in json.dumps(e["data"]) for e in self.events()[self._seen :])

    def step(self, name: str) -> Callable[[], bool]:
        """Whether a step has begun in this session."""
        return self.happened("step_started", f'"{name}')

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait while the process works."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert self.process.poll() is None, f"ended with {self.process.returncode}\n{self.said}"
            assert time.monotonic() < deadline, f"waited too long\n{self.said}"
            time.sleep(0.005)

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self, number: int, within: float) -> int:
        """Send a signal and wait for the end; returns the exit code."""
        sent = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=60)
        took = time.monotonic() - sent
        assert took < within, f"took {took:.1f} s to end\n{self.said}"
        return code

    def end(self) -> int:
        """Wait for the end by itself; returns the exit code."""
        return self.process.wait(timeout=PATIENCE_S)

    def info(self) -> dict[str, Any]:
        """`run.json`."""
        found: dict[str, Any] = json.loads((self.record / "run.json").read_bytes())
        return found

    def delivered_tree(self) -> str:
        """The tree of the delivered branch."""
        return git(self.repo, "rev-parse", f"{self.info()['branch']}^{{tree}}")

    def containers(self) -> list[str]:
        """Containers of this run that are there now."""
        return [c["Id"] for c in DockerEngine().client.containers(all=True, filters={"label": f"{RUN}={self.id}"})]


def make_repo(folder: Path, **files: str) -> Path:
    """A committed repository with one test of its own."""
    for name, content in {"README.md": "# Notes\n", "tests/test_own.py": OWN_TEST, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@localhost")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")
    return folder


@contextmanager
def unbuilt(greenloop: Greenloop, folder: Path) -> Iterator[Path]:
    """A repository whose dependency image is not there before, and must be there afterwards; then it is removed."""
    repo = make_repo(folder, **{"requirements.txt": f"fastapi\nuvicorn\nidna!=0.{time.time_ns()}\n"})
    yield repo
    images = images_for(load(None, {}, greenloop.environment()))
    images.api.remove_image(images.tag_of(manifest_of(repo)))


def fingerprint(repo: Path) -> dict[str, str]:
    """Every file of a repository, git's own included."""
    return {
        str(path.relative_to(repo)): f"{path.lstat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(repo.rglob("*"))
        if path.is_file()
    }


def assert_only_a_branch_is_new(repo: Path, before: dict[str, str], *branches: str) -> None:
    """The user's repository has these branches more and nothing else changed; git finds it sound."""
    after = fingerprint(repo)
    assert {k: after.get(k) for k in before} == before
    new = {k for k in after if k not in before and not k.startswith(".git/objects/")}
    assert new <= {f".git/{place}refs/heads/{b}" for b in branches for place in ("", "logs/")}
    strange = [k for k in after if k.rpartition("/")[2].startswith(("tmp_", ".greenloop")) or k.endswith(".lock")]
    assert strange == []
    assert set(git(repo, "branch", "--format=%(refname:short)").splitlines()) == {"main", *branches}
    git(repo, "fsck", "--strict", "--no-dangling")
    assert git(repo, "status", "--porcelain") == ""


def assert_sound(record: Path, *, killed: bool = False) -> None:
    """Every JSON file of a record parses, and nothing half-written or locked lies about.

    `killed`: just now, so that a last line may be cut short and scratch files may be there until the next start.
    """
    for path in record.rglob("*.json"):
        if "tree" not in path.parts:
            json.loads(path.read_bytes())
    lines = (record / "events.jsonl").read_bytes().split(b"\n")
    for line in lines[:-1]:
        json.loads(line)
    if killed:
        return
    assert lines[-1] == b""
    left = [p for p in record.rglob("*") if p.name.endswith((".tmp", ".lock", ".new", "-journal"))]
    left = [p for p in left if "tree" not in p.parts and p.name != "git.lock"]
    assert left == []


def alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
