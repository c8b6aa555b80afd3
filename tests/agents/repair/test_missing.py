"""What conditions and tables lack is among the candidates."""

import pytest

from agents.repair.candidate import Suspect, apply
from agents.repair.candidates import candidates

ORDERS = """
from enum import Enum


class State(Enum):
    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


NEXT = {State.OPEN: {State.PAID}, State.PAID: {State.SENT}}
ENDED = ("refused", "lost")


def book(count: int, first: int, last: int, name: str, state: State, word: str):
    if count == 0:
        raise ValueError("nothing")
    if state == State.OPEN or word == "refused":
        return NEXT[state], ENDED, word == "gone"
    return None
"""


@pytest.mark.parametrize(
    "expected",
    [
        "if count == 0 or count < 0:",
        "if count == 0 or first > last:",
        "if count == 0 or not name.strip():",
        "if state in (State.OPEN, State.PAID) or",
        '{State.OPEN: {State.PAID, State.SENT}, State.PAID',
        "State.PAID: {State.SENT}, State.SENT: {State.PAID}}",
        '("refused", "lost", "gone")',
    ],
)  # fmt: skip
def test_missing_parts_are_tried(expected: str) -> None:
    sources = {"orders.py": ORDERS}
    suspects = [Suspect("orders.py", line, 0.8, ()) for line in range(10, 21)]
    made = [apply(one, sources)["orders.py"] for one in candidates(sources, suspects)]
    assert any(expected in text for text in made)
