"""Filters, order, search and pages added to a list the application serves already."""

import ast
from dataclasses import dataclass

import libcst as cst

from agents.blueprints.bench import Bench, qualified
from agents.blueprints.cst_edits import find_all
from agents.blueprints.cst_handlers import add_parameters, code_of, with_keywords
from agents.blueprints.cst_imports import add_imports, bound_names
from agents.blueprints.extend_query import Narrowing, narrow
from agents.blueprints.names import literal, parameter, words
from agents.blueprints.spec import FieldSpec, ListingSpec
from agents.errors import NotUnderstood
from agents.reading.calls import callee_of
from agents.reading.modules import Found, Function, dotted_name, keyword, walked
from agents.reading.orm import OrmClass
from agents.reading.resources import Collection

_PYTHON = {
    "int": "int",
    "float": "float",
    "bool": "bool",
    "decimal": "Decimal",
    "date": "date",
    "datetime": "datetime",
    "uuid": "UUID",
}
_IMPORTS = {
    "Decimal": "from decimal import Decimal",
    "date": "from datetime import date",
    "datetime": "from datetime import datetime",
    "UUID": "from uuid import UUID",
}
_INT = ("ge=-(2**31)", "le=2**31 - 1")


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """A filter through a many-to-many relation that was just added or is there already."""

    name: str
    """Query parameter, e.g. `tag`."""
    attribute: str
    """Relationship, e.g. `tags`."""
    target: str
    key: str
    target_import: str
    """Statement that imports the target's class; empty in the same file."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter to add."""

    name: str
    python: str
    bounds: tuple[str, ...] = ()
    default: str = "None"

    def plain(self, optional: str) -> str:
        """As a parameter of an inner function."""
        kind = optional.format(self.python) if self.default == "None" else self.python
        return f"{self.name}: {kind} = {self.default}"

    def query(self, optional: str, annotated: bool) -> str:
        """As a parameter of a route."""
        kind = optional.format(self.python) if self.default == "None" else self.python
        if not self.bounds:
            return f"{self.name}: {kind} = {self.default}"
        if annotated:
            return f"{self.name}: Annotated[{kind}, Query({', '.join(self.bounds)})] = {self.default}"
        return f"{self.name}: {kind} = Query({', '.join((self.default, *self.bounds))})"


def extend_listing(bench: Bench, collection: Collection, asked: ListingSpec, links: tuple[LinkFilter, ...]) -> None:
    """Make the existing list do what is asked in addition.

    Raises:
        NotUnderstood: no such list, field or query that can be extended with certainty.
    """
    endpoint, model = collection.endpoints.get("list"), collection.model
    if endpoint is None or model is None:
        why = f"{collection.resource.path} has no list route on an ORM class that could be extended."
        raise NotUnderstood(f"list {words(collection.resource.plural)}", why)
    way = _way_to_query(bench, Found(endpoint.module, qualified(endpoint), endpoint.node), model, ())
    if way is None:
        why = f"{endpoint.module.file}:{endpoint.node.lineno}: no query on {model.name} is reached from here."
        raise NotUnderstood(f"list {words(collection.resource.plural)}", why)
    steps, written = way
    parameters, narrowing = _plan(bench, collection, model, asked, links, written, endpoint.node)
    inner = steps[-1]
    _import_targets(bench, inner.module.file, asked, links)
    narrow(bench.edit(inner.module.file), inner.name, written, narrowing)
    _pass_down(bench, steps, parameters)


def _import_targets(bench: Bench, path: str, asked: ListingSpec, links: tuple[LinkFilter, ...]) -> None:
    edit = bench.edit(path)
    add_imports(edit, [entry.target_import for entry in links if entry.name in asked.filters and entry.target_import])
    if len(asked.search) > 1:
        add_imports(edit, ["from sqlalchemy import or_"])


def _plan(
    bench: Bench, collection: Collection, model: OrmClass, asked: ListingSpec,
    links: tuple[LinkFilter, ...], written: str, handler: Function,
) -> tuple[list[Parameter], Narrowing]:  # fmt: skip
    have = {a.arg for a in (*handler.args.args, *handler.args.kwonlyargs)}
    parameters: list[Parameter] = []
    conditions: list[tuple[str, str]] = []
    for name in asked.filters:
        link = next((entry for entry in links if name in (entry.name, entry.attribute)), None)
        new, test = _link_filter(link, written) if link else _field_filter(collection, model, name, written)
        if new.name not in have:
            parameters.append(new)
            conditions.append((f"{new.name} is not None", test))
    if asked.search and "q" not in have:
        parameters.append(Parameter("q", "str"))
        tests = [f"{written}.{_column(model, name)}.icontains(q, autoescape=True)" for name in asked.search]
        conditions.append(("q", tests[0] if len(tests) == 1 else f"or_({', '.join(tests)})"))
    paginated = asked.paginated and "limit" not in have
    if paginated:
        parameters.append(Parameter("limit", "int", ("ge=1", "le=100")))
        parameters.append(Parameter("offset", "int", ("ge=0", "le=2**31 - 1"), "0"))
    return parameters, Narrowing(
        tuple(conditions), _order_of(model, asked, written), paginated, keep_order=asked.order_by is None
    )


def _order_of(model: OrmClass, asked: ListingSpec, written: str) -> tuple[str, ...]:
    if asked.order_by is None:
        return (f"{written}.id",) if asked.paginated else ()
    turn = ".desc()" if asked.descending else ""
    if asked.order_by == "id" or (asked.order_by == "created_at" and model.column("created_at") is None):
        return (f"{written}.id{turn}",)
    return (f"{written}.{_column(model, asked.order_by)}{turn}", f"{written}.id{turn}")


def _link_filter(link: LinkFilter, written: str) -> tuple[Parameter, str]:
    name = parameter(link.name)
    return Parameter(name, "str"), f"{written}.{link.attribute}.any({link.target}.{link.key} == {name})"


def _field_filter(collection: Collection, model: OrmClass, name: str, written: str) -> tuple[Parameter, str]:
    relation = next((r for r in collection.resource.relations if name in (r.target, f"{r.target}_id")), None)
    column = _column(model, f"{relation.target}_id" if relation and model.column(f"{relation.target}_id") else name)
    spec = next((f for f in collection.resource.fields if f.name == column), None) or FieldSpec(
        name=column, type="int" if column.endswith("_id") else "str"
    )
    choices = f"Literal[{', '.join(map(literal, spec.choices))}]"
    kind = choices if spec.type == "enum" else _PYTHON.get(spec.type, "str")
    name = parameter(column)
    alias = (f"alias={literal(column)}",) if name != column else ()
    bounds = {"int": _INT, "float": ("allow_inf_nan=False",), "Decimal": _digits(model, column)}.get(kind, ())
    return Parameter(name, kind, alias + bounds), f"{written}.{column} == {name}"


def _digits(model: OrmClass, name: str) -> tuple[str, ...]:
    """What a column of so many digits can be compared with: databases refuse anything larger as an error."""
    found = model.column(name)
    for call in (node for node in ast.walk(found.call) if isinstance(node, ast.Call)) if found and found.call else ():
        if dotted_name(call.func).rpartition(".")[2] not in ("Numeric", "DECIMAL", "NUMERIC"):
            continue
        digits, places = (_whole(call, index, key) for index, key in enumerate(("precision", "scale")))
        if digits is not None:
            return (f"max_digits={digits}", f"decimal_places={places or 0}")
    return ()


def _whole(call: ast.Call, index: int, name: str) -> int | None:
    """An argument that is a number."""
    value = call.args[index] if len(call.args) > index else keyword(call, name)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, int) else None


def _column(model: OrmClass, name: str) -> str:
    if model.column(name) is None:
        have = ", ".join(c.name for c in model.columns)
        place = model.found.place
        raise NotUnderstood(words(name), f"{place.file}:{place.line}: {model.name} has no column {name}, only {have}.")
    return name


def _way_to_query(
    bench: Bench, start: Found, model: OrmClass, seen: tuple[ast.AST, ...]
) -> tuple[list[Found], str] | None:
    """The functions from the handler down to the one that queries the model, and how it writes the model's name."""
    code = bench.app.code
    if not isinstance(start.node, Function) or start.node in seen or len(seen) > 4:
        return None
    for call in (n for n in walked(start.node) if isinstance(n, ast.Call) and n.args):
        named = isinstance(call.func, ast.Attribute | ast.Name) and ast.unparse(call.func).rpartition(".")[2]
        found = code.find(start.module, call.args[0])
        if named in ("select", "query") and found and found.node is model.found.node:
            return [start], ast.unparse(call.args[0])
    for call in (n for n in walked(start.node) if isinstance(n, ast.Call)):
        callee = callee_of(bench.app.code, start.module, start.node, call.func)
        way = _way_to_query(bench, callee, model, (*seen, start.node)) if callee else None
        if way:
            return [start, *way[0]], way[1]
    return None


def _pass_down(bench: Bench, steps: list[Found], parameters: list[Parameter]) -> None:
    if not parameters:
        return
    for index, step in enumerate(steps):
        edit = bench.edit(step.module.file)
        optional = "Optional[{}]" if "Optional" in bound_names(edit) else "{} | None"
        imports = {s for p in parameters for n, s in _IMPORTS.items() if n == p.python}
        imports |= {"from typing import Literal"} if any(p.python.startswith("Literal[") for p in parameters) else set()
        if index + 1 < len(steps):
            _forward(bench, step, steps[index + 1], parameters)
        if index == 0:
            annotated = "Annotated" in bound_names(edit)
            texts = [p.query(optional, annotated) for p in parameters]
            imports |= {"from fastapi import Query"} if any(p.bounds for p in parameters) else set()
        else:
            texts = [p.plain(optional) for p in parameters]
        renamed = add_imports(edit, sorted(imports))
        for old, new in renamed.items():
            texts = [t.replace(f": {old}", f": {new}").replace(f"[{old}", f"[{new}") for t in texts]
        add_parameters(edit, step.name, texts)


def _forward(bench: Bench, outer: Found, inner: Found, parameters: list[Parameter]) -> None:
    edit = bench.edit(outer.module.file)
    node = edit.function_named(outer.name)
    wanted = inner.name.rpartition(".")[2]
    calls = [c for c in find_all(node.body, cst.Call) if code_of(c.func).rpartition(".")[2] == wanted]
    if len(calls) != 1:
        raise edit.refuse(
            node, outer.name, f"it calls {wanted} {len(calls)} times, so the filters cannot be passed on by rule"
        )
    edit.replace(calls[0], with_keywords(calls[0], {p.name: p.name for p in parameters}))
