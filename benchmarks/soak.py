"""Many whole runs in a row in one process, and what they leave behind: `python benchmarks/soak.py --runs 200`.

Every run is real: workspace, image, red proof, build by rule, check, verdict in a fresh container, delivery. Memory is
read after the first tenth of the runs (imports and caches are there by then) and at the end; descriptors, threads,
containers and temporary files are counted before and after.
"""

import argparse
import asyncio
import gc
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents.contracts import Request
from sandbox.docker import DockerEngine
from sandbox.git import Git
from sandbox.owners import OWNER, RUN, this_process
from workflows.control import Control
from workflows.drive import drive
from workflows.runs import Runs
from workflows.services import assemble
from workflows.settings import OFFLINE, load

GROWTH_KB = 64
"""Most memory a run may leave behind, on average."""
MAIN = """from fastapi import FastAPI

app = FastAPI()


@app.get("/")
def root() -> dict[str, str]:
    return {"hello": "world"}
"""


@dataclass(frozen=True)
class Reading:
    """What this process and its engine hold."""

    rss_kb: int
    descriptors: int
    threads: int
    containers: int
    temporary: int


def read() -> Reading:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    engine = DockerEngine()
    ours = engine.client.containers(all=True, filters={"label": RUN})
    engine.close()
    left = list(Path(tempfile.gettempdir()).glob("*"))
    mine = [c for c in ours if c["Labels"].get(OWNER) == str(this_process())]
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return Reading(rss, descriptors, threading.active_count(), len(mine), len(left))


def make_repository(folder: Path) -> Path:
    folder.mkdir()
    (folder / "main.py").write_text(MAIN)
    (folder / "requirements.txt").write_text("fastapi\nuvicorn\n")
    git = Git(cwd=folder)
    git.run("init", "-q", "-b", "main")
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "Start")
    return folder


async def one(runs: Runs, repo: Path, state: Path) -> str:
    """One run from request to branch; its ending."""
    flags = {"engine": OFFLINE, "state_dir": str(state), "mutants": False, "verdict_cache": False}
    loaded = load(repo, flags)
    info = runs.create(Request(text="Add a health endpoint"), repo, OFFLINE, {})
    control = Control()
    with runs.lock(info.id):
        context = assemble(runs, info, loaded, control.stopped)
        try:
            done = await drive(runs, info, context, control, timeout_s=600, ask=lambda _: None)
        finally:
            context.lab.close()
    return str(done.ending)


def main() -> int:
    """Print the readings; 1 with `--strict` when something was left behind or a run did not deliver."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="greenloop-soak-") as name:
        folder = Path(name)
        (folder / "tmp").mkdir()
        tempfile.tempdir = str(folder / "tmp")
        repo, state = make_repository(folder / "repo"), folder / "state"
        runs, endings, begun = Runs(state), Counter[str](), time.monotonic()
        warm = max(2, given.runs // 10)
        for number in range(1, given.runs + 1):
            endings[asyncio.run(one(runs, repo, state))] += 1
            if number == warm:
                first = read()
        last, took = read(), time.monotonic() - begun
        branches = Git(cwd=repo).text("for-each-ref", "--format=%(refname)", "refs/heads/greenloop").split()
        sound = Git(cwd=repo).call("fsck", "--strict", "--no-dangling").code == 0
    growth = (last.rss_kb - first.rss_kb) / max(1, given.runs - warm)
    print(f"{given.runs} runs in {took:.0f} s ({took / given.runs:.1f} s each): {dict(endings)}")
    print(f"memory: {first.rss_kb / 1024:.0f} MiB after {warm} runs, {last.rss_kb / 1024:.0f} MiB at the end "
          f"({growth:+.1f} KiB a run; at most {GROWTH_KB})")  # fmt: skip
    print(f"descriptors {first.descriptors} -> {last.descriptors}, threads {first.threads} -> {last.threads}, "
          f"containers left {last.containers}, temporary files {first.temporary} -> {last.temporary}")  # fmt: skip
    print(f"branches delivered {len(branches)}, repository sound: {sound}")
    fine = (
        endings == {"delivered": given.runs}
        and len(branches) == given.runs
        and sound
        and last.containers == 0
        and (last.descriptors, last.threads) <= (first.descriptors, first.threads)
        and last.temporary <= first.temporary
        and (growth <= GROWTH_KB or given.runs < 50)
    )
    print("flat" if fine else "NOT FLAT")
    return int(given.strict and not fine)


if __name__ == "__main__":
    sys.exit(main())
