"""Show the plan and wait for a yes, when the user asked for that. Stands alone like `clarify`."""

from typing import Any

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from agents.contracts import Answer
from workflows.nodes.common import context_of
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """The answer is `{"approved": bool, "comment": str}`; a comment without approval makes a new plan."""
    if not context_of(runtime).approve:
        return {"approved": True}
    given: dict[str, Any] = interrupt({"ask": "approval", "plan": state["plan"].model_dump(mode="json")})
    if given.get("approved"):
        return {"approved": True}
    number = len(state.get("answers", [])) + 1
    return {"approved": False, "answers": [Answer(question=f"comment-{number}", text=str(given.get("comment", "")))]}
