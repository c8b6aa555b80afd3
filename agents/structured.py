"""Answers that have to be JSON of a certain form, from servers strong and weak."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from langchain_core.messages import BaseMessage, HumanMessage
from pydantic import BaseModel, ValidationError

from agents.calls import Caller
from agents.errors import BadAnswer
from agents.prompts import render

M = TypeVar("M", bound=BaseModel)

_FENCE = re.compile(r"^(`{3,})[ \t]*[\w-]*[ \t]*\n(.*?)^\1[ \t]*$", re.DOTALL | re.MULTILINE)
_TRIES = 50
"""Most opening braces looked at in a long answer."""


async def ask_structured(
    caller: Caller,
    role: str,
    step: str,
    messages: Sequence[BaseMessage],
    model: type[M],
    check: Callable[[M], str] = lambda _: "",
) -> M:
    """A value of `model`: by schema where the endpoint can, else found in the text and validated; one repair turn.

    Args:
        check: says what is wrong with a value that is valid by form; empty when nothing is.

    Raises:
        BadAnswer: still wrong after the repair turn. Everything `Caller.ask` raises.
    """
    asked = instruct(messages, render("structured", schema=json.dumps(plain_schema(model), sort_keys=True)))
    reply = await caller.ask(role, step, asked, schema=model)
    found = parse(reply.text, model, check)
    if not isinstance(found, str):
        return found
    again = [*asked, reply.message(), HumanMessage(render("repair", problems=found))]
    reply = await caller.ask(role, step, again, schema=model)
    found = parse(reply.text, model, check)
    if isinstance(found, str):
        raise BadAnswer(f"{role}: the model's answer has the wrong form after one repair: {found[:500]}")
    return found


def parse(text: str, model: type[M], check: Callable[[M], str] = lambda _: "") -> M | str:
    """The first JSON object in a text that is a `model`, or what is wrong with the text."""
    problem = "There is no JSON object in the answer."
    for number, value in enumerate(json_objects(text)):
        try:
            found = model.model_validate(value)
        except ValidationError as error:
            problem = problem if number else _explain(error)
            continue
        wrong = check(found)
        if not wrong:
            return found
        problem = wrong
    return problem


def json_objects(text: str) -> Iterator[object]:
    """JSON values in a text, likeliest first: the whole text, fenced blocks, then every balanced object."""
    for candidate in (text, *(match[2] for match in _FENCE.finditer(text))):
        try:
            yield json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    for _ in range(_TRIES):
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
        start = text.find("{", end)


def instruct(messages: Sequence[BaseMessage], text: str) -> list[BaseMessage]:
    """The messages with an instruction at the end, in the last one when it is the user's, so that roles alternate."""
    if messages and isinstance(messages[-1], HumanMessage):
        return [*messages[:-1], HumanMessage(f"{messages[-1].text}\n\n{text}")]
    return [*messages, HumanMessage(text)]


def plain_schema(model: type[BaseModel]) -> dict[str, object]:
    """A model's JSON schema without titles."""
    found = _without_titles(model.model_json_schema())
    assert isinstance(found, dict)  # noqa: S101 - a schema is an object
    return found


def _without_titles(value: object) -> object:
    if isinstance(value, dict):
        return {k: _without_titles(v) for k, v in value.items() if not (k == "title" and isinstance(v, str))}
    return [_without_titles(v) for v in value] if isinstance(value, list) else value


def _explain(error: ValidationError) -> str:
    lines = []
    for item in error.errors(include_url=False, include_context=False)[:12]:
        where = ".".join(map(str, item["loc"])) or "the whole answer"
        got = str(item["input"])
        lines.append(f"- {where}: {item['msg']} (got {got[:80]!r})")
    return "\n".join(lines)
