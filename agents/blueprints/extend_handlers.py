"""Handlers that name every field take a new one along; those that pass everything on are left alone."""

import ast

import libcst as cst

from agents.blueprints.bench import Bench, qualified
from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of, with_keywords
from agents.blueprints.spec import Action
from agents.errors import NotUnderstood
from agents.reading.calls import reachable
from agents.reading.modules import Found, Module, walked
from agents.reading.orm import OrmClass
from agents.reading.routes import Endpoint


def functions_of(bench: Bench, endpoint: Endpoint) -> list[Found]:
    """The handler and the functions it calls."""
    return reachable(bench.app.code, Found(endpoint.module, qualified(endpoint), endpoint.node))


def updates_given_only(bench: Bench, endpoint: Endpoint) -> bool:
    """Fields that were not sent are not touched (`exclude_unset`)."""
    return any("exclude_unset=True" in ast.unparse(f.node) for f in functions_of(bench, endpoint))


def spread(bench: Bench, endpoint: Endpoint, model: OrmClass, action: Action, name: str) -> None:
    """Make a create or update handler take a new field along.

    Raises:
        NotUnderstood: how it stores fields cannot be seen.
    """
    functions = functions_of(bench, endpoint)
    done = (
        _spread_create(bench, functions, model, name) if action == "create" else _spread_update(bench, functions, name)
    )
    if not done:
        place = f"{endpoint.module.file}:{endpoint.node.lineno}"
        why = f"{place}: how {endpoint.node.name} stores its fields is not plain enough to add one by rule."
        raise NotUnderstood(name, why)


def creations(bench: Bench, function: Found, model: OrmClass) -> list[cst.Call]:
    """Calls of the ORM class in a function."""
    calls = {
        ast.unparse(n.func) for n in walked(function.node) if isinstance(n, ast.Call) and _is(bench, function, n, model)
    }
    node = bench.edit(function.module.file).function_named(function.name)
    return [c for c in find_all(node.body, cst.Call) if code_of(c.func) in calls]


def _is(bench: Bench, function: Found, call: ast.Call, model: OrmClass) -> bool:
    found = bench.app.code.find(function.module, call.func)
    return found is not None and found.node is model.found.node


def _spread_create(bench: Bench, functions: list[Found], model: OrmClass, name: str) -> bool:
    for function in functions:
        for call in creations(bench, function, model):
            if any(a.star == "**" for a in call.args):
                return True
            owner = owner_of(call)
            if owner:
                edit = bench.edit(function.module.file)
                edit.replace(call, with_keywords(call, {name: f"{owner}.{name}"}))
                return True
    return False


def owner_of(call: cst.Call) -> str:
    """`data` of `Book(title=data.title, pages=data.pages)`."""
    for arg in call.args:
        value = arg.value
        if arg.keyword and isinstance(value, cst.Attribute) and value.attr.value == arg.keyword.value:
            return code_of(value.value)
    return ""


def spread_read(bench: Bench, schema: Found, name: str) -> None:
    """Where the answer is put together field by field (`BookOut(id=book.id, ...)`), add the new one.

    Raises:
        NotUnderstood: it is put together from something else than attributes of one object.
    """
    for module, node in bench.app.code.functions():
        calls = [n for n in walked(node) if isinstance(n, ast.Call) and _makes(bench, module, n, schema)]
        if not any(len(c.keywords) > 1 and all(k.arg for k in c.keywords) for c in calls):
            continue
        edit = bench.edit(module.file)
        names = {ast.unparse(c.func) for c in calls}
        for call in [c for c in find_all(edit.tree, cst.Call) if code_of(c.func) in names]:
            owner = owner_of(call)
            if not owner:
                raise edit.refuse(
                    call, name, f"`{schema.name}` is put together here in a way that cannot be extended by rule"
                )
        _add_everywhere(edit, names, name)


def _makes(bench: Bench, module: Module, call: ast.Call, schema: Found) -> bool:
    found = bench.app.code.find(module, call.func)
    return found is not None and found.node is schema.node


def _add_everywhere(edit: FileEdit, names: set[str], name: str) -> None:
    class Add(cst.CSTTransformer):
        def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.Call:
            owner = owner_of(original_node) if code_of(original_node.func) in names else ""
            return with_keywords(updated_node, {name: f"{owner}.{name}"}) if owner else updated_node

    edit.tree = edit.tree.visit(Add())


def _spread_update(bench: Bench, functions: list[Found], name: str) -> bool:
    for function in functions:
        text = ast.unparse(function.node)
        if "setattr(" in text or (".update(" in text and ("model_dump(" in text or ".dict(" in text)):
            return True
    return any(_copy_assignment(bench.edit(f.module.file), f.name, name) for f in functions)


def _copy_assignment(edit: FileEdit, function: str, name: str) -> bool:
    """After the last `book.title = data.title` (perhaps in an `if`) the same for the new field."""
    body = edit.function_named(function).body
    for index in range(len(body.body) - 1, -1, -1):
        statement = body.body[index]
        pairs = [a for a in find_all(statement, cst.Assign) if isinstance(a.targets[0].target, cst.Attribute)]
        for pair in pairs:
            target, value = pair.targets[0].target, pair.value
            if isinstance(target, cst.Attribute) and isinstance(value, cst.Attribute):
                old = target.attr.value
                if old == value.attr.value and len(pairs) == 1 and not isinstance(statement, cst.For | cst.With):
                    copy = code_of(statement.deep_replace(pair, pair)).strip("\n")
                    edit.add_to_function(function, index + 1, _renamed(copy, old, name))
                    return True
    return False


def _renamed(code: str, old: str, new: str) -> str:
    class Rename(cst.CSTTransformer):
        def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> cst.Attribute:
            is_old = original_node.attr.value == old
            return updated_node.with_changes(attr=cst.Name(new)) if is_old else updated_node

    return cst.parse_module(code).visit(Rename()).code
