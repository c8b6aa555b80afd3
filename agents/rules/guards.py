"""What runs before a handler: its dependencies, theirs, those of its routers; and whether one asks who is calling."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from agents.reading.modules import Found, Function, keyword
from agents.rules.names import Names
from agents.rules.params import Param, params_of
from agents.rules.routers import Endpoint
from agents.rules.scopes import Scope

_SCHEMES = {
    "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "OAuth2", "HTTPBearer", "HTTPBasic", "HTTPDigest",
    "APIKeyHeader", "APIKeyQuery", "APIKeyCookie", "OpenIdConnect",
}  # fmt: skip
_ASKS = re.compile(
    r"(?i)(current_?(active_|super_?)*user|auth|logged_?in|login_required|verify_?(token|key|api|jwt|access|user|admin)"
    r"|check_?(access|permission|admin|token|key|user|role)|require[sd]?_|permission|api_?key|admin|superuser|jwt|bearer"
    r"|access_(control|check)|ensure_(user|admin)|get_(user|member)\b|security)"
)
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing a `Depends` leads to."""

    name: str
    """As written (`get_db`, `RoleChecker`)."""
    scope: Scope | None
    """The function that runs, when it is ours."""
    found: Found | None
    asks: bool
    """It asks who is calling: a security scheme, or a name that says so."""


class Guards:
    """Dependency chains of a project's operations."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._chains: dict[ast.AST, tuple[Dependency, ...]] = {}

    def of(self, endpoint: Endpoint) -> tuple[Dependency, ...]:
        """Everything that runs before a handler, dependencies of dependencies included."""
        found = list(self.of_function(endpoint.handler))
        for scope, node in _listed(endpoint):
            found += self._follow(scope, node, 0)
        return tuple(found)

    def asks(self, endpoint: Endpoint) -> bool:
        """Somebody asks who is calling before or in the handler."""
        return any(d.asks for d in self.of(endpoint)) or self._inside(endpoint.handler)

    def of_function(self, scope: Scope, depth: int = 0) -> tuple[Dependency, ...]:
        """The dependencies of a function, theirs included."""
        if scope.node not in self._chains:
            self._chains[scope.node] = ()
            found: list[Dependency] = []
            for param in params_of(self._names, scope):
                if param.kind == "depends":
                    found += self._of_param(scope, param, depth)
            self._chains[scope.node] = tuple(found)
        return self._chains[scope.node]

    def target(self, scope: Scope, param: Param) -> Dependency | None:
        """What one parameter's `Depends` runs."""
        node = param.target
        if node is None:
            return None
        return self._dependency(scope if param.module is scope.module else None, param, node)

    def _of_param(self, scope: Scope, param: Param, depth: int) -> Iterator[Dependency]:
        dependency = self.target(scope, param)
        if dependency:
            yield dependency
            if dependency.scope and depth < _MAX_DEPTH:
                yield from self.of_function(dependency.scope, depth + 1)

    def _follow(self, scope: Scope, node: ast.expr, depth: int) -> Iterator[Dependency]:
        """One entry of a `dependencies=[...]` list."""
        found = self._names.own(scope, node)
        if found and isinstance(found.node, ast.Call):
            node = found.node
        if not isinstance(node, ast.Call):
            return
        target = node.args[0] if node.args else keyword(node, "dependency")
        if target is None:
            return
        dependency = self._named(target, self._names.own(scope, _called(target)))
        yield dependency
        if dependency.scope and depth < _MAX_DEPTH:
            yield from self.of_function(dependency.scope, depth + 1)

    def _dependency(self, scope: Scope | None, param: Param, node: ast.expr) -> Dependency:
        named = _called(node)
        found = self._names.own(scope, named) if scope else self._names.code.find(param.module, named)
        return self._named(node, found)

    def _named(self, node: ast.expr, found: Found | None) -> Dependency:
        text = ast.unparse(_called(node))
        scope = self._runs(found, isinstance(node, ast.Call)) if found else None
        scheme = found and isinstance(found.node, ast.Call) and self._is_scheme(found)
        text = f"{text} {ast.unparse(found.node.func)}" if found and isinstance(found.node, ast.Call) else text
        return Dependency(text.split()[0], scope, found, bool(scheme) or bool(_ASKS.search(text)))

    def _is_scheme(self, found: Found) -> bool:
        if not isinstance(found.node, ast.Call):
            return False
        if self._names.code.origin(found.module, found.node.func).rpartition(".")[2] in _SCHEMES:
            return True
        cls = self._names.code.find(found.module, found.node.func)
        return any(
            self._names.code.origin(a.module, base).rpartition(".")[2] in _SCHEMES
            for a in (self._names.code.ancestry(cls) if cls else ())
            if isinstance(a.node, ast.ClassDef)
            for base in a.node.bases
        )

    def _runs(self, found: Found, made: bool) -> Scope | None:
        """The function a dependency runs: itself, a constructor, `__call__` of an object, what a factory returns."""
        if isinstance(found.node, ast.ClassDef):
            return self._names.method(found, "__call__" if made else "__init__")
        if isinstance(found.node, Function):
            scope = self._names.scope_of(found)
            if not made or scope is None:
                return scope
            return next((s for s in scope.inner if s.is_function), None)
        if isinstance(found.node, ast.Call):
            cls = self._names.code.find(found.module, found.node.func)
            return self._names.method(cls, "__call__") if cls and isinstance(cls.node, ast.ClassDef) else None
        return None

    def _inside(self, handler: Scope) -> bool:
        """The handler itself, or a decorator on it, asks."""
        called = [ast.unparse(c.func) for c in handler.own(ast.Call)]
        decorators = [ast.unparse(d) for d in handler.function.decorator_list[:6]]
        others = [d for d in decorators if not re.match(r"\w+(\.\w+)?\.(get|post|put|patch|delete|api_route)\(", d)]
        return any(_ASKS.search(text) for text in (*called, *others)) or bool(others)


def _called(node: ast.expr) -> ast.expr:
    """`RoleChecker("admin")` -> `RoleChecker`."""
    return node.func if isinstance(node, ast.Call) else node


def _listed(endpoint: Endpoint) -> Iterator[tuple[Scope, ast.expr]]:
    """`dependencies=[...]` of the decorator, the router and the includes that lead there."""
    yield from ((endpoint.at, node) for node in _elements(endpoint.option("dependencies")))
    if endpoint.router.call:
        yield from ((endpoint.router.scope, n) for n in _elements(keyword(endpoint.router.call, "dependencies")))
    for _, way in endpoint.mounts:
        for include in way:
            yield from ((include.scope, n) for n in _elements(keyword(include.call, "dependencies")))
            if include.parent.call:
                above = _elements(keyword(include.parent.call, "dependencies"))
                yield from ((include.parent.scope, n) for n in above)


def _elements(node: ast.expr | None) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else []
