"""Reading what went wrong with a call: is it worth another try, was it paid for, what does a person need to know?"""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agents.contracts import Usage
from agents.masking import mask
from agents.models import AnswerTooLarge
from agents.retry import retry_after_s

if TYPE_CHECKING:
    import openai

Kind = Literal["again", "account", "request", "context", "unsupported"]
"""`again`: worth another try; `account`: key or quota; `context`: prompt too long; `unsupported`: parameter refused."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One failed call."""

    kind: Kind
    says: str
    """For a person; holds no key."""
    billed: bool = False
    """It may have cost money; how much is unknown."""
    wait_s: float | None = None
    """How long the server asks us to wait."""
    crowded: bool = False
    """The endpoint limits our rate: everybody with the same key and model should wait."""
    feature: str = ""
    """For `unsupported`: `response_format`, `tools`, `temperature` or `max_tokens`."""


_CONTEXT = (
    "context_length_exceeded",
    "maximum context length",
    "context window",
    "context length",
    "prompt is too long",
    "input tokens exceed",
    "too many tokens",
    "exceed_context_size",
    "exceeds the available context",
)
_REFUSED = (
    "not support",
    "unsupported",
    "unrecognized",
    "unknown",
    "invalid",
    "not allowed",
    "unexpected",
    "extra inputs",
    "requires",
)
_FEATURES = (
    ("response_format", ("response_format", "json_schema", "json_object", "structured output", "guided")),
    ("tools", ("tools", "tool_choice", "tool choice", "function call")),
    ("temperature", ("temperature",)),
    ("max_tokens", ("max_tokens", "max_completion_tokens")),
)


def read_fault(error: Exception, hides: tuple[str, ...] = ()) -> Fault:
    """Classify whatever a call through langchain-openai raised; `hides` is cut out of every message."""
    import openai

    too_large = _cause(error, AnswerTooLarge)
    if too_large is not None:
        return Fault("request", str(too_large), billed=True)
    if isinstance(error, openai.APIStatusError):
        return _status_fault(error, hides)
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return Fault("again", "no complete answer in time", billed=_sent(error))
    if isinstance(error, openai.APIConnectionError):
        return _connection_fault(error, hides)
    if isinstance(error, openai.APIError):
        return Fault("again", f"the endpoint reports: {clean(error.message, hides)}", billed=True)
    if isinstance(error, json.JSONDecodeError):
        return Fault("again", "the answer is no JSON", billed=True)
    return Fault("again", f"the answer is malformed: {clean(str(error), hides)}", billed=True)


def usage_of(error: Exception) -> Usage | None:
    """The usage a failed call reports after all (an answer cut at its length limit), None when it reports none."""
    completion = getattr(error, "completion", None)
    reported = getattr(completion, "usage", None)
    if reported is None:
        return None
    return Usage(calls=1, input_tokens=reported.prompt_tokens, output_tokens=reported.completion_tokens)


def clean(text: str, hides: tuple[str, ...], limit: int = 300) -> str:
    """One line of a provider's text, cut, without what must not be shown."""
    line = " ".join(mask(text, hides).split())
    return line if len(line) <= limit else f"{line[:limit]}..."


def _status_fault(error: "openai.APIStatusError", hides: tuple[str, ...]) -> Fault:
    status = error.status_code
    said = clean(error.message, hides).removeprefix(f"Error code: {status} - ")
    words = f"{error.code or ''} {error.type or ''} {error.message}".lower()
    if status == 429:
        if "insufficient_quota" in words or "billing" in words or "exceeded your current quota" in words:
            return Fault("account", "the account has no quota left (429)")
        wait_s = retry_after_s(error.response.headers)
        return Fault("again", "the endpoint limits our rate (429)", wait_s=wait_s, crowded=True)
    if status in (408, 409, 425) or status >= 500:
        return Fault("again", f"the endpoint fails ({status})", wait_s=retry_after_s(error.response.headers))
    if status in (401, 403):
        return Fault("account", f"the endpoint refuses the key ({status})")
    if status == 404:
        return Fault("request", f"the endpoint does not know this model or path (404): {said}")
    if any(phrase in words for phrase in _CONTEXT):
        return Fault("context", f"the prompt is longer than the model can read: {said}")
    feature = _refused_feature(words) if status in (400, 422) else ""
    if feature:
        return Fault("unsupported", f"the endpoint does not support {feature}: {said}", feature=feature)
    return Fault("request", f"the endpoint refuses the request ({status}): {said}")


def _refused_feature(words: str) -> str:
    if not any(phrase in words for phrase in _REFUSED):
        return ""
    return next((name for name, phrases in _FEATURES if any(phrase in words for phrase in phrases)), "")


def _connection_fault(error: Exception, hides: tuple[str, ...]) -> Fault:
    said = clean(str(error.__cause__ or error), hides)
    if not _sent(error):
        return Fault("again", f"the endpoint cannot be reached: {said}")
    return Fault("again", f"the connection broke: {said}", billed=True)


def _sent(error: BaseException) -> bool:
    """Whether the request may have reached the server."""
    seen: BaseException | None = error
    while seen is not None:
        if type(seen).__name__ in ("ConnectError", "ConnectTimeout", "ProxyError", "UnsupportedProtocol"):
            return False
        seen = seen.__cause__
    return True


def _cause(error: BaseException, kind: type[Exception]) -> Exception | None:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, kind):
            return seen
        seen = seen.__cause__
    return None
