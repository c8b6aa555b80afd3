"""What a call costs: list prices per model, and the estimate of tokens used before a call."""

import re

from agents.contracts import Frozen, Usage

_MILLION = 1_000_000


class Price(Frozen):
    """USD per million tokens."""

    input: float
    output: float
    cached: float | None = None
    """Input read from the provider's cache; None: the same as `input`."""

    def cost(self, usage: Usage) -> float:
        """USD for one usage (its `cached_tokens` are part of its `input_tokens`)."""
        cached = self.input if self.cached is None else self.cached
        fresh = max(0, usage.input_tokens - usage.cached_tokens)
        return (fresh * self.input + usage.cached_tokens * cached + usage.output_tokens * self.output) / _MILLION


LIST_PRICES = {
    "gpt-4o": Price(input=2.5, cached=1.25, output=10),
    "gpt-4o-mini": Price(input=0.15, cached=0.075, output=0.6),
    "gpt-4.1": Price(input=2, cached=0.5, output=8),
    "gpt-4.1-mini": Price(input=0.4, cached=0.1, output=1.6),
    "gpt-4.1-nano": Price(input=0.1, cached=0.025, output=0.4),
    "gpt-5": Price(input=1.25, cached=0.125, output=10),
    "gpt-5-mini": Price(input=0.25, cached=0.025, output=2),
    "gpt-5-nano": Price(input=0.05, cached=0.005, output=0.4),
    "o3": Price(input=2, cached=0.5, output=8),
    "o4-mini": Price(input=1.1, cached=0.275, output=4.4),
}
"""Published list prices of 2025. They change: `price_input` and `price_output` in the settings override them."""

_DATED = re.compile(r"-\d{4}-\d{2}-\d{2}$")


def list_price(model: str) -> Price | None:
    """The list price of a model by its exact name (less a date suffix and an `openai/` prefix), None when unknown."""
    return LIST_PRICES.get(_DATED.sub("", model.removeprefix("openai/")))


def estimate_tokens(text: str) -> int:
    """Tokens of a text, rounded up: three UTF-8 bytes each, on the safe side for code and English."""
    return -(-len(text.encode("utf-8", "replace")) // 3)
