"""Coroutines that are never awaited, loops inside the loop, and one session used by several tasks at once."""

import ast
from collections.abc import Iterator

from agents.rules.ask import method
from agents.rules.project import Project, is_async_session
from agents.rules.reach import served_code
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_SESSION_COROUTINES = {
    "commit", "rollback", "flush", "refresh", "execute", "scalar", "scalars", "get", "get_one", "delete", "close",
    "merge", "stream", "exec", "run_sync",
}  # fmt: skip
_RESULTS = {"scalars", "scalar", "all", "first", "one", "one_or_none", "scalar_one", "scalar_one_or_none", "mappings"}
_LOOPS = ("asyncio.run", "anyio.run", "asgiref.sync.async_to_sync")


def not_awaited(project: Project) -> Iterator[Hit]:
    """A coroutine as a statement of its own, or its result used as if it were there already."""
    for scope in project.functions:
        view = project.view(scope)
        for call in scope.own(ast.Call):
            above = view.parents.get(call)
            alone = isinstance(above, ast.Expr)
            used = isinstance(above, ast.Attribute) and above.attr in _RESULTS
            if (alone or used) and (name := _coroutine(project, scope, call, alone)):
                result = (
                    "it never runs, and nobody is told" if alone else "its result is not there yet, the request fails"
                )
                changes = _awaiting(call, alone) if scope.is_async else ()
                yield hit(scope, call, f"`{name}()` is a coroutine that is not awaited: {result}.", changes)


def _coroutine(project: Project, scope: Scope, call: ast.Call, alone: bool) -> str:
    attr = method(call)
    if attr in _SESSION_COROUTINES and isinstance(call.func, ast.Attribute):
        if is_async_session(project.type(scope, call.func.value)):
            return f"AsyncSession.{attr}"
        return ""
    callee = project.names.callee(scope, call) if alone else None
    return callee.name if callee and callee.is_async and not callee.is_generator and not _decorated(callee) else ""


def _decorated(scope: Scope) -> bool:
    """A decorator may make something else of an asynchronous function (a task, a command, a synchronous one)."""
    return bool(scope.function.decorator_list)


def _awaiting(call: ast.Call, alone: bool) -> tuple[Change, ...]:
    if alone:
        return (Change.before(call, "await "),)
    end = Change(call.end_lineno or 0, call.end_col_offset or 0, call.end_lineno or 0, call.end_col_offset or 0, ")")
    return (Change.before(call, "(await "), end)


def nested_loop(project: Project) -> Iterator[Hit]:
    """`asyncio.run` and `run_until_complete` where a loop runs already."""
    for scope in project.functions:
        if not scope.is_async:
            continue
        for call in scope.own(ast.Call):
            name = project.names.absolute(scope, call.func)
            if name in _LOOPS[:2] or method(call) == "run_until_complete":
                shown = name or "run_until_complete"
                yield hit(
                    scope,
                    call,
                    f"`{shown}()` inside a coroutine raises RuntimeError: this thread's event loop runs already.",
                )


def shared_session(project: Project) -> Iterator[Hit]:
    """Several tasks at once on one AsyncSession."""
    for site in project.calls("asyncio.gather"):
        used: list[str] = []
        for given in site.call.args:
            inner = given.value if isinstance(given, ast.Starred) else given
            many = isinstance(inner, ast.ListComp | ast.GeneratorExp)
            found = _session_in(project, site.scope, inner)
            used += [found, found] if many and found else [found] if found else []
        twice = next((name for name in used if used.count(name) > 1), "")
        if twice and site.scope in served_code(project):
            yield hit(
                site.scope,
                site.call,
                f"Several tasks use the session `{twice}` at the same time: SQLAlchemy refuses that "
                "(InvalidRequestError, or rows of the wrong query). Await one after the other, or give each its own "
                "session.",
            )


def _session_in(project: Project, scope: Scope, node: ast.AST) -> str:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and is_async_session(project.type(scope, inner)):
            return inner.id
    return ""


RULES = (
    Rule("GL307", "missing-await", "error", not_awaited, repairs=True),
    Rule("GL308", "loop-in-the-loop", "error", nested_loop),
    Rule("GL309", "session-in-several-tasks", "error", shared_session),
)
