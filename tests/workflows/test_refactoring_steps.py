"""Steps of a refactoring on real git: cut down, taken out again, found again after a crash; checks are chosen here."""

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langgraph.runtime import Runtime

from agents.builder import ModelBuilder
from agents.contracts import Request, TestCase
from agents.refactoring.planner import planned
from agents.refactoring.steps import Refactoring, Step, recipe_step
from sandbox.baseline import Baseline
from sandbox.protocol import Limits as SandboxLimits
from sandbox.reports import SuiteReport, Verdict, Word
from sandbox.reports import TestResult as Result
from sandbox.workspace import ASIDE
from tests.support import model_server as served
from tests.support.desk import desks
from tests.support.model_server import Answer, ModelServer
from workflows import judgement, steps
from workflows.endings import EndRun
from workflows.lab import Lab
from workflows.nodes import apply_step, check_step, narrow, prove
from workflows.record import Record
from workflows.state import Context, Limits, RunState
from workflows.steps import Checked, Made

MAIN = """\
from typing import List, Optional


def first(x: Optional[int]) -> int:
    return x or 0


def second(y: List[int]) -> int:
    return len(y)
"""
OTHER = """\
import os
import datetime

NOW = datetime.datetime.utcnow()


def later() -> datetime.datetime:
    return datetime.datetime.utcnow()


def much_later() -> datetime.datetime:
    return datetime.datetime.utcnow()
"""


CHECKED = steps._checked


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "main.py").write_text(MAIN)
    (repo / "other.py").write_text(OTHER)
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=repo, check=True)
    record = Record(tmp_path / "run")
    record.save_report("baseline", Baseline())
    engine: Any = SimpleNamespace(sweep=lambda: [], remove_run=lambda _: [], refuse_if_stopped=lambda: None)
    lab = Lab(
        run_id="r", branch="greenloop/x", home=tmp_path / "workspace", source=repo, include_dirty=False, engine=engine,
        make_images=lambda: None, limits=SandboxLimits(), test_timeout_s=60, record=record,
    )  # fmt: skip
    lab.prepare()
    monkeypatch.setattr(steps, "_checked", lambda c, s, commit: Checked(reason=breaks(c, commit), passed=1, total=1))
    monkeypatch.setattr(steps, "judge", lambda lab, commit, *_, **__: judged(lab, commit))
    ledger: Any = SimpleNamespace(totals=lambda: SimpleNamespace(calls=0))
    return Context(
        run_id="r", branch="greenloop/x", record=record, lab=lab, team=SimpleNamespace(), ledger=ledger, limits=Limits()
    )  # type: ignore[arg-type]


def text(lab: Lab, commit: str, path: str) -> str:
    return (lab.commit_source(commit).raw(path) or b"").decode()


def breaks(context: Context, commit: str) -> str:
    """The check: `list[int]` is what must not be."""
    return "tests: second fails" if "list[int]" in text(context.lab, commit, "main.py") else ""


def judged(lab: Lab, commit: str) -> Verdict:
    """The verdict: `NOW` has to stay."""
    good = "NOW = datetime.datetime.utcnow()" in text(lab, commit, "other.py")
    return Verdict(word=Word.GREEN if good else Word.RED, commit=commit, reason="" if good else "it is late")


def begun(context: Context, *names: str | Step) -> RunState:
    base = context.lab.workspace.base
    desk = context.lab.desk(role="planner")
    work = Refactoring(steps=tuple(recipe_step(one) if isinstance(one, str) else one for one in names))
    plan = planned(work, desk, lambda _: None)
    return RunState(
        request=Request(kind="refactor", text="x"), base=base, plan=plan, head=base, tests_commit=base, full_tests=base,
        cases=[], step=0, attempt=0, withdrawn=[], trial="",
    )  # fmt: skip


async def through(context: Context, state: RunState, *, twice: bool = False) -> RunState:
    """From where the state is to its hand-over; `twice`: every node as if it had been killed just before its end."""
    nodes = {"apply_step": apply_step, "check_step": check_step, "narrow": narrow, "prove": prove}
    at = "apply_step"
    while at in nodes:
        updates = [await nodes[at].run(state, Runtime(context=context)) for _ in range(2 if twice else 1)]
        assert updates[0] == updates[-1], f"{at} did something else the second time"
        state = {**state, **{k: v for k, v in updates[0].items() if k != "rounds"}}  # type: ignore[typeddict-item]
        at = "check_step" if at == "apply_step" else state["next"]
    return state


@pytest.mark.parametrize("twice", [False, True], ids=["undisturbed", "killed"])
async def test_a_part_that_the_check_or_the_verdict_refuses_is_left_out(context: Context, twice: bool) -> None:
    state = await through(context, begun(context, "aware-utcnow", "current-typing", "dead-code"), twice=twice)
    lab, head = context.lab, state["head"]
    main, other = text(lab, head, "main.py"), text(lab, head, "other.py")
    assert "def first(x: int | None)" in main and "def second(y: List[int])" in main
    assert main.startswith("from typing import List\n")
    assert "NOW = datetime.datetime.utcnow()" in other, "the part that the verdict refuses"
    assert "return datetime.datetime.now(" in other, "the rest of that step stays"
    assert "import os" not in other, "the third step was made again"
    assert (state["withdrawn"], state["ending"]) == ([0], "delivered")
    made = [one for n in range(3) if (one := context.record.load_report(f"made-{n}", Made))]
    assert [bool(one.commit) for one in made] == [True, True, True]
    late = [("other.py:4", "the verdict on it was red: it is late")]
    assert [[(o.where, o.reason) for o in one.left_out] for one in made] == [
        late, [("main.py:8", "tests: second fails")], [],
    ]  # fmt: skip
    assert "+def second(y: list[int]) -> int:" in made[1].left_out[0].diff
    subjects = [c.subject for c in lab.workspace.line(state["base"], head)]
    assert subjects == [f"Apply the recipe {name}" for name in ("aware-utcnow", "current-typing", "dead-code")]


def written(path: str, old: str, new: str) -> list[Answer]:
    """A builder's two requests."""
    return [served.call("edit_file", path=path, old=old, new=new), served.call("finish", summary=f"Change {path}")]


FIRST = written("main.py", "    return x or 0\n", "    return 0 if x is None else x\n")
LAST = written("other.py", "def much_later()", "def latest()")
AWARE = "NOW = datetime.datetime.now("
TOUCHED = written("other.py", AWARE, f"{AWARE}tz=")
STEPS = ("aware-utcnow", Step(title="Say what None is"), "current-typing", Step(title="Choose a better name"))


async def test_what_a_model_wrote_for_later_steps_is_kept_and_not_paid_for_again(context: Context) -> None:
    with ModelServer([*FIRST, *LAST, served.error(500, "asked again")]) as server:
        context.team.builder = ModelBuilder(desks(server))
        state = await through(context, begun(context, *STEPS), twice=True)
        assert len(server.requests) == 4, "each step was asked for once"
    lab, head = context.lab, state["head"]
    assert (state["withdrawn"], state["ending"]) == ([0], "delivered")
    main, other = text(lab, head, "main.py"), text(lab, head, "other.py")
    assert "return 0 if x is None else x" in main and "def first(x: int | None)" in main
    assert "NOW = datetime.datetime.utcnow()" in other, "the part that the verdict refuses"
    assert "def latest() -> datetime.datetime:\n    return datetime.datetime.now(" in other
    made = [one for n in range(4) if (one := context.record.load_report(f"made-{n}", Made))]
    assert [one.files for one in made] == [("other.py",), ("main.py",), ("main.py",), ("other.py",)]
    held = lab.workspace.git.text("for-each-ref", "--format=%(refname:lstrip=-1)", ASIDE).splitlines()
    assert {f"withdrawn-0-step-{n}" for n in range(1, 5)} <= set(held), "another worker that goes on has them, too"
    assert [c.subject for c in lab.workspace.line(state["base"], head)] == [
        "Apply the recipe aware-utcnow", "Change main.py", "Apply the recipe current-typing", "Change other.py",
    ]  # fmt: skip


@pytest.mark.parametrize("trouble", ["it does not apply", "it is red"])
async def test_what_does_not_do_any_more_is_asked_for_again(
    context: Context, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    apply = trouble == "it does not apply"
    first = TOUCHED if apply else FIRST
    again = written("main.py", "    return len(y)\n", "    return sum(1 for _ in y)\n")

    def check(context: Context, _: object, commit: str) -> Checked:
        late = "NOW = datetime.datetime.utcnow()" in text(context.lab, commit, "other.py")
        bad = not apply and late and "return 0 if x" in text(context.lab, commit, "main.py")
        return Checked(reason="tests: they do not go together" if bad else "", passed=1, total=1)

    monkeypatch.setattr(steps, "_checked", check)
    with ModelServer([*first, *again, served.error(500, "asked again")]) as server:
        context.team.builder = ModelBuilder(desks(server))
        state = await through(context, begun(context, "aware-utcnow", Step(title="Say what None is")))
        assert len(server.requests) == 4
    main = text(context.lab, state["head"], "main.py")
    assert state["ending"] == "delivered" and "sum(1 for _ in y)" in main and "return x or 0" in main
    assert "tz=" not in text(context.lab, state["head"], "other.py")


async def test_a_step_that_the_verdict_refuses_however_small_is_left_out(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wavering(lab: Lab, commit: str, *_: object, **__: object) -> Verdict:
        """Refuses again whatever it did not refuse as a part."""
        part = lab.workspace.git.text("log", "-1", "--format=%s", commit) == "A part of a step"
        bad = ".now(" in text(lab, commit, "other.py") and not part
        return Verdict(word=Word.RED if bad else Word.GREEN, commit=commit, reason="now and then" if bad else "")

    monkeypatch.setattr(steps, "judge", wavering)
    state = await through(context, begun(context, "dead-code", "aware-utcnow"))
    assert (state["withdrawn"], state["ending"]) == ([1, 1, 1], "delivered")
    assert text(context.lab, state["head"], "other.py") == OTHER.replace("import os\n", "")
    made = context.record.load_report("made-1", Made)
    assert made is not None and (made.commit, made.left_out) == ("", ())
    assert made.reason == "the verdict on it was red: now and then"


async def test_when_nothing_can_be_kept_that_is_said_with_the_reasons(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:

    def judge(lab: Lab, commit: str, *_: object, **__: object) -> Verdict:
        bad = ".now(" in text(lab, commit, "other.py")
        return Verdict(word=Word.RED if bad else Word.GREEN, commit=commit, reason="it is late" if bad else "")

    monkeypatch.setattr(steps, "judge", judge)
    with pytest.raises(EndRun) as ended:
        await through(context, begun(context, "aware-utcnow"))
    assert ended.value.ending == "stuck"
    assert "other.py:4: the verdict on it was red: it is late" in ended.value.reason


def test_a_test_that_fails_now_and_then_without_the_step_too_does_not_stop_it(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    failing, flaky = {"t.py::wavers"}, {"t.py::wavers"}

    def check(lab: Lab, commit: str, tests: str, cases: list[TestCase]) -> SuiteReport:
        ran = [case.node_id for case in cases]
        found = tuple(Result(node_id=one, outcome="failed" if one in failing else "passed") for one in ran)
        word = Word.RED if failing & set(ran) else Word.GREEN
        return SuiteReport(word=word, results=found, reason="" if word is Word.GREEN else f"{min(failing)} failed")

    def measure(lab: Lab, base: str, *, only: list[str], **_: object) -> Baseline:
        asked.append(tuple(only))
        return Baseline(flaky=tuple(one for one in only if one in flaky))

    monkeypatch.setattr(Lab, "check", check)
    monkeypatch.setattr(Lab, "image", lambda *_: "image")
    monkeypatch.setattr(judgement, "_measure", measure)
    monkeypatch.setattr(steps, "run_gates", lambda *_, **__: [])
    context.record.save_report("baseline", Baseline(passing=("t.py::holds", "t.py::wavers")))
    state = begun(context, "aware-utcnow")
    found = CHECKED(context, state, state["base"])
    assert (found.reason, found.passed, found.total) == ("", 1, 1), "the one that wavers is asked no more"
    failing = {"t.py::holds"}
    for _ in range(2):
        assert CHECKED(context, state, state["base"]).reason == "tests: t.py::holds failed"
    assert asked == [("t.py::wavers",), ("t.py::holds",)], "doubted once each"
