"""What a run tells while it works: one vocabulary for the terminal, the JSON lines and the record."""

from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal[
    "run_started",
    "step_started",
    "step_done",
    "note",
    "plan",
    "questions",
    "commit",
    "tests",
    "verdict",
    "usage",
    "run_ended",
]


class Event(BaseModel):
    """One line of `events.jsonl`."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    seq: int
    at: float
    """Seconds since the epoch."""
    elapsed_s: float
    """Seconds the run has been worked on, pauses between sessions left out."""
    kind: Kind
    data: dict[str, Any] = {}


Listener = Callable[[Event], None]
