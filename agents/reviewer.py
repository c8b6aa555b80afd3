"""The reviewer on a chat model: can send a green result back, can never pass a red one."""

from pydantic import Field

from agents.contracts import Frozen, Plan
from agents.excerpts import fence, shorten
from agents.masking import mask
from agents.opening import Desks
from agents.roles import Brief
from agents.structured import ask_structured

DIFF_CHARS = 60_000


class Review(Frozen):
    """What the reviewer says."""

    veto: bool = Field(description="true only for a fault you can prove from the diff and the request")
    criterion: str = Field("", description="the criterion or the words of the request that are not met")
    evidence: str = Field("", description="file and lines, and the input that shows the fault")
    reason: str = Field("", description="one paragraph for the builder: what is wrong and what would be right")


class ModelReviewer:
    """Plays `roles.Reviewer`."""

    def __init__(self, desks: Desks) -> None:
        self._desks = desks

    async def review(self, brief: Brief, plan: Plan, diff: str) -> str:
        """A veto in one paragraph, or an empty string."""
        shown = fence("diff", shorten(mask(diff), DIFF_CHARS))
        messages = self._desks.opening("reviewer", brief, plan, extra=shown)
        review = await ask_structured(self._desks.caller, "reviewer", brief.step, messages, Review, _problem)
        return f"{review.reason} ({review.criterion}; {review.evidence})" if review.veto else ""


def _problem(review: Review) -> str:
    if review.veto and not (review.evidence.strip() and review.reason.strip() and review.criterion.strip()):
        return "A veto needs criterion, evidence and reason. Without proof set veto to false."
    return ""
