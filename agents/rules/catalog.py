"""Every rule, by id."""

from agents.rules import (
    answers,
    awaiting,
    blocking,
    bounds,
    columns,
    database,
    exposure,
    failures,
    injected,
    injection,
    inputs,
    leftovers,
    markup,
    migrations,
    routing,
    secrets_in_code,
    surface,
    tokens,
)
from agents.rules.rule import Rule

_TOPICS = (
    inputs,
    answers,
    failures,
    blocking,
    awaiting,
    injected,
    database,
    migrations,
    secrets_in_code,
    tokens,
    exposure,
    injection,
    markup,
    bounds,
    columns,
    routing,
    surface,
    leftovers,
)
RULES: tuple[Rule, ...] = tuple(sorted((rule for topic in _TOPICS for rule in topic.RULES), key=lambda rule: rule.id))


def rule(name: str) -> Rule:
    """The rule of that id or name.

    Raises:
        KeyError: there is none.
    """
    wanted = name.strip().lower()
    return {key: rule for rule in RULES for key in (rule.id.lower(), rule.name)}[wanted]
