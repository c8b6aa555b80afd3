"""Traits of resources in words: `books are soft deleted`, `optimistic locking for orders`, `create books in bulk`."""

import re

from agents.blueprints.spec import Trait
from agents.offline.facts import Fact, Has
from agents.offline.names import resource_of

_ADD = r"(?:(?:add|with|use|using|support|supports|have|has|having|offer|allow|provide|want|need|needs|and|a|an|the) )*"
_OF = r"(?:,? (?:of|for|on|to|with)(?: all| the| our)* (?P<res>[\w -]+?))?"
_THEY = (
    r"(?P<res>[\w -]+?) (?:(?:is|are|can be|should be|must be|may be|get|gets|have|has|support|supports|use|uses) )+"
)
_MANY = r"(?:in bulk|in batches|as a batch|many at once|several at once|at once)"
_SOFT = r"(?:soft[- ]delet(?:e|es|ed|ion)|deleted softly|only marked as deleted|marked as deleted|never really deleted)"
_LOCK = (
    r"(?:optimistic(?:ally)? (?:lock(?:s|ed|ing)?|concurrency(?: control)?)|version(?:s|ed| numbers?| checks?)"
    r"|protected (?:from|against) lost updates|lost[- ]update protection)"
)
_WORDS: tuple[tuple[Trait, str], ...] = (
    ("soft_delete", rf"{_ADD}{_SOFT}{_OF}"),
    ("soft_delete", rf"{_THEY}{_SOFT}"),
    ("soft_delete", r"soft[- ]delete (?P<res>[\w -]+)"),
    (
        "soft_delete",
        r"deleted (?P<res>[\w -]+?) (?:are|is|stay|should be) (?:kept|in the database|kept in the database)",
    ),
    ("versioned", rf"{_ADD}{_LOCK}{_OF}"),
    ("versioned", rf"{_THEY}{_LOCK}"),
    ("bulk", rf"{_ADD}bulk (?:create|creation|insert|inserts|import){_OF}"),
    ("bulk", rf"(?:create|add|insert) (?P<res>[\w -]+?) {_MANY}"),
    ("bulk", rf"{_THEY}(?:created|added|inserted) {_MANY}"),
    ("bulk", r"bulk[- ]create (?P<res>[\w -]+)"),
)
_RULES = tuple((trait, re.compile(words, re.IGNORECASE)) for trait, words in _WORDS)


def read_trait(text: str) -> list[Fact] | None:
    """The trait a clause gives to a resource."""
    for trait, rule in _RULES:
        m = rule.fullmatch(text)
        if m and (name := resource_of(m["res"]) if m["res"] else "") is not None:
            return [Has(trait, name or None)]
    return None
