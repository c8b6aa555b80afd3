"""Private resources in words: `users see only their own notes`, `notes belong to a user`, `notes are private`."""

import re

from agents.offline.facts import Fact, Owns
from agents.offline.names import resource_of

_WHO = r"(?:(?:each|every|a|an|the|all|logged[- ]in|registered) )*users?"
_SEES = r"(?:sees?|reads?|lists?|views?|access(?:es)?|manages?|ha(?:s|ve)|get|gets|owns?|finds?)"
_MORE = r"(?:(?:,| and| or|, and|, or) (?:creat|read|see|view|updat|edit|chang|delet|manag|list|access)\w*)*"
_OWNER = (
    r"(?:(?:an?|the|their|its|each|one|exactly one|some|logged[- ]in|registered) )*"
    r"(?:users?|owners?|accounts?|creators?)"
)
_RULES = [
    re.compile(rule, re.IGNORECASE)
    for rule in (
        rf"{_WHO} (?:(?:can|may|should|must|shall|only|be able to) )*{_SEES}{_MORE}"
        r"(?: only)? (?:their|his or her|its) own (?P<res>[\w -]+)",
        rf"only {_OWNER} (?:(?:can|may|should) )?(?:sees?|reads?|views?|access(?:es)?|manages?){_MORE} "
        r"(?:an?|the|their|its|his or her) (?:own )?(?P<res>[\w -]+)",
        rf"(?P<res>[\w -]+?) (?:(?:is|are|should be|must be) )private(?: (?:to|for) {_OWNER}| to those who made them)?",
        rf"(?P<res>[\w -]+?) (?:belongs? to|(?:is|are) owned by) {_OWNER}"
        r"(?: (?:who|that|which) (?:made|created|added|wrote)(?: it| them)?)?",
    )
]


def read_owner(text: str) -> list[Fact] | None:
    """The private resource a clause speaks of."""
    for rule in _RULES:
        if (m := rule.fullmatch(text)) and (name := resource_of(m["res"])) is not None:
            return [Owns(name or None)]
    return None
