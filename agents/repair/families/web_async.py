"""Coroutines and dependencies: what is not awaited, not called or called too early."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.ingredients import ingredients_of, module_names
from agents.repair.source import FUNCTIONS, called, names_in

_SESSION_WORK = frozenset(
    {
        "execute", "scalars", "scalar", "get", "commit", "refresh", "flush", "rollback", "delete", "merge", "stream",
        "get_one",
    }
)  # fmt: skip
_ALWAYS = frozenset({"sleep", "gather", "wait_for", "aclose", "to_thread"})
_SESSIONS = ("db", "session", "s", "conn", "connection", "tx")


def session_name(node: ast.AST, at: Place) -> str:
    """What the function around a node calls its database session, empty when it has none."""
    function = at.function(node)
    for arg in (*function.args.args, *function.args.kwonlyargs) if function is not None else ():
        note = at.code(arg.annotation) if arg.annotation is not None else ""
        if "Session" in note or (arg.arg in _SESSIONS):
            return arg.arg
    if function is not None:
        for part in ast.walk(function):
            if isinstance(part, ast.withitem) and isinstance(part.optional_vars, ast.Name):
                owner = at.code(part.context_expr)
                if "ession" not in owner:
                    continue
                return part.optional_vars.id
            if isinstance(part, ast.Attribute) and part.attr in ("session", "db", "_session", "_db"):
                return at.code(part)
    return ""


def is_async_session(node: ast.AST, at: Place) -> bool:
    """Whether the session is of the asynchronous kind."""
    function = at.function(node)
    if not isinstance(function, ast.AsyncFunctionDef):
        return False
    cached: bool | None = at.source.__dict__.get("_async_session")
    if cached is None:
        cached = any("AsyncSession" in s.text or "create_async_engine" in s.text for s in at.repo.sources)
        at.source.__dict__["_async_session"] = cached
    return cached


@family(ast.Call)
def await_missing(node: ast.Call, at: Place) -> Iterator[Change]:
    """A coroutine that nothing awaits."""
    if not at.is_async(node) or isinstance(at.parent(node), ast.Await | ast.withitem):
        return
    if called(at.parent(node) or node) in ("create_task", "gather", "ensure_future", "Depends", "wait_for", "run"):
        return
    name = called(node)
    own = name in at.repo.asynchronous
    owner = at.code(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    session = owner == session_name(node, at) and name in _SESSION_WORK and is_async_session(node, at)
    told = at.hints.mentions("coroutine", "never awaited", "await")
    if own or session or name in _ALWAYS:
        yield at.swap(node, f"await {at.code(node)}", 1.0 if told else 0.9)
    elif isinstance(node.func, ast.Attribute):
        yield at.swap(node, f"await {at.code(node)}", 0.25 if told else 0.04)


@family(ast.Await)
def await_too_many(node: ast.Await, at: Place) -> Iterator[Change]:
    """Something awaited that is no coroutine."""
    yield at.swap(node, at.code(node.value), 0.3 if at.hints.mentions("can't be used in 'await'") else 0.05)


@family(ast.Call)
def dependency_called(node: ast.Call, at: Place) -> Iterator[Change]:
    """`Depends(make())` for `Depends(make)`, another dependency of the repository."""
    if called(node) not in ("Depends", "Security") or not node.args:
        return
    first = node.args[0]
    if isinstance(first, ast.Call) and not first.args and not first.keywords:
        yield at.swap(first, at.code(first.func), 0.8)
    for other in at.repo.depends:
        if other != at.code(first) and other.split("(")[0].split(".")[0] in at.source.text:
            yield at.swap(first, other, 0.15)
    for function in at.source.functions:
        if at.source.parents.get(function) is at.source.tree and function.name not in at.repo.depends:
            if function.name in names_in(first) or at.repo.route_of(function) is not None:
                continue
            yield at.swap(first, function.name, 0.12)


@family(*FUNCTIONS)
def dependency_missing(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A parameter that other routes have: a user that must be logged in, a session."""
    if at.repo.route_of(node) is None:
        return
    args = [*node.args.args, *node.args.kwonlyargs]
    own = {arg.arg for arg in args}
    for text, piece in ingredients_of(at.repo).parameters.items():
        name = text.split(":")[0].split("=")[0].strip()
        if name in own or piece.needs - module_names(at.source):
            continue
        denied = {"401", "403"} & set(at.hints.statuses)
        end = _inside(node, at)
        if end:
            comma = ", " if args else ""
            yield at.span(end, end, f"{comma}{text}", 0.5 if denied else 0.2, f"`{short(text)}` is asked for")
    for index, default in enumerate(node.args.defaults):
        if isinstance(default, ast.Name) and default.id in at.repo.depends:
            yield at.swap(node.args.defaults[index], f"Depends({default.id})", 0.8)


def _inside(node: ast.FunctionDef, at: Place) -> int:
    """The offset behind the last parameter."""
    source = at.source
    ends = [
        source.end(part)
        for part in (
            *node.args.args,
            *node.args.kwonlyargs,
            *node.args.defaults,
            *(d for d in node.args.kw_defaults if d),
        )
    ]
    if ends:
        return max(ends)
    return source.text.find("(", source.start(node)) + 1


@family(*FUNCTIONS)
def made_once(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A session or client made for every call that is made once, and the other way round."""
    for mark in node.decorator_list:
        text = at.code(mark)
        if text.startswith(("lru_cache", "cache", "functools.")):
            start = at.source.line_start(mark.lineno)
            yield at.span(start, at.source.line_end(mark.lineno), "", 0.5, f"`@{text}` is taken away")
