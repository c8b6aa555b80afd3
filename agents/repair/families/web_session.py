"""Database sessions: what is not written, not read again, not loaded, not added."""

import ast
import re
from collections.abc import Iterator

from agents.repair.candidate import Edit
from agents.repair.families.base import Change, Place, family
from agents.repair.families.names import names_of
from agents.repair.families.web_async import is_async_session, session_name
from agents.repair.source import FUNCTIONS, called, within

_COUNTED = ("version", "revision", "version_id", "row_version")
_WRITES = frozenset({"add", "delete", "add_all", "merge"})


def _call(db: str, text: str, node: ast.AST, at: Place) -> str:
    return f"{'await ' if is_async_session(node, at) else ''}{db}.{text}"


@family(ast.Expr, ast.Assign, ast.AugAssign, ast.For, ast.If)
def commit_missing(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A change that is never written, a row that is not read again."""
    db = session_name(node, at)
    function = at.function(node)
    if not db or function is None or not at.source.is_alone(node):
        return
    text = at.code(function)
    commits = f"{db}.commit(" in text
    value = getattr(node, "value", None)
    value = value.value if isinstance(value, ast.Await) else value
    name = called(value) if value is not None else ""
    writes = name in _WRITES or "delete" in at.code(node) or _changes_a_row(node)
    prior = 0.9 if writes and not commits else 0.2 if writes else 0.06
    if writes or name == "flush" or isinstance(node, ast.For | ast.If):
        yield at.behind(node, _call(db, "commit()", node, at), prior if not isinstance(node, ast.For | ast.If) else 0.2)
        if f"{db}.flush(" not in text:
            yield at.behind(node, _call(db, "flush()", node, at), prior * 0.4)
    if name in ("commit", "flush"):
        for variable in _rows(node, at):
            refreshed = f"refresh({variable}" in text
            made = re.search(rf"\b{variable} = [A-Z]\w*\(|\.add\({variable}\)|setattr\({variable},", text)
            prior = 0.04 if refreshed else 0.3 if made else 0.06
            yield at.behind(node, _call(db, f"refresh({variable})", node, at), prior)
        other = "flush()" if name == "commit" else "commit()"
        yield at.swap(node, _call(db, other, node, at), 0.4 if name == "flush" else 0.05)
    if name in ("add",) and isinstance(value, ast.Call) and value.args and not commits:
        row = at.code(value.args[0])
        both = _call(db, "commit()", node, at) + "\n" + _call(db, f"refresh({row})", node, at)
        yield at.behind(node, both, 0.6, "the row is written and read again")


@family(ast.Expr)
def version_stays(node: ast.Expr, at: Place) -> Iterator[Change]:
    """A row that counts its changes, changed without counting."""
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    names = names_of(node, at)
    if called(value) not in ("commit", "flush") or names is None or not session_name(node, at):
        return
    text = at.code(at.function(node) or node)
    counting = [field for fields in at.repo.fields.values() for field in fields if field in _COUNTED]
    for field in dict.fromkeys(counting):
        for row in names.at(node.lineno):
            if not names.kinds[row] and f"{row}." in text and f"{row}.{field} +=" not in text:
                yield at.before(node, f"{row}.{field} += 1", 0.25, f"`{row}.{field}` counts the change")


def _changes_a_row(node: ast.AST) -> bool:
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return isinstance(target, ast.Attribute) or called(getattr(node, "value", None) or node) == "setattr"


def _rows(node: ast.AST, at: Place) -> list[str]:
    names = names_of(node, at)
    if names is None:
        return []
    return [n for n in names.at(getattr(node, "lineno", 0)) if n not in names.parameters and not names.kinds[n]][-4:]


@family(ast.Assign)
def add_missing(node: ast.Assign, at: Place) -> Iterator[Change]:
    """A new row that no session knows, a row that is not deleted."""
    db = session_name(node, at)
    target = node.targets[0]
    if not db or not isinstance(target, ast.Name):
        return
    text = at.code(at.function(node) or node)
    if at.repo.is_table(called(node.value)) and f"add({target.id})" not in text:
        yield at.behind(node, f"{db}.add({target.id})", 0.8)
    if ".get(" in at.code(node.value) or "scalar" in at.code(node.value):
        yield at.behind(node, _call(db, f"delete({target.id})", node, at), 0.1)


@family(ast.ExceptHandler)
def rollback_missing(node: ast.ExceptHandler, at: Place) -> Iterator[Change]:
    """A failed session that goes on being used."""
    db = session_name(node, at)
    if db and "rollback" not in at.code(node):
        yield at.before(node.body[0], _call(db, "rollback()", node, at), 0.5)


@family(ast.Call)
def relation_not_loaded(node: ast.Call, at: Place) -> Iterator[Change]:
    """Related rows read in the same query; of an asynchronous session nothing else reads them."""
    if called(node) not in ("select", "query") or len(node.args) != 1:
        return
    model = at.code(node.args[0])
    lazy = at.hints.mentions("MissingGreenlet", "greenlet", "DetachedInstance", "lazy load")
    statement = at.source.statement(node)
    whole = at.code(statement) if statement is not None else ""
    for relation in at.repo.relations.get(model, ()):
        if f"{model}.{relation}" in whole:
            continue
        option = f"selectinload({model}.{relation})"
        end = at.source.end(node)
        edits = [at.edit(end, end, f".options({option})"), *imported(at, "sqlalchemy.orm", "selectinload")]
        yield Change(tuple(edits), 0.9 if lazy else 0.15, f"`{relation}` is loaded with `{model}`")


def imported(at: Place, module: str, name: str) -> Iterator[Edit]:
    """The import of a name that the file lacks."""
    for node in at.source.tree.body:
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return
    for node in at.source.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            last = node.names[-1]
            yield at.edit(at.source.end(last), at.source.end(last), f", {name}")
            return
    imports = [n for n in at.source.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    plain = [n for n in imports if not (isinstance(n, ast.ImportFrom) and n.module == "__future__")]
    start = at.source.line_start(plain[0].lineno if plain else imports[-1].lineno + 1 if imports else 1)
    yield at.edit(start, start, f"from {module} import {name}\n")


@family(ast.Call)
def expired_on_commit(node: ast.Call, at: Place) -> Iterator[Change]:
    """Objects that are empty after a commit."""
    if called(node) in ("async_sessionmaker", "sessionmaker") and "expire_on_commit" not in at.code(node):
        end = at.source.end(node) - 1
        lazy = at.hints.mentions("MissingGreenlet", "DetachedInstance", "greenlet")
        yield at.span(end, end, ", expire_on_commit=False", 0.6 if lazy else 0.1, "rows stay readable after a commit")


@family(*FUNCTIONS)
def session_not_closed(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A dependency that gives out a session and never writes or closes it."""
    yields = [n for n in within(node) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Yield)]
    for place in yields:
        value = place.value.value if isinstance(place.value, ast.Yield) else None
        if isinstance(value, ast.Name):
            wait = "await " if isinstance(node, ast.AsyncFunctionDef) else ""
            for method in ("commit", "close"):
                if f"{value.id}.{method}" not in at.code(node):
                    yield at.behind(place, f"{wait}{value.id}.{method}()", 0.2)
