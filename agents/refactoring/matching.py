"""Which recipes a request in plain words means; every word of it has to be accounted for."""

import re
from collections.abc import Mapping, Sequence

from agents.errors import NotUnderstood
from agents.recipes.catalog import RECIPES
from agents.recipes.explain import page
from agents.recipes.own import OwnRecipe

EMPTY = """
a all also an and any app application are as by change code convert drop every everything everywhere express
file files for from get go have i in instead into is it its make migrate modern modernise modernize move new
of old on our out over please port project put refactor remove replace repository rewrite rid should style switch
syntax the them then this to turn update upgrade us use uses using way we where with write
"""
"""Words that say nothing about what is to be changed."""
ALSO = {
    "annotated": "dependencies dependency parameters depends injection fastapi",
    "typing": "type hints annotations optional union list dict generics pep 585 604 pipe builtin",
    "utcnow": "naive datetime datetimes timezone aware utc timestamps time",
    "pydantic-v2": "pydantic v1 v2 1 2 validators models config schemas",
    "lifespan": "on_event startup shutdown events handlers on event",
    "select": "sqlalchemy query queries 2.0 2 0 orm select statements",
    "async": "sync synchronous asynchronous endpoints handlers sessions",
    "fastapi-names": "deprecated fastapi starlette names deprecations aliases",
    "httpx": "requests httpx http client library",
    "response-models": "dict dicts responses response models dictionaries answers",
    "routers": "router routers split one-file one apirouter modules",
    "settings": "os.environ os environ environment variables getenv pydantic-settings settings configuration",
    "pyjwt": "python-jose jose pyjwt jwt tokens library",
    "pwdlib": "passlib pwdlib password passwords hashing hashes library",
    "logging": "print prints logging logger log statements",
    "dead-code": "dead unused code imports variables",
}
"""More words for recipes, by a word of their name."""
_EMPTY = frozenset(EMPTY.split())
_CLAUSE = re.compile(r"[;\n]|,|\.(?:\s|$)|\band then\b|\bthen\b|\band\b")


def recipes_in(text: str, own: Sequence[OwnRecipe] = ()) -> list[str]:
    """Names of recipes, greenloop's and the repository's `own`, in the order they are named.

    Raises:
        NotUnderstood: some words mean no recipe, or more than one equally well.
    """
    found: list[str] = []
    vocabularies = _vocabularies(own)
    for clause in filter(None, (part.strip() for part in _CLAUSE.split(text))):
        wanted = [word for word in _words(clause) if word not in _EMPTY]
        if wanted:
            found.append(_one(clause, wanted, vocabularies))
    if not found:
        raise NotUnderstood(text, _offer(vocabularies))
    return list(dict.fromkeys(found))


def _one(clause: str, wanted: list[str], vocabularies: Mapping[str, set[str]]) -> str:
    fitting = [name for name, vocabulary in vocabularies.items() if set(wanted) <= vocabulary]
    named = [name for name in fitting if set(wanted) & _own_words(name)]
    best = named or fitting
    if len(best) == 1:
        return best[0]
    if len(best) > 1:
        raise NotUnderstood(clause, f"It may mean {' or '.join(sorted(best))}; name one: --recipe NAME.")
    raise NotUnderstood(clause, _offer(vocabularies))


def _offer(vocabularies: Mapping[str, set[str]]) -> str:
    names = ", ".join(sorted({*vocabularies, *(one.name for one in RECIPES)}))
    return f"Recipes (greenloop recipes tells more): {names}; set a model for anything else."


def _words(text: str) -> list[str]:
    found = re.findall(r"[a-z0-9_]+(?:[.-][a-z0-9_]+)*", text.lower())
    return [word.removesuffix("()") for word in found]


def _own_words(name: str) -> set[str]:
    return {name, *name.split("-")}


def _vocabularies(own: Sequence[OwnRecipe]) -> dict[str, set[str]]:
    """What may be said of each recipe; those that need an argument are asked for by name only."""
    found: dict[str, set[str]] = {}
    for one in (r for r in RECIPES if not r.argument):
        also = " ".join(words for key, words in ALSO.items() if one.name == key or key in one.name.split("-"))
        title = _words(page(one.name).title)
        parts = {part for word in title for part in re.split(r"[.-]", word)}
        found[one.name] = _own_words(one.name) | set(title) | parts | set(also.split())
    for other in own:
        found[other.name] = _own_words(other.name) | set(_words(other.summary))
    return found
