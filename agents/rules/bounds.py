"""Nothing without a bound: lists, pages, uploads."""

import ast
import re
from collections.abc import Iterator

from agents.rules.ask import chain_calls, local_values, method, names_in
from agents.rules.params import Param, path_names
from agents.rules.project import Project
from agents.rules.raw_sql import whole_tables
from agents.rules.reach import served_code
from agents.rules.rows import rows_of, tested_names
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope

_LIMIT = re.compile(r"^(limit|page_?size|per_?page|size|take|max_results|page_limit)$", re.IGNORECASE)
_OFFSET = re.compile(r"^(offset|skip)$", re.IGNORECASE)
_BOUNDED = {"limit", "paginate", "fetchmany", "slice", "fetch", "first", "one", "page", "tablesample", "count"}
_FILTERS = {"where", "filter", "filter_by", "having", "join", "distinct", "group_by"}
_SMALL = re.compile(
    r"(Role|Tier|Currency|Country|Language|Locale|TimeZone|Setting|Permission)s?(Model|Table|Orm|ORM)?$"
)
"""Tables that hold a few rows, put there by the operator."""


def whole_table(project: Project) -> Iterator[Hit]:
    """A list that answers a whole table."""
    for handler, endpoint in project.handlers.items():
        if endpoint.method != "GET" or path_names(endpoint.path):
            continue
        scopes = [handler, *(s for c in handler.own(ast.Call) if (s := project.names.callee(handler, c)))]
        if any(method(c) in _BOUNDED or _pages(c) for s in scopes for c in s.own(ast.Call)):
            continue
        if any(isinstance(n.slice, ast.Slice) for s in scopes for n in s.own(ast.Subscript)):
            continue
        yield from whole_tables(project, handler, endpoint, scopes)
        for scope in scopes:
            found = next((c for c in scope.own(ast.Call) if _all(c) and _is_whole(project, scope, c)), None)
            table = rows_of(project, scope, found) if found else None
            if found and table and not _SMALL.search(table.name) and _is_answer(scope, found):
                yield hit(
                    scope,
                    found,
                    f"{endpoint.shown} loads every {table.name} there is: with a full table it takes seconds and "
                    "all the memory, for anybody who asks. Take `limit` (with a maximum) and `offset`.",
                )


def _pages(call: ast.Call) -> bool:
    return bool(re.search(r"(?i)paginat", ast.unparse(call.func)))


def _all(call: ast.Call) -> bool:
    """The end of a query that fetches everything."""
    return method(call) == "all" or (isinstance(call.func, ast.Name) and call.func.id == "list" and bool(call.args))


def _is_whole(project: Project, scope: Scope, call: ast.Call) -> bool:
    """Every row, whatever it belongs to: nothing filters where the query begins."""
    start: ast.expr = call.args[0] if isinstance(call.func, ast.Name) and call.args else call
    for _ in range(4):
        links = list(chain_calls(start))
        if any(method(link) in _FILTERS for link in links):
            return False
        inner = next(
            (a for link in links for a in link.args[:1] if method(link) in ("execute", "scalars", "exec")), None
        )
        base = links[-1].func if links else start
        name = base.value if isinstance(base, ast.Attribute) else base
        if inner is not None and not isinstance(inner, ast.Name):
            start = inner
            continue
        target = inner if isinstance(inner, ast.Name) else name
        values = local_values(scope, target.id) if isinstance(target, ast.Name) else []
        if not values:
            return True
        if isinstance(target, ast.Name) and any(_given(value, target.id) for value in values):
            return False
        if any(_filters_always(project, scope, value) for value in values[1:]):
            return False
        start = values[0]
    return False


def _filters_always(project: Project, scope: Scope, value: ast.expr) -> bool:
    """The query is filtered further, whatever the client asks for."""
    filters = any(method(link) in _FILTERS for link in chain_calls(value))
    return filters and not any(isinstance(a, ast.If) for a in project.view(scope).above(value))


def _given(value: ast.expr, name: str) -> bool:
    """The query is handed to something that may filter it."""
    call = value.value if isinstance(value, ast.Await) else value
    arguments = [*call.args, *(k.value for k in call.keywords)] if isinstance(call, ast.Call) else []
    return any(isinstance(a, ast.Name) and a.id == name for a in arguments)


def _is_answer(scope: Scope, call: ast.Call) -> bool:
    """The rows are what the function returns."""
    for node in scope.own(ast.Return):
        if node.value is None:
            continue
        if any(inner is call for inner in ast.walk(node.value)):
            return True
        for name in names_in(node.value):
            if any(inner is call for value in local_values(scope, name) for inner in ast.walk(value)):
                return True
    return False


def _paging(project: Project) -> Iterator[tuple[Scope, Param]]:
    """The integer query parameters of handlers and dependencies that page."""
    for handler, endpoint in project.handlers.items():
        if endpoint.method == "GET":
            yield from ((handler, p) for p in project.inputs(endpoint) if p.kind == "query" and _is_int(p))
    for scope in project.dependencies:
        yield from ((scope, p) for p in project.params(scope) if p.kind == "query" and _is_int(p))


def _is_int(param: Param) -> bool:
    return param.names <= {"int", "NoneType"} and "int" in param.names


def no_maximum(project: Project) -> Iterator[Hit]:
    """A page as large as the client likes."""
    for scope, param in _paging(project):
        open_end = param.limit("le", "lt") is None and _LIMIT.match(param.name)
        if open_end and not _clamped(scope, param.name):
            yield hit(
                scope,
                param.node,
                f"`{param.name}` has no maximum: a client asks for a hundred million rows and the service loads them. "
                "Declare `Annotated[int, Query(ge=1, le=100)]`.",
            )


def negative(project: Project) -> Iterator[Hit]:
    """An offset below zero."""
    if not project.uses("sqlalchemy", "sqlmodel", "pymongo", "motor", "asyncpg", "databases"):
        return
    for scope, param in _paging(project):
        open_end = param.limit("ge", "gt") is None and _OFFSET.match(param.name)
        if open_end and not _clamped(scope, param.name):
            yield hit(
                scope,
                param.node,
                f"`{param.name}` may be negative, which the database refuses: a 500 for the client instead of a 422. "
                "Declare `Annotated[int, Query(ge=0)]`.",
            )


def _clamped(scope: Scope, name: str) -> bool:
    """The handler bounds the value itself."""
    if name in {n for t in scope.own(ast.Compare) for n in names_in(t)}:
        return True
    return any(
        isinstance(c.func, ast.Name) and c.func.id in ("min", "max") and name in names_in(c)
        for c in scope.own(ast.Call)
    ) or (name in tested_names(scope) and any(isinstance(n, ast.Raise) for n in scope.own(ast.Raise)))


def whole_upload(project: Project) -> Iterator[Hit]:
    """An upload read into memory, however large it is."""
    served = served_code(project)
    for site in project.methods.get("read", ()):
        if (
            site.call.args
            or site.call.keywords
            or site.scope not in served
            or not isinstance(site.call.func, ast.Attribute)
        ):
            continue
        owner = site.call.func.value
        owner = owner.value if isinstance(owner, ast.Attribute) and owner.attr == "file" else owner
        meaning = project.type(site.scope, owner)
        if meaning and meaning.last == "UploadFile" and not _measured(site.scope, ast.unparse(owner)):
            yield hit(
                site.scope,
                site.call,
                f"`{ast.unparse(owner)}` is read into memory whatever its size: a few large uploads at once end the "
                "process. Read in pieces and stop at a limit of your own.",
            )
    for handler, endpoint in project.handlers.items():
        for param in project.inputs(endpoint):
            if param.kind == "file" and "bytes" in param.names and param.limit("max_length") is None:
                yield hit(
                    handler,
                    param.node,
                    f"`{param.name}` is the whole upload in memory, whatever its size: a few large ones at once end "
                    "the process. Take an `UploadFile`, read in pieces and stop at a limit.",
                )


def _measured(scope: Scope, owner: str) -> bool:
    """The size is looked at: `file.size`, a content length, `len(...)` in a comparison."""
    for node in scope.own(ast.Compare):
        text = ast.unparse(node)
        if re.search(r"(?i)\.size|len\(|length|max_|limit|size", text):
            return True
    return any(n.attr == "size" and ast.unparse(n.value) == owner for n in scope.own(ast.Attribute))


RULES = (
    Rule("GL701", "whole-table-as-answer", "warning", whole_table),
    Rule("GL702", "page-without-maximum", "warning", no_maximum),
    Rule("GL703", "negative-offset", "warning", negative),
    Rule("GL704", "upload-without-limit", "warning", whole_upload),
)
