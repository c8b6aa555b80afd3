"""The page of each recipe: its title, the reason, what it leaves alone, and the examples that are its tests."""

import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

_PAGE = re.compile(
    r"\A# (?P<title>[^\n]+)\n\n(?P<why>.+?)\n\nLeft alone:\n\n(?P<left>(?:- .+?\n)+)\n(?P<code>## .*)\Z", re.DOTALL
)
_FENCE = re.compile(r"```(?P<language>\w+) (?P<role>before|after|same|left) (?P<path>\S+)\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """One repository before and after."""

    title: str
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    """The notes about what was left out, as lines."""
    argument: str = ""
    """What follows the recipe's name after a colon."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a recipe's page says."""

    title: str
    why: str
    left_alone: tuple[str, ...]
    examples: tuple[Example, ...]


@cache
def page(recipe: str) -> Page:
    """The page of the recipe of that name.

    Raises:
        ValueError: there is none, or it is not written as pages are.
    """
    file = files("agents.recipes").joinpath("pages", f"{recipe}.md")
    found = _PAGE.match(file.read_text("utf-8")) if file.is_file() else None
    if found is None:
        raise ValueError(f"recipe {recipe} has no readable page")
    left = tuple(" ".join(item.split()) for item in re.split(r"^- ", found["left"], flags=re.MULTILINE) if item.strip())
    examples = tuple(_example(part) for part in re.split(r"^## ", found["code"], flags=re.MULTILINE) if part.strip())
    return Page(found["title"], " ".join(found["why"].split()), left, examples)


def _example(text: str) -> Example:
    """`before` and `after` change, `same` is there and stays, `left` lists the notes."""
    title, _, _ = text.partition("\n")
    argument = re.search(r"^With `([^`]+)`", text, re.MULTILINE)
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    left: tuple[str, ...] = ()
    for fence in _FENCE.finditer(text):
        if fence["role"] == "left":
            left = tuple(fence["text"].splitlines())
            continue
        if fence["role"] in ("before", "same"):
            before[fence["path"]] = fence["text"]
        if fence["role"] in ("after", "same"):
            after[fence["path"]] = fence["text"]
    return Example(title, before, after, left, argument[1] if argument else "")
