"""Routing is pure, so it is tested as a table."""

import pytest

from agents.contracts import Answer, Plan, Question
from sandbox.reports import SuiteReport, TestResult, Word
from workflows import routing
from workflows.state import Limits, Round, RunState

LIMITS = Limits(max_rounds=4, stuck_after=3)
PLAN = Plan(summary="s", criteria=())
ASKING = Plan(summary="s", criteria=(), questions=(Question(id="Q1", text="?", default="d"),))


def done(number: int, *, tree: str = "", passed: int = 0, print_: str = "") -> Round:
    return Round(
        number=number,
        commit=f"c{number}",
        tree=tree or f"t{number}",
        word="red",
        passed=passed,
        total=5,
        fingerprint=print_ or f"f{number}",
    )


@pytest.mark.parametrize(
    ("plan", "answers", "target"),
    [
        (PLAN, [], "approve"),
        (ASKING, [], "clarify"),
        (ASKING, [Answer(question="Q1", text="x")], "approve"),
    ],
)
def test_questions_come_before_building(plan: Plan, answers: list[Answer], target: str) -> None:
    assert routing.after_plan({"plan": plan, "answers": answers}) == target


def test_tests_that_do_not_fail_first_are_written_again() -> None:
    assert routing.after_red({"red_proven": False}) == "write_tests"
    assert routing.after_red({"red_proven": True, "round": 0}) == "build"
    assert routing.after_red({"red_proven": True, "round": 2}) == "check"


@pytest.mark.parametrize("word", [w for w in Word if w is not Word.GREEN])
def test_only_green_is_verified(word: Word) -> None:
    assert routing.after_check({"rounds": [done(1).model_copy(update={"word": word})]}) == "diagnose"


@pytest.mark.parametrize("ending", ["", "partial", "stuck"])
def test_only_a_delivered_verdict_is_reviewed(ending: str) -> None:
    assert routing.after_verify({"ending": ending}) == "diagnose"


def test_progress_is_new_failures_or_new_code() -> None:
    assert routing.no_progress([done(1), done(2), done(3)], LIMITS) == ""


def test_the_same_failures_are_no_progress() -> None:
    same = [done(n, print_="x") for n in (1, 2, 3)]
    assert "same way for 3 rounds" in routing.no_progress(same, LIMITS)
    assert routing.no_progress(same[:2], LIMITS) == ""


def test_code_seen_before_is_no_progress() -> None:
    assert "same code" in routing.no_progress([done(1, tree="a"), done(2, tree="b"), done(3, tree="a")], LIMITS)


def test_rounds_are_bounded() -> None:
    assert "4 rounds" in routing.no_progress([done(n) for n in (1, 2, 3, 4)], LIMITS)


def test_the_best_round_is_the_earliest_with_most_passing() -> None:
    rounds = [done(1, passed=1), done(2, passed=3), done(3, passed=3), done(4, passed=2)]
    best = routing.best_round(rounds)
    assert best is not None
    assert best.number == 2
    assert routing.best_round([done(1), done(2)]) is None


def failing(message: str) -> SuiteReport:
    return SuiteReport(word=Word.RED, results=(TestResult(node_id="tests/a.py::t", outcome="failed", message=message),))


def test_a_fingerprint_ignores_ids_and_addresses() -> None:
    assert routing.fingerprint(failing("obj at 0x7f01 id 12")) == routing.fingerprint(failing("obj at 0x9a77 id 99"))
    assert routing.fingerprint(failing("assert 404 == 201")) != routing.fingerprint(failing("KeyError: 'id'"))


@pytest.mark.parametrize(
    ("state", "target"),
    [
        ({"red_proven": False}, "write_tests"),
        ({"red_proven": True}, "since"),
        ({"red_proven": True, "round": 2}, "check"),
    ],
)
def test_a_bug_that_is_shown_is_traced_first(state: RunState, target: str) -> None:
    assert routing.after_reproduction(state) == target


def test_repairs_by_rule_come_before_a_model() -> None:
    assert routing.after_repair({"next": "check"}) == "check"
    assert routing.after_repair({"next": "build"}) == "patch"
    assert routing.after_repair({"next": "deliver"}) == "deliver"
    assert routing.after_diagnosed_fix({"next": "repair"}) == "repair"
    assert routing.after_diagnosed_fix({"next": "build"}) == "patch"
    assert routing.after_diagnosed_fix({"next": "write_tests"}) == "write_tests"
    assert routing.after_diagnosed_fix({"next": "deliver"}) == "deliver"
