"""The first messages of every role: what stays the same first, what changes from round to round last."""

from dataclasses import dataclass

from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from agents.calls import Caller
from agents.context import Role, build_context
from agents.contracts import Plan
from agents.excerpts import cut, fence
from agents.masking import mask
from agents.prompts import render
from agents.roles import Brief
from agents.symbol_index import SymbolIndex

CONTEXT_TOKENS = 24_000
"""Most that the repository takes of a prompt, however much the model could read."""
OPENAPI_CHARS = 40_000


@dataclass(frozen=True, slots=True)
class Desks:
    """What all model-played roles share."""

    caller: Caller
    index: SymbolIndex | None = None

    def opening(
        self, role: Role, brief: Brief, plan: Plan | None, *, prompt: str = "", extra: str = "", **values: object
    ) -> list[BaseMessage]:
        """System prompt and task.

        Args:
            prompt: the file of the system prompt, by default the role's.
            extra: shown after the plan: a diff, the source of failing tests.
            values: what the system prompt needs.
        """
        config = self.caller.config(role)
        room = min(CONTEXT_TOKENS, (config.context_tokens - config.max_output_tokens) // 3)
        context = build_context(brief, role, plan, room, index=self.index, secrets=config.hides())
        task = render(
            "task",
            stable=context.stable,
            request=brief.request,
            openapi=_openapi(brief),
            answers=_answers(brief, plan),
            plan=plan,
            extra=extra,
            volatile=context.volatile,
        )
        return [SystemMessage(render(prompt or role, **values)), HumanMessage(mask(task, config.hides()))]


def _openapi(brief: Brief) -> str:
    document = cut(brief.request.openapi, OPENAPI_CHARS)
    return fence("OpenAPI document", document) if document else ""


def _answers(brief: Brief, plan: Plan | None) -> list[dict[str, str]]:
    questions = {q.id: q.text for q in plan.questions} if plan else {}
    return [{"question": questions.get(a.question, a.question), "text": a.text} for a in brief.answers]
