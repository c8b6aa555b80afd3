"""Dependencies: said with `Annotated`, passed as functions, and open for as long as they are used."""

import ast
from collections.abc import Iterator

from agents.reading.modules import Found, Function
from agents.rules.ask import local_values, method
from agents.rules.habits import Use, by_habit
from agents.rules.names import Meaning
from agents.rules.params import Param
from agents.rules.project import Project, is_session
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_CALLED = (
    "called directly, by a test or by other code, a function gets a `Depends` object. Use `Annotated[..., "
    "Depends(...)]`."
)


def not_annotated(project: Project) -> Iterator[Hit]:
    """`db: Session = Depends(get_db)` instead of `db: Annotated[Session, Depends(get_db)]`."""
    uses = []
    for scope in dict.fromkeys([*project.handlers, *project.dependencies]):
        params = [p for p in project.params(scope) if p.kind == "depends" and p.node.annotation is not None]
        old = [p for p in params if p.old_style]
        shown = ", ".join(f"`{p.name}`" for p in old)
        flaw = f"{scope.function.name} takes {shown} as the default of a parameter: {_CALLED}" if old else ""
        if params:
            uses.append(Use(scope, flaw, tuple(_annotate(scope, old))))
    yield from by_habit(
        uses, "{count} functions of {file}, {first} first, take dependencies as the default of a parameter: " + _CALLED
    )


def _annotate(scope: Scope, params: list[Param]) -> list[Change]:
    """The repair, when `Annotated` is imported and no parameter with a default would come before one without."""
    arguments = scope.function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    changing = {p.node for p in params}
    left = [d is not None and a not in changing for a, d in zip(positional, defaults, strict=True)]
    last = max((i for i, a in enumerate(positional) if a in changing or defaults[i] is None), default=-1)
    if scope.module.imports.get("Annotated") is None or any(left[: last + 1]):
        return []
    found = []
    for param in params:
        marker, annotation = param.marker, param.node.annotation
        if marker is None or annotation is None or (not marker.args and not marker.keywords):
            return []
        end = (annotation.end_lineno or 0, annotation.end_col_offset or 0)
        close = (marker.end_lineno or 0, marker.end_col_offset or 0)
        text = f", {ast.unparse(marker)}]"
        found += [Change.before(annotation, "Annotated["), Change(*end, *close, text)]
    return found


def called(project: Project) -> Iterator[Hit]:
    """`Depends(get_db())`."""
    for name, sites in project.sites.items():
        if name.rpartition(".")[2] not in ("Depends", "Security") or not name.startswith("fastapi"):
            continue
        for site in sites:
            given = site.call.args[0] if site.call.args else None
            found = project.names.own(site.scope, given.func) if isinstance(given, ast.Call) else None
            target = project.names.scope_of(found) if found and isinstance(found.node, Function) else None
            if target and isinstance(given, ast.Call) and _gives_no_callable(project, target):
                yield hit(
                    site.scope,
                    given,
                    f"`{ast.unparse(given)}` runs once, when the module is imported, and its result is no dependency: "
                    "the first request fails. Pass the function itself.",
                    [Change.of(given, ast.unparse(given.func))] if not given.args and not given.keywords else [],
                )


def _gives_no_callable(project: Project, scope: Scope) -> bool:
    if scope.is_async or scope.is_generator:
        return True
    values = [n.value for n in scope.own(ast.Return) if n.value is not None]
    plain = (ast.Constant, ast.Dict, ast.List, ast.JoinedStr, ast.Compare, ast.BinOp)
    return bool(values) and all(isinstance(v, plain) or is_session(project.type(scope, v)) for v in values)


def swallowing(project: Project) -> Iterator[Hit]:
    """A dependency with `yield` that catches the handler's error and does not raise it again."""
    for scope in project.dependencies:
        if not scope.is_generator:
            continue
        for attempt in scope.own(ast.Try):
            if not any(isinstance(n, ast.Yield) for s in attempt.body for n in ast.walk(s)):
                continue
            for handler in attempt.handlers:
                broad = handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
                if broad and not any(isinstance(n, ast.Raise) for n in ast.walk(handler)):
                    last = handler.body[-1]
                    end = (last.end_lineno or 0, last.end_col_offset or 0)
                    yield hit(
                        scope,
                        handler,
                        f"`{scope.function.name}` catches every error of the handlers that use it and keeps it: the "
                        "error answer is lost (RuntimeError, or a 500 without a trace in the log). Raise it again.",
                        [Change(*end, *end, f"\n{' ' * last.col_offset}raise")],
                    )


def leaking(project: Project) -> Iterator[Hit]:
    """A dependency that hands out a session nobody closes."""
    for scope in project.dependencies:
        if scope.is_generator:
            yield from _not_closed_on_error(project, scope)
        else:
            for node in scope.own(ast.Return):
                if node.value is not None and _opens(project, scope, node.value):
                    yield hit(
                        scope,
                        node,
                        f"`{scope.function.name}` returns a session that nobody closes: each request keeps a "
                        "connection until the pool is empty, and then every request waits. Yield it from a `with` "
                        "block.",
                    )


def _not_closed_on_error(project: Project, scope: Scope) -> Iterator[Hit]:
    """`yield db; db.close()` without `finally` or `with`."""
    view = project.view(scope)
    for node in scope.own(ast.Yield):
        if not isinstance(node.value, ast.Name) or not _opened_here(project, scope, node.value.id):
            continue
        around = list(view.above(node))
        guarded = any(isinstance(a, ast.Try) and a.finalbody for a in around)
        if not guarded and not any(isinstance(a, ast.With | ast.AsyncWith) for a in around):
            yield hit(
                scope,
                node,
                f"`{scope.function.name}` does not close `{node.value.id}` when a handler fails: each failed request "
                "keeps a connection. Use `with`, or `try ... finally`.",
            )


def _opened_here(project: Project, scope: Scope, name: str) -> bool:
    return any(_opens(project, scope, value) for value in local_values(scope, name))


def _opens(project: Project, scope: Scope, node: ast.expr) -> bool:
    """The expression makes a new session: `SessionLocal()`, `Session(engine)`, or a variable of one."""
    if isinstance(node, ast.Name):
        return any(not isinstance(v, ast.Name) and _opens(project, scope, v) for v in local_values(scope, node.id))
    if not isinstance(node, ast.Call) or not is_session(project.type(scope, node)):
        return False
    found = project.names.own(scope, node.func)
    if found and isinstance(found.node, Function):
        return False
    scoped = found and isinstance(found.node, ast.Call) and "scoped" in ast.unparse(found.node.func)
    return not scoped and method(node) not in ("begin", "get", "object_session")


def opened_in_handler(project: Project) -> Iterator[Hit]:
    """A session opened by a handler and not closed when it fails."""
    for handler, endpoint in project.handlers.items():
        view = project.view(handler)
        for node in handler.own(ast.Assign):
            target = node.targets[0]
            if not isinstance(target, ast.Name) or not _opens(project, handler, node.value):
                continue
            closes = [
                c
                for c in handler.own(ast.Call)
                if method(c) == "close" and ast.unparse(c.func).startswith(f"{target.id}.")
            ]
            safe = [c for c in closes if any(_in_final(a, c) for a in view.above(c))]
            entered = any(
                isinstance(i.context_expr, ast.Name) and i.context_expr.id == target.id
                for i in handler.own(ast.withitem)
            )
            if not safe and not entered:
                when = "when it fails" if closes else "at all"
                yield hit(
                    handler,
                    node,
                    f"{endpoint.shown} opens a session and does not close it {when}: connections run out, then every "
                    "request waits. Take the session as a dependency that closes it.",
                )


def _in_final(node: ast.AST, call: ast.Call) -> bool:
    return isinstance(node, ast.Try) and any(call is n for s in node.finalbody for n in ast.walk(s))


def shared(project: Project) -> Iterator[Hit]:
    """One session for the whole process."""
    for view in project.views.values():
        for node in view.top.own(ast.Assign):
            target = node.targets[0]
            if not isinstance(target, ast.Name) or not _opens(project, view.top, node.value):
                continue
            if isinstance(view.parents.get(node), ast.Module) and _used(
                project, Found(view.module, target.id, node.value)
            ):
                yield hit(
                    view.top,
                    node,
                    f"`{target.id}` is one session for all requests: they see each other's unfinished changes, one's "
                    "error breaks the others, and rows go stale. Open one per request, in a dependency.",
                )


def _used(project: Project, found: Found) -> bool:
    for scope in project.functions:
        here = scope.module is found.module or found.name in scope.module.imports
        if here and found.name not in scope.bound:
            for name in scope.own(ast.Name):
                meant = project.names.own(scope, name) if name.id == found.name else None
                if meant and meant.node is found.node:
                    return True
    return False


def in_background(project: Project) -> Iterator[Hit]:
    """A background task that is given the request's session."""
    for handler, endpoint in project.handlers.items():
        injected = {
            p.name for p in project.inputs(endpoint) if p.kind == "depends" and is_session(_type(project, handler, p))
        }
        for call in handler.own(ast.Call):
            if method(call) != "add_task":
                continue
            given = [*call.args[1:], *(k.value for k in call.keywords)]
            name = next((g.id for g in given if isinstance(g, ast.Name) and g.id in injected), "")
            if name:
                yield hit(
                    handler,
                    call,
                    f"The task of {endpoint.shown} runs after the answer, when the request's session `{name}` is "
                    "committed or closed: its writes are lost or fail where nobody sees it. Open a session inside "
                    "the task.",
                )


def _type(project: Project, scope: Scope, param: Param) -> Meaning | None:
    return param.type or project.type(scope, ast.Name(id=param.name, ctx=ast.Load()))


RULES = (
    Rule("GL401", "depends-as-default", "info", not_annotated, repairs=True),
    Rule("GL402", "session-left-open", "error", opened_in_handler),
    Rule("GL403", "session-of-the-process", "error", shared),
    Rule("GL404", "session-never-closed", "error", leaking),
    Rule("GL407", "session-in-background-task", "warning", in_background),
    Rule("GL408", "dependency-swallows-errors", "error", swallowing, repairs=True),
    Rule("GL409", "dependency-called", "error", called, repairs=True),
)
