"""Applications, routers, what is included where, and every operation with its full paths."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from agents.reading.modules import Found, Function, Module, dotted_name, keyword
from agents.rules.names import Names
from agents.rules.scopes import Scope, View

METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")
MUTATING = ("POST", "PUT", "PATCH", "DELETE")
_MAX_DEPTH = 8
_MAX_MOUNTS = 3000


@dataclass(slots=True, eq=False)
class Router:
    """One `APIRouter(...)` or `FastAPI(...)`, or a parameter of that type (`call` is None then)."""

    scope: Scope
    name: str
    """As written where it is assigned: `router`, `self.app`."""
    call: ast.Call | None
    is_app: bool
    prefix: str | None
    """None: not a literal."""
    endpoints: list["Endpoint"] = field(default_factory=list)
    includes: list["Include"] = field(default_factory=list)
    """What is included into this one."""

    @property
    def module(self) -> Module:
        return self.scope.module


@dataclass(slots=True, eq=False)
class Include:
    """One `parent.include_router(child)`."""

    parent: Router
    child: Router
    prefix: str | None
    scope: Scope
    call: ast.Call


@dataclass(slots=True, eq=False)
class Endpoint:
    """One operation: a method and a path below one router."""

    method: str
    path: str
    """As written in the decorator."""
    handler: Scope
    router: Router
    call: ast.Call
    """The decorator, or the call of `add_api_route`."""
    at: Scope
    """Where it is registered."""
    mounts: list[tuple[str | None, tuple[Include, ...]]] = field(default_factory=list)
    """Each full path (None: a prefix is not literal) with the includes that lead there."""

    @property
    def name(self) -> str:
        return self.handler.function.name

    @property
    def shown(self) -> str:
        """`GET /books/{id}`."""
        full = next((path for path, _ in self.mounts if path is not None), None)
        return f"{self.method} {full or (self.router.prefix or '') + self.path or '/'}"

    @property
    def route(self) -> str:
        """The path as far as the router itself tells."""
        return (self.router.prefix or "") + self.path

    @property
    def hidden(self) -> bool:
        """It is in no documentation: excluded by itself, its router or an include, or its application has none."""
        calls = [self.call, self.router.call, *(i.call for _, way in self.mounts for i in way)]
        if any(_is(c, "include_in_schema", False) for c in calls):
            return True
        apps = [way[0].parent if way else self.router for _, way in self.mounts]
        return bool(apps) and all(_is(a.call, "openapi_url", None) for a in apps)

    def option(self, name: str) -> ast.expr | None:
        """A keyword of the decorator."""
        return keyword(self.call, name)


@dataclass(slots=True)
class Web:
    """Everything HTTP of a project."""

    routers: list[Router] = field(default_factory=list)
    endpoints: list[Endpoint] = field(default_factory=list)
    unresolved: int = 0
    """Includes whose router is not known."""


class WebReader:
    """Reads the routers of a project."""

    def __init__(self, names: Names, views: dict[str, View]) -> None:
        self._names = names
        self._views = views
        self._by_key: dict[tuple[str, str, str], list[Router]] = {}
        self._web = Web()

    def read(self) -> Web:
        """Routers first, then what is registered on them, then full paths."""
        scopes = [(view, scope) for view in self._views.values() for scope in view.scopes]
        for _, scope in scopes:
            self._routers_in(scope)
        for view, scope in scopes:
            self._routes_in(view, scope)
        count = 0
        for router in self._web.routers:
            roots = router.is_app or not any(i.child is router for r in self._web.routers for i in r.includes)
            for path, way, below in self._mounts(router, "", (), 0) if roots else ():
                count += 1
                if count > _MAX_MOUNTS:
                    return self._web
                for endpoint in below.endpoints:
                    endpoint.mounts.append((None if path is None else path + endpoint.path or "/", way))
        return self._web

    def _mounts(
        self, router: Router, above: str | None, way: tuple[Include, ...], depth: int
    ) -> Iterator[tuple[str | None, tuple[Include, ...], Router]]:
        prefix = _joined(above, router.prefix)
        yield prefix, way, router
        for include in router.includes:
            if depth < _MAX_DEPTH:
                yield from self._mounts(include.child, _joined(prefix, include.prefix), (*way, include), depth + 1)

    def _routers_in(self, scope: Scope) -> None:
        for made in scope.own(ast.Return):
            if isinstance(made.value, ast.Call) and self._router_kind(scope, made.value) == "FastAPI":
                self._add(scope, "", made.value, True)
        for statement in scope.own(ast.Assign, ast.AnnAssign):
            call = statement.value
            if not isinstance(call, ast.Call):
                continue
            kind = self._router_kind(scope, call)
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets if kind else ():
                self._add(scope, dotted_name(target), call, kind == "FastAPI")

    def _router_kind(self, scope: Scope, call: ast.Call) -> str:
        name = self._names.absolute(scope, call.func).rpartition(".")[2]
        if name in ("FastAPI", "APIRouter"):
            return name
        found = self._names.own(scope, call.func)
        if found and isinstance(found.node, ast.FunctionDef):
            returned = found.node.returns or self._returned(found)
            made = self._names.code.origin(found.module, returned).rpartition(".")[2] if returned is not None else ""
            return made if made in ("FastAPI", "APIRouter") else ""
        if not found or not isinstance(found.node, ast.ClassDef):
            return ""
        for ancestor in self._names.code.ancestry(found):
            for base in ancestor.node.bases if isinstance(ancestor.node, ast.ClassDef) else ():
                inherited = self._names.code.origin(ancestor.module, base).rpartition(".")[2]
                if inherited in ("FastAPI", "APIRouter"):
                    return inherited
        return ""

    def _returned(self, factory: Found) -> ast.expr | None:
        """What a function without annotation calls where it returns."""
        scope = self._names.scope_of(factory)
        calls = [one.value for one in scope.own(ast.Return) if isinstance(one.value, ast.Call)] if scope else []
        return calls[0].func if calls else None

    def _add(self, scope: Scope, name: str, call: ast.Call | None, is_app: bool) -> Router:
        given = keyword(call, "prefix") if call else None
        prefix = self._names.code.text(scope.module, given) if given is not None else ""
        if call and any(k.arg is None for k in call.keywords):
            prefix = None
        router = Router(scope, name, call, is_app, prefix)
        owner = scope.class_scope.name if scope.class_scope and name.startswith("self.") else scope.name
        self._by_key.setdefault((scope.module.file, owner, name), []).append(router)
        self._web.routers.append(router)
        return router

    def router_of(self, scope: Scope, node: ast.expr) -> Router | None:
        """The router an expression names."""
        name = dotted_name(node)
        if not name or isinstance(node, ast.Constant):
            return None
        if name.startswith("self.") and scope.class_scope:
            own = self._by_key.get((scope.module.file, scope.class_scope.name, name), [])
            return _before(own, None) or self._typed(scope, name, node)
        for around in scope.chain():
            key = (around.module.file, around.name, name)
            if key in self._by_key:
                return _before(self._by_key[key], node if around is scope else None)
            if around.parent is not None and name in around.bound:
                return self._typed(around, name, ast.Name(id=name, ctx=ast.Load()))
        found = self._names.code.find(scope.module, node)
        return _before(self._by_key.get((found.module.file, "", found.name), []), None) if found else None

    def _typed(self, scope: Scope, name: str, node: ast.expr) -> Router | None:
        """A router that was made elsewhere: a parameter, or an attribute of a base class."""
        type_ = self._names.type_of(scope, node)
        if type_ and type_.last in ("FastAPI", "APIRouter"):
            return self._add(scope, name, None, type_.last == "FastAPI")
        return None

    def _routes_in(self, view: View, scope: Scope) -> None:
        for inner in scope.inner:
            for decorator in inner.node.decorator_list if isinstance(inner.node, Function) else ():
                if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute):
                    self._decorated(scope, inner, decorator, decorator.func)
        for call in scope.own(ast.Call):
            if isinstance(call.func, ast.Attribute):
                if call.func.attr == "include_router":
                    self._include(view, scope, call, call.func.value)
                elif call.func.attr == "add_api_route":
                    self._added(scope, call, call.func.value)

    def _decorated(self, scope: Scope, handler: Scope, decorator: ast.Call, func: ast.Attribute) -> None:
        if func.attr not in (*METHODS, "api_route"):
            return
        router = self.router_of(scope, func.value)
        if router:
            methods = self._methods(scope, decorator) if func.attr == "api_route" else [func.attr]
            self._route(scope, handler, decorator, router, methods)

    def _added(self, scope: Scope, call: ast.Call, owner: ast.expr) -> None:
        router = self.router_of(scope, owner)
        given = call.args[1] if len(call.args) > 1 else keyword(call, "endpoint")
        if router is None or given is None:
            return
        type_ = self._names.type_of(scope, given.value) if isinstance(given, ast.Attribute) else None
        found = self._names.own(scope, given)
        handler = self._names.method(type_.found, given.attr) if type_ and type_.found else None  # type: ignore[attr-defined]
        handler = handler or (self._names.scope_of(found) if found and isinstance(found.node, Function) else None)
        if handler:
            self._route(scope, handler, call, router, self._methods(scope, call))

    def _methods(self, scope: Scope, call: ast.Call) -> list[str]:
        listed = keyword(call, "methods")
        elements = listed.elts if isinstance(listed, ast.List | ast.Tuple | ast.Set) else []
        return [(self._names.code.text(scope.module, e) or "").lower() for e in elements] or ["get"]

    def _route(self, scope: Scope, handler: Scope, call: ast.Call, router: Router, methods: list[str]) -> None:
        given = call.args[0] if call.args else keyword(call, "path")
        path = self._names.code.text(scope.module, given)
        if path is None:
            return
        for method in methods:
            endpoint = Endpoint(method.upper(), path, handler, router, call, scope)
            router.endpoints.append(endpoint)
            self._web.endpoints.append(endpoint)

    def _include(self, view: View, scope: Scope, call: ast.Call, owner: ast.expr) -> None:
        parent = self.router_of(scope, owner)
        given = call.args[0] if call.args else keyword(call, "router")
        if parent is None or given is None:
            self._web.unresolved += 1
            return
        children = [c for g in _each(view, call, given) if (c := self.router_of(scope, g) or self._made(scope, g))]
        prefix_node = keyword(call, "prefix")
        prefix = self._names.code.text(scope.module, prefix_node) if prefix_node is not None else ""
        if not children:
            self._web.unresolved += 1
        for child in children:
            parent.includes.append(Include(parent, child, prefix, scope, call))

    def _made(self, scope: Scope, node: ast.expr) -> Router | None:
        """The router a function of ours returns: `include_router(make_router())`."""
        found = self._names.own(scope, node.func) if isinstance(node, ast.Call) else None
        maker = self._names.scope_of(found) if isinstance(found, Found) and isinstance(found.node, Function) else None
        for statement in maker.own(ast.Return) if maker else ():
            if maker and statement.value is not None:
                return self.router_of(maker, statement.value)
        return None


def _each(view: View, call: ast.Call, given: ast.expr) -> list[ast.expr]:
    """The expressions an include stands for: those of the list a loop around it goes through."""
    loop = view.in_loop(call)
    head = dotted_name(given).partition(".")
    if isinstance(loop, ast.For) and isinstance(loop.target, ast.Name) and loop.target.id == head[0]:
        items = loop.iter.elts if isinstance(loop.iter, ast.List | ast.Tuple) else []
        return [ast.Attribute(item, head[2], ast.Load()) if head[2] else item for item in items]
    return [given]


def _is(call: ast.Call | None, name: str, value: object) -> bool:
    given = keyword(call, name) if call else None
    return isinstance(given, ast.Constant) and given.value is value


def _before(routers: list[Router], node: ast.expr | None) -> Router | None:
    """Of several routers of one name the one assigned last before a place, or the last of all."""
    line = getattr(node, "lineno", None)
    earlier = [r for r in routers if line is None or r.call is None or r.call.lineno <= line]
    return next(reversed(earlier or routers), None)


def _joined(above: str | None, below: str | None) -> str | None:
    return None if above is None or below is None else above + below
