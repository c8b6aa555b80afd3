"""Several worker processes on one queue, jobs for them, and a look at what is left afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.depot import Depot
from sandbox.intake import base_state
from tests.support.model_server import Answer, Asked, ModelServer, reply
from workflows.queue.database import Database
from workflows.queue.jobs import Queue

ROOT = Path(__file__).parents[2]


def git(repo: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(repo), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def make_repository(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, content in {"README.md": f"# {folder.name}\n", **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "config", "user.email", "somebody@localhost")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "Start")
    return folder


@dataclass
class Farm:
    """Workers on one machine; each has a process of its own."""

    url: str
    folder: Path
    lease_s: float = 3.0
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = Queue(Database(self.url), "test")
        self.queue.prepare()
        self.store = Depot(str(self.folder / "store"))
        self.store.make()
        self.repos: dict[str, Path] = {}

    def add(self, model: str, endings: list[str], **script: Any) -> list[str]:
        """A repository and a job for each ending."""
        self.queue.add_campaign("c", "{}")
        start, rows = len(self.repos), []
        for number, ending in enumerate(endings, start):
            job = f"job{number:04d}"
            self.repos[job] = make_repository(self.folder / "repos" / job)
            self.store.put_base(base_state(self.repos[job]), job)
            rows.append(self._row(job, number, {"ending": ending, "model": model, **script}))
        self.queue.add(rows)
        return [row["id"] for row in rows]

    def _row(self, job: str, position: int, script: dict[str, Any]) -> dict[str, Any]:
        script = {"calls": 1, "pause_s": 0.05, "docker": False, **script}
        request = {"kind": "feature", "text": json.dumps(script)}
        spec = {"request": request, "branch": f"greenloop/{job}", "engine": "offline", "store": self.store.url}
        return {"id": job, "campaign": "c", "position": position, "wave": 0, "name": job, "key": job,
                "spec": json.dumps(spec), "run": f"run{position:05d}", "state": "queued"}  # fmt: skip

    def start(self, version: str = "test") -> "subprocess.Popen[bytes]":
        """One more worker."""
        number = len(self.workers)
        with (self.folder / f"worker-{number}.log").open("wb") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "tests.support.queue_worker", self.url, str(self.folder), str(self.lease_s),
                 version],
                cwd=ROOT, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.workers.append(worker)
        return worker

    def said(self, number: int) -> str:
        return (self.folder / f"worker-{number}.log").read_text()

    def all_started(self) -> bool:
        """Whether every worker that lives has come as far as to take jobs."""
        alive = [n for n, worker in enumerate(self.workers) if worker.poll() is None]
        return all("worker_started" in self.said(n) for n in alive)

    def wait(self, condition: Callable[[], bool], within_s: float = 60.0) -> None:
        deadline = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline, self.story()
            time.sleep(0.05)

    def story(self) -> str:
        jobs = [f"{j.id} {j.state} {j.token} {j.worker} {j.ending} {j.reason[:200]}" for j in self.queue.jobs_of("c")]
        return "\n".join([*jobs, *(f"--- {n}\n{self.said(n)[-3000:]}" for n in range(len(self.workers)))])

    def done(self) -> bool:
        return self.queue.left() == 0

    def close(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                os.kill(worker.pid, signal.SIGCONT)
                worker.kill()
                worker.wait()
        self.queue.close()

    def drain(self) -> None:
        """Ask every worker to end, and wait for them."""
        alive = [w for w in self.workers if w.poll() is None]
        for worker in alive:
            worker.terminate()
        for worker in alive:
            # one that has not got as far as to obey just ends
            assert worker.wait(timeout=60) in (0, -signal.SIGTERM), self.story()

    def deliver(self) -> Counter[str]:
        """What `campaign apply` does; returns how many jobs ended how."""
        endings: Counter[str] = Counter()
        for job in self.queue.jobs_of("c"):
            endings[job.ending] += 1
            if job.ending in ("delivered", "partial"):
                self.store.deliver(job.id, job.result["token"], self.repos[job.id], job.result["branch"])
        return endings

    def assert_nothing_left(self) -> None:
        """No workspace, no lease, no branch but the delivered one, no ref of a holder but the last."""
        found = self.queue.jobs_of("c")
        assert [j.id for j in found if j.state != "ended"] == []
        assert list((self.folder / "queue" / "homes").glob("*")) == []
        for job in found:
            branches = git(self.repos[job.id], "branch", "--format=%(refname:short)").splitlines()
            delivered = ["greenloop/" + job.id] if job.ending in ("delivered", "partial") else []
            assert sorted(branches) == sorted([*delivered, "main"]), job
            assert git(self.repos[job.id], "status", "--porcelain") == ""
        kept = git(Path(self.store.url), "for-each-ref", "--format=%(refname)").splitlines()
        tokens = {j.id: j.token for j in found}
        strange = [ref for ref in kept if not ref.endswith(f"/{tokens[ref.split('/')[2]]}/result")
                   and not ref.endswith("/base")]  # fmt: skip
        assert strange == [], (strange, tokens, [(j.id, j.ending, j.token) for j in found])


class Till:
    """The paid endpoint: counts what it answered, by run and step."""

    def __init__(self, delay_s: float = 0.0) -> None:
        self.answered: Counter[str] = Counter()
        self._delay_s = delay_s

    def __call__(self, asked: Asked) -> Answer:
        time.sleep(self._delay_s)
        self.answered[asked.last] += 1
        return reply(f"reply to {asked.last}")

    def repeated(self) -> dict[str, int]:
        return {key: count for key, count in self.answered.items() if count > 1}


__all__ = ["Farm", "ModelServer", "Till", "git", "make_repository"]
