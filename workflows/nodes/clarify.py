"""Ask the user. Stands alone, without side effects, because the node runs again on resume."""

from typing import Any

from langgraph.types import interrupt

from agents.contracts import Answer
from workflows.state import RunState


async def run(state: RunState) -> RunState:
    """The answer is `{question id: text}`."""
    questions = [q.model_dump() for q in state["plan"].questions]
    given: dict[str, Any] = interrupt({"ask": "questions", "questions": questions})
    return {"answers": [Answer(question=key, text=str(text)) for key, text in given.items()]}
