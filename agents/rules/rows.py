"""Which rows an expression reads, and whether there may be none."""

import ast

from agents.reading.orm import OrmClass
from agents.rules.ask import chain_calls, local_values, method
from agents.rules.project import Project, is_session
from agents.rules.scopes import Scope

_ONE_OR_NONE = {"first", "one_or_none", "scalar_one_or_none", "scalar"}
_HOPS = 8


def table_named(project: Project, scope: Scope, node: ast.AST) -> OrmClass | None:
    """The mapped class an expression names."""
    return project.table_of(project.names.own(scope, node))


def rows_of(project: Project, scope: Scope, node: ast.expr, hops: int = _HOPS) -> OrmClass | None:
    """The table whose whole rows (not single columns) an expression reads or makes."""
    if not hops:
        return None
    match node:
        case ast.Await(value=value):
            return rows_of(project, scope, value, hops - 1)
        case ast.Name(id=name):
            found = (rows_of(project, scope, value, hops - 1) for value in local_values(scope, name))
            return next((table for table in found if table), None)
        case ast.Call(func=ast.Name(id="list"), args=[first]):
            return rows_of(project, scope, first, hops - 1)
        case ast.Call():
            made = table_named(project, scope, node.func)
            return made or _read(project, scope, node, hops)
    return None


def _read(project: Project, scope: Scope, call: ast.Call, hops: int) -> OrmClass | None:
    for link in chain_calls(call):
        attr = method(link)
        first = link.args[0] if link.args else None
        name = link.func.id if isinstance(link.func, ast.Name) else attr
        if name in ("select", "query", "get", "get_one") and isinstance(first, ast.Name | ast.Attribute):
            found = table_named(project, scope, first)
            if found and len(link.args) <= (2 if name in ("get", "get_one") else 1):
                return found
        if isinstance(link.func, ast.Attribute) and isinstance(link.func.value, ast.Name):
            base = rows_of(project, scope, link.func.value, hops - 1)
            if base:
                return base
        if attr in ("scalars", "execute", "exec", "scalar") and first is not None:
            return rows_of(project, scope, first, hops - 1)
    return None


def may_be_none(project: Project, scope: Scope, node: ast.expr) -> OrmClass | None:
    """The table a lookup reads one row of, when there may be none."""
    value = node.value if isinstance(node, ast.Await) else node
    if not isinstance(value, ast.Call):
        return None
    attr = method(value)
    owner = value.func.value if isinstance(value.func, ast.Attribute) else None
    if attr == "get" and owner is not None and is_session(project.type(scope, owner)):
        return table_named(project, scope, value.args[0]) if value.args else None
    if attr in _ONE_OR_NONE:
        return rows_of(project, scope, value)
    return None


def tested_names(scope: Scope) -> set[str]:
    """Names some condition of the function asks about."""
    found = set[str]()
    tests: list[ast.AST] = [n.test for n in scope.own(ast.If, ast.IfExp, ast.Assert, ast.While)]
    tests += [*scope.own(ast.BoolOp), *scope.own(ast.Compare), *(m.subject for m in scope.own(ast.Match))]
    tests += [n.operand for n in scope.own(ast.UnaryOp)]
    for test in tests:
        found |= {n.id for n in ast.walk(test) if isinstance(n, ast.Name)}
    return found
