"""From state to the next node: pure functions, and the only place where a limit is read."""

import hashlib
import re
from collections.abc import Sequence
from typing import Literal

from sandbox.reports import SuiteReport
from workflows.state import Limits, Round, RunState

_NOISE = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+(?:\.\d+)?|/tmp/\S+")


def fingerprint(report: SuiteReport) -> str:
    """Which tests failed and how, with numbers, ids and addresses blanked."""
    lines = sorted(f"{f.node_id}|{_NOISE.sub('#', f.message)}" for f in report.failures())
    text = "\n".join([report.word, _NOISE.sub("#", report.reason) if not lines else "", *lines])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def after_plan(state: RunState) -> Literal["clarify", "approve"]:
    """Questions that nobody answered yet come first."""
    plan = state["plan"]
    answered = {a.question for a in state.get("answers", [])}
    open_questions = [q for q in plan.questions if q.id not in answered]
    return "clarify" if open_questions and not answered else "approve"


def after_approve(state: RunState) -> Literal["plan", "write_tests"]:
    """A plan that was sent back is made again."""
    return "write_tests" if state.get("approved", True) else "plan"


def after_red(state: RunState) -> Literal["write_tests", "build", "check"]:
    """Tests that do not fail first are written again; after a repair the code is checked before it is rebuilt."""
    if not state["red_proven"]:
        return "write_tests"
    return "check" if state.get("round", 0) else "build"


def after_reproduction(state: RunState) -> Literal["write_tests", "since", "check"]:
    """A bug that is shown is traced; after tests were written anew the repair there is is checked first."""
    if not state["red_proven"]:
        return "write_tests"
    return "check" if state.get("round", 0) else "since"


def after_repair(state: RunState) -> Literal["check", "patch", "deliver"]:
    """What the rules found is checked; where they found nothing, a model is asked, if there is one."""
    chosen = state["next"]
    if chosen == "check":
        return "check"
    return "patch" if chosen == "build" else "deliver"


def after_diagnosed_fix(state: RunState) -> Literal["repair", "patch", "write_tests", "deliver"]:
    """Where the diagnosis points: further repairs by rule come before a model."""
    chosen = state["next"]
    if chosen == "repair":
        return "repair"
    if chosen == "write_tests":
        return "write_tests"
    return "patch" if chosen == "build" else "deliver"


def after_check(state: RunState) -> Literal["verify", "diagnose"]:
    """Green goes to the verdict, anything else is looked at."""
    return "verify" if state["rounds"][-1].word == "green" else "diagnose"


def after_diagnose(state: RunState) -> Literal["build", "write_tests", "deliver"]:
    """Where the diagnosis points."""
    chosen = state["next"]
    if chosen == "write_tests":
        return "write_tests"
    return "build" if chosen == "build" else "deliver"


def after_verify(state: RunState) -> Literal["review", "diagnose"]:
    """Only a green verdict goes on."""
    return "review" if state.get("ending") == "delivered" else "diagnose"


def after_review(state: RunState) -> Literal["build", "deliver"]:
    """A reviewer may send back, never pass."""
    return "build" if state.get("next") == "build" else "deliver"


def after_refactoring_plan(state: RunState) -> Literal["clarify", "approve", "characterise"]:
    """Nobody is asked to approve of nothing."""
    return after_plan(state) if state["plan"].steps else "characterise"


def after_refactoring_approved(state: RunState) -> Literal["plan", "characterise"]:
    """A plan that was sent back is made again."""
    return "characterise" if state.get("approved", True) else "plan"


def after_checked_step(state: RunState) -> Literal["apply_step", "narrow", "prove"]:
    """On to the next step, the same one again, or what of it can be kept."""
    chosen = state["next"]
    if chosen == "narrow":
        return "narrow"
    return "apply_step" if chosen == "apply_step" else "prove"


def after_proof(state: RunState) -> Literal["apply_step", "narrow", "prove", "hand_over"]:
    """A green verdict is handed over; else the step it is about is cut down, and those after it are made again."""
    chosen = state["next"]
    if chosen == "narrow":
        return "narrow"
    if chosen == "hand_over":
        return "hand_over"
    return "apply_step" if chosen == "apply_step" else "prove"


def no_progress(rounds: Sequence[Round], limits: Limits) -> str:
    """Why the loop should not simply go on; empty while there is progress."""
    if not rounds:
        return ""
    last = rounds[-1]
    if last.number >= limits.max_rounds:
        return f"{limits.max_rounds} rounds are used up"
    if any(r.tree == last.tree for r in rounds[:-1]):
        return f"round {last.number} produced the same code as an earlier round"
    tail = rounds[-limits.stuck_after :]
    if len(tail) == limits.stuck_after and len({r.fingerprint for r in tail}) == 1:
        return f"the same tests failed in the same way for {limits.stuck_after} rounds"
    return ""


def best_round(rounds: Sequence[Round]) -> Round | None:
    """The round with most tests passing, the earliest of equals; None when none has any."""
    worth = [r for r in rounds if r.passed > 0]
    return max(worth, key=lambda r: (r.passed, -r.number), default=None)
