"""SQL that is handed to a driver as text: one row that may be missing, lists without an end."""

import ast
import re
from collections.abc import Iterator

from agents.rules.ask import local_values, method, names_in, text_of
from agents.rules.params import path_names
from agents.rules.project import Project
from agents.rules.reach import served_code
from agents.rules.routers import Endpoint
from agents.rules.rows import tested_names
from agents.rules.rule import Hit, hit
from agents.rules.scopes import Scope

_RUN = ("execute", "execute_fetchall")
_SELECT = re.compile(r"(?is)^\s*select\b(?P<what>.*?)\bfrom\b(?P<rest>.*)$")
_AGGREGATE = re.compile(
    r"(?i)\b(count|sum|avg|total|min|max|exists|group_concat|string_agg|array_agg|json\w*_agg)\s*\("
)
_NARROWED = re.compile(r"(?i)\b(where|join|group\s+by|having|limit|fetch\s+(first|next)|union|distinct)\b")
_SEARCH = re.compile(r"(?is)\bwhere\b(?P<test>.*?)(\border\s+by\b|$)")
_LIKE = re.compile(r"(?i)^\s*\(?\s*(lower\()?[\w.\"]+\)?\s+i?like\b")
_TABLE = re.compile(r"^[\s\"`\[]*([\w.]+)")
_SMALL = re.compile(
    r"(?i)(roles?|tiers?|currenc(y|ies)|countr(y|ies)|languages?|locales?|time_?zones?|settings?|configs?|permissions?"
    r"|versions?|migrations?|sqlite_master|sqlite_schema|information_schema[\w.]*|pg_\w+)$"
)
"""Tables that hold a few rows, put there by the operator."""


def sql_of(project: Project, scope: Scope, node: ast.expr | None, hops: int = 4) -> str:
    """The text of a statement, `{}` for what is put into it; empty when it is not known."""
    if node is None or not hops:
        return ""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(text_of(part) or "{}" for part in values)
        case ast.Call(func=ast.Name(id="text") | ast.Attribute(attr="text"), args=[first, *_]):
            return sql_of(project, scope, first, hops - 1)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            before = sql_of(project, scope, left, hops - 1)
            return before + (sql_of(project, scope, right, hops - 1) or "{}") if before else ""
        case ast.Name(id=name):
            if any(isinstance(n.target, ast.Name) and n.target.id == name for n in scope.own(ast.AugAssign)):
                return ""
            values = local_values(scope, name)
            found = project.names.own(scope, node) if not values else None
            one = values[0] if len(values) == 1 else found.node if found else None
            return sql_of(project, scope, one, hops - 1) if isinstance(one, ast.expr) else ""
    return ""


def _run(project: Project, scope: Scope, call: ast.Call) -> ast.Call | None:
    """The `execute` whose rows a `fetchone` or `fetchall` reads."""
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    owner = owner.value if isinstance(owner, ast.Await) else owner
    if isinstance(owner, ast.Call):
        return owner if method(owner) in _RUN else None
    if not isinstance(owner, ast.Name):
        return None
    for value in local_values(scope, owner.id):
        made = value.value if isinstance(value, ast.Await) else value
        if isinstance(made, ast.Call) and method(made) in _RUN:
            return made if len(local_values(scope, owner.id)) == 1 else None
    before = [
        c for c in scope.own(ast.Call)
        if method(c) in _RUN and ast.unparse(c.func).rpartition(".")[0] == owner.id and c.lineno <= call.lineno
    ]  # fmt: skip
    return max(before, key=lambda c: (c.lineno, c.col_offset), default=None)


def missing_rows(project: Project) -> Iterator[Hit]:
    """One row looked up by what the client sent, used as if it were there."""
    served = served_code(project)
    for name in ("fetchone", "fetchrow", "fetch_one"):
        for site in project.methods.get(name, ()):
            scope, call = site.scope, site.call
            run = _run(project, scope, call) if name == "fetchone" else call
            if scope not in served or run is None or not _may_be_missing(project, scope, run):
                continue
            used = _used(project, scope, call)
            if used is None or _looked_before(project, scope, call) or _tried(project, scope, used):
                continue
            yield hit(
                scope,
                used,
                f"`{name}()` gives None when there is no such row, which `{ast.unparse(used)}` does not expect: the "
                "client gets a 500 instead of a 404. Check it, and raise HTTPException(404).",
            )


def _may_be_missing(project: Project, scope: Scope, run: ast.Call) -> bool:
    """A SELECT by a value, or of the first row there is; one that counts always has a row."""
    select = _SELECT.match(sql_of(project, scope, run.args[0] if run.args else None))
    if select is None or (_AGGREGATE.search(select["what"]) and not re.search(r"(?i)\bgroup\s+by\b", select["rest"])):
        return False
    table = _TABLE.match(select["rest"])
    known = bool(table and _SMALL.search(table[1]))
    given = len(run.args) > 1 or bool(run.keywords) or "{}" in select["rest"]
    return not known and (given or not re.search(r"(?i)\bwhere\b", select["rest"]))


def _used(project: Project, scope: Scope, call: ast.Call) -> ast.expr | None:
    """Where the row is first taken apart without anybody having asked whether there is one."""
    view = project.view(scope)
    whole: ast.expr = call
    if isinstance(parent := view.parents.get(call), ast.Await):
        whole, parent = parent, view.parents.get(parent)
    if _takes_apart(parent, whole):
        return parent if isinstance(parent, ast.expr) else whole
    if not isinstance(parent, ast.Assign) or len(parent.targets) != 1:
        return None
    target = parent.targets[0]
    if isinstance(target, ast.Tuple | ast.List):
        return whole
    if not isinstance(target, ast.Name) or target.id in tested_names(scope) | _caught_in_walrus(scope):
        return None
    if len([n for n in scope.own(ast.Name) if n.id == target.id and isinstance(n.ctx, ast.Store)]) != 1:
        return None
    for use in scope.own(ast.Name):
        above = view.parents.get(use)
        if use.id == target.id and isinstance(use.ctx, ast.Load) and _takes_apart(above, use):
            return above if isinstance(above, ast.expr) else use
    return None


def _caught_in_walrus(scope: Scope) -> set[str]:
    return {n.target.id for n in scope.own(ast.NamedExpr)}


def _takes_apart(parent: ast.AST | None, node: ast.expr) -> bool:
    """`row[0]`, `row.id`, `dict(row)`, `Book(*row)`, `Book(**row)`."""
    match parent:
        case ast.Subscript(value=value) | ast.Attribute(value=value) | ast.Starred(value=value):
            return value is node
        case ast.Call(func=ast.Name(id="dict" | "list" | "tuple"), args=[first]):
            return first is node
        case ast.keyword(arg=None, value=value):
            return value is node
    return False


def _looked_before(project: Project, scope: Scope, call: ast.Call) -> bool:
    """Something before it made or checked the row: an INSERT, another look-up that is tested, a helper that raises."""
    for other in scope.own(ast.Call):
        if other.lineno > call.lineno or other is call:
            continue
        if method(other) in (*_RUN, "executemany", "fetchval"):
            text = sql_of(project, scope, other.args[0] if other.args else None)
            if re.search(r"(?i)\b(insert|replace|returning)\b", text):
                return True
        callee = project.names.callee(scope, other)
        if callee is not None and callee.own(ast.Raise):
            return True
    if any(n.attr in ("rowcount", "lastrowid") for n in scope.own(ast.Attribute)):
        return True
    tested = [n for n in scope.own(ast.If) if n.lineno < call.lineno]
    asked = tested_names(scope)
    return any(_fetches(n.test) for n in tested) or any(
        isinstance(n.targets[0], ast.Name) and n.targets[0].id in asked and _fetches(n.value)
        for n in scope.own(ast.Assign)
        if n.lineno < call.lineno
    )


def _fetches(node: ast.expr) -> bool:
    return any(method(inner).startswith("fetch") for inner in ast.walk(node))


def _tried(project: Project, scope: Scope, node: ast.AST) -> bool:
    return any(isinstance(a, ast.Try) and a.handlers for a in project.view(scope).above(node))


def whole_tables(project: Project, handler: Scope, endpoint: Endpoint, scopes: list[Scope]) -> Iterator[Hit]:
    """A list of everything a SELECT without a LIMIT gives, as the answer of a GET."""
    if path_names(endpoint.path):
        return
    for scope in scopes:
        for call in scope.own(ast.Call):
            name = method(call)
            run = _run(project, scope, call) if name == "fetchall" else call if name in (*_RUN, "fetch_all") else None
            table = _whole(project, scope, run) if run is not None else ""
            if table and (name != "execute" or _looped(project, scope, call)) and _is_answer(scope, call):
                yield hit(
                    scope,
                    call,
                    f"{endpoint.shown} loads every row of {table} there is: with a full table it takes seconds and "
                    "all the memory, for anybody who asks. Add `LIMIT ? OFFSET ?`, with a maximum.",
                )
                break


def _whole(project: Project, scope: Scope, run: ast.Call) -> str:
    """The table a statement reads from beginning to end; a search that any text may leave open counts."""
    select = _SELECT.match(sql_of(project, scope, run.args[0] if run.args else None))
    if select is None or _AGGREGATE.search(select["what"]) or re.search(r"(?i)\bdistinct\b", select["what"]):
        return ""
    rest, search = select["rest"], _SEARCH.search(select["rest"])
    if search and all(_LIKE.match(part) for part in re.split(r"(?i)\b(?:and|or)\b", search["test"])):
        rest = rest[: search.start()] + rest[search.end("test") :]
    table = _TABLE.match(rest)
    whole = table and not _NARROWED.search(rest) and not rest.rstrip(" ;\n").endswith("{}")
    return table[1] if table and whole and not _SMALL.search(table[1]) else ""


def _looped(project: Project, scope: Scope, call: ast.Call) -> bool:
    """Its rows are gone through: `for row in db.execute(...)`, `list(db.execute(...))`."""
    parent = project.view(scope).parents.get(call)
    parent = project.view(scope).parents.get(parent) if isinstance(parent, ast.Await) else parent
    if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
        return True
    return isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name) and parent.func.id in ("list", "tuple")


def _is_answer(scope: Scope, call: ast.Call) -> bool:
    """The rows, or what is made of each of them, are returned."""
    holders = {id(call)}
    names = set[str]()
    for _ in range(3):
        for node in scope.own(ast.Assign):
            if _holds(node.value, holders, names):
                names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        for loop in scope.own(ast.For, ast.AsyncFor):
            if _holds(loop.iter, holders, names):
                names |= {
                    c.func.value.id
                    for c in ast.walk(loop)
                    if isinstance(c, ast.Call) and isinstance(c.func, ast.Attribute) and c.func.attr == "append"
                    and isinstance(c.func.value, ast.Name)
                }  # fmt: skip
    return any(node.value is not None and _holds(node.value, holders, names) for node in scope.own(ast.Return))


def _holds(node: ast.expr, calls: set[int], names: set[str]) -> bool:
    if any(id(inner) in calls for inner in ast.walk(node)):
        return True
    return bool(names & set(names_in(node)))
