"""Small questions many rules ask of the syntax tree."""

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus

from agents.reading.modules import keyword
from agents.rules.project import Project
from agents.rules.scopes import Scope

_STATUS = re.compile(r"^HTTP_(\d{3})")


def is_true(node: ast.expr | None) -> bool:
    """The literal True."""
    return isinstance(node, ast.Constant) and node.value is True


def is_false(node: ast.expr | None) -> bool:
    """The literal False."""
    return isinstance(node, ast.Constant) and node.value is False


def is_none(node: ast.expr | None) -> bool:
    """The literal None."""
    return isinstance(node, ast.Constant) and node.value is None


def text_of(node: ast.expr | None) -> str | None:
    """The value of a plain string literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def status_of(node: ast.expr | None) -> int | None:
    """`404`, `status.HTTP_404_NOT_FOUND` or `HTTPStatus.NOT_FOUND` as a number."""
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case ast.Attribute(attr=attr) | ast.Name(id=attr):
            known = _STATUS.match(attr)
            if known:
                return int(known[1])
            return int(HTTPStatus[attr]) if attr in HTTPStatus.__members__ else None
    return None


def argument(call: ast.Call, place: int, name: str) -> ast.expr | None:
    """An argument given by position or keyword."""
    given = keyword(call, name)
    if given is None and len(call.args) > place and not any(isinstance(a, ast.Starred) for a in call.args[: place + 1]):
        return call.args[place]
    return given


def is_http_error(project: Project, scope: Scope, node: ast.AST | None) -> bool:
    """The node makes an `HTTPException`."""
    return isinstance(node, ast.Call) and project.names.absolute(scope, node.func).endswith("HTTPException")


def names_in(node: ast.AST | None) -> Iterator[str]:
    """Every name used in an expression."""
    for inner in ast.walk(node) if node is not None else ():
        if isinstance(inner, ast.Name):
            yield inner.id


def method(call: ast.AST | None) -> str:
    """`commit` of `db.commit()`, else empty."""
    return call.func.attr if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) else ""


def chain_calls(node: ast.expr) -> Iterator[ast.Call]:
    """The calls of a chain, outermost first: `db.query(X).filter(y).all()` gives all, filter, query."""
    current: ast.expr = node
    while True:
        match current:
            case ast.Await(value=value) | ast.Attribute(value=value):
                current = value
            case ast.Call():
                yield current
                current = current.func
            case _:
                return


def local_values(scope: Scope, name: str) -> list[ast.expr]:
    """Every value assigned to a local variable."""
    values = [
        n.value for n in scope.own(ast.Assign) if any(isinstance(t, ast.Name) and t.id == name for t in n.targets)
    ]
    values += [n.value for n in scope.own(ast.NamedExpr) if n.target.id == name]
    for node in scope.own(ast.AnnAssign):
        if isinstance(node.target, ast.Name) and node.target.id == name and node.value is not None:
            values.append(node.value)
    return values


def keys_read(scope: Scope, name: str) -> list[str]:
    """Constant keys read from a variable."""
    found: dict[str, None] = {}
    for node in scope.own(ast.Subscript):
        key = text_of(node.slice)
        if key and isinstance(node.value, ast.Name) and node.value.id == name and isinstance(node.ctx, ast.Load):
            found[key] = None
    for call in scope.own(ast.Call):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        key = text_of(call.args[0]) if call.args else None
        if key and method(call) in ("get", "pop") and isinstance(owner, ast.Name) and owner.id == name:
            found[key] = None
    return list(found)
