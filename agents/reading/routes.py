"""Routers, the application object and every route with its full path."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice

from agents.reading.modules import Code, Found, Function, Module, dotted_name, keyword, walked
from agents.reading.orm import depends_target

_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_MAX_DEPTH = 8
_MAX_MOUNTS = 2000


@dataclass(frozen=True, slots=True)
class RouterKey:
    """A router or application object: where it is assigned. `scope` is the function around it, else empty."""

    file: str
    scope: str
    name: str


@dataclass(slots=True)
class Router:
    """One `APIRouter(...)` or `FastAPI(...)`."""

    key: RouterKey
    call: ast.Call
    is_app: bool
    prefix: str | None
    """None: not a literal."""
    dependencies: list[ast.expr] = field(default_factory=list)
    returned: bool = False
    """Its function returns it where it is made; the key's name is a free one."""


@dataclass(frozen=True, slots=True)
class Include:
    """One `parent.include_router(child, prefix=...)`."""

    parent: RouterKey
    child: RouterKey
    prefix: str | None
    dependencies: tuple[ast.expr, ...]
    module: Module
    line: int


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation: a handler below one router, with its full path."""

    method: str
    path: str
    module: Module
    node: Function
    router: RouterKey
    decorator: ast.Call
    outer: tuple[tuple[Module, ast.expr], ...] = ()
    """`dependencies=` entries of the routers around it."""


@dataclass(slots=True)
class Web:
    """Everything HTTP found in the code."""

    routers: dict[RouterKey, Router] = field(default_factory=dict)
    includes: list[Include] = field(default_factory=list)
    app: Router | None = None
    factory: str = ""
    """Name of the function that makes the application, when no module-level object does."""
    endpoints: list[Endpoint] = field(default_factory=list)


def read_web(code: Code) -> Web:
    """Find the application, its routers and its routes."""
    web = Web()
    scopes = [(m, scope, body) for m in code.modules.values() for scope, body in _scopes(m)]
    for module, scope, body in scopes:
        for statement in body:
            _collect_router(code, web, module, scope, statement)
    web.app = _choose_app(web)
    for module, scope, body in scopes:
        for statement in body:
            _collect_include(code, web, module, scope, statement)
    direct = [e for module, scope, body in scopes for s in body for e in _endpoints(code, web, module, scope, s)]
    if web.app:
        for prefix, key, outer in islice(_mounts(code, web, web.app.key, "", (), 0), _MAX_MOUNTS):
            web.endpoints += [_mounted(e, prefix, outer) for e in direct if e.router == key]
    return web


def _scopes(module: Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    yield "", list(_flat(module.tree.body))
    for node in module.tree.body:
        if isinstance(node, Function):
            yield node.name, list(_flat(node.body))


def _flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.With | ast.For):
            yield from _flat(statement.body)
            yield from _flat(getattr(statement, "orelse", []))


def _collect_router(code: Code, web: Web, module: Module, scope: str, statement: ast.stmt) -> None:
    if isinstance(statement, ast.Return) and code.is_call_of(module, statement.value, "FastAPI"):
        _collect_returned(web, module, scope, statement.value)
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(statement.value, ast.Call):
        return
    call = statement.value
    if not code.is_call_of(module, call, "FastAPI", "APIRouter"):
        return
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    is_app = code.is_call_of(module, call, "FastAPI")
    given = keyword(call, "prefix")
    prefix = code.text(module, given) if given else ""
    for target in targets:
        if isinstance(target, ast.Name):
            key = RouterKey(module.file, scope, target.id)
            web.routers[key] = Router(key, call, is_app, prefix, _list(keyword(call, "dependencies")))


def _collect_returned(web: Web, module: Module, scope: str, call: ast.expr | None) -> None:
    """`return FastAPI(...)`: what is done to it has to be done by its function, under a name free there."""
    function = module.definitions.get(scope)
    if not isinstance(function, Function) or not isinstance(call, ast.Call):
        return
    taken = {n.id for n in walked(function) if isinstance(n, ast.Name)}
    taken |= {n.arg for n in walked(function) if isinstance(n, ast.arg)}
    name = next(n for n in chain(("app", "application"), (f"app_{number}" for number in count(2))) if n not in taken)
    key = RouterKey(module.file, scope, name)
    web.routers.setdefault(key, Router(key, call, True, "", _list(keyword(call, "dependencies")), returned=True))


def _choose_app(web: Web) -> Router | None:
    def rank(router: Router) -> tuple[bool, bool, bool, int, str]:
        name = router.key.file.rpartition("/")[2]
        unusual = name not in ("main.py", "app.py", "__init__.py")
        return (router.returned, unusual, bool(router.key.scope), router.key.file.count("/"), router.key.file)

    apps = sorted((r for r in web.routers.values() if r.is_app), key=rank)
    if apps and apps[0].key.scope:
        web.factory = apps[0].key.scope
    return apps[0] if apps else None


def _collect_include(code: Code, web: Web, module: Module, scope: str, statement: ast.stmt) -> None:
    if isinstance(statement, ast.For) and isinstance(statement.target, ast.Name):
        name, items = statement.target.id, _list(statement.iter)
        for inner in statement.body:
            call = _include_call(inner)
            if call and call.args and dotted_name(call.args[0]).split(".")[0] == name:
                attribute = dotted_name(call.args[0]).partition(".")[2]
                for item in items:
                    target = ast.Attribute(item, attribute, ast.Load()) if attribute else item
                    _add_include(code, web, module, scope, call, target)
        return
    call = _include_call(statement)
    if call:
        given = call.args[0] if call.args else keyword(call, "router")
        if given is not None:
            _add_include(code, web, module, scope, call, given)


def _include_call(statement: ast.stmt) -> ast.Call | None:
    call = statement.value if isinstance(statement, ast.Expr) else None
    is_include = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
    return call if is_include and call.func.attr == "include_router" else None  # type: ignore[union-attr, return-value]


def _add_include(code: Code, web: Web, module: Module, scope: str, call: ast.Call, target: ast.expr) -> None:
    parent = router_of(code, web, module, scope, call.func.value) if isinstance(call.func, ast.Attribute) else None
    child = router_of(code, web, module, scope, target)
    if parent and child:
        given = keyword(call, "prefix")
        prefix = code.text(module, given) if given else ""
        dependencies = tuple(_list(keyword(call, "dependencies")))
        web.includes.append(Include(parent, child, prefix, dependencies, module, call.lineno))


def router_of(code: Code, web: Web, module: Module, scope: str, node: ast.expr) -> RouterKey | None:
    """The router an expression names: local, module-level, imported, or the application passed as a parameter."""
    name = dotted_name(node)
    for candidate in (RouterKey(module.file, scope, name), RouterKey(module.file, "", name)):
        if candidate in web.routers:
            return candidate
    found = code.find(module, name) if name else None
    if found:
        key = RouterKey(found.module.file, "", found.name)
        if key in web.routers:
            return key
        if isinstance(found.node, ast.Call) and web.factory:
            made = code.find(found.module, found.node.func)
            if web.app and made and made.name == web.factory:
                return web.app.key
    is_parameter = scope and name in ("app", "application", "api", "fastapi_app", "server")
    return web.app.key if is_parameter and web.app and not found else None


def _endpoints(code: Code, web: Web, module: Module, scope: str, statement: ast.stmt) -> Iterator[Endpoint]:
    if not isinstance(statement, Function):
        return
    for decorator in statement.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            continue
        verb = decorator.func.attr
        if verb not in (*_METHODS, "api_route"):
            continue
        router = router_of(code, web, module, scope, decorator.func.value)
        path = code.text(module, decorator.args[0] if decorator.args else keyword(decorator, "path"))
        if router is None or path is None:
            continue
        listed = [code.text(module, m) or "" for m in _list(keyword(decorator, "methods"))]
        for method in [verb] if verb != "api_route" else listed or ["get"]:
            yield Endpoint(method.upper(), path, module, statement, router, decorator)


Outer = tuple[tuple[Module, ast.expr], ...]


def _mounts(
    code: Code, web: Web, key: RouterKey, above: str, outer: Outer, depth: int
) -> Iterator[tuple[str, RouterKey, Outer]]:
    router = web.routers[key]
    module = code.modules[key.file]
    prefix = above + (router.prefix or "")
    around = (*outer, *((module, d) for d in router.dependencies))
    yield prefix, key, around
    for include in web.includes:
        if include.parent == key and depth < _MAX_DEPTH:
            inner = (*around, *((include.module, d) for d in include.dependencies))
            yield from _mounts(code, web, include.child, prefix + (include.prefix or ""), inner, depth + 1)


def _mounted(endpoint: Endpoint, prefix: str, outer: Outer) -> Endpoint:
    path = prefix + endpoint.path or "/"
    return Endpoint(endpoint.method, path, endpoint.module, endpoint.node, endpoint.router, endpoint.decorator, outer)


def _list(node: ast.expr | None) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def dependency_nodes(code: Code, endpoint: Endpoint) -> Iterator[tuple[Module, ast.expr]]:
    """Every expression of an endpoint that may carry a dependency: parameters, decorator, routers around it."""
    yield from parameter_nodes(endpoint.module, endpoint.node)
    yield from ((endpoint.module, d) for d in _list(keyword(endpoint.decorator, "dependencies")))
    yield from endpoint.outer


def parameter_nodes(module: Module, node: Function) -> Iterator[tuple[Module, ast.expr]]:
    """Annotations and defaults of a function's parameters."""
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    yield from ((module, a.annotation) for a in arguments if a.annotation is not None)
    yield from ((module, d) for d in [*node.args.defaults, *node.args.kw_defaults] if d is not None)


def depends_on(code: Code, nodes: Iterator[tuple[Module, ast.expr]], wanted: list[ast.AST], deep: bool = True) -> bool:
    """One of the nodes leads to one of the wanted definitions, through dependencies of dependencies when `deep`."""
    waiting = [target for module, node in nodes if (target := depends_target(code, module, node))]
    seen = set[int]()
    while waiting:
        target = waiting.pop()
        if id(target.node) in seen:
            continue
        seen.add(id(target.node))
        if any(target.node is w for w in wanted):
            return True
        if deep:
            waiting += _needs(code, target)
    return False


def _needs(code: Code, target: Found) -> list[Found]:
    """What a dependency depends on itself."""
    made = _called(target.node)
    if made is None:
        return []
    if id(made) not in code.needs:
        nodes = parameter_nodes(target.module, made)
        code.needs[id(made)] = [t for module, node in nodes if (t := depends_target(code, module, node))]
    return code.needs[id(made)]


def _called(node: ast.AST) -> Function | None:
    """The function a dependency runs: itself, or the constructor of a class."""
    if isinstance(node, ast.ClassDef):
        return next((n for n in node.body if isinstance(n, Function) and n.name == "__init__"), None)
    return node if isinstance(node, Function) else None
