"""The one layer of retries: how often, how long, and what a server's Retry-After means."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True)
class Policy:
    """Bounds of one question to one endpoint."""

    attempts: int = 5
    total_s: float = 600.0
    """Calls and pauses together, by our own clock."""
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    longest_wait_s: float = 120.0
    """A Retry-After above this ends the attempts: the person is told when to come back."""


def pause_s(policy: Policy, attempt: int, asked_s: float | None, chance: float | None = None) -> float:
    """Seconds before the next attempt: full jitter below a doubling ceiling, never less than the server asked for.

    Args:
        attempt: how many attempts failed so far, from 1.
        asked_s: the server's Retry-After, None when it sent none.
        chance: a number in [0, 1) instead of a random one.
    """
    drawn = random.random() if chance is None else chance  # noqa: S311 - spreads load, guards nothing
    jitter = drawn * min(policy.longest_pause_s, policy.first_pause_s * 2.0 ** (attempt - 1))
    return jitter if asked_s is None else asked_s + min(jitter, 1.0)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds a server asks us to wait, None when unsaid: `retry-after-ms`, or `Retry-After` (seconds or date)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - (now or datetime.now(UTC))).total_seconds())


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
