"""The tester on a chat model: acceptance tests per criterion, and whose fault a failure is."""

from collections.abc import Iterable

from agents.contracts import Blame, Plan, TestCase, TestFile, TestSuite
from agents.desk import WorkspaceDesk
from agents.errors import BadAnswer, Contradiction, EditRefused
from agents.excerpts import cut, fence
from agents.opening import Desks
from agents.overlay import Overlay
from agents.prompts import render
from agents.protection import Protected, protected_from_tester
from agents.roles import Brief, Desk
from agents.structured import ask_structured
from agents.suite import cases_of, file_problems, plan_mark, uncovered
from agents.testkit import CONFTEST
from agents.toolloop import Bounds, Loop
from agents.tools import EDITING, READING, Finish, ReportContradiction, Tool

CORRECTIONS = 3
"""How often the tests are sent back for what can be seen without running them."""
SHOWN_CHARS = 24_000
TOOLS: tuple[type[Tool], ...] = (*READING, *EDITING, Finish, ReportContradiction)


class ModelTester:
    """Plays `roles.Tester`."""

    def __init__(self, desks: Desks, bounds: Bounds | None = None) -> None:
        self._desks = desks
        self._bounds = bounds or Bounds(turns=30)

    async def write_tests(self, brief: Brief, plan: Plan) -> TestSuite:
        """Let the model write into an overlay of the tree, and read which test proves what.

        Raises:
            BadAnswer: no usable tests after the corrections. Contradiction: the criteria exclude each other.
        """
        mark = plan_mark(plan)
        there = {path for path in brief.desk.files() if path.startswith("tests/")}
        mine = {path for path in there if _text(brief.desk, path).startswith(mark)}
        overlay = Overlay(brief.desk)
        desk = WorkspaceDesk(overlay, _others(there - mine), brief.desk.run_tests)
        messages = self._desks.opening("tester", brief, plan, own_files=sorted(mine))
        loop = Loop(self._desks.caller, "tester", brief.step, desk, TOOLS, messages, self._bounds)
        for correction in range(CORRECTIONS + 1):
            ended = await loop.run()
            if ended.why == "contradiction":
                raise Contradiction(ended.text)
            paths = sorted((mine | overlay.written) & set(desk.files()))
            wrong = _problems(desk, paths, plan)
            if not wrong:
                return _suite(brief, desk, paths, plan, mark)
            if correction == CORRECTIONS or ended.why not in ("finished", "talked"):
                break
            brief.tell(f"sending the tests back: {wrong[0]}")
            loop.say(render("tests_wrong", problems=wrong[:20]))
        raise BadAnswer(f"tester: no usable tests ({ended.why}): {wrong[0]}")

    async def triage(self, brief: Brief, plan: Plan) -> Blame:
        """Ask for a judgement of the failures, with the source of the failing tests at hand."""
        failing = {result.node_id.partition("[")[0] for result in brief.failures}
        source = _sources(brief.desk, sorted({node.partition("::")[0] for node in failing}))
        messages = self._desks.opening("tester", brief, plan, prompt="triage", extra=source)
        blame = await ask_structured(
            self._desks.caller, "tester", brief.step, messages, Blame, lambda b: _blame_problem(b, failing)
        )
        return blame if blame.fault == "test" else blame.model_copy(update={"tests": ()})


def _problems(desk: Desk, paths: Iterable[str], plan: Plan) -> list[str]:
    tests = [path for path in paths if path.endswith(".py")]
    found = [line for path in tests for line in file_problems(path, desk.read(path), plan)]
    cases = [case for path in tests for case in cases_of(path, desk.read(path), plan)]
    return found + uncovered(cases, plan)


def _suite(brief: Brief, desk: Desk, paths: list[str], plan: Plan, mark: str) -> TestSuite:
    """The files, each marked as this plan's, and the cases in them; files given up are removed from the tree."""
    before = [path for path in brief.desk.files() if path.startswith("tests/")]
    for path in before:
        if path not in desk.files():
            brief.desk.delete(path)
    files: list[TestFile] = []
    cases: list[TestCase] = []
    for path in paths:
        text = desk.read(path)
        if path.endswith(".py") and not text.startswith(mark):
            text = f"{mark}\n{text}"
        files.append(TestFile(path=path, content=text))
        cases += cases_of(path, text, plan) if path.endswith(".py") else ()
    return TestSuite(files=tuple(files), cases=tuple(cases))


def _others(files: set[str]) -> Protected:
    """What this plan's tests may not touch: everything outside `tests/`, and every test that was there before."""
    return lambda path: protected_from_tester(path) or path == CONFTEST or path in files


def _text(desk: Desk, path: str) -> str:
    try:
        return desk.read(path)
    except EditRefused:
        return ""


def _sources(desk: Desk, paths: list[str]) -> str:
    room = SHOWN_CHARS // max(1, len(paths))
    return "\n\n".join(fence(path, cut(_text(desk, path), room)) for path in paths if path in desk.files())


def _blame_problem(blame: Blame, failing: set[str]) -> str:
    if blame.fault != "test":
        return ""
    strange = [node for node in blame.tests if node.partition("[")[0] not in failing]
    if strange or not blame.tests:
        return f"tests must name failing tests: {', '.join(sorted(failing))}."
    return ""
