"""What a name, a call or a value means, as far as the text tells: absolute names, own definitions, types."""

import ast
import builtins
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import TypeVar

from agents.reading.modules import Code, Found, Function, Module, dotted_name
from agents.rules.drivers import CONNECTIONS, given_by
from agents.rules.scopes import Scope, View

K = TypeVar("K", bound=Hashable)
_BUILTINS = frozenset(dir(builtins))
_HOPS = 6
_WRAPPERS = frozenset({
    "Optional", "Annotated", "Awaitable", "Coroutine", "Iterator", "AsyncIterator", "Iterable", "AsyncIterable",
    "Generator", "AsyncGenerator", "ContextManager", "AsyncContextManager", "AbstractContextManager",
    "AbstractAsyncContextManager", "Type", "type", "Final", "ClassVar",
})  # fmt: skip
_CONTEXT = frozenset({"contextmanager", "asynccontextmanager"})
_SYNC, _ASYNC = "sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A type: its absolute dotted name, and the class when it is ours."""

    name: str
    found: Found | None = None

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def root(self) -> str:
        return self.name.partition(".")[0]


class Names:
    """Looks names up in scopes, modules and imports of one project."""

    def __init__(self, code: Code, views: dict[str, View]) -> None:
        self.code = code
        self._views = views
        self._returns: dict[int, Meaning | None] = {}
        self._attributes: dict[tuple[int, str], Meaning | None] = {}
        self._absolutes: dict[ast.AST, str] = {}
        self._owns: dict[ast.AST, Found | None] = {}
        self._locals: dict[tuple[Scope, str], Meaning | None] = {}

    def absolute(self, scope: Scope, node: ast.AST) -> str:
        """`requests.get` for `get` imported from requests, `open` for the builtin; empty for what is local."""
        if node not in self._absolutes:
            self._absolutes[node] = self._look_up(scope, node)
        return self._absolutes[node]

    def _look_up(self, scope: Scope, node: ast.AST) -> str:
        dotted = dotted_name(node) if not isinstance(node, ast.Constant) else ""
        if not dotted:
            return ""
        head, _, rest = dotted.partition(".")
        module = scope.module
        for around in scope.chain():
            if around.parent is None:
                break
            if head in around.bound:
                return ""
        if head in module.imports:
            return self._exported(".".join(part for part in (*module.imports[head], rest) if part))
        if head in module.definitions:
            return self._exported(f"{module.name}.{dotted}")
        return dotted if head in _BUILTINS else ""

    def _exported(self, name: str) -> str:
        """Where a name of ours really comes from: `from app.deps import Depends` is `fastapi.Depends`."""
        for _ in range(_HOPS):
            owner, _, last = name.rpartition(".")
            module = self.code.module(owner) if owner else None
            if module is None or last in module.definitions or last not in module.imports:
                return name
            name = ".".join(part for part in module.imports[last] if part)
        return name

    def own(self, scope: Scope, node: ast.AST) -> Found | None:
        """The definition of ours that a name or dotted expression means: local function, module level or imported."""
        if node not in self._owns:
            self._owns[node] = self._find_own(scope, node)
        return self._owns[node]

    def _find_own(self, scope: Scope, node: ast.AST) -> Found | None:
        dotted = dotted_name(node) if not isinstance(node, ast.Constant) else ""
        if not dotted:
            return None
        head = dotted.partition(".")[0]
        for around in scope.chain():
            if around.parent is None:
                break
            if head in around.bound:
                inner = next((s for s in around.inner if s.is_function and s.node.name == dotted), None)  # type: ignore[union-attr]
                return Found(scope.module, inner.name, inner.function) if inner else None
        return self.code.find(scope.module, dotted)

    def scope_of(self, found: Found) -> Scope | None:
        """The scope of a function or class of ours."""
        view = self._views.get(found.module.file)
        return view.by_node.get(found.node) if view else None

    def callee(self, scope: Scope, call: ast.Call, hops: int = _HOPS) -> Scope | None:
        """The function of ours a call runs: plain, `self.method`, a method of a typed value, or a constructor."""
        found = self.own(scope, call.func)
        if found and isinstance(found.node, Function):
            return self.scope_of(found)
        if found and isinstance(found.node, ast.ClassDef):
            return self.method(found, "__init__")
        if not isinstance(call.func, ast.Attribute):
            return None
        owner = self.type_of(scope, call.func.value, hops - 1) if hops else None
        return self.method(owner.found, call.func.attr) if owner and owner.found else None

    def method(self, found: Found, name: str) -> Scope | None:
        """A method of a class of ours or of one it inherits from."""
        for ancestor in self.code.ancestry(found):
            for node in ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else ():
                if isinstance(node, Function) and node.name == name:
                    return self.scope_of(Found(ancestor.module, f"{ancestor.name}.{name}", node))
        return None

    def annotated(self, module: Module, node: ast.expr | None, hops: int = _HOPS) -> Meaning | None:
        """The type an annotation names, `Optional`, `Annotated`, `| None` and iterators of it taken off."""
        if node is None or not hops:
            return None
        match node:
            case ast.Constant(value=str(text)):
                return self.annotated(module, _parsed(text), hops - 1)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                sides = [s for s in (left, right) if not (isinstance(s, ast.Constant) and s.value is None)]
                return self.annotated(module, sides[0], hops - 1) if len(sides) == 1 else None
            case ast.Subscript(value=value, slice=inner):
                name = self.code.origin(module, value)
                if name.rpartition(".")[2] in _WRAPPERS:
                    first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
                    return self.annotated(module, first, hops - 1)
                return Meaning(name) if name else None
            case ast.Name() | ast.Attribute():
                return self._named(module, node, hops)
        return None

    def _named(self, module: Module, node: ast.expr, hops: int) -> Meaning | None:
        found = self.code.find(module, node)
        if found and isinstance(found.node, ast.ClassDef):
            return Meaning(f"{found.module.name}.{found.name}", found)
        if found and isinstance(found.node, ast.expr) and found.node is not node:
            aliased = self.annotated(found.module, found.node, hops - 1)
            return aliased or Meaning(self.code.origin(module, node))
        name = self.code.origin(module, node)
        return Meaning(self._exported(name)) if name else None

    def type_of(self, scope: Scope, node: ast.AST, hops: int = _HOPS) -> Meaning | None:
        """The type of a value: of a parameter, a variable, an attribute of `self`, or what a call gives."""
        if not hops:
            return None
        match node:
            case ast.Await(value=value):
                return self.type_of(scope, value, hops - 1)
            case ast.Name(id=name):
                return self._variable(scope, name, hops)
            case ast.Call():
                return self._made(scope, node, hops)
            case ast.Attribute(value=value, attr=attr):
                owner = self.type_of(scope, value, hops - 1)
                if owner and owner.found:
                    return self.attribute(owner.found, attr, hops - 1)
                found = self.own(scope, node)
                return self._value(found, hops) if found else None
        return None

    def _variable(self, scope: Scope, name: str, hops: int) -> Meaning | None:
        for around in scope.chain():
            if around.parent is None:
                break
            if name in around.bound:
                return self._remembered(around, name, hops)
        found = self.code.find(scope.module, name)
        return self._value(found, hops) if found else None

    def _remembered(self, scope: Scope, name: str, hops: int) -> Meaning | None:
        return _once(self._locals, (scope, name), hops, lambda left: self._local(scope, name, left))

    def _local(self, scope: Scope, name: str, hops: int) -> Meaning | None:
        if name in ("self", "cls") and scope.class_scope and isinstance(scope.class_scope.node, ast.ClassDef):
            node = scope.class_scope.node
            return Meaning(f"{scope.module.name}.{node.name}", Found(scope.module, node.name, node))
        given = _argument(scope, name)
        if given:
            annotation, default = given
            known = self.annotated(scope.module, annotation)
            return known or (self._depended(scope, default, hops) if default is not None else None)
        for declared in scope.own(ast.AnnAssign):
            if isinstance(declared.target, ast.Name) and declared.target.id == name:
                return self.annotated(scope.module, declared.annotation)
        values = [n.value for n in scope.own(ast.Assign) if _targets(n, name)]
        values += [n.value for n in scope.own(ast.NamedExpr) if n.target.id == name]
        if values:
            types = [self.type_of(scope, value, hops - 1) for value in values]
            return types[0] if all(t == types[0] for t in types) else None
        for item in scope.own(ast.withitem):
            if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name:
                return self.type_of(scope, item.context_expr, hops - 1)
        return None

    def _depended(self, scope: Scope, default: ast.expr, hops: int) -> Meaning | None:
        if isinstance(default, ast.Call) and default.args and dotted_name(default.func).endswith("Depends"):
            return self.type_of(scope, ast.Call(func=default.args[0], args=[], keywords=[]), hops - 1)
        return None

    def _made(self, scope: Scope, call: ast.Call, hops: int) -> Meaning | None:
        found = self.own(scope, call.func)
        if found and isinstance(found.node, ast.ClassDef):
            return Meaning(f"{found.module.name}.{found.name}", found)
        if found and isinstance(found.node, Function):
            return self.returned(found, hops - 1)
        if found and isinstance(found.node, ast.expr):
            return self._factory(found)
        name = self.absolute(scope, call.func)
        if name in CONNECTIONS:
            return Meaning(CONNECTIONS[name])
        if name == "contextlib.closing" and call.args:
            return self.type_of(scope, call.args[0], hops - 1)
        if name.rpartition(".")[2][:1].isupper():
            return Meaning(name)
        return self._through(scope, call, hops)

    def _through(self, scope: Scope, call: ast.Call, hops: int) -> Meaning | None:
        """What a method of a typed value gives: one of ours by its annotation, `sessions.begin()` a session."""
        if not isinstance(call.func, ast.Attribute):
            return None
        if call.func.attr in ("begin", "__enter__", "__aenter__"):
            owner = self.type_of(scope, ast.Call(func=call.func.value, args=[], keywords=[]), hops - 1)
            return owner or self.type_of(scope, call.func.value, hops - 1)
        given = given_by(self.type_of(scope, call.func.value, hops - 1), call.func.attr)
        if given:
            return Meaning(given)
        method = self.callee(scope, call, hops - 1)
        return self.returned(Found(method.module, method.name, method.function), hops - 1) if method else None

    def _factory(self, found: Found) -> Meaning | None:
        """`SessionLocal()` where `SessionLocal = sessionmaker(...)`."""
        if not isinstance(found.node, ast.Call):
            return None
        name = self.code.origin(found.module, found.node.func).rpartition(".")[2]
        if name == "async_sessionmaker":
            return Meaning(_ASYNC)
        if name in ("sessionmaker", "scoped_session"):
            text = ast.unparse(found.node)
            return Meaning(_ASYNC if "AsyncSession" in text else _SYNC)
        return None

    def returned(self, found: Found, hops: int = _HOPS) -> Meaning | None:
        """What a function of ours returns or, as a generator, yields."""
        return _once(self._returns, id(found.node), hops, lambda left: self._work_out_return(found, left))

    def _work_out_return(self, found: Found, hops: int) -> Meaning | None:
        scope = self.scope_of(found)
        if scope is None:
            return None
        if scope.function.returns is not None:
            return self.annotated(found.module, scope.function.returns)
        given = [n.value for n in scope.own(ast.Yield, ast.Return) if n.value is not None]
        types = [self.type_of(scope, value, hops - 1) for value in given]
        return types[0] if types and all(t == types[0] for t in types) else None

    def _value(self, found: Found, hops: int) -> Meaning | None:
        """The type of a module-level variable."""
        if not isinstance(found.node, ast.expr):
            return None
        view = self._views.get(found.module.file)
        return self.type_of(view.top, found.node, hops - 1) if view else None

    def attribute(self, found: Found, attr: str, hops: int = _HOPS) -> Meaning | None:
        """The type of an attribute of a class of ours: annotated, a property, or assigned in a method."""
        key = (id(found.node), attr)
        return _once(self._attributes, key, hops, lambda left: self._work_out_attribute(found, attr, left))

    def _work_out_attribute(self, found: Found, attr: str, hops: int) -> Meaning | None:
        for ancestor in self.code.ancestry(found):
            body = ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else []
            for node in body:
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == attr:
                    return self.annotated(ancestor.module, node.annotation)
                if isinstance(node, Function) and node.name == attr and _is_property(node):
                    return self.annotated(ancestor.module, node.returns)
            scope = self.scope_of(ancestor)
            for method in scope.inner if scope else ():
                for statement in method.own(ast.Assign, ast.AnnAssign):
                    if _assigns_attribute(statement, attr):
                        if isinstance(statement, ast.AnnAssign):
                            return self.annotated(ancestor.module, statement.annotation)
                        return self.type_of(method, statement.value, hops - 1)
        return None


def _once(
    known: dict[K, Meaning | None], key: K, hops: int, work_out: Callable[[int], Meaning | None]
) -> Meaning | None:
    """The remembered answer. One that is not there yet is None; one that was not found for want of hops is not kept."""
    if key in known:
        return known[key]
    known[key] = None
    known[key] = answer = work_out(hops)
    if answer is None and hops < _HOPS:
        del known[key]
    return answer


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _argument(scope: Scope, name: str) -> tuple[ast.expr | None, ast.expr | None] | None:
    """Annotation and default of a parameter."""
    if not isinstance(scope.node, Function | ast.Lambda):
        return None
    arguments = scope.node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    return next(((a.annotation, d) for a, d in pairs if a.arg == name), None)


def _targets(node: ast.Assign, name: str) -> bool:
    return any(isinstance(t, ast.Name) and t.id == name for t in node.targets)


def _assigns_attribute(node: ast.Assign | ast.AnnAssign, attr: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return any(
        isinstance(t, ast.Attribute) and t.attr == attr and isinstance(t.value, ast.Name) and t.value.id == "self"
        for t in targets
    )


def _is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(dotted_name(d).endswith("property") for d in node.decorator_list)
