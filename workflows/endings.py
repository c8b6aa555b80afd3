"""How a run can end, with one exit code for each word."""

from enum import StrEnum


class Ending(StrEnum):
    """The last word of a run."""

    DELIVERED = "delivered"
    UNCHANGED = "unchanged"
    PREVIEWED = "previewed"
    PARTIAL = "partial"
    NEEDS_ANSWER = "needs_answer"
    NEEDS_HUMAN = "needs_human"
    NOT_UNDERSTOOD = "not_understood"
    NOT_REPRODUCED = "not_reproduced"
    STUCK = "stuck"
    BUDGET = "budget"
    MODEL_UNAVAILABLE = "model_unavailable"
    INFRA = "infra"
    REFUSED = "refused"
    CANCELLED = "cancelled"


MEANING: dict[Ending, tuple[int, str]] = {
    Ending.DELIVERED: (0, "a verified branch is in your repository"),
    Ending.UNCHANGED: (0, "there is nothing to do"),
    Ending.PREVIEWED: (0, "what would be changed is shown; nothing was delivered"),
    Ending.PARTIAL: (10, "not green; the best commit so far is on the branch"),
    Ending.NEEDS_ANSWER: (11, "the run waits for your answer"),
    Ending.NEEDS_HUMAN: (12, "the request contradicts itself or the tests"),
    Ending.STUCK: (13, "no progress, and nothing worth delivering"),
    Ending.BUDGET: (14, "money, tokens, calls or time ran out; can be resumed"),
    Ending.MODEL_UNAVAILABLE: (15, "the model does not answer, or not usably; can be resumed"),
    Ending.INFRA: (16, "Docker, git or the disk failed; can be resumed"),
    Ending.NOT_UNDERSTOOD: (17, "the offline rules do not understand the request"),
    Ending.REFUSED: (18, "greenloop does not work on this repository as it is"),
    Ending.NOT_REPRODUCED: (19, "the bug does not show itself here; nothing was changed"),
    Ending.CANCELLED: (130, "stopped by you; can be resumed"),
}
"""Ending -> (exit code, what it means). Exit code 2 is a wrong command line or configuration."""

RESUMABLE = frozenset({Ending.BUDGET, Ending.MODEL_UNAVAILABLE, Ending.INFRA, Ending.CANCELLED, Ending.NEEDS_ANSWER})
"""Endings after which `greenloop resume` goes on where the run stopped."""


def exit_code(ending: Ending) -> int:
    """The process exit code of an ending."""
    return MEANING[ending][0]


class EndRun(Exception):
    """Raised inside a node when the run is over; carries the word and the reason for the person."""

    def __init__(self, ending: Ending, reason: str) -> None:
        self.ending = ending
        self.reason = reason
        super().__init__(reason)
