"""Every family by the type of node it looks at; importing the topics fills the table."""

import ast
from collections.abc import Iterator

from agents.repair.families import (
    built_conditions,
    built_steps,
    built_values,
    calls,
    copied,
    flow,
    forgotten,
    guards,
    logic,
    loops,
    missing,
    names,
    operators,
    terms,
    traps,
    values,
    web_access,
    web_async,
    web_missing,
    web_queries,
    web_routers,
    web_routes,
    web_schemas,
    web_session,
    web_time,
)
from agents.repair.families.base import TABLE, Change, Place
from agents.repair.families.building import CEILING, changes_built

__all__ = ["CEILING", "changes", "changes_built", "family_names"]

GENERAL = (operators, logic, values, names, calls, loops, flow, guards, copied, terms, forgotten, traps)
WEB = (web_access, web_async, web_missing, web_queries, web_routers, web_routes, web_schemas, web_session, web_time)
BUILDING = (built_conditions, built_values, built_steps, missing)
_WEB_MODULES = frozenset(module.__name__ for module in WEB)


def changes(node: ast.AST, at: Place) -> Iterator[tuple[str, Change]]:
    """What every family would change at one node, by family; those for services only where there is one."""
    for name, function in TABLE.get(type(node), ()):
        if function.__module__ in _WEB_MODULES and not at.repo.is_service:
            continue
        for change in function(node, at):
            yield name, change


def family_names() -> set[str]:
    """The names of all families."""
    return {name for entries in TABLE.values() for name, _ in entries}
