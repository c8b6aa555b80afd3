"""The whole pack for one document, the same for the same document, dearest findings first."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.attack import access, bodies, disclosure, injection
from sandbox.attack.script import Attack
from sandbox.attack.surface import Surface

GENERATORS: tuple[Callable[[Surface], Iterator[Attack]], ...] = (
    access.without_login,
    access.with_forgeries,
    access.unguarded_siblings,
    access.other_users,
    bodies.owned_fields,
    disclosure.plain_reads,
    disclosure.known_users,
    disclosure.foreign_origins,
    disclosure.redirects,
    injection.through_parameters,
    injection.through_bodies,
    bodies.uploads,
    disclosure.broken_input,
    bodies.slow_texts,
    bodies.large_bodies,
)


def pack_for(document: Mapping[str, Any]) -> tuple[Attack, ...]:
    """Every attack that can be made up for this document; ids are unique."""
    surface = Surface(document)
    found: dict[str, Attack] = {}
    for generate in GENERATORS:
        for attack in generate(surface):
            found.setdefault(attack.id, attack)
    return tuple(found.values())
