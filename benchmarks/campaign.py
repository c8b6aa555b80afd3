"""What a campaign costs besides its runs: `python benchmarks/campaign.py [--queue] [--overhead] [--runs]` (all unsaid).

--queue     operations of the queue alone, from 10 to 1,000 jobs, on SQLite and PostgreSQL
--overhead  the same short run driven directly and carried from the queue: leases, shared checkpoints, store, events
--runs      real runs (a recipe over generated repositories) a minute with 1 and 2 workers, beside their bare tests
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from examples.campaign.generate import generate
from sandbox.depot import Depot
from sandbox.intake import base_state
from tests.support import scripted_graph
from tests.support.farm import ModelServer, Till, make_repository
from tests.support.postgres import Cluster
from workflows import kinds
from workflows.control import Control
from workflows.drive import drive
from workflows.queue.carry import Carrier, Place
from workflows.queue.database import Database
from workflows.queue.jobs import Queue
from workflows.queue.reaper import reap
from workflows.runs import Runs
from workflows.services import assemble
from workflows.settings import load

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("sqlite", "postgresql")


@contextmanager
def urls() -> Iterator[Callable[[str], str]]:
    """New databases by kind."""
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        assert cluster.setting("fsync") == "on"
        numbers = iter(range(10**6))

        def make(kind: str) -> str:
            number = next(numbers)
            return cluster.create(f"b{number}") if kind == "postgresql" else f"sqlite:///{folder}/{number}.sqlite"

        yield make


def row(job: str, position: int, spec: dict[str, Any]) -> dict[str, Any]:
    return {"id": job, "campaign": "b", "position": position, "wave": 0, "name": job, "key": job,
            "spec": json.dumps(spec), "run": f"r{job}", "state": "queued"}  # fmt: skip


def opened(url: str) -> Queue:
    queue = Queue(Database(url), "bench")
    queue.prepare()
    queue.add_campaign("b", "{}")
    return queue


def queue_operations(make: Callable[[str], str], sizes: tuple[int, ...] = (10, 100, 1000)) -> None:
    """Per job, in milliseconds; the work itself is nothing."""
    print("| database | jobs | enqueue | take, renew, end | reap with all waiting | status of all |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        for size in sizes:
            queue = opened(make(kind))
            rows = [row(f"j{n}", n, {}) for n in range(size)]
            enqueue = timed(lambda: queue.add(rows)) / size  # noqa: B023 - called at once
            idle = timed(lambda: reap(queue, 30))  # noqa: B023
            status = timed(lambda: queue.jobs_of("b"))  # noqa: B023
            carried = timed(lambda: [_carry(queue, f"j{n}") for n in range(size)]) / size  # noqa: B023
            assert queue.left() == 0
            cells = [f"{1000 * x:.1f} ms" for x in (enqueue, carried, idle, status)]
            print(f"| {kind} | {size:,} | {' | '.join(cells)} |")
            queue.close()


def _carry(queue: Queue, job: str) -> None:
    taken = queue.claim(job, 1, "w", 30)
    assert taken is not None
    queue.renew(job, 1, 30, 5)
    queue.finish(job, 1, "delivered", "", {})


def timed(work: Callable[[], Any]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def overhead(make: Callable[[str], str], rounds: int) -> None:
    """One short run, arms in turn; a ratio is the median of the rounds' own ratios."""
    kinds.BUILDERS = MappingProxyType({"feature": scripted_graph.build_graph})
    times: dict[str, list[float]] = {"direct": [], **{kind: [] for kind in KINDS}}
    with ExitStack() as stack, ModelServer(Till()) as model:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        queues = {kind: opened(make(kind)) for kind in KINDS}
        depot = Depot(str(folder / "store"))
        depot.make()
        for number in range(rounds + 1):  # the first one warms up
            repo = make_repository(folder / "repos" / str(number))
            script = {"calls": 3, "pause_s": 0, "docker": False, "ending": "delivered", "model": model.url}
            spec = {"request": {"kind": "feature", "text": json.dumps(script)}, "branch": f"b{number}",
                    "engine": "offline", "store": depot.url}  # fmt: skip
            found = {"direct": timed(lambda: _direct(folder, repo, spec, number))}  # noqa: B023 - called at once
            for kind, queue in queues.items():
                job = f"{kind[:2]}{number}"
                depot.put_base(base_state(repo), job)
                queue.add([row(job, number, spec)])
                found[kind] = timed(lambda: _carried(folder / kind, queue, depot, job))  # noqa: B023
            if number:
                for arm, seconds in found.items():
                    times[arm].append(seconds)
    print("| a run of 5 nodes and 4 paid calls | median | beside the direct one |\n|---|---|---|")
    for arm, seconds in times.items():
        ratio = statistics.median(s / d for s, d in zip(seconds, times["direct"], strict=True))
        more = statistics.median(s - d for s, d in zip(seconds, times["direct"], strict=True))
        print(f"| {arm} | {statistics.median(seconds):.2f} s | {ratio:.2f} x, {more:+.2f} s |")


def _settings(folder: Path) -> Any:
    return lambda repo, flags: load(repo, flags, {"HOME": str(folder), "XDG_STATE_HOME": str(folder)})


def _direct(folder: Path, repo: Path, spec: dict[str, Any], number: int) -> None:
    from agents.contracts import Request

    runs = Runs(folder / "direct")
    info = runs.create(Request.model_validate(spec["request"]), repo, "offline", {}, f"direct{number}")
    loaded = _settings(folder)(None, {})
    control = Control()
    context = assemble(runs, info, loaded, control.stopped)
    with asyncio.Runner() as runner, runs.lock(info.id):
        done = runner.run(drive(runs, info, context, control, timeout_s=600, ask=lambda _: None))
    context.lab.close()
    assert done.ending == "delivered", done


def _carried(folder: Path, queue: Queue, depot: Depot, job: str) -> None:
    place = Place(worker="w", state_dir=folder, depot=lambda _: depot, settings=_settings(folder), lease_s=30,
                  say=lambda *_, **__: None, draining=lambda: False)  # fmt: skip
    assert Carrier(queue, place)(job, 1) == "delivered", queue.job(job)


def real_runs() -> None:
    """Real runs a minute; the floor is pytest of the same repositories in this interpreter, two at a time."""
    names = ["books", "albums", "tasks", "users"]
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "bare", names)
        repos = [Path(folder) / "bare" / "repositories" / name for name in names]
        with ThreadPoolExecutor(2) as pool:
            bare = timed(lambda: list(pool.map(_pytest, repos)))
        print("| arm | runs a minute | seconds a run |\n|---|---|---|")
        print(f"| bare tests, two at a time | {60 * len(names) / bare:.1f} | {bare / len(names):.1f} |")
        for count in (1, 2):
            home = Path(folder) / f"with{count}"
            file = generate(home, names)
            file.write_text(file.read_text().replace("canaries: 2", "canaries: 0"))
            env = {**os.environ, "XDG_STATE_HOME": str(home / "state"), "GREENLOOP_VERDICT_CACHE": "false"}
            command = [sys.executable, "-m", "workflows", "campaign", "run", str(file), "--workers", str(count)]
            took = timed(lambda: subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True))  # noqa: B023
            print(f"| {count} workers | {60 * len(names) / took:.2f} | {took / len(names):.1f} |", flush=True)


def _pytest(repo: Path) -> None:
    subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=repo, check=True,
                   capture_output=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("queue", "overhead", "runs"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    everything = not (chosen.queue or chosen.overhead or chosen.runs)
    with urls() as make:
        if chosen.queue or everything:
            queue_operations(make)
        if chosen.overhead or everything:
            overhead(make, chosen.rounds)
    if chosen.runs or everything:
        real_runs()


if __name__ == "__main__":
    main()
