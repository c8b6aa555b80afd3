"""One line of what `doctor` says."""

from typing import Literal

from agents.contracts import Frozen


class Row(Frozen):
    """One check."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    advice: str = ""
