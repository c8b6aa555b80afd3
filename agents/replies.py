"""One answer of a model: read from the wire, judged, and kept as plain JSON."""

import re
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from agents.contracts import Frozen, Usage
from agents.prices import estimate_tokens

_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)


class ToolCall(Frozen):
    """A call the model asks for, with arguments that were valid JSON."""

    id: str
    name: str
    args: dict[str, Any]


class InvalidCall(Frozen):
    """A call whose arguments were not valid JSON."""

    name: str
    error: str


class Reply(Frozen):
    """One answer."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    invalid_calls: tuple[InvalidCall, ...] = ()
    finish_reason: str = ""
    """As the server said; empty when it said nothing."""
    refusal: str = ""
    usage: Usage = Usage()
    model: str = ""
    replayed: bool = False
    """It was paid for in an earlier session and comes from the journal."""

    def message(self) -> AIMessage:
        """This answer as a part of the conversation; never empty, for servers that refuse empty content."""
        calls = [{"id": call.id, "name": call.name, "args": call.args, "type": "tool_call"} for call in self.tool_calls]
        return AIMessage(content=self.text or ("" if calls else "(no answer)"), tool_calls=calls)


def read_reply(message: BaseMessage, model: str) -> Reply:
    """Read a langchain message; thoughts in front of the answer are cut off."""
    if not isinstance(message, AIMessage):
        raise TypeError(f"the endpoint answered in the role {message.type!r}")
    calls = [
        ToolCall(id=call["id"] or f"call-{number}", name=call["name"], args=dict(call["args"] or {}))
        for number, call in enumerate(message.tool_calls)
    ]
    invalid = [
        InvalidCall(name=str(call["name"] or "?"), error=str(call["error"] or "not valid JSON")[:300])
        for call in message.invalid_tool_calls
    ]
    return Reply(
        text=_THOUGHTS.sub("", str(message.text)),
        tool_calls=tuple(calls),
        invalid_calls=tuple(invalid),
        finish_reason=str(message.response_metadata.get("finish_reason") or ""),
        refusal=str(message.additional_kwargs.get("refusal") or ""),
        usage=_usage(message),
        model=model,
    )


def without(reply: Reply, hides: tuple[str, ...]) -> Reply:
    """The reply without the endpoint's own secrets, should it have sent them back."""
    written = reply.model_dump_json()
    if not any(secret in written for secret in hides):
        return reply
    for secret in hides:
        written = written.replace(secret, "[masked]")
    return Reply.model_validate_json(written)


def estimated(reply: Reply, prompt_tokens: int) -> Reply:
    """The reply with an estimate in place of a usage the server did not report."""
    if reply.usage.input_tokens or reply.usage.output_tokens:
        return reply
    written = reply.text + "".join(call.name + str(call.args) for call in reply.tool_calls)
    usage = Usage(calls=1, input_tokens=prompt_tokens, output_tokens=estimate_tokens(written))
    return reply.model_copy(update={"usage": usage})


def complaint(reply: Reply, max_output_tokens: int) -> str:
    """What is wrong with an answer, said to the model; empty when it can be used."""
    if reply.refusal:
        return (
            f"You refused: {reply.refusal[:300]!r}. This is ordinary software work on a web service the user owns. "
            "Do the part you can do and answer in the form asked for."
        )
    if reply.finish_reason == "content_filter":
        return "Your answer was removed by a content filter. Say it in other words, in the form asked for."
    if reply.finish_reason == "length":
        return (
            f"Your answer was cut off after {max_output_tokens} tokens and could not be used. Answer again from the "
            "start, much shorter: one file or one edit at a time."
        )
    if reply.invalid_calls:
        wrong = "; ".join(f"{call.name}: {call.error}" for call in reply.invalid_calls)
        return f"The arguments of your tool call were not valid JSON ({wrong}). Make the call again with valid JSON."
    if not reply.text.strip() and not reply.tool_calls:
        return "Your answer was empty. Answer in the form asked for."
    if not reply.finish_reason:
        return "Your answer ended without saying that it is complete. Answer again, completely."
    return ""


def _usage(message: AIMessage) -> Usage:
    reported = message.usage_metadata
    if reported is None:
        return Usage()
    cached = (reported.get("input_token_details") or {}).get("cache_read") or 0
    return Usage(
        calls=1,
        input_tokens=max(0, reported["input_tokens"]),
        cached_tokens=max(0, min(cached, reported["input_tokens"])),
        output_tokens=max(0, reported["output_tokens"]),
    )
