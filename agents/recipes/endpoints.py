"""The handlers of an application or router, as the syntax tree shows them."""

from dataclasses import dataclass

import libcst as cst

from agents.recipes import args
from agents.recipes.pyfile import PyFile

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
_MAKERS = ("fastapi.FastAPI", "fastapi.applications.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One decorated handler at module level."""

    function: cst.FunctionDef
    decorator: cst.Decorator
    call: cst.Call
    owner: str
    """Name of the application or router."""
    method: str
    path: str | None
    """None when it is not written out."""


def owners(file: PyFile) -> dict[str, cst.Call]:
    """Name -> call of every application and router made at module level."""
    found: dict[str, cst.Call] = {}
    for line in file.tree.body:
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        target = small.targets[0].target if isinstance(small, cst.Assign) else getattr(small, "target", None)
        value = getattr(small, "value", None)
        if isinstance(target, cst.Name) and isinstance(value, cst.Call) and file.means(value.func, *_MAKERS):
            found[target.value] = value
    return found


def endpoints(file: PyFile) -> list[Endpoint]:
    """Every handler at module level with exactly one route, in the order of the file."""
    known = owners(file)
    found = []
    for line in file.tree.body:
        if not isinstance(line, cst.FunctionDef):
            continue
        routes = [one for one in (_route(d, line, known) for d in line.decorators) if one]
        if len(routes) == 1:
            found.append(routes[0])
    return found


def _route(decorator: cst.Decorator, function: cst.FunctionDef, known: dict[str, cst.Call]) -> Endpoint | None:
    call = decorator.decorator
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return None
    owner = call.func.value
    if not isinstance(owner, cst.Name) or owner.value not in known or call.func.attr.value not in METHODS:
        return None
    path = args.given(call, "path", 0)
    text = args.literal(path.value) if path else ...
    return Endpoint(
        function, decorator, call, owner.value, call.func.attr.value, text if isinstance(text, str) else None
    )
