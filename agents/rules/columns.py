"""Texts that do not fit into their columns."""

import ast
import re
from collections.abc import Iterator, Sequence

from agents.reading.modules import Found, keyword
from agents.reading.orm import OrmClass
from agents.rules.ask import method
from agents.rules.project import Project
from agents.rules.routers import MUTATING
from agents.rules.rule import Hit, Rule, hit
from agents.rules.scopes import Scope
from agents.rules.taint import CHECKS


def longer_than_column(project: Project) -> Iterator[Hit]:
    """A text field of a body without a limit that is stored in a column with one."""
    seen = set[ast.AST]()
    for handler, endpoint in project.handlers.items():
        for param in project.inputs(endpoint) if endpoint.method in MUTATING else ():
            model = param.type.found if param.type and param.kind == "body" else None
            if model is None or model.node not in project.schemas or model.node in seen:
                continue
            seen.add(model.node)
            table = _stored_in(project, model)
            if table:
                yield from _too_long(project, _reach(project, handler), model, table)


def _too_long(project: Project, scopes: list[Scope], model: Found, table: OrmClass) -> Iterator[Hit]:
    for name, (owner, node) in project.fields(model).items():
        size = _size(project, table, name)
        if not size or not _is_free_text(node) or _has_validator(project, model, name):
            continue
        if _written(project, scopes, table, name) and not _checked_later(scopes, name):
            yield hit(
                project.views[owner.module.file].by_node[owner.node],
                node,
                f"`{owner.name}.{name}` takes a text of any length, but `{table.name}.{name}` holds "
                f"{size} characters: a longer one is a 500 on PostgreSQL and MySQL. Add `max_length={size}`.",
            )


def _stored_in(project: Project, model: Found) -> OrmClass | None:
    """The table a body is stored in: the one whose name the schema's begins with."""
    stem = re.sub(r"(Create|Update|In|Base|Schema|Input|Request|Payload|Model|New|Add|Patch|Edit)+$", "", model.name)
    stem = re.sub(r"^(Create|Update|New|Add|Patch|Edit)", "", stem)
    named = [
        t
        for t in project.tables
        if stem and t.name in (stem, f"{stem}Model", f"{stem}Table", f"{stem}ORM", f"DB{stem}")
    ]
    return named[0] if len(named) == 1 else None


def _size(project: Project, table: OrmClass, name: str) -> int | None:
    column = table.column(name)
    if column is None or column.call is None or column.foreign_table:
        return None
    for node in ast.walk(column.call):
        if isinstance(node, ast.Call) and project.code.is_call_of(
            table.found.module, node, "String", "VARCHAR", "Unicode"
        ):
            first = node.args[0] if node.args else keyword(node, "length")
            if isinstance(first, ast.Constant) and isinstance(first.value, int):
                return first.value
    return None


def _reach(project: Project, handler: Scope) -> list[Scope]:
    """The handler and what it calls, two steps deep."""
    scopes = [handler]
    for _ in range(2):
        called = [project.names.callee(scope, call) for scope in scopes for call in scope.own(ast.Call)]
        scopes += [s for s in dict.fromkeys(called) if s and s not in scopes]
    return scopes


def _checked_later(scopes: list[Scope], name: str) -> bool:
    """Something that checks is given the value."""
    return any(
        CHECKS.search(ast.unparse(call.func)) and re.search(rf"\b{name}\b", " ".join(ast.unparse(a) for a in call.args))
        for scope in scopes for call in scope.own(ast.Call)
    )  # fmt: skip


def _written(project: Project, scopes: list[Scope], table: OrmClass, name: str) -> bool:
    """The field is written: a row is made, attributes are set by name, or this one is."""
    for scope in scopes:
        if any(isinstance(t, ast.Attribute) and t.attr == name for n in scope.own(ast.Assign) for t in n.targets):
            return True
        for call in scope.own(ast.Call):
            made = project.table_of(project.names.own(scope, call.func))
            keys = {k.arg for k in call.keywords}
            if made is table and keys & {name, None}:
                return True
            if ast.unparse(call.func) == "setattr" or (method(call) in ("values", "update") and keys & {name, None}):
                return True
    return False


def _is_free_text(node: ast.AnnAssign) -> bool:
    text = ast.unparse(node.annotation).replace("typing.", "")
    plain = text in ("str", "str | None", "Optional[str]", "None | str", "Union[str, None]")
    limited = node.value is not None and re.search(r"max_length|pattern|regex", ast.unparse(node.value))
    return plain and not limited


def _has_validator(project: Project, model: Found, field: str) -> bool:
    lines = [a.node for a in project.code.ancestry(model)]
    text = " ".join(ast.unparse(d) for node in lines for d in _decorators(node))
    return (
        repr(field) in text
        or "model_validator" in text
        or "root_validator" in text
        or "str_max_length" in _config(lines)
    )


def _decorators(node: ast.AST) -> Iterator[ast.expr]:
    for inner in getattr(node, "body", []):
        yield from getattr(inner, "decorator_list", [])


def _config(nodes: Sequence[ast.AST]) -> str:
    return " ".join(
        ast.unparse(s) for n in nodes for s in getattr(n, "body", []) if isinstance(s, ast.Assign | ast.ClassDef) and (
            getattr(s, "name", "") == "Config" or "model_config" in ast.unparse(s)[:20]
        )
    )  # fmt: skip


RULES = (Rule("GL104", "text-longer-than-column", "warning", longer_than_column),)
