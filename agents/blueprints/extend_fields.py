"""New fields on a resource the application has: column, schemas, and handlers that name every field."""

import re

from agents.blueprints.bench import Bench
from agents.blueprints.extend_handlers import spread
from agents.blueprints.extend_schemas import Lines, add_lines, extend_schemas, needed
from agents.blueprints.extend_unique import refuse_duplicates
from agents.blueprints.fields import FieldCode, enum_alias, field_code
from agents.blueprints.names import literal
from agents.blueprints.spec import FieldSpec
from agents.errors import NotUnderstood
from agents.reading.orm import OrmClass
from agents.reading.resources import Collection


def extend_fields(bench: Bench, collection: Collection, fields: tuple[FieldSpec, ...], indexed: set[str]) -> None:
    """Add fields to model, schemas and handlers; those in `indexed` get an index.

    Raises:
        NotUnderstood: a field is there already, or a place cannot be changed with certainty.
    """
    model = needed(collection.model, collection, "ORM class")
    for spec in fields:
        if spec.name in {f.name for f in collection.resource.fields} or model.column(spec.name):
            place = model.found.place
            raise NotUnderstood(spec.name, f"{place.file}:{place.line}: {model.name} has `{spec.name}` already.")
        code = field_code(spec, collection.resource.name, added=True, index=spec.name in indexed)
        _extend_model(bench, model, code)
        extend_schemas(bench, collection, _lines(code, collection.resource.name))
        for action in ("create", "update"):
            endpoint = collection.endpoints.get(action)
            if endpoint:
                spread(bench, endpoint, model, action, spec.name)
        if spec.unique:
            refuse_duplicates(bench, collection, spec.name)


def _lines(code: FieldCode, resource: str) -> Lines:
    spec = code.spec
    choices = f"Literal[{', '.join(map(literal, spec.choices))}]"
    return Lines(
        create=code.create,
        update=code.update,
        read=code.read,
        same=not (spec.required and code.nullable),
        nullable=code.nullable and not spec.required,
        before=f"{enum_alias(spec, resource)} = {choices}" if spec.type == "enum" else "",
    )


def _extend_model(bench: Bench, model: OrmClass, code: FieldCode) -> None:
    edit = bench.edit(model.found.module.file)
    line = (
        re.sub(r"Mapped\[\w+?((?: \| None)?)\]", r"Mapped[str\1]", code.column)
        if code.spec.type == "enum"
        else code.column
    )
    add_lines(edit, model.name, line if model.mapped_style else _plain_column(code), "column")


def _plain_column(code: FieldCode) -> str:
    """The column as `x = Column(...)`."""
    arguments = code.column.partition("mapped_column(")[2].removesuffix(")")
    nullable = "" if code.nullable else ", nullable=False"
    return f"{code.attribute} = Column({arguments}{nullable})"
