"""How long the repository map of a large tree takes, beside its goals: `python benchmarks/repomap.py`.

The tree is the source distribution of a large Python project, fetched with pip into a temporary folder. Everything an
agent waits for is inside the times: asking git, the index, ranking, rendering.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from agents.desk import WorkspaceDesk
from agents.repomap import is_mapped, repository_map
from agents.symbol_index import SymbolIndex
from sandbox.reports import SuiteReport, Word
from sandbox.workspace import Workspace

REQUEST = "Add a queryset method that annotates aggregates"
BUDGET_TOKENS = 2048
EDITED_FILES = 3
GOALS_S = {"cold": 2.5, "warm": 1.0, "edited": 0.3}
"""Empty index, two processes; filled index, nothing in memory; three files changed since the last map."""


def main() -> None:
    """Fetch, measure, print; exits 1 when a goal is missed and `--strict` is given."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--package", default="Django==5.2.19", help="requirement whose source is mapped")
    options.add_argument("--tree", type=Path, help="map this folder instead of fetching one")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--strict", action="store_true", help="exit 1 when a median misses its goal")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="greenloop-bench-") as folder:
        home = Path(folder)
        tree = given.tree or fetch(given.package, home)
        workspace = Workspace.create(home / "workspace", committed(tree, home / "repository"))
        desk = WorkspaceDesk(workspace, (), lambda _: SuiteReport(word=Word.GREEN))
        mapped = sum(map(is_mapped, desk.files()))
        load = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
        print(f"{given.tree or given.package}: {mapped} Python files, {given.runs} runs, {load}")
        times = measure(desk, home, given.runs)
    missed = report(times)
    sys.exit(1 if missed and given.strict else 0)


def fetch(package: str, home: Path) -> Path:
    """Unpack the source distribution of a package below `home`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    subprocess.run([*command, "--dest", str(home / "sdist"), package], check=True, stderr=subprocess.DEVNULL)
    (archive,) = (home / "sdist").iterdir()
    with tarfile.open(archive) as packed:
        packed.extractall(home / "source", filter="data")
    (tree,) = (home / "source").iterdir()
    return tree


def committed(tree: Path, repository: Path) -> Path:
    """The tree's Python files as a git repository of one commit."""
    for file in tree.rglob("*.py"):
        target = repository / file.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgSign=false"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "Tree"]):
        subprocess.run(["git", *arguments], cwd=repository, check=True)
    return repository


def measure(desk: WorkspaceDesk, home: Path, runs: int) -> dict[str, list[float]]:
    """Seconds of each run, by kind."""
    times: dict[str, list[float]] = {kind: [] for kind in GOALS_S}
    for run in range(runs):
        path = home / f"index-{run}.db"
        texts = [timed(times["cold"], lambda: look(desk, SymbolIndex(path)))]  # noqa: B023 - called at once
        index = SymbolIndex(path)
        texts.append(timed(times["warm"], lambda: look(desk, index)))  # noqa: B023 - called at once
        edit(desk, run)
        timed(times["edited"], lambda: look(desk, index))  # noqa: B023 - called at once
        assert texts[0] == texts[1], "the map is not deterministic"
    return times


def timed(times: list[float], work: Callable[[], str]) -> str:
    start = time.perf_counter()
    text = work()
    times.append(time.perf_counter() - start)
    return text


def look(desk: WorkspaceDesk, index: SymbolIndex) -> str:
    return repository_map(desk, index, REQUEST, BUDGET_TOKENS, desk.blobs())


def edit(desk: WorkspaceDesk, run: int) -> None:
    """Add a function to some files."""
    files = [path for path in desk.files() if is_mapped(path)]
    for path in files[:: len(files) // EDITED_FILES][:EDITED_FILES]:
        desk.write(path, f"{desk.read(path)}\n\ndef added_in_run_{run}():\n    pass\n")


def report(times: dict[str, list[float]]) -> list[str]:
    """Print a line for each kind; returns the kinds whose median misses its goal."""
    print(f"{'':8} {'median':>8} {'best':>8} {'worst':>8} {'goal':>8}")
    missed = []
    for kind, seconds in times.items():
        median = statistics.median(seconds)
        if median > GOALS_S[kind]:
            missed.append(kind)
        said = "missed" if kind in missed else "ok"
        row = (median, min(seconds), max(seconds), GOALS_S[kind])
        print(f"{kind:8} " + " ".join(f"{value:7.2f}s" for value in row) + f"  {said}")
    return missed


if __name__ == "__main__":
    main()
