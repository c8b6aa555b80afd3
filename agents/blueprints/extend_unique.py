"""409 for a unique value that is taken, in handlers that did not need to know of such a thing before."""

import ast

import libcst as cst

from agents.blueprints.bench import Bench
from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.extend_handlers import functions_of
from agents.blueprints.names import article, literal, sentence, words
from agents.errors import NotUnderstood
from agents.reading.modules import Found, walked
from agents.reading.resources import Collection
from agents.reading.routes import Endpoint

_ENDS = ("commit", "flush")


def refuse_duplicates(bench: Bench, collection: Collection, name: str) -> None:
    """Turn the database's refusal of a taken value into 409, on create and update.

    Raises:
        NotUnderstood: where a handler ends its writes cannot be seen.
    """
    if _handled_everywhere(bench):
        return
    detail = f"{sentence(article(words(collection.resource.name)))} with this {words(name)} already exists"
    for action in ("create", "update"):
        endpoint = collection.endpoints.get(action)
        if endpoint:
            _refuse(bench, endpoint, name, detail)


def _handled_everywhere(bench: Bench) -> bool:
    """The application has an answer of its own to `IntegrityError`."""
    calls = (n for m in bench.app.code.modules.values() for n in walked(m.tree) if isinstance(n, ast.Call))
    named = (
        ast.unparse(c) for c in calls if ast.unparse(c.func).endswith(("exception_handler", "add_exception_handler"))
    )
    return any("IntegrityError" in text for text in named)


def _refuse(bench: Bench, endpoint: Endpoint, name: str, detail: str) -> None:
    functions = functions_of(bench, endpoint)
    if any("except IntegrityError" in ast.unparse(f.node) for f in functions):
        return
    if not any(_wrap(bench.edit(f.module.file), f, detail) for f in functions):
        place = f"{endpoint.module.file}:{endpoint.node.lineno}"
        why = f"where {endpoint.node.name} ends its write is not plain, so a taken {words(name)} cannot become a 409."
        raise NotUnderstood(f"{words(name)} (unique)", f"{place}: {why}")


def _wrap(edit: FileEdit, function: Found, detail: str) -> bool:
    """`try` around the last statement that ends the write."""
    node = edit.function_named(function.name)
    lines = [line for line in find_all(node.body, cst.SimpleStatementLine) if _session(line)]
    if "except IntegrityError" in code_of(node):
        return True
    if not lines:
        return False
    session = _session(lines[-1])
    wait = "await " if "await " in code_of(lines[-1]) else ""
    source = code_of(lines[-1].with_changes(leading_lines=())).strip()
    code = (
        f"try:\n    {source}\nexcept IntegrityError as error:\n    {wait}{session}.rollback()\n"
        f"    raise HTTPException(status_code=409, detail={literal(detail)}) from error"
    )
    wrapped = cst.parse_statement(code, edit.tree.config_for_parsing)
    edit.replace(lines[-1], wrapped.with_changes(leading_lines=lines[-1].leading_lines))
    add_imports(edit, ["from fastapi import HTTPException", "from sqlalchemy.exc import IntegrityError"])
    return True


def _session(line: cst.SimpleStatementLine) -> str:
    """`db` of `db.commit()`, empty for any other statement."""
    small = line.body[0]
    value = small.value if isinstance(small, cst.Expr) else None
    call = value.expression if isinstance(value, cst.Await) else value
    if isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute) and call.func.attr.value in _ENDS:
        return code_of(call.func.value)
    return ""
