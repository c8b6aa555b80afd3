"""Keeping a conversation sendable: small enough, and every tool call with its one result."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from agents.prices import estimate_tokens

KEPT = 6
"""How many of the newest messages are never shortened."""
LEFT_OUT = "(left out to save room; ask again if you need it)"
LONG = 400
"""A message shorter than this (characters) is not worth shortening."""


def fit(messages: Sequence[BaseMessage], tokens: int) -> list[BaseMessage]:
    """The conversation within a size: results of old tool calls go first, then the files old calls wrote.

    Deterministic, and it never touches the system prompt, the task, or the newest messages.
    """
    fitting = repair(messages)
    task = next((i for i, m in enumerate(fitting) if isinstance(m, AIMessage)), len(fitting))
    size = sum(map(_size, fitting))
    for index in range(task, max(task, len(fitting) - KEPT)):
        if size <= tokens:
            break
        shorter = _shortened(fitting[index])
        size -= _size(fitting[index]) - _size(shorter)
        fitting[index] = shorter
    return fitting


def repair(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Results without a call are dropped, calls without a result get one: servers refuse a conversation otherwise."""
    whole: list[BaseMessage] = []
    index = 0
    while index < len(messages):
        message = messages[index]
        index += 1
        if isinstance(message, ToolMessage):
            continue
        whole.append(message)
        if isinstance(message, AIMessage) and message.tool_calls:
            results: dict[str, BaseMessage] = {}
            while index < len(messages) and isinstance(messages[index], ToolMessage):
                result = messages[index]
                results.setdefault(getattr(result, "tool_call_id", ""), result)
                index += 1
            for call in message.tool_calls:
                name = str(call["id"])
                whole.append(results.get(name) or ToolMessage("(this call was not carried out)", tool_call_id=name))
    return whole


def _size(message: BaseMessage) -> int:
    calls = str(message.tool_calls) if isinstance(message, AIMessage) and message.tool_calls else ""
    return estimate_tokens(str(message.text) + calls) + 8


def _shortened(message: BaseMessage) -> BaseMessage:
    if isinstance(message, ToolMessage) and len(str(message.text)) > LONG:
        return ToolMessage(LEFT_OUT, tool_call_id=message.tool_call_id)
    if isinstance(message, HumanMessage) and len(str(message.text)) > LONG:
        return HumanMessage(LEFT_OUT)
    if isinstance(message, AIMessage):
        calls = [
            {**call, "args": {k: LEFT_OUT if len(str(v)) > LONG else v for k, v in call["args"].items()}}
            for call in message.tool_calls
        ]
        text = str(message.text)
        return AIMessage(text if len(text) <= LONG else LEFT_OUT, tool_calls=calls)
    return message
