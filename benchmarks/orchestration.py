"""What a round of the loop costs besides the work itself: `python benchmarks/orchestration.py`.

The real graph with its checkpoints, the real workspace with 10,000 files, commits and record; roles that answer at once
stand for the model, and the sandbox is left out, so that what is left is the orchestration. The floor is git itself
committing one changed file of the same tree, measured between the rounds.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import aiosqlite
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from agents.contracts import Blame, Change, Criterion, Plan, Request, TestCase, TestFile, TestSuite
from agents.ledger import Budget, Ledger
from agents.roles import Brief, Team
from sandbox.docker import DockerEngine
from sandbox.git import Git
from sandbox.protocol import Limits as SandboxLimits
from sandbox.reports import SuiteReport, TestResult, Word
from workflows.drive import SERDE
from workflows.feature import build_graph
from workflows.lab import Lab
from workflows.record import Record
from workflows.state import Context, Limits, RunState

FILES, GOAL_S = 10_000, 0.080
TEST = "tests/acceptance/test_one.py"
CASE = TestCase(node_id=f"{TEST}::test_one", criteria=("C1",))


class Roles:
    """Planner, tester and builder without thought; every round changes one file."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.begun: list[float] = []

    async def plan(self, brief: Brief) -> Plan:
        return Plan(summary="Change a file", criteria=(Criterion(id="C1", text="It is changed."),))

    async def write_tests(self, brief: Brief, plan: Plan) -> TestSuite:
        return TestSuite(files=(TestFile(path=TEST, content="def test_one(): assert False\n"),), cases=(CASE,))

    async def triage(self, brief: Brief, plan: Plan) -> Blame:
        return Blame(fault="code", reason="not yet")

    async def build(self, brief: Brief, plan: Plan) -> Change:
        self.begun.append(time.perf_counter())
        brief.desk.write("pkg0/module0.py", f"VALUE = {brief.round}\n")
        return Change(message=f"Change it, {brief.round}")


class Unsandboxed(Lab):
    """The lab with the answers of a sandbox that takes no time."""

    def service(self, commit: str = "") -> None:
        """None is needed."""

    def prove_red(self, base: str, tests_commit: str, cases: Sequence[TestCase]) -> SuiteReport:
        return SuiteReport(word=Word.RED, results=(TestResult(node_id=CASE.node_id, outcome="failed"),))

    def check(self, head: str, tests_commit: str, cases: Sequence[TestCase]) -> SuiteReport:
        message = f"value {head.translate(str.maketrans('0123456789', 'ghijklmnop'))}"
        failed = TestResult(node_id=CASE.node_id, outcome="failed", message=message)
        return SuiteReport(word=Word.RED, results=(failed,), reason="red")


def make_repository(folder: Path) -> Path:
    for number in range(FILES):
        path = folder / f"pkg{number // 100}" / f"module{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"VALUE = {number}\n\n\ndef double_{number}() -> int:\n    return 2 * VALUE\n")
    git = Git(cwd=folder)
    git.run("init", "-q")
    git.run("add", "-A")
    git.run("commit", "-q", "-m", "Start")
    return folder


async def rounds_of(folder: Path, repo: Path, rounds: int) -> list[float]:
    """Seconds from one build to the next."""
    roles: Any = Roles(rounds)
    record = Record(folder / "run")
    lab = Unsandboxed(
        run_id="bench", branch="greenloop/bench", home=folder / "workspace", source=repo, include_dirty=False,
        engine=DockerEngine(), make_images=lambda: None, limits=SandboxLimits(), test_timeout_s=60, record=record,
    )  # type: ignore[arg-type, return-value]  # fmt: skip
    context = Context(
        run_id="bench", branch="greenloop/bench", record=record, lab=lab, team=Team("bench", roles, roles, roles),
        ledger=Ledger(Budget()), limits=Limits(max_rounds=rounds, stuck_after=rounds + 1, max_replans=0),
    )  # fmt: skip
    async with aiosqlite.connect(folder / "checkpoint.sqlite") as connection:
        saver = AsyncSqliteSaver(connection, serde=SERDE)
        await saver.setup()
        await saver.conn.execute("pragma synchronous=NORMAL")
        config: Any = {"configurable": {"thread_id": "bench"}, "recursion_limit": 20 * rounds}
        try:
            await build_graph(saver).ainvoke(
                RunState(request=Request(text="Change a file")), config, context=context, durability="sync"
            )
        except Exception as ended:
            if "acceptance test ever passed" not in str(ended):
                raise
    return [after - before for before, after in zip(roles.begun, roles.begun[1:], strict=False)]


def floor(repo: Path, times: int) -> list[float]:
    """Seconds of git's own add and commit of one file."""
    git, path, found = Git(cwd=repo), repo / "pkg0/module0.py", []
    for number in range(times):
        path.write_text(f"VALUE = {-number}\n")
        begun = time.perf_counter()
        git.run("add", "--", str(path))
        git.run("commit", "-q", "-m", f"Change it, {number}")
        found.append(time.perf_counter() - begun)
    return found


def main() -> int:
    """Print the table; 1 when the goal is missed and `--strict` is given."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--strict", action="store_true", help="exit 1 when the goal is missed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="greenloop-bench-") as name:
        folder = Path(name)
        repo = make_repository(folder / "repo")
        git = floor(repo, given.rounds)
        took = asyncio.run(rounds_of(folder, repo, given.rounds))
    median, bare = statistics.median(took), statistics.median(git)
    print(f"{len(took)} rounds on {FILES} files")
    print(f"graph, checkpoints, commit, record: {median * 1000:.0f} ms a round (worst {max(took) * 1000:.0f})")
    print(f"git add and commit of one file:     {bare * 1000:.0f} ms, ratio {median / bare:.2f}")
    print(f"goal: <= {GOAL_S * 1000:.0f} ms  {'met' if median <= GOAL_S else 'MISSED'}")
    return int(given.strict and median > GOAL_S)


if __name__ == "__main__":
    sys.exit(main())
