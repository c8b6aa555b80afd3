"""Which chat model plays a role, and how it is reached. Nothing here reads the environment."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from agents.contracts import Frozen
from agents.prices import Price, list_price

OPENAI = "https://api.openai.com/v1"
Structured = Literal["json_schema", "json_object", "plain"]
_SECRET_HEADER = re.compile(r"(?i)auth|key|token|secret|cookie")


class ModelConfig(Frozen):
    """One model behind one OpenAI-compatible endpoint."""

    name: str = Field(min_length=1)
    """The model's name as the endpoint knows it; on Azure the deployment's."""
    base_url: str = OPENAI
    api_key: SecretStr = SecretStr("")
    """Empty for servers that ask for none."""
    api: Literal["openai", "azure"] = "openai"
    api_version: str = ""
    """Azure only, e.g. `2024-10-21`."""
    temperature: float | None = Field(None, ge=0, le=2)
    """None is not sent: the server's default."""
    timeout_s: float = Field(180.0, gt=0)
    """One call, from the first byte sent to the last byte read."""
    max_output_tokens: int = Field(8_000, ge=16)
    context_tokens: int = Field(128_000, ge=1_000)
    price_input: float | None = Field(None, ge=0)
    """USD per million input tokens; overrides the list price. 0 is a free model."""
    price_output: float | None = Field(None, ge=0)
    structured: Structured | Literal["auto"] = "auto"
    """How JSON is asked for; `auto` starts with a schema and steps down when the endpoint refuses it."""
    tools: bool | None = None
    """Whether the endpoint calls tools; None tries and falls back to a text protocol."""
    headers: dict[str, str] = Field({})
    """Sent with every call."""
    proxy: str = ""
    ca_file: str = ""
    """CA certificates (PEM) to trust instead of the built-in ones."""

    @model_validator(mode="after")
    def _complete(self) -> "ModelConfig":
        if self.api == "azure" and not self.api_version:
            raise ValueError("an Azure endpoint needs api_version")
        if urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ValueError("base_url must start with http:// or https://")
        return self

    def price(self) -> Price | None:
        """What this model costs, None when nobody said."""
        known = list_price(self.name)
        if self.price_input is None and self.price_output is None:
            return known
        base = known or Price(input=0, output=0)
        given = {"input": self.price_input, "output": self.price_output}
        changed = {key: value for key, value in given.items() if value is not None}
        return base.model_copy(update=changed | ({"cached": None} if "input" in changed else {}))

    def same_account(self, other: "ModelConfig") -> bool:
        """Whether a refused key or an empty quota here is one there too."""
        return (self.base_url, self.api_key) == (other.base_url, other.api_key)

    def account(self) -> str:
        """Who shares a rate limit: the same endpoint, key and model; the key cannot be read from it."""
        key = hashlib.sha256(self.api_key.get_secret_value().encode()).hexdigest()[:12]
        return f"{self.name} {urlsplit(self.base_url).netloc.rpartition('@')[2]} {key}"[:200]

    def hides(self) -> tuple[str, ...]:
        """What must never be shown or recorded."""
        secret = self.api_key.get_secret_value()
        headers = [value for name, value in self.headers.items() if _SECRET_HEADER.search(name)]
        return tuple(value for value in (secret, *headers) if len(value) >= 6)


class AnswerTooLarge(Exception):
    """The endpoint sent more bytes than an answer can have."""


def parameters(config: ModelConfig, dropped: frozenset[str] = frozenset()) -> Mapping[str, Any]:
    """Per-call parameters; `dropped` names those the endpoint refused before."""
    found: dict[str, Any] = {}
    if config.temperature is not None and "temperature" not in dropped:
        found["temperature"] = config.temperature
    modern = config.api == "azure" or config.base_url.startswith(OPENAI)
    if modern != ("max_tokens" in dropped):
        found["max_completion_tokens"] = config.max_output_tokens
    else:
        found["extra_body"] = {"max_tokens": config.max_output_tokens}
    return found
