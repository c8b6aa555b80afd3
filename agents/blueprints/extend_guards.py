"""Login required for routes the application has already."""

from functools import partial

import libcst as cst

from agents.blueprints.bench import Bench, qualified
from agents.blueprints.cst_handlers import add_dependency, code_of
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.fragments import Symbol
from agents.blueprints.names import words
from agents.blueprints.spec import GuardSpec
from agents.errors import NotUnderstood
from agents.reading.resources import Collection
from agents.reading.routes import Endpoint


def extend_guards(bench: Bench, collection: Collection, guard: GuardSpec, user: Symbol) -> None:
    """Put the login dependency on the routes of `guard.actions`; guarded ones are left alone.

    Args:
        user: the dependency function (not an alias).

    Raises:
        NotUnderstood: the application has no route for one of the actions, or its dependencies cannot be edited.
    """
    for action in guard.actions:
        if action in collection.resource.guarded:
            continue
        endpoint = collection.endpoints.get(action)
        if endpoint is None:
            name = words(collection.resource.plural)
            why = f"{collection.resource.path} has no route to {action} {name} that could be guarded."
            raise NotUnderstood(f"{action} {name}", why)
        edit = bench.edit(endpoint.module.file)
        imports = ["from fastapi import Depends"]
        imports += [f"from {user.module} import {user.name}"] if user.module else []
        renamed = add_imports(edit, imports)
        add_dependency(edit, qualified(endpoint), partial(_is_route, endpoint), renamed.get(user.name, user.name))


def _is_route(endpoint: Endpoint, call: cst.Call) -> bool:
    """The decorator is the one that made this endpoint."""
    verb = code_of(call.func).rpartition(".")[2]
    if verb != endpoint.method.lower() and verb != "api_route":
        return False
    given = next((a.value for a in call.args if a.keyword is None or a.keyword.value == "path"), None)
    path = given.evaluated_value if isinstance(given, cst.SimpleString) else None
    return path is None or endpoint.path.endswith(str(path))
