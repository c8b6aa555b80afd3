"""A parent added to a resource the application has: foreign key, schemas, and 404 for an id that does not exist."""

import ast

from agents.blueprints.bench import Bench, qualified
from agents.blueprints.cst_handlers import add_parameters
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.extend_handlers import spread
from agents.blueprints.extend_schemas import Lines, add_lines, extend_schemas, needed
from agents.blueprints.fields import INT_RANGE
from agents.blueprints.fragments import Style
from agents.blueprints.names import attribute, literal, sentence, words
from agents.blueprints.relations import Parent
from agents.errors import NotUnderstood
from agents.reading.modules import Function
from agents.reading.orm import OrmClass, depends_target
from agents.reading.resources import Collection
from agents.reading.routes import Endpoint


def extend_parents(bench: Bench, collection: Collection, parent: Parent, style: Style) -> None:
    """Let items belong to another resource by `{parent}_id` in the body.

    Raises:
        NotUnderstood: it shall be served below the parent, the column is taken, or a place cannot be changed safely.
    """
    model = needed(collection.model, collection, "ORM class")
    plural, target = words(collection.resource.plural), words(parent.target.name)
    if parent.nested:
        offer = f"say '{plural} belong to a {target} (optional)' to add a reference"
        why = f"{collection.resource.path} is served already and stays there; {offer}."
        raise NotUnderstood(f"{plural} of {words(parent.target.plural)}", why)
    if model.column(parent.column):
        place = model.found.place
        raise NotUnderstood(parent.column, f"{place.file}:{place.line}: {model.name} has `{parent.column}` already.")
    _extend_model(bench, collection, model, parent, style)
    limits = ", ".join(INT_RANGE)
    optional = f"{parent.column}: int | None = Field(default=None, {limits})"
    extend_schemas(bench, collection, Lines(
        create=f"{parent.column}: int = Field({limits})" if parent.required else optional,
        update=optional,
        read=f"{parent.column}: int | None",
        same=not parent.required,
        nullable=not parent.required,
    ))  # fmt: skip
    for action in ("create", "update"):
        endpoint = collection.endpoints.get(action)
        if endpoint:
            spread(bench, endpoint, model, action, parent.column)
            _check(bench, collection, endpoint, parent, style)


def _extend_model(bench: Bench, collection: Collection, model: OrmClass, parent: Parent, style: Style) -> None:
    edit = bench.edit(model.found.module.file)
    key = f'ForeignKey("{parent.target.table}.id", ondelete="{parent.on_delete}"), index=True'
    name, target = parent.column, parent.target.model
    if model.mapped_style:
        add_lines(edit, model.name, f"{name}: Mapped[int | None] = mapped_column({key})", "column")
    else:
        add_lines(edit, model.name, f"{name} = Column(Integer, {key})", "column")
    if style.foreign_keys:
        return
    relation = attribute(parent.target.name)
    back = f"backref={literal(collection.resource.plural)}"
    line = f'{relation} = relationship("{target.name}", {back})'
    if model.mapped_style:
        near = target.module in ("", edit.module)
        written = f'"{target.name} | None"' if near else f"{target.name} | None"
        line = f"{relation}: Mapped[{written}] = relationship({back})"
        add_imports(edit, [] if near else [f"from {target.module} import {target.name}"])
    add_lines(edit, model.name, line, blank=True)


def _check(bench: Bench, collection: Collection, endpoint: Endpoint, parent: Parent, style: Style) -> None:
    data = _body_parameter(bench, collection, endpoint)
    if not data:
        place = f"{endpoint.module.file}:{endpoint.node.lineno}"
        raise NotUnderstood(parent.column, f"{place}: {endpoint.node.name} takes no schema of ours to check it in.")
    edit, function = bench.edit(endpoint.module.file), qualified(endpoint)
    session = _session_parameter(bench, endpoint, style)
    model, value = parent.target.model, f"{data}.{parent.column}"
    imports = ["from fastapi import HTTPException"]
    imports += [f"from {model.module} import {model.name}"] if model.module else []
    renamed = add_imports(edit, imports)
    name = renamed.get(model.name, model.name)
    is_async = isinstance(endpoint.node, ast.AsyncFunctionDef) and style.database != "sqlalchemy_sync"
    lookup = f"{'await ' if is_async else ''}{session}.get({name}, {value})"
    title = literal(f"{sentence(words(parent.target.name))} not found")
    code = f"if {value} is not None and {lookup} is None:\n    raise HTTPException(status_code=404, detail={title})"
    if parent.target.soft:
        known = f"known_{parent.target.name}"
        gone = f"if {known} is None or {known}.deleted_at is not None:"
        refusal = f"raise HTTPException(status_code=404, detail={title})"
        code = f"if {value} is not None:\n    {known} = {lookup}\n    {gone}\n        {refusal}"
    start = 1 if ast.get_docstring(endpoint.node) is not None else 0
    edit.add_to_function(function, start, code)


def _body_parameter(bench: Bench, collection: Collection, endpoint: Endpoint) -> str:
    wanted = [s.node for s in (collection.create, collection.update) if s]
    for argument in (*endpoint.node.args.args, *endpoint.node.args.kwonlyargs):
        found = bench.app.code.find(endpoint.module, argument.annotation) if argument.annotation else None
        if found and any(found.node is w for w in wanted):
            return argument.arg
    return ""


def _session_parameter(bench: Bench, endpoint: Endpoint, style: Style) -> str:
    """The handler's session parameter; added when it has none."""
    code, functions = bench.app.code, [s.node for s in bench.app.sessions if isinstance(s.node, Function)]
    arguments = endpoint.node.args
    defaults = dict(zip([a.arg for a in arguments.args][::-1], arguments.defaults[::-1], strict=False))
    for argument in (*arguments.args, *arguments.kwonlyargs):
        for node in (argument.annotation, defaults.get(argument.arg)):
            target = depends_target(code, endpoint.module, node)
            if target and any(target.node is f for f in functions):
                return argument.arg
    edit, kind = bench.edit(endpoint.module.file), "Session" if style.database == "sqlalchemy_sync" else "AsyncSession"
    name = style.session.name
    imports = [f"from {style.session.module} import {name}"] if style.session.module else []
    text = f"session: {name}"
    if not style.session_is_alias:
        source = "sqlalchemy.orm" if kind == "Session" else "sqlalchemy.ext.asyncio"
        imports += [f"from {source} import {kind}", "from fastapi import Depends"]
        text = f"session: {kind} = Depends({name})"
    add_imports(edit, imports)
    add_parameters(edit, qualified(endpoint), [text])
    return "session"
