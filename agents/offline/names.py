"""Noun phrases that name a resource: `the books`, `each order item`, `them`."""

import re

from agents.offline.fields import FEATURES, STOP_WORDS
from agents.offline.words import NUMBER_WORDS, is_plural, singular_name, snake

PRONOUNS = {
    "it",
    "them",
    "they",
    "these",
    "those",
    "each",
    "one",
    "this",
    "that",
    "each one",
    "each of them",
    "all of them",
}
_ARTICLES = re.compile(
    r"(?:(?:an?|the|each|every|all|any|my|our|some|new|existing|single|other|various|following)\s+)+", re.IGNORECASE
)
_KIND = re.compile(
    r"\s+(?:resources?|endpoints?|models?|entit(?:y|ies)|tables?|collections?|records?|routes?|apis?|crud|crud "
    r"api|lists?|listings?|objects?|results?)$",
    re.IGNORECASE,
)


_NOT_A_RESOURCE = (STOP_WORDS | set(NUMBER_WORDS)) - {"order", "page", "test"}


def resource_of(text: str, *, strict: bool = False) -> str | None:
    """The singular snake_case name, `""` for a pronoun, None when the words cannot name a resource.

    `strict` refuses words that may well mean a feature (`notifications`, `uploads`).
    """
    said = text.strip().strip(".,:;")
    if said.lower() in PRONOUNS:
        return ""
    said = _KIND.sub("", _ARTICLES.sub("", said, count=1) if _ARTICLES.match(said) else said)
    words = [said] if said[:1] in "`\"'" else said.split()
    if not 1 <= len(words) <= 3:
        return None
    for word in words:
        plain = word.strip("`\"'").lower()
        if (
            plain in _NOT_A_RESOURCE
            or plain in PRONOUNS
            or (strict and plain in FEATURES)
            or not re.fullmatch(r"[a-z][\w -]*", plain)
        ):
            return None
    if len(words) > 1 and any(w.lower().endswith("ly") and len(w) > 5 for w in words):
        return None
    return singular_name(snake(" ".join(words))) or None


def names_resource(text: str) -> bool:
    """Said as a resource is: plural, with an article, quoted or a pronoun (`books`, `each book`, not `spam`)."""
    said = text.strip()
    return says_plural(said) or bool(_ARTICLES.match(said)) or said[:1] in "`\"'" or said.lower() in PRONOUNS


def says_plural(text: str) -> bool:
    """The phrase is in the plural (`books`, not `a book`)."""
    words = _KIND.sub("", text.strip().strip("`\"'.,:;")).split()
    return bool(words) and is_plural(snake(words[-1]).rpartition("_")[2])
