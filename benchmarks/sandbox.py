"""How long a turn of the loop and a verdict take, beside bare pytest in a host venv: `python benchmarks/sandbox.py`.

Every round runs every arm once, in shuffled order; a ratio is the median of the rounds' own ratios to bare pytest. The
suites are in `suites/`: one test, and 25 asynchronous tests of a FastAPI application on SQLAlchemy.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.arms.images import Cold
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.manifest import read_manifest
from sandbox.mirror import Courier, Mirror
from sandbox.protocol import Command, Limits
from sandbox.pytest_config import own_config
from sandbox.pytest_run import run_in_process
from sandbox.reports import SuiteReport, Word
from sandbox.tars import build
from sandbox.trust import TreeFile, trusted
from sandbox.verdict import judge
from sandbox.workers import Workers
from tests.support.trees import images

SUITES = Path(__file__).parent / "suites"
SINGLE = "test_shop.py::test_order"
RUN_ID = f"bench-{os.getpid()}"
LARGE = 10_000
CHANGED = 3
GOALS = {
    "one test, worker": ("ratio", 0.25),
    "25 tests, worker": ("ratio", 0.35),
    "1 affected of 25, worker": ("ratio", 0.12),
    "verdict, fresh container": ("over", 0.6),
    f"sync {CHANGED} of {LARGE} files": ("ms", 0.05),
    "start of a warm sandbox": ("ms", 1.0),
    "dependency image, hit": ("ms", 0.05),
}
"""`ratio`: to bare pytest on the same suite. `over`: seconds more than it. `ms`: seconds, printed as ms."""
Files = dict[str, TreeFile]


class Bench:
    """What is kept going during the measurement."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.edits = folder, 0
        self.python = venv(folder)
        self.suites = {name: read(SUITES / name) for name in ("one", "shop")}
        manifest = read_manifest(sorted(self.suites["shop"]), lambda p: self.suites["shop"][p].content)
        self.ensure = lambda: images().ensure(manifest)
        self.cold = Cold(manifest, folder)
        self.image = self.ensure().tag
        self.engine = DockerEngine()
        self.parts: dict[str, list[float]] = defaultdict(list)
        self.boxes = {name: self.open() for name in self.suites}
        self.workers = {name: Workers(box, shares=min(2, os.cpu_count() or 1)) for name, box in self.boxes.items()}
        self.mirrors = {name: Mirror(Courier(box), "/src") for name, box in self.boxes.items()}
        self.plain_box = self.open()
        self.plain_mirror = Mirror(Courier(self.plain_box), "/src")
        self.large_box = self.open()
        self.large_mirror = Mirror(Courier(self.large_box), "/src")
        self.large = {f"pkg{n // 100}/module{n}.py": (f"{n:040x}", False) for n in range(LARGE)}
        self.large_mirror.fill_from(self.large, bodies)

    def open(self) -> DockerSandbox:
        """A container of the suites' image."""
        return self.engine.open(self.image, run_id=RUN_ID, limits=Limits(inodes=20_000))

    def close(self) -> None:
        """Remove what is left."""
        for box in (*self.boxes.values(), self.plain_box, self.large_box):
            box.close()
        self.engine.close()

    def arms(self) -> dict[str, Callable[[], object]]:
        """Everything that is timed."""
        return {
            "bare one": lambda: self.bare("one"),
            "bare shop": lambda: self.bare("shop"),
            "one test, worker": lambda: self.turn("one"),
            "25 tests, worker": lambda: self.turn("shop", None, "25 tests, worker"),
            "1 affected of 25, worker": lambda: self.turn("shop", [SINGLE], "1 affected of 25, worker"),
            "25 tests, plain process in a warm container": self.plain,
            "verdict, fresh container": self.verdict,
            f"sync {CHANGED} of {LARGE} files": self.sync,
            "dependency image, hit": self.ensure,
        }

    def bare(self, suite: str) -> None:
        """The floor: pytest on the host, no sandbox."""
        self.edit(suite)
        home = self.folder / suite
        for name, file in self.suites[suite].items():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(file.content)
        command = [self.python, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        subprocess.run(
            command,
            cwd=home,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
        )

    def edit(self, suite: str) -> None:
        """Change one file, so that there is something to send."""
        self.edits += 1
        name = "shop.py" if suite == "shop" else "test_one.py"
        content = self.suites[suite][name].content.partition(b"\n# edit")[0]
        self.suites[suite][name] = TreeFile(content + b"\n# edit %d\n" % self.edits)

    def turn(self, suite: str, node_ids: list[str] | None = None, label: str = "one test, worker") -> None:
        """Edit to result, as the loop does it: the changed file sent, the tests run, the report read."""
        self.edit(suite)
        begun = time.perf_counter()
        self.mirrors[suite].fill(self.suites[suite])
        sent = time.perf_counter()
        report = self.workers[suite].in_process(
            node_ids=node_ids, expected=node_ids, timeout_s=120, env={}, **self.settings(suite)
        )
        expect(report, len(node_ids or ()) or self.count(suite))
        self.parts[f"{label}: sending"].append(sent - begun)
        self.parts[f"{label}: inside the tests"].append(sum(r.duration_s for r in report.results))
        self.parts[f"{label}: from order to last report"].append(report.elapsed_s)

    def plain(self) -> None:
        """The same without a worker, in a container of its own: a plain run sweeps every process away first."""
        self.edit("shop")
        self.plain_mirror.fill(self.suites["shop"])
        expect(run_in_process(self.plain_box, timeout_s=120, **self.settings("shop")), 25)

    def settings(self, suite: str) -> dict[str, object]:
        """The suite's pytest settings as the sandbox takes them."""
        files = self.suites[suite]
        config = own_config(lambda name: files[name].content if name in files else None)
        return {"ini": config.ini, "options": config.options}

    def count(self, suite: str) -> int:
        """How many tests it has."""
        return 25 if suite == "shop" else 1

    def verdict(self) -> None:
        """A fresh container, the tests as trusted ones, every gate."""
        files = {name: file.content for name, file in self.suites["shop"].items()}
        verdict = judge(
            self.engine, self.image, source=build(files), tests=build({p: files[p] for p in trusted(files)}),
            commit="0" * 40, service=None, expected_unit=[SINGLE], limits=Limits(), run_id=RUN_ID, timeout_s=120,
        )  # fmt: skip
        if verdict.word is not Word.GREEN or verdict.passed != 25:
            raise SystemExit(f"the verdict is {verdict.word}: {verdict.reason}")

    def sync(self) -> None:
        """Three changed files, found by their keys and sent."""
        self.edits += 1
        for name in random.sample(sorted(self.large), CHANGED):
            self.large[name] = (f"{self.edits}", False)
        if self.large_mirror.fill_from(self.large, bodies) != CHANGED:
            raise SystemExit("the mirror sent something else")

    def start(self) -> float:
        """Seconds until a container takes its first command; removed again outside the time."""
        begun = time.perf_counter()
        with self.open() as box:
            box.run(Command(argv=("true",), timeout_s=10))
            return time.perf_counter() - begun


def bodies(paths: Collection[str]) -> dict[str, bytes]:
    """Contents for the large tree."""
    return dict.fromkeys(paths, b"x = 1\n" * 20)


def expect(report: SuiteReport, tests: int) -> None:
    """A benchmark of something else would be worthless."""
    if report.word is not Word.GREEN or len(report.results) != tests or report.notes:
        raise SystemExit(f"{report.word}: {report.reason} {report.notes} ({len(report.results)} tests)")


def read(folder: Path) -> Files:
    """The suite's files."""
    found = [p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    return {p.relative_to(folder).as_posix(): TreeFile(p.read_bytes()) for p in found}


def venv(folder: Path) -> str:
    """A host environment with the suite's requirements, compiled: the floor must not be slow for want of bytecode."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder / "venv"], check=True)
    python = str(folder / "venv" / "bin" / "python")
    wanted = ["-r", SUITES / "shop" / "requirements.txt"]
    subprocess.run([uv, "pip", "install", "-q", "--compile-bytecode", "--python", python, *wanted], check=True)
    return python


def measure(bench: Bench, rounds: int) -> dict[str, list[float]]:
    """Seconds per arm and round; two rounds before that are thrown away."""
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(-2, rounds):
        if number == 0:
            bench.parts.clear()
        arms = list(bench.arms().items())
        random.shuffle(arms)
        for name, arm in arms:
            begun = time.perf_counter()
            arm()
            if number >= 0:
                times[name].append(time.perf_counter() - begun)
        if number >= 0:
            times["start of a warm sandbox"].append(bench.start())
    return times


def report(bench: Bench, times: dict[str, list[float]]) -> int:
    """Print the table; returns how many goals were missed."""
    missed = 0
    print(f"\n{'':46}{'median':>10}{'to bare':>9}  goal")
    for name, values in times.items():
        floor = times["bare one" if "one" in name.split(",")[0] else "bare shop"]
        ratio = statistics.median(v / f for v, f in zip(values, floor, strict=True))
        over = statistics.median(v - f for v, f in zip(values, floor, strict=True))
        kind, goal = GOALS.get(name, ("", 0.0))
        reached = {"ratio": ratio, "over": over, "ms": statistics.median(values), "": 0.0}[kind]
        said = {
            "ratio": f"<= {goal} of bare",
            "over": f"<= bare + {goal} s (+{over:.2f})",
            "ms": f"<= {goal * 1000:.0f} ms",
        }
        text = f"{said[kind]}  {'met' if reached <= goal else 'MISSED'}" if kind else ""
        shown = f"{ratio:9.2f}" if kind in ("ratio", "over", "") else " " * 9
        print(f"{name:46}{statistics.median(values) * 1000:7.0f} ms{shown}  {text}")
        if kind and reached > goal:
            missed += 1
            for part, seconds in bench.parts.items():
                if part.startswith(f"{name}:"):
                    print(f"    {part.partition(': ')[2]:42}{statistics.median(seconds) * 1000:7.0f} ms")
    return missed


def memory(box: DockerSandbox) -> tuple[float, float]:
    """MiB that the container holds now (programs and its files in memory), and at most so far."""

    def numbers(path: str) -> dict[str, int]:
        text = box.run(Command(argv=("cat", path), timeout_s=10, user="root")).stdout.decode()
        rows = [line.split() for line in text.splitlines()]
        return {row[0]: int(row[-1]) for row in rows if row and row[-1].isdigit()}

    one = numbers("/sys/fs/cgroup/memory/memory.stat")
    if one:
        peak = numbers("/sys/fs/cgroup/memory/memory.max_usage_in_bytes")
        return (one["total_rss"] + one.get("total_shmem", 0)) / 2**20, max(map(int, peak)) / 2**20
    two = numbers("/sys/fs/cgroup/memory.stat")
    return (two["anon"] + two["shmem"]) / 2**20, max(map(int, numbers("/sys/fs/cgroup/memory.peak") or [0])) / 2**20


def main() -> None:
    """Measure, print; exits 1 when a goal is missed and `--strict` is given."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--builds", type=int, default=3, help="rounds in which images are built")
    options.add_argument("--strict", action="store_true", help="exit 1 when a median misses its goal")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="greenloop-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            print(f"{given.rounds} rounds, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
            times = measure(bench, given.rounds)
            missed = report(bench, times)
            missed += bench.cold.report(bench.cold.measure(given.builds))
            held, peak = memory(bench.boxes["shop"])
        finally:
            bench.close()
    print(f"\none warm sandbox with its worker holds {held:.0f} MiB, {peak:.0f} MiB at most during a run:")
    print(f"{8192 / max(held, 1):.0f} at rest or {8192 / max(peak, 1):.0f} all running fit in 8 GiB")
    sys.exit(1 if missed and given.strict else 0)


if __name__ == "__main__":
    main()
