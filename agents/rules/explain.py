"""The page of each rule: its title, the reason, and the bad and good example that are its tests."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_PAGE = re.compile(r"\A# (?P<title>[^\n]+)\n\n(?P<why>.+?)\n\n(?P<code>```.*)\Z", re.DOTALL)
_FENCE = re.compile(r"```(?P<language>\w+) (?P<role>bad|good|both)(?: (?P<path>\S+))?\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Page:
    """What a rule's page says."""

    title: str
    why: str
    """For whom it is bad, what goes wrong, what to do instead; one paragraph."""
    bad: dict[str, str]
    """Path -> text of a repository with exactly this flaw."""
    good: dict[str, str]
    """The same without it."""


@cache
def page(rule: str) -> Page:
    """The page of the rule of that id.

    Raises:
        ValueError: there is none, or it is not written as pages are.
    """
    file = files("agents.rules").joinpath("pages", f"{rule}.md")
    found = _PAGE.match(file.read_text("utf-8")) if file.is_file() else None
    if found is None:
        raise ValueError(f"rule {rule} has no readable page")
    bad: dict[str, str] = {}
    good: dict[str, str] = {}
    for fence in _FENCE.finditer(found["code"]):
        path = fence["path"] or "main.py"
        if fence["role"] in ("bad", "both"):
            bad[path] = fence["text"]
        if fence["role"] in ("good", "both"):
            good[path] = fence["text"]
    return Page(found["title"], " ".join(found["why"].split()), bad, good)
