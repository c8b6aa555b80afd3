"""The planner on a chat model: from a request to numbered criteria that tests can prove."""

import re

from pydantic import Field

from agents.clarity import open_points
from agents.contracts import Criterion, Decision, Frozen, Plan, PlanStep, Question
from agents.errors import Contradiction
from agents.opening import Desks
from agents.roles import Brief
from agents.structured import ask_structured

MAX_CRITERIA = 30
MAX_QUESTIONS = 3


class PlanDraft(Frozen):
    """The plan as the model writes it."""

    summary: str = Field(min_length=1, description="one or two sentences: what will be true afterwards")
    criteria: tuple[Criterion, ...] = Field(min_length=1, description="ids C1, C2, ...; each testable over HTTP")
    steps: tuple[PlanStep, ...] = Field(description="in order; the files each one touches and the criteria it serves")
    assumptions: tuple[str, ...] = ()
    questions: tuple[Question, ...] = Field(
        (), description="ids Q1, Q2, ...; only where a wrong guess makes the work useless"
    )
    decisions: tuple[Decision, ...] = Field((), description="choices between reasonable ways, with the reason")
    contradiction: str = Field(
        "", description="only when the request contradicts itself: both sides, quoted; else empty"
    )


class ModelPlanner:
    """Plays `roles.Planner`."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def plan(self, brief: Brief) -> Plan:
        """Ask for a plan and hold it against its own rules.

        Raises:
            Contradiction: the model shows that the request contradicts itself. Else as `ask_structured`.
        """
        points = () if brief.answers or brief.request.kind != "feature" else open_points(brief.request.text)
        hint = (
            "Open in the request, as far as its words tell:\n" + "\n".join(f"- {p}" for p in points) if points else ""
        )
        messages = self._desks.opening(
            "planner", brief, None, extra=hint, max_questions=0 if brief.answers else MAX_QUESTIONS
        )
        draft = await ask_structured(
            self._desks.caller, "planner", brief.step, messages, PlanDraft, lambda d: problems(d, brief.request.kind)
        )
        if draft.contradiction:
            raise Contradiction(draft.contradiction)
        values = draft.model_dump(exclude={"contradiction"})
        if brief.answers:
            values["questions"] = ()
        return Plan.model_validate(values)


def problems(draft: PlanDraft, kind: str = "feature") -> str:
    """What is wrong with a draft beyond its form, one line each; empty when nothing is."""
    if draft.contradiction:
        return ""
    ids = [criterion.id for criterion in draft.criteria]
    named = {c for step in draft.steps for c in step.criteria}
    paths = [path for step in draft.steps for path in step.files]
    found = [
        (len(ids) != len(set(ids)), "Criteria have the same id twice."),
        (len(ids) > MAX_CRITERIA, f"There are more than {MAX_CRITERIA} criteria: keep those that matter."),
        (named - set(ids), f"Steps name criteria that do not exist: {', '.join(sorted(named - set(ids)))}."),
        (not draft.steps, "There are no steps."),
        (any(not c.text.strip() for c in draft.criteria), "A criterion is empty."),
        (kind in ("feature", "fix") and all(c.guard for c in draft.criteria), "No criterion is new: all are guards."),
        (
            any(not is_relative(path) for path in paths),
            "Files must be paths inside the repository, such as app/main.py.",
        ),
        (len(draft.questions) > MAX_QUESTIONS, f"There are more than {MAX_QUESTIONS} questions: assume the rest."),
        (len({q.id for q in draft.questions}) != len(draft.questions), "Questions have the same id twice."),
    ]
    return "\n".join(says for wrong, says in found if wrong)


def is_relative(path: str) -> bool:
    """Whether a path stays inside the repository, as it is written."""
    return bool(path) and not re.match(r"[/~\\]|[A-Za-z]:", path) and ".." not in path.split("/")
