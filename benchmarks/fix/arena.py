"""One bug through the repair search in a sandbox, as `greenloop fix --test` does it without a model, and judged."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from agents.repair.candidate import apply
from agents.repair.hunt import Bounds, Hunt
from agents.repair.hunt import Bug as Task
from benchmarks.fix.corpus import Bug
from sandbox import tars
from sandbox.docker import DockerEngine
from sandbox.manifest import Manifest
from sandbox.protocol import Command, Limits
from sandbox.pytest_run import run_in_process
from sandbox.trials import Trials
from sandbox.workers import Workers
from tests.support.trees import images

REQUIREMENTS = ("fastapi>=0.115", "sqlalchemy[asyncio]>=2.0", "aiosqlite>=0.20", "httpx>=0.27", "pytest>=8")
SUITE_S = 120.0
SOLVED, WRONG, NOT_FOUND, BROKEN = "solved", "plausible but wrong", "not found", "broken"
CLEAR = ("find", "/src", "-mindepth", "1", "-delete")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one bug."""

    bug: str
    service: bool
    word: str
    sure: bool = False
    seconds: float = 0.0
    """From the first run of the tests to a chosen repair, or to giving up."""
    tried: int = 0
    per_second: float = 0.0
    family: str = ""
    says: str = ""
    note: str = ""


class Arena:
    """A warm sandbox that one bug after the other is put into."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.engine = DockerEngine()
        image = images().ensure(Manifest(requirements=REQUIREMENTS)).tag
        limits = Limits(pids=128, memory_mb=1024)
        self.box = self.engine.open(image, run_id=f"bench-fix-{os.getpid()}", limits=limits)
        self.workers = Workers(self.box, shares=2)
        self._unharmed: dict[tuple[Path, str], str] = {}

    def __enter__(self) -> "Arena":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.workers.close()
        self.box.__exit__(kind, error, trace)
        self.engine.close()

    def fill(self, files: Mapping[str, str]) -> None:
        """Nothing but these files in the sandbox."""
        outcome = self.box.run(Command(argv=CLEAR, timeout_s=30, user="root"))
        if outcome.exit_code != 0:
            raise RuntimeError("the sandbox cannot be emptied")
        self.box.put(tars.build({path: text.encode() for path, text in files.items()}), "/src")

    def word(self, files: Mapping[str, str]) -> str:
        """What the tests among these files say, in a plain process."""
        self.fill(files)
        return run_in_process(self.box, timeout_s=SUITE_S).word

    def is_green(self, files: Mapping[str, str]) -> bool:
        """Whether everything in these files passes."""
        return self.word(files) == "green"

    def flaws(self, bug: Bug) -> list[str]:
        """What is wrong with a bug of the corpus: both suites must pass without it and fail with it."""
        program, found = bug.program, []
        for name, suite in (("tests", program.tests), ("hidden", program.hidden)):
            known = program.folder, name
            if known not in self._unharmed:
                self._unharmed[known] = self.word({**program.sources, **suite})
            if (word := self._unharmed[known]) != "green":
                found.append(f"{program.name}: {name} of the correct program: {word}")
            if (word := self.word({**bug.sources, **suite})) in ("green", "collect_error", "no_tests"):
                found.append(f"{bug.name}: {name} with the bug: {word}")
        return found

    def run(self, bug: Bug) -> Result:
        """Search for a repair with what the visible suite says, then ask the hidden one."""
        program, service = bug.program, bug.program.is_service
        files = {**bug.sources, **program.tests}
        self.fill(files)
        began = time.monotonic()
        report = run_in_process(self.box, timeout_s=SUITE_S)
        failing = [one.node_id for one in report.failures()]
        task = Task(sources=bug.sources, tests=program.tests, failing=failing, passing=sorted(report.passed()))
        if not failing:
            return Result(bug.name, service, BROKEN, note=f"the visible suite is {report.word}")
        found = Hunt(Trials(self.workers), task).repair(self.bounds)
        best, seconds = found.choice.best, time.monotonic() - began
        word, says, family = NOT_FOUND, "", ""
        if best is not None:
            repaired = {**bug.sources, **apply(best, bug.sources)}
            if self.is_green({**repaired, **program.tests}):
                word = SOLVED if self.is_green({**repaired, **program.hidden}) else WRONG
                says, family = best.says, best.family
        tried, speed = found.found.tried, round(found.found.per_second, 1)
        return Result(
            bug.name, service, word, found.choice.sure, round(seconds, 1), tried, speed, family, says, found.note
        )
