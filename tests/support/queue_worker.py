"""`python -m tests.support.queue_worker URL STATE LEASE_S`: a real worker whose runs follow `scripted_graph`."""

import json
import sys
import time
from pathlib import Path
from types import MappingProxyType

from sandbox.depot import Depot
from tests.support import scripted_graph
from workflows import kinds
from workflows.queue.database import Database
from workflows.queue.jobs import Queue
from workflows.queue.worker import Options, Worker
from workflows.settings import load


def main(url: str, state: str, lease_s: str, version: str = "test") -> None:
    kinds.BUILDERS = MappingProxyType({"feature": scripted_graph.build_graph})
    folder = Path(state)
    env = {"XDG_STATE_HOME": str(folder / "xdg"), "HOME": str(folder), "OPENAI_API_KEY": "sk-test-0123456789"}

    def say(event: str, **data: object) -> None:
        sys.stdout.write(json.dumps({"at": time.time(), "event": event, **data}) + "\n")
        sys.stdout.flush()

    options = Options(
        state_dir=folder / "queue",
        settings=lambda repo, flags: load(repo, flags, env),
        depot=lambda job: Depot(job.spec["store"]),
        say=say,
        lease_s=float(lease_s),
    )
    Worker(Queue(Database(url), version), options).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
