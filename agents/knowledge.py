"""FastAPI playbooks: pages of current practice, picked by the words of a request or plan."""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from agents.profile import AppProfile

PAGES_MAX = 5
"""Most pages picked for one request."""
_FRONT = re.compile(r"<!-- keywords: (?P<keywords>[^\n]+) -->\n# (?P<title>[^\n]+)\n")


@dataclass(frozen=True, slots=True)
class Page:
    """One playbook, about a screen long."""

    name: str
    title: str
    keywords: tuple[str, ...]
    text: str
    """Markdown, the title included."""


@cache
def pages() -> tuple[Page, ...]:
    """All pages, by name."""
    folder = files("agents").joinpath("knowledge")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".md")]
    return tuple(
        _page(entry.name.removesuffix(".md"), entry.read_text("utf-8")) for entry in sorted(found, key=lambda e: e.name)
    )


def page(name: str) -> Page:
    """The page of that name.

    Raises:
        KeyError: there is none.
    """
    return {page.name: page for page in pages()}[name]


def knowledge_for(text: str, profile: AppProfile) -> list[Page]:
    """The pages a request or plan needs, best first: those whose keywords it uses, and what the application needs."""
    spoken = f" {' '.join(_stems(text))} "
    scores = {page.name: _score(page, spoken) for page in pages()}
    for name, bonus in _of_the_application(profile).items():
        scores[name] += bonus
    ranked = sorted((page for page in pages() if scores[page.name] > 0), key=lambda p: (-scores[p.name], p.name))
    return ranked[:PAGES_MAX]


def _page(name: str, content: str) -> Page:
    front = _FRONT.match(content)
    if front is None:
        raise ValueError(f"knowledge page {name} does not begin with keywords and a title")
    keywords = tuple(word.strip() for word in front["keywords"].split(","))
    return Page(name, front["title"], keywords, content[content.index("\n") + 1 :].strip())


def _score(page: Page, spoken: str) -> float:
    """Each keyword counts once, a phrase of several words twice."""
    keys = {" ".join(_stems(keyword)) for keyword in page.keywords}
    return sum(1.0 + (" " in key) for key in keys if f" {key} " in spoken)


def _of_the_application(profile: AppProfile) -> dict[str, float]:
    """What every change needs here (small scores), and what does not fit this application (large negative ones)."""
    wanted = {"routers-and-schemas": 0.5}
    if not profile.exists:
        return {**wanted, "app-structure": 2.0, "settings": 0.5, "sqlalchemy-async": 0.5}
    if profile.database == "sqlalchemy_async":
        wanted["sqlalchemy-async"] = 0.5
    if profile.database in ("sqlalchemy_sync", "none", "other"):
        wanted["sqlalchemy-async"] = -1.0
    if profile.alembic:
        wanted["alembic"] = 0.5
    return wanted


def _stems(text: str) -> list[str]:
    return [_stem(word) for word in re.findall(r"[a-z0-9]+", text.lower())]


def _stem(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
