"""Which code runs on the event loop: asynchronous handlers and dependencies, and all they call directly."""

import ast
from collections import deque
from functools import lru_cache

from agents.reading.modules import keyword
from agents.rules.project import Project
from agents.rules.scopes import Scope

_MAX_DEPTH = 8


@lru_cache(maxsize=2)
def loop_code(project: Project) -> dict[Scope, tuple[str, ...]]:
    """Every function that runs on the loop while a request waits -> the names that lead there, handler first."""
    return _spread(project, [s for s in _roots(project) if s.is_async])


@lru_cache(maxsize=2)
def served_code(project: Project) -> dict[Scope, tuple[str, ...]]:
    """Every function that runs for a request, on the loop or in a thread."""
    return _spread(project, _roots(project))


@lru_cache(maxsize=2)
def started_code(project: Project) -> dict[Scope, tuple[str, ...]]:
    """Every function that runs when the service starts: from a lifespan, `on_event`, or the body of a module."""
    roots: dict[Scope, None] = {}
    for router in project.web.routers:
        given = keyword(router.call, "lifespan") if router.call else None
        found = project.names.own(router.scope, given) if given is not None else None
        scope = project.names.scope_of(found) if found else None
        roots |= {scope: None} if scope and scope.is_function else {}
    for site in project.methods.get("on_event", ()):
        view = project.view(site.scope)
        scope = view.by_node.get(view.parents.get(site.call, site.call))
        roots |= {scope: None} if scope and scope.is_function else {}
    for view in project.views.values():
        called = [project.names.callee(view.top, call) for call in view.top.own(ast.Call)]
        roots |= {scope: None for scope in called if scope}
    return _spread(project, list(roots))


def by_way_of(chain: tuple[str, ...]) -> str:
    """The names that lead to a place, for a message: `read_book -> load -> fetch`."""
    return " -> ".join(chain)


def _roots(project: Project) -> list[Scope]:
    found: dict[Scope, None] = dict.fromkeys(project.handlers)
    found |= dict.fromkeys(d.scope for e in project.endpoints for d in project.guards.of(e) if d.scope)
    found |= dict.fromkeys(project.dependencies)
    for scope in project.functions:
        for decorator in scope.function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            attr = call.func.attr if call and isinstance(call.func, ast.Attribute) else ""
            if attr in ("websocket", "middleware", "exception_handler"):
                found[scope] = None
        if scope.class_scope and scope.function.name == "dispatch":
            bases = scope.class_scope.node.bases if isinstance(scope.class_scope.node, ast.ClassDef) else []
            if any("BaseHTTPMiddleware" in ast.unparse(base) for base in bases):
                found[scope] = None
    return list(found)


def _spread(project: Project, roots: list[Scope]) -> dict[Scope, tuple[str, ...]]:
    reached: dict[Scope, tuple[str, ...]] = {scope: (scope.function.name,) for scope in roots}
    queue = deque(roots)
    while queue:
        scope = queue.popleft()
        chain = reached[scope]
        if len(chain) >= _MAX_DEPTH:
            continue
        for call in scope.own(ast.Call):
            callee = project.names.callee(scope, call)
            if callee is None or callee in reached or (callee.is_generator and not callee.is_async):
                continue
            reached[callee] = (*chain, callee.name)
            queue.append(callee)
    return reached
