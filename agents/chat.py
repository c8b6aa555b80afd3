"""The client a model is called with. Imported when the first call is made: it takes half a second."""

import ssl
import warnings
from typing import Any

from langchain_openai import AzureChatOpenAI, ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI
from openai import DefaultAsyncHttpxClient, DefaultHttpxClient
from pydantic import SecretStr

from agents.models import AnswerTooLarge, ModelConfig

ANSWER_BYTES = 20_000_000
"""Largest HTTP answer that is read (bytes)."""


class CappedClient(DefaultAsyncHttpxClient):
    """An HTTP client that reads at most `limit` bytes of an answer and keeps no connection open between calls."""

    def __init__(self, limit: int, **options: Any) -> None:
        super().__init__(trust_env=False, **options)
        self._limit = limit

    async def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        """Send and read whole.

        Raises:
            AnswerTooLarge: more than the limit came (the SDK wraps it into its own connection error).
        """
        response = await super().send(request, stream=True, **options)
        body = bytearray()
        try:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._limit:
                    raise AnswerTooLarge(f"the answer is larger than {self._limit} bytes")
        finally:
            await response.aclose()
        encoded = ("content-encoding", "content-length", "transfer-encoding")
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in encoded]
        return type(response)(response.status_code, headers=headers, content=bytes(body), request=request)


def make_chat_model(config: ModelConfig) -> BaseChatOpenAI:
    """A chat model with a timeout, without retries of its own, on the chat-completions API, not streaming."""
    for said_by_langchain in ("This model does not support OpenAI's structured", "Invalid schema for OpenAI's"):
        warnings.filterwarnings("ignore", message=said_by_langchain)
    transport = _transport(config)
    common: dict[str, Any] = {
        "api_key": config.api_key if config.api_key.get_secret_value() else SecretStr("none"),
        "timeout": config.timeout_s,
        "max_retries": 0,
        "streaming": False,
        "disable_streaming": True,
        "use_responses_api": False,
        "openai_proxy": None,
        "default_headers": {"Accept-Encoding": "identity", "Connection": "close", **config.headers},
        "http_async_client": CappedClient(ANSWER_BYTES, **transport),
        "http_client": DefaultHttpxClient(trust_env=False, **transport),
    }
    if config.api == "azure":
        return AzureChatOpenAI(
            azure_endpoint=config.base_url,
            azure_deployment=config.name,
            api_version=config.api_version,
            azure_ad_token=None,
            **common,
        )
    return ChatOpenAI(model=config.name, base_url=config.base_url, **common)


def _transport(config: ModelConfig) -> dict[str, Any]:
    """How the endpoint is connected to; redirects are not followed, so the key goes nowhere else."""
    verify: Any = False  # no TLS, and loading certificates takes a while
    if config.base_url.startswith("https:"):
        verify = ssl.create_default_context(cafile=config.ca_file) if config.ca_file else True
    return {
        "timeout": config.timeout_s,
        "verify": verify,
        "proxy": config.proxy or None,
        "follow_redirects": False,
    }
