"""How failures are answered: as HTTP errors, with the right status, and without what is nobody's business."""

import ast
from collections.abc import Iterator

from agents.rules.ask import argument, is_http_error, names_in, status_of
from agents.rules.project import Project
from agents.rules.raw_sql import missing_rows
from agents.rules.reach import served_code
from agents.rules.rows import may_be_none, tested_names
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_BROAD = {
    "Exception", "BaseException", "SQLAlchemyError", "DBAPIError", "IntegrityError", "OperationalError",
    "DatabaseError", "ProgrammingError", "StatementError", "PyMongoError", "RedisError",
}  # fmt: skip
_TRACES = ("traceback.format_exc", "traceback.format_exception", "traceback.format_tb")


def _caught(project: Project, scope: Scope, handler: ast.ExceptHandler) -> set[str]:
    """Last names of the exceptions an `except` catches; `Exception` for a bare one."""
    if handler.type is None:
        return {"Exception"}
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(t).rpartition(".")[2] for t in types}


def _shows(node: ast.AST, error: str) -> bool:
    """The text of an error is in an expression: `str(e)`, `f"{e}"`, `repr(e)`, `"..." % e`, `e` itself."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.FormattedValue) and isinstance(inner.value, ast.Name) and inner.value.id == error:
            return True
        if isinstance(inner, ast.Call) and ast.unparse(inner.func) in ("str", "repr"):
            first = inner.args[0] if inner.args else None
            if isinstance(first, ast.Name) and first.id == error:
                return True
        if isinstance(inner, ast.Attribute) and inner.attr in ("args", "orig") and error in names_in(inner.value):
            return True
        if isinstance(inner, ast.BinOp) and any(
            isinstance(s, ast.Name) and s.id == error for s in (inner.left, inner.right)
        ):
            return True
    return isinstance(node, ast.Name) and node.id == error


def leaks(project: Project) -> Iterator[Hit]:
    """The text of an unexpected error, or a traceback, in an answer."""
    served = served_code(project)
    shown_already = set[ast.expr]()
    for scope in project.functions:
        if scope not in served:
            continue
        for handler in scope.own(ast.ExceptHandler):
            broad = _caught(project, scope, handler) & _BROAD
            for node in ast.walk(handler) if broad and handler.name else ():
                shown = _answer_part(project, scope, node)
                if shown is not None and _shows(shown, handler.name or ""):
                    shown_already.add(shown)
                    yield hit(
                        scope,
                        shown,
                        f"The text of any {sorted(broad)[0]} goes to the client: SQL, host names, paths and library "
                        "internals leave the service. Log the error, answer a fixed sentence.",
                    )
    for site in project.calls(*_TRACES):
        answers = [p for n in project.view(site.scope).above(site.call) if (p := _answer_part(project, site.scope, n))]
        if answers and answers[0] not in shown_already and site.scope in served:
            yield hit(site.scope, site.call, "The traceback goes to the client: it shows code, paths and values.")


def _answer_part(project: Project, scope: Scope, node: ast.AST) -> ast.expr | None:
    """What a node tells the client: the detail of an HTTPException, a response's content, a returned dictionary."""
    if isinstance(node, ast.Call):
        if is_http_error(project, scope, node):
            return argument(node, 1, "detail")
        if project.names.absolute(scope, node.func).rpartition(".")[2] in (
            "JSONResponse",
            "PlainTextResponse",
            "HTMLResponse",
        ):
            return argument(node, 0, "content")
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict) and scope in project.handlers:
        return node.value
    return None


def swallowed(project: Project) -> Iterator[Hit]:
    """An HTTPException raised inside a `try` whose `except Exception` turns it into something else."""
    served = served_code(project)
    for scope in project.functions:
        if scope not in served:
            continue
        for attempt in scope.own(ast.Try):
            raised = _raised_in(project, scope, attempt)
            catcher = _catcher(project, scope, attempt)
            code = status_of(argument(raised[0], 0, "status_code")) if raised else None
            if (
                raised
                and catcher
                and (code or 0) < 500
                and _answers(catcher, code)
                and not _lets_through(project, scope, catcher)
            ):
                yield hit(
                    scope,
                    catcher,
                    f"`except {ast.unparse(catcher.type) if catcher.type else ''}` also catches the "
                    f"HTTPException{f' ({code})' if code else ''} raised in line {raised[0].lineno}: the client never "
                    "gets that answer. Put `except HTTPException: raise` before it.",
                    [
                        Change.before(
                            _marker(catcher),
                            f"except HTTPException:\n{' ' * (catcher.col_offset + 4)}raise\n{' ' * catcher.col_offset}",
                        )
                    ]
                    if project.names.absolute(scope, ast.Name("HTTPException"))
                    else [],
                )


def _marker(handler: ast.ExceptHandler) -> ast.expr:
    """The place of the word `except`."""
    return ast.Constant(None, lineno=handler.lineno, col_offset=handler.col_offset)


def _raised_in(project: Project, scope: Scope, attempt: ast.Try) -> list[ast.Call]:
    found = []
    waiting: list[ast.AST] = list(attempt.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and is_http_error(project, scope, node.exc):
            found.append(node.exc)
        elif isinstance(node, ast.Try):
            waiting += [*node.handlers, *node.orelse]
            if not any(
                _caught(project, scope, h) & {"Exception", "BaseException", "HTTPException"} for h in node.handlers
            ):
                waiting += node.body
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(node)
    return sorted(found, key=lambda n: n.lineno)


def _catcher(project: Project, scope: Scope, attempt: ast.Try) -> ast.ExceptHandler | None:
    """The `except` an HTTPException ends up in, when it is a broad one."""
    for handler in attempt.handlers:
        caught = _caught(project, scope, handler)
        if any(name.endswith("HTTPException") for name in caught):
            return None
        if caught & {"Exception", "BaseException"}:
            return handler
    return None


def _answers(handler: ast.ExceptHandler, code: int | None) -> bool:
    """The `except` gives an answer of its own, with another status."""
    raised = [n.exc for n in ast.walk(handler) if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call)]
    if code is not None and any(status_of(argument(call, 0, "status_code")) == code for call in raised):
        return False
    return any(isinstance(n, ast.Raise | ast.Return) for n in ast.walk(handler))


def _lets_through(project: Project, scope: Scope, handler: ast.ExceptHandler) -> bool:
    """It raises the same error again, or asks what it is."""
    for node in ast.walk(handler):
        again = isinstance(node, ast.Raise) and (node.exc is None or ast.unparse(node.exc) == handler.name)
        if again or (isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "getattr", "hasattr")):
            return True
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("status_code", "detail")
            and (handler.name or "") in names_in(node.value)
        ):
            return True
    return False


def returned_error(project: Project) -> Iterator[Hit]:
    """`return HTTPException(...)`."""
    for handler, endpoint in project.handlers.items():
        for node in handler.own(ast.Return):
            if is_http_error(project, handler, node.value):
                place = (node.lineno, node.col_offset, node.lineno, node.col_offset + len("return"))
                yield hit(
                    handler,
                    node,
                    f"{endpoint.shown} returns an HTTPException instead of raising it: the client gets status 200, or "
                    "a 500 because the exception does not fit the declared answer.",
                    [Change(*place, "raise")],
                )


def missing_row(project: Project) -> Iterator[Hit]:
    """A row that may not be there, used without a look."""
    served = served_code(project)
    for scope in project.functions:
        if scope not in served:
            continue
        tested: set[str] | None = None
        for node in scope.own(ast.Assign):
            target = node.targets[0] if len(node.targets) == 1 else None
            if not isinstance(target, ast.Name):
                continue
            table = may_be_none(project, scope, node.value)
            if table is None:
                continue
            tested = tested_names(scope) if tested is None else tested
            use = _first_use(scope, target.id, node.lineno) if target.id not in tested else None
            if use is not None and not _inside_try(project, scope, use):
                yield hit(
                    scope,
                    use,
                    f"`{target.id}` is None when there is no such {table.name}: the client gets a 500 instead of a "
                    "404. Check it, and raise HTTPException(404).",
                )
    yield from missing_rows(project)


def _first_use(scope: Scope, name: str, line: int) -> ast.Attribute | None:
    stores = [n.lineno for n in scope.own(ast.Name) if n.id == name and isinstance(n.ctx, ast.Store)]
    uses = [
        n for n in scope.own(ast.Attribute) if isinstance(n.value, ast.Name) and n.value.id == name and n.lineno > line
    ]
    return min(uses, key=lambda n: (n.lineno, n.col_offset), default=None) if len(stores) == 1 else None


def _inside_try(project: Project, scope: Scope, node: ast.AST) -> bool:
    return any(isinstance(a, ast.Try) and a.handlers for a in project.view(scope).above(node))


def raised_success(project: Project) -> Iterator[Hit]:
    """`raise HTTPException(200)`."""
    for scope in project.functions:
        for node in scope.own(ast.Raise):
            if isinstance(node.exc, ast.Call) and is_http_error(project, scope, node.exc):
                code = status_of(argument(node.exc, 0, "status_code"))
                if code is not None and 200 <= code < 300:
                    yield hit(
                        scope,
                        node,
                        f"An HTTPException with status {code} tells the client that all went well, in the shape of an "
                        "error.",
                    )


RULES = (
    Rule("GL205", "error-text-to-client", "warning", leaks),
    Rule("GL206", "http-error-swallowed", "error", swallowed, repairs=True),
    Rule("GL207", "http-error-returned", "error", returned_error, repairs=True),
    Rule("GL210", "missing-row-not-checked", "error", missing_row),
    Rule("GL211", "success-raised", "warning", raised_success),
)
