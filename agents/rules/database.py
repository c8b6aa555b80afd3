"""Transactions, queries and columns."""

import ast
from collections.abc import Iterator

from agents.reading.modules import Found, keyword
from agents.reading.orm import OrmClass
from agents.rules.ask import is_false, local_values, method
from agents.rules.project import Project, is_async_session, is_session
from agents.rules.reach import served_code
from agents.rules.rows import rows_of, table_named
from agents.rules.rule import Change, Hit, Rule, hit
from agents.rules.scopes import Scope

_ONCE = {
    "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today", "time.time",
    "uuid.uuid4", "uuid.uuid1", "secrets.token_hex", "secrets.token_urlsafe", "random.random", "random.randint",
}  # fmt: skip
_EAGER = {
    "selectin",
    "joined",
    "subquery",
    "immediate",
    "raise",
    "raise_on_sql",
    "noload",
    "write_only",
    "dynamic",
    "raiseload",
}
_LOADS = (
    "selectinload",
    "joinedload",
    "subqueryload",
    "contains_eager",
    "immediateload",
    "lazyload",
    "options",
    "populate_existing",
)


def twice(project: Project) -> Iterator[Hit]:
    """A handler that commits a session whose dependency commits too."""
    for handler, endpoint in project.handlers.items():
        for param in project.inputs(endpoint):
            dependency = project.guards.target(handler, param) if param.kind == "depends" else None
            giver = dependency.scope if dependency else None
            if giver is None or not giver.is_generator or not _commits_after_yield(giver):
                continue
            for call in handler.own(ast.Call):
                if method(call) == "commit" and ast.unparse(call.func) == f"{param.name}.commit":
                    yield hit(
                        handler,
                        call,
                        f"{endpoint.shown} commits, and so does `{giver.function.name}`: when something fails in "
                        "between, half of the request's changes stay. Commit in one place.",
                    )


def _commits_after_yield(scope: Scope) -> bool:
    yields = [n.lineno for n in scope.own(ast.Yield)]
    return any(method(c) == "commit" and yields and c.lineno > yields[0] for c in scope.own(ast.Call))


def in_loop(project: Project) -> Iterator[Hit]:
    """A commit per item."""
    served = served_code(project)
    for site in project.methods.get("commit", ()):
        view = project.view(site.scope)
        loop = view.in_loop(site.call)
        owner = site.call.func.value if isinstance(site.call.func, ast.Attribute) else None
        if owner is None or not isinstance(loop, ast.For | ast.AsyncFor) or site.scope not in served:
            continue
        opened = isinstance(owner, ast.Name) and any(
            _opens_name(i, owner.id) for n in ast.walk(loop) for i in _items(n)
        )
        inside = {id(n) for n in ast.walk(loop)}
        attempts = any(isinstance(a, ast.Try | ast.ExceptHandler) and id(a) in inside for a in view.above(site.call))
        last = any(isinstance(n, ast.Return | ast.Break) and n.lineno > site.call.lineno for n in ast.walk(loop))
        if is_session(project.type(site.scope, owner)) and not (opened or last or attempts):
            yield hit(
                site.scope,
                site.call,
                "A commit for each item: when the third fails, the first two stay and the client is told that the "
                "request failed. Commit once, after the loop.",
            )


def _items(node: ast.AST) -> list[ast.withitem]:
    return node.items if isinstance(node, ast.With | ast.AsyncWith) else []


def _opens_name(item: ast.withitem, name: str) -> bool:
    return isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name


def lazy(project: Project) -> Iterator[Hit]:
    """A relationship loaded lazily under an AsyncSession."""
    for scope in served_code(project):
        if not scope.is_async or any(method(c) in _LOADS for c in scope.own(ast.Call)):
            continue
        for loop in scope.own(ast.For, ast.AsyncFor, ast.comprehension):
            table = rows_of(project, scope, loop.iter) if isinstance(loop.target, ast.Name) else None
            if table is None or not _async_read(project, scope, loop.iter):
                continue
            for use in scope.own(ast.Attribute):
                named = (
                    isinstance(use.value, ast.Name)
                    and isinstance(loop.target, ast.Name)
                    and use.value.id == loop.target.id
                )
                if named and _is_lazy(project, table, use.attr):
                    yield hit(
                        scope,
                        use,
                        f"`{table.name}.{use.attr}` is loaded lazily, which an AsyncSession cannot do: "
                        "MissingGreenlet, a 500 for the client. Add "
                        f"`.options(selectinload({table.name}.{use.attr}))` to the query.",
                    )


def _async_read(project: Project, scope: Scope, node: ast.expr) -> bool:
    """The rows come from an AsyncSession."""
    nodes = [node, *(local_values(scope, node.id) if isinstance(node, ast.Name) else [])]
    return any(
        (isinstance(n, ast.Name) and is_async_session(project.type(scope, n))) or (
            isinstance(n, ast.Attribute) and is_async_session(project.type(scope, n)))
        for top in nodes for n in ast.walk(top)
    )  # fmt: skip


def _is_lazy(project: Project, table: OrmClass, name: str) -> bool:
    for ancestor in project.code.ancestry(table.found):
        for node in ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else ():
            target = (
                node.target
                if isinstance(node, ast.AnnAssign)
                else node.targets[0]
                if isinstance(node, ast.Assign)
                else None
            )
            if isinstance(target, ast.Name) and target.id == name:
                value = getattr(node, "value", None)
                if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("relationship"):
                    given = keyword(value, "lazy")
                    return given is None or (isinstance(given, ast.Constant) and given.value not in _EAGER)
    return False


def query_per_item(project: Project) -> Iterator[Hit]:
    """A query for each row of another query."""
    served = served_code(project)
    for attr in ("execute", "scalar", "scalars", "get", "query"):
        for site in project.methods.get(attr, ()):
            if site.scope not in served or not isinstance(site.call.func, ast.Attribute):
                continue
            loop = project.view(site.scope).in_loop(site.call)
            target = loop.target if isinstance(loop, ast.For | ast.AsyncFor) else None
            if not isinstance(target, ast.Name) or not is_session(project.type(site.scope, site.call.func.value)):
                continue
            over = rows_of(project, site.scope, loop.iter) if isinstance(loop, ast.For | ast.AsyncFor) else None
            uses = any(
                isinstance(n, ast.Name) and n.id == target.id for n in ast.walk(_whole(project, site.scope, site.call))
            )
            if over and uses and _reads(project, site.scope, site.call):
                yield hit(
                    site.scope,
                    site.call,
                    f"One query for each {over.name}: a list of a hundred makes a hundred round trips to the "
                    "database. Join, or load them all with one `IN` or `selectinload`.",
                )


def _whole(project: Project, scope: Scope, call: ast.Call) -> ast.AST:
    return project.view(scope).statement(call) or call


def _reads(project: Project, scope: Scope, call: ast.Call) -> bool:
    text = ast.unparse(call)
    return method(call) in ("get", "query") or "select(" in text


def expired(project: Project) -> Iterator[Hit]:
    """A row used after an asynchronous commit that expires it."""
    makers = [
        s
        for n in ("sqlalchemy.ext.asyncio.async_sessionmaker", "sqlalchemy.orm.sessionmaker")
        for s in project.calls(n)
    ]
    expiring = [
        s for s in makers
        if (s.name.endswith("async_sessionmaker") or "AsyncSession" in ast.unparse(s.call))
        and not is_false(keyword(s.call, "expire_on_commit")) and not any(k.arg is None for k in s.call.keywords)
    ]  # fmt: skip
    uses = next((u for scope in served_code(project) if (u := _use_after_commit(project, scope))), None)
    if uses is None or len(expiring) < len(makers):
        return
    scope, use = uses
    for site in expiring:
        yield hit(
            site.scope,
            site.call,
            "Rows expire at each commit, and reading one again needs a query an AsyncSession cannot make by itself: "
            f"`{ast.unparse(use)}` in {scope.name} ({scope.module.file}:{use.lineno}) raises MissingGreenlet. Set "
            "`expire_on_commit=False`.",
            [_added(site.call, "expire_on_commit=False")],
        )


def _added(call: ast.Call, text: str) -> Change:
    place = (call.end_lineno or 0, (call.end_col_offset or 1) - 1)
    return Change(*place, *place, f", {text}" if call.args or call.keywords else text)


def _use_after_commit(project: Project, scope: Scope) -> tuple[Scope, ast.expr] | None:
    """The first use of a row made here after a commit and without a refresh."""
    for call in scope.own(ast.Call):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if method(call) != "commit" or owner is None or not is_async_session(project.type(scope, owner)):
            continue
        fresh = {ast.unparse(c.args[0]) for c in scope.own(ast.Call) if method(c) == "refresh" and c.args}
        for use in scope.own(ast.Attribute):
            name = use.value.id if isinstance(use.value, ast.Name) and isinstance(use.ctx, ast.Load) else ""
            made = name and name not in fresh and any(_makes_row(project, scope, v) for v in local_values(scope, name))
            if made and use.lineno > call.lineno and not project.view(scope).in_loop(call):
                return scope, use
    return None


def _makes_row(project: Project, scope: Scope, value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and table_named(project, scope, value.func) is not None


def made_once(project: Project) -> Iterator[Hit]:
    """A default that is worked out when the module is imported."""
    for scope in project.scopes:
        if not isinstance(scope.node, ast.ClassDef):
            continue
        found = Found(scope.module, scope.node.name, scope.node)
        is_row = project.table_of(found) is not None
        if not is_row and not project.is_schema(found):
            continue
        for node in scope.own(ast.AnnAssign, ast.Assign):
            value = _default(node.value, is_row)
            if isinstance(value, ast.Call) and (name := project.names.absolute(scope, value.func)) in _ONCE:
                yield hit(
                    scope,
                    value,
                    f"`{name}()` runs once, when the service starts: every {scope.node.name} gets the same value "
                    "until the next restart. Pass a function (`default_factory=`, or `default=` of a column).",
                )


def _default(value: ast.expr | None, is_row: bool) -> ast.expr | None:
    """The default a field or column has."""
    if isinstance(value, ast.Call) and ast.unparse(value.func).rpartition(".")[2] in (
        "Field",
        "Column",
        "mapped_column",
    ):
        given = keyword(value, "default") or keyword(value, "onupdate")
        first = value.args[0] if value.args and ast.unparse(value.func).endswith("Field") else None
        return given or first
    return None if is_row else value


def shared_default(project: Project) -> Iterator[Hit]:
    """A column whose default is one list or dictionary for all rows."""
    for table in project.tables:
        scope = project.views[table.found.module.file].by_node.get(table.found.node)
        for column in table.columns if scope else ():
            value = keyword(column.call, "default") if column.call else None
            if column.call is None or "as_mutable" in ast.unparse(column.call):
                continue
            if scope and isinstance(value, ast.List | ast.Dict | ast.Set) and column.call in scope.own(ast.Call):
                name = {ast.List: "list", ast.Dict: "dict", ast.Set: "set"}[type(value)]
                empty = not (value.keys if isinstance(value, ast.Dict) else value.elts)
                yield hit(
                    scope,
                    value,
                    f"All new rows of `{table.name}` share this one {name}: what one request adds to it, the next row "
                    f"starts with. Use `default={name}`.",
                    [Change.of(value, name)] if empty else [],
                )


def utcnow(project: Project) -> Iterator[Hit]:
    """Times without a time zone."""
    names = ("datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp")
    for site in project.calls(*names):
        yield hit(site.scope, site.call, _naive(site.name))
    for scope in project.scopes:
        for node in scope.own(ast.Attribute):
            above = project.view(scope).parents.get(node) if node.attr == "utcnow" else None
            called = isinstance(above, ast.Call) and above.func is node
            if above is not None and not called and project.names.absolute(scope, node) in names:
                yield hit(scope, node, _naive(names[0]))


def _naive(name: str) -> str:
    return (
        f"`{name}` gives a time without a zone: `.timestamp()` and comparisons with aware times are wrong or fail, "
        "clients read it as local time, and Python has deprecated it. Use `datetime.now(UTC)`."
    )


RULES = (
    Rule("GL405", "commit-in-two-places", "warning", twice),
    Rule("GL406", "commit-per-item", "warning", in_loop),
    Rule("GL410", "lazy-load-in-async", "error", lazy),
    Rule("GL411", "query-per-item", "info", query_per_item),
    Rule("GL412", "row-expired-by-commit", "error", expired, repairs=True),
    Rule("GL413", "time-without-zone", "warning", utcnow),
    Rule("GL416", "default-made-once", "error", made_once),
    Rule("GL417", "default-shared-by-rows", "error", shared_default, repairs=True),
)
