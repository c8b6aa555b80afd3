"""Held-out checks in a run: where the whole suite lies until the verdict, and what may be told of it."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from agents.contracts import Plan, TestCase, TestSuite
from agents.heldout import concealed, seed_of, visible_suite
from agents.roles import Desk
from sandbox.reports import SuiteReport, Verdict
from sandbox.trust import ACCEPTANCE
from workflows.lab import Lab
from workflows.state import RunState

SUBJECT = "Add acceptance tests"
SHOWS = "Add a test that shows the bug"
REST = "Add the held-out acceptance tests"
CONCEALED = "a held-out check"


@dataclass(frozen=True, slots=True)
class Filed:
    """A suite in the workspace."""

    visible: str
    """The commit on the run's line; its tests are all the builder can read."""
    full: str
    """The commit with all of them; the same one when nothing is held out."""
    held: tuple[TestCase, ...]


def file_suite(
    lab: Lab, desk: Desk, suite: TestSuite, plan: Plan, *, step: str, hold: bool, subject: str = SUBJECT
) -> Filed:
    """Commit a suite through the tester's desk: first all of it aside, then, on the run's line, what may be seen.

    Idempotent: what was committed under this step's name is found.
    """
    shown, held = visible_suite(suite, seed_of(plan)) if hold else (suite, ())
    _write(desk, suite)
    if any(file.path.startswith(ACCEPTANCE) for file in suite.files):
        lab.add_test_support(suite.settings)
    full = lab.set_aside(subject, step=step) if held else ""
    if held:
        for path in {f.path for f in suite.files} - {f.path for f in shown.files}:
            desk.delete(path)
        _write(desk, shown)
    visible = lab.commit(subject, step=step, verdict="red")
    return Filed(visible, full or visible, held)


def _write(desk: Desk, suite: TestSuite) -> None:
    for file in suite.files:
        desk.write(file.path, file.content)


def visible_cases(state: RunState) -> list[TestCase]:
    """What the loop runs."""
    held = set(state.get("held", ()))
    return [case for case in state["cases"] if case.node_id not in held]


def held_cases(state: RunState) -> list[TestCase]:
    """What only the verdict runs."""
    held = set(state.get("held", ()))
    return [case for case in state["cases"] if case.node_id in held]


def completed(lab: Lab, state: RunState, commit: str, step: str) -> str:
    """`commit` with the held-out checks on top; the commit itself when there are none."""
    if not state.get("held"):
        return commit
    done = lab.find_step(step)
    if done is None:
        lab.reset(commit)
        lab.lay_tests(state["full_tests"])
        done = lab.commit(REST, step=step, verdict="unverified")
    return done


ATTACKS = "tests/acceptance/test_requests_that_got_through.py"


def add_tests(lab: Lab, state: RunState, module: str, step: str) -> RunState:
    """Commit tests of what gates found, where builder and verdict have them from now on."""
    lab.reset(state["head"])
    lab.write(ATTACKS, module)
    lab.add_test_support()
    visible = lab.commit("Add tests of requests that got through", step=step, verdict="red")
    full = visible
    if state.get("held"):
        lab.lay_tests(state["full_tests"])
        lab.write(ATTACKS, module)
        full = lab.set_aside(SUBJECT, step=step)
        lab.reset(visible)
    names = [node.name for node in ast.parse(module).body if isinstance(node, ast.FunctionDef)]
    tests = [TestCase(node_id=f"{ATTACKS}::{name}", criteria=()) for name in names if name.startswith("test_")]
    kept = [case for case in state["cases"] if not case.node_id.startswith(ATTACKS)]
    return {"head": visible, "tests_commit": visible, "full_tests": full, "cases": [*kept, *tests]}


def findings(verdict: Verdict, state: RunState) -> SuiteReport:
    """What the builder may know of a verdict that is not green."""
    failures = concealed(verdict.failures, held_cases(state), state["plan"])
    return SuiteReport(word=verdict.word, results=failures, reason=scrubbed(verdict.reason, held_cases(state)))


def scrubbed(text: str, held: Sequence[TestCase]) -> str:
    """A line about a verdict without what it says of held-out checks."""
    for case in held:
        before, found, _ = text.partition(case.node_id)
        text = f"{before}{CONCEALED}" if found else text
    return text
