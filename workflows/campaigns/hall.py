"""What the commands of campaigns and workers share: the queue, the depot, and where they are on this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sandbox.depot import Depot
from workflows.queue.database import Database, sqlite_url
from workflows.queue.jobs import Job, Queue
from workflows.settings import Loaded


@dataclass(frozen=True, slots=True)
class Hall:
    """One queue as this process uses it."""

    loaded: Loaded
    queue: Queue
    folder: Path
    """The queue's own files on this machine."""

    @property
    def depot(self) -> Depot:
        """Where new jobs' commits go."""
        return Depot(self.loaded.values.store_url or str(self.folder / "store"), self.loaded.git_environment)

    @property
    def mirrors(self) -> Path:
        """Ours of repositories elsewhere."""
        return self.folder / "mirrors"

    def depot_of(self, job: Job) -> Depot:
        """Where a job's commits are."""
        return Depot(job.spec["store"], self.loaded.git_environment)


@contextmanager
def opened(loaded: Loaded) -> Iterator[Hall]:
    """The queue the settings name, its tables not looked at yet.

    Raises:
        BadQueueUrl: they name none that can be used.
    """
    folder = loaded.values.state_dir / "queue"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = Database(loaded.values.queue_url or sqlite_url(folder / "queue.sqlite"))
    queue = Queue(database, version("greenloop"))
    try:
        yield Hall(loaded, queue, folder)
    finally:
        queue.close()


def latest(found: list[Job]) -> list[Job]:
    """The newest job of each repository, in their order."""
    newest: dict[str, Job] = {}
    for job in found:
        where = str(job.spec.get("where", job.id))
        if where not in newest or job.created >= newest[where].created:
            newest[where] = job
    return sorted(newest.values(), key=lambda job: (job.position, job.id))


def usage_of(result: Mapping[str, Any]) -> tuple[int, float]:
    """(tokens, USD) of a job's result."""
    usage = result.get("usage") or {}
    return usage.get("input_tokens", 0) + usage.get("output_tokens", 0), float(usage.get("cost_usd", 0.0))
