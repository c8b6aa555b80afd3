"""What stays the same over a refactoring, as far as it can be told without an engine."""

import pytest

from agents.contracts import Plan
from agents.refactoring.steps import Refactoring, Step, plan_of, recipe_step
from sandbox.gates.findings import GateFinding, worse
from sandbox.reports import TestOutcome, TestResult
from sandbox.traced import Traced
from workflows import routing
from workflows.gate_choice import switch_of
from workflows.preservation import preserve_of, same_tests
from workflows.state import RunState


def run(trouble: str = "", **outcomes: TestOutcome) -> Traced:
    results = tuple(TestResult(node_id=f"t.py::{name}", outcome=outcome) for name, outcome in outcomes.items())
    return Traced(results=results, trouble=(trouble,) if trouble else ())


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (run(a="passed", b="failed", c="skipped"), ""),
        (run(a="failed", b="failed", c="skipped"), "t.py::a passed before, failed now"),
        (run(b="failed", c="skipped"), "t.py::a passed before, gone now"),
        (run(a="skipped", b="failed", c="skipped"), "t.py::a passed before, skipped now"),
        (run(a="passed", b="failed", c="skipped", d="passed"), "t.py::d was not there before, passed now"),
        (run("timeout: after 9 s", a="passed", b="failed", c="skipped"), "run timeout: after 9 s"),
    ],
)
def test_the_same_tests_with_the_same_results(after: Traced, says: str) -> None:
    gate = same_tests(run(a="passed", b="failed", c="skipped"), after).gate
    assert gate.passed is (not says)
    assert gate.evidence == (says or "3 tests before and after, 1 of them pass")


def test_a_test_that_is_better_is_told_and_one_that_wavers_does_not_count() -> None:
    better = same_tests(run(a="passed", b="failed"), run(a="passed", b="passed")).gate
    assert better.passed and "better now: t.py::b failed before, passed now" in better.evidence
    assert same_tests(run(a="passed"), run(a="failed"), flaky={"t.py::a"}).gate.passed


def test_code_that_is_only_written_otherwise_keeps_its_faults() -> None:
    def found(code: str, source: str) -> GateFinding:
        return GateFinding(gate="lint", code=code, text="x", path="a.py", source=source)

    old = [found("ANN201", "def f(a=1):"), found("S101", "assert a")]
    new = [found("ANN201", "def f(a: int = 1):"), found("S101", "assert a"), found("S101", "assert b")]
    assert [f.source for f in worse(old, new)] == ["def f(a: int = 1):", "assert b"]
    assert [f.source for f in worse(old, new, loosely=True)] == ["assert b"]


def test_what_a_plan_may_change_for_others() -> None:
    def plan(*steps: Step, named: tuple[str, ...] = ()) -> Plan:
        return plan_of(Refactoring(steps=steps, named=named), "Refactor")

    plain = preserve_of(plan(recipe_step("annotated"), Step(title="Move")))
    assert (plain.openapi, plain.named) == ("identical", ())
    renamed = plan(recipe_step("rename:main.a=b"), named=("main.a", "b"))
    assert preserve_of(renamed).openapi == "compatible"
    assert "Clients of the service notice nothing" in [c.text for c in renamed.criteria]
    assert all(criterion.guard for criterion in renamed.criteria)


def test_where_a_refactoring_goes_next() -> None:
    empty = RunState(plan=plan_of(Refactoring(), "Nothing to do"))
    assert routing.after_refactoring_plan(empty) == "characterise", "nobody is asked to approve of nothing"
    some = RunState(plan=plan_of(Refactoring(steps=(recipe_step("annotated"),)), "Refactor"))
    assert routing.after_refactoring_plan(some) == "approve"
    assert routing.after_refactoring_approved(RunState(approved=False)) == "plan"
    assert routing.after_checked_step(RunState(next="narrow")) == "narrow"
    assert routing.after_proof(RunState(next="hand_over")) == "hand_over"
    assert switch_of("preserved: same tests") == 'gates_off = ["preserved"]'
