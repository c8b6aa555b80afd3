"""Every family by the type of node it looks at; importing the topics fills the table."""

import ast
from collections.abc import Iterator

from agents.repair.families import calls, flow, guards, logic, loops, names, operators, values
from agents.repair.families.base import TABLE, Change, Place

TOPICS = (operators, logic, values, names, calls, loops, flow, guards)


def changes(node: ast.AST, at: Place) -> Iterator[tuple[str, Change]]:
    """What every family would change at one node, with the family's name."""
    for name, function in TABLE.get(type(node), ()):
        for change in function(node, at):
            yield name, change


def family_names() -> set[str]:
    """The names of all families."""
    return {name for entries in TABLE.values() for name, _ in entries}
