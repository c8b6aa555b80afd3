"""Pauses between attempts, and what a server asks for."""

from datetime import UTC, datetime

import pytest

from agents.retry import Policy, pause_s, retry_after_s

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
POLICY = Policy(first_pause_s=1, longest_pause_s=8)


@pytest.mark.parametrize(("attempt", "ceiling"), [(1, 1), (2, 2), (3, 4), (4, 8), (9, 8), (200, 8)])
def test_the_ceiling_doubles_and_the_pause_is_drawn_below_it(attempt: int, ceiling: float) -> None:
    assert pause_s(POLICY, attempt, None, chance=0.5) == ceiling / 2
    assert pause_s(POLICY, attempt, None, chance=0) == 0
    assert 0 <= pause_s(POLICY, attempt, None) < ceiling


def test_the_server_is_never_asked_too_early() -> None:
    assert pause_s(POLICY, 1, 20, chance=0) == 20 and pause_s(POLICY, 5, 20, chance=0.99) == 21


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds
