"""Every node of a file by the function or class it belongs to, found in one walk."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar, overload

from agents.reading.modules import Function, Module

A = TypeVar("A", bound=ast.AST)
B = TypeVar("B", bound=ast.AST)
C = TypeVar("C", bound=ast.AST)
D = TypeVar("D", bound=ast.AST)
Owner = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_OWNERS = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SHARED = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
_LOOPS = (ast.For, ast.AsyncFor, ast.While, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(slots=True, eq=False)
class Scope:
    """A module, class, function or lambda, with the nodes that are directly its own."""

    module: Module
    node: Owner
    parent: "Scope | None"
    name: str
    """Qualified within the file (`Shop.add`); empty for the module itself."""
    nodes: dict[type[ast.AST], list[ast.AST]] = field(default_factory=dict)
    inner: list["Scope"] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)
    """Names given a value here: parameters, assignments, loop and `with` targets."""

    @overload
    def own(self, first: type[A], /) -> list[A]: ...
    @overload
    def own(self, first: type[A], second: type[B], /) -> list[A | B]: ...
    @overload
    def own(self, first: type[A], second: type[B], third: type[C], /) -> list[A | B | C]: ...
    @overload
    def own(self, first: type[A], second: type[B], third: type[C], fourth: type[D], /) -> list[A | B | C | D]: ...
    def own(self, *kinds: type[ast.AST]) -> list[Any]:
        """Nodes of these types, in the order of the text; those of inner functions and classes left out."""
        if len(kinds) == 1:
            return self.nodes.get(kinds[0], [])
        found = [node for kind in kinds for node in self.nodes.get(kind, ())]
        return sorted(found, key=_place)

    @property
    def function(self) -> ast.FunctionDef | ast.AsyncFunctionDef:
        """The node of a function scope.

        Raises:
            TypeError: it is none.
        """
        if not isinstance(self.node, Function):
            raise TypeError(f"{self.name} is no function")
        return self.node

    @property
    def is_function(self) -> bool:
        return isinstance(self.node, Function)

    @property
    def is_async(self) -> bool:
        return isinstance(self.node, ast.AsyncFunctionDef)

    @property
    def is_generator(self) -> bool:
        return bool(self.nodes.get(ast.Yield) or self.nodes.get(ast.YieldFrom))

    @property
    def class_scope(self) -> "Scope | None":
        """The class a method is in."""
        return self.parent if self.parent and isinstance(self.parent.node, ast.ClassDef) else None

    def chain(self) -> Iterator["Scope"]:
        """This scope and those around it that its names are looked up in."""
        yield self
        around = self.parent
        while around:
            if not isinstance(around.node, ast.ClassDef):
                yield around
            around = around.parent

    def everything(self) -> Iterator["Scope"]:
        """This scope and all inside it."""
        yield self
        for scope in self.inner:
            yield from scope.everything()


@dataclass(slots=True, eq=False)
class View:
    """One file, walked."""

    module: Module
    top: Scope
    scopes: list[Scope]
    parents: dict[ast.AST, ast.AST]
    by_node: dict[ast.AST, Scope]
    """Function, class or module node -> its scope."""

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first, up to and including the function or class around it."""
        current = self.parents.get(node)
        while current is not None:
            yield current
            if isinstance(current, _OWNERS):
                return
            current = self.parents.get(current)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement around a node (itself, if it is one)."""
        if isinstance(node, ast.stmt):
            return node
        return next((n for n in self.above(node) if isinstance(n, ast.stmt)), None)

    def in_loop(self, node: ast.AST) -> ast.AST | None:
        """The loop or comprehension whose body runs this node again and again, if any."""
        below = node
        for around in self.above(node):
            if isinstance(around, ast.For | ast.AsyncFor) and below not in (around.iter, around.target):
                return around
            if isinstance(around, ast.While):
                return around
            if isinstance(around, _LOOPS[3:]) and not _is_first_source(around, below):
                return around
            below = around
        return None


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _is_first_source(comprehension: ast.AST, below: ast.AST) -> bool:
    generators = getattr(comprehension, "generators", [])
    return bool(generators) and below is generators[0]


@lru_cache(maxsize=4096)
def view_of(module: Module) -> View:
    """Walk a file once; an unchanged file is walked once however often a project is checked."""
    top = Scope(module, module.tree, None, "")
    view = View(module, top, [top], {}, {module.tree: top})
    _walk(view, module.tree, top)
    for scope in view.scopes:
        _bind(scope)
    return view


def _walk(view: View, root: ast.AST, top: Scope) -> None:
    waiting: list[tuple[ast.AST, Scope]] = [(root, top)]
    parents = view.parents
    while waiting:
        node, scope = waiting.pop()
        if node is not root:
            scope.nodes.setdefault(type(node), []).append(node)
        inside = scope
        if isinstance(node, _OWNERS):
            inside = _open(view, node, scope)
        children: list[tuple[ast.AST, Scope]] = []
        for name in node._fields:
            value = getattr(node, name, None)
            for child in value if isinstance(value, list) else (value,):
                if isinstance(child, ast.AST) and not isinstance(child, _SHARED):
                    parents[child] = node
                    children.append((child, inside if inside is scope or _is_inside(node, child) else scope))
        children.reverse()
        waiting += children


def _is_inside(owner: ast.AST, child: ast.AST) -> bool:
    """Decorators, defaults, annotations and bases of a function or class are evaluated around it."""
    if isinstance(owner, ast.Lambda):
        return child is owner.body
    return isinstance(child, ast.stmt)


def _open(view: View, node: Owner, parent: Scope) -> Scope:
    own = getattr(node, "name", "<lambda>")
    scope = Scope(parent.module, node, parent, f"{parent.name}.{own}" if parent.name else own)
    parent.inner.append(scope)
    view.scopes.append(scope)
    view.by_node[node] = scope
    return scope


def _bind(scope: Scope) -> None:
    if isinstance(scope.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        arguments = scope.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        scope.bound |= {a.arg for a in every if a}
    for name in scope.own(ast.Name):
        if isinstance(name.ctx, ast.Store):
            scope.bound.add(name.id)
    scope.bound |= {inner.node.name for inner in scope.inner if not isinstance(inner.node, ast.Lambda | ast.Module)}
