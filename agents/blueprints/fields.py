"""One field of a resource as code: schema lines, ORM column, migration column, query parameter."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from agents.blueprints.names import attribute, class_name, literal, parameter
from agents.blueprints.spec import FieldSpec
from agents.errors import NotUnderstood

_PYTHON = {
    "str": "str",
    "text": "str",
    "int": "int",
    "float": "float",
    "decimal": "Decimal",
    "bool": "bool",
    "date": "dt.date",
    "datetime": "UtcDatetime",
    "email": "Annotated[EmailStr, AfterValidator(str.lower)]",
    "url": "WebAddress",
    "uuid": "UUID",
}
_ANSWERED = {"email": "str", "url": "str"}
_MAPPED = {"email": "str", "url": "str", "enum": "str", "datetime": "dt.datetime"}
_COLUMN = {
    "text": "Text",
    "decimal": "Numeric(12, 2)",
    "int": "Integer",
    "float": "Float",
    "bool": "Boolean",
    "date": "Date",
    "datetime": "DateTime(timezone=True)",
    "email": "String(320)",
    "url": "String(2083)",
    "uuid": "Uuid",
}
_TRUE, _FALSE = {"true", "yes", "on", "1"}, {"false", "no", "off", "0"}
DECIMAL_RANGE = ("max_digits=12", "decimal_places=2")
INT_RANGE = ("ge=-(2**31)", "le=2**31 - 1")
"""What an INTEGER column holds on every database."""
DEFAULT_MAX = {"str": 255, "text": 10_000, "email": 320}
"""Longest text where the request states no limit."""


def longest(field: FieldSpec) -> int:
    """Most characters of a text: as stated, or what leaves room where only the least is stated."""
    return field.max_length or max(DEFAULT_MAX[field.type], 2 * (field.min_length or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCode:
    """The lines of code one field becomes; `Mapped` columns without their trailing newline."""

    spec: FieldSpec
    attribute: str
    """Python attribute; differs from the JSON name when that is a keyword or taken."""
    parameter: str
    python: str
    """Annotation in the create schema, without `| None`."""
    query: str
    """Annotation of the query parameter that filters by it, without `| None`."""
    nullable: bool
    column_type: str
    """SQLAlchemy type expression without a module prefix (`String(200)`)."""
    server_default: str | None
    """The default as the text of a Python string literal, for existing rows."""
    create: str
    update: str
    read: str
    column: str
    index: bool

    @property
    def name(self) -> str:
        """The JSON name, which is also the column's name."""
        return self.spec.name


def field_code(
    field: FieldSpec, resource: str, *, added: bool = False, index: bool = False, types: dict[str, str] | None = None
) -> FieldCode:
    """All code for one field of `resource`.

    Args:
        index: lists are filtered or ordered by it.
        types: names of the pydantic types for `datetime` and `url`.
        added: the field is new on a table that may have rows, so without a default its column has to be nullable.

    Raises:
        NotUnderstood: the default does not fit the type, or an enum has no choices.
    """
    python = (types or {}).get(field.type) or _python(field, resource)
    answered = _ANSWERED.get(field.type, python)
    default = default_literal(field)
    nullable = default is None and (not field.required or added)
    server = server_default(field)
    attr = attribute(field.name)
    index = added if field.unique else index  # an index can be added to a table, a constraint rebuilds it on SQLite
    alias = f"alias={literal(field.name)}" if attr != field.name else ""
    answered_as = f"serialization_{alias}" if alias else ""
    limits = constraints(field)
    optional_default = f"default={default}" if default is not None else "" if field.required else "default=None"
    written = python if default is not None or field.required else f"{python} | None"
    mapped = _MAPPED.get(field.type, python)
    return FieldCode(
        spec=field,
        attribute=attr,
        parameter=parameter(field.name),
        python=python,
        query=python if field.type != "url" else "str",
        nullable=nullable,
        column_type=column_type(field),
        server_default=server,
        create=f"{attr}: {written}{_assigned(optional_default, alias, *limits)}",
        update=f"{attr}: {python} | None{_assigned('default=None', alias, *limits)}",
        read=f"{attr}: {answered}{' | None' if nullable else ''}{_assigned(answered_as)}",
        column=f"{attr}: Mapped[{mapped}{' | None' if nullable else ''}] = "
        f"mapped_column({', '.join(_column(field, attr, default, server, index))})",
        index=index,
    )


def _assigned(*arguments: str) -> str:
    given = [argument for argument in arguments if argument]
    if not given:
        return ""
    if len(given) == 1 and given[0].startswith("default="):
        return " = " + given[0].removeprefix("default=")
    return f" = Field({', '.join(given)})"


def _column(field: FieldSpec, attr: str, default: str | None, server: str | None, index: bool) -> list[str]:
    arguments = [literal(field.name)] if attr != field.name else []
    arguments.append(column_type(field))
    if index:
        arguments.append("index=True")
    if field.unique:
        arguments.append("unique=True")
    if default is not None:
        arguments += [f"default={default}", f"server_default={literal(server or '')}"]
    return arguments


def _python(field: FieldSpec, resource: str) -> str:
    if field.type != "enum":
        return _PYTHON[field.type]
    if not field.choices:
        raise NotUnderstood(f"{field.name} (enum)", 'Name its choices: "status (draft, published)".')
    return enum_alias(field, resource)


def enum_alias(field: FieldSpec, resource: str) -> str:
    """Name of the `Literal` alias in the schemas module, e.g. `BookStatus`."""
    return class_name(resource) + class_name(field.name)


def column_type(field: FieldSpec) -> str:
    """SQLAlchemy type expression (`String(200)`)."""
    if field.type == "str":
        return f"String({longest(field)})"
    if field.type == "enum":
        return f"String({max(map(len, field.choices), default=1)})"
    return _COLUMN[field.type]


def constraints(field: FieldSpec) -> list[str]:
    """Arguments of pydantic's `Field` that hold the field to its limits."""
    found: list[str] = []
    if field.type in DEFAULT_MAX:
        bounds = {"min_length": field.min_length, "max_length": longest(field)}
        found += [f"{name}={value}" for name, value in bounds.items() if value is not None]
    if field.type in ("int", "float", "decimal"):
        numbers = {"gt": field.gt, "ge": field.ge, "lt": field.lt, "le": field.le}
        found += [f"{name}={number(value)}" for name, value in numbers.items() if value is not None]
    if field.type == "int":
        found += INT_RANGE[:1] if field.ge is None and field.gt is None else ()
        found += INT_RANGE[1:] if field.le is None and field.lt is None else ()
    if field.type == "float":
        found.append("allow_inf_nan=False")
    if field.type == "decimal":
        found += DECIMAL_RANGE
    return found


def number(value: float) -> str:
    """`1450.0` -> `1450`."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def default_literal(field: FieldSpec) -> str | None:
    """The default as a Python expression; None when there is none.

    Raises:
        NotUnderstood: the text is no value of the field's type.
    """
    if field.default is None:
        return None
    text = field.default.strip()
    try:
        return _parse_default(field, text)
    except (ValueError, InvalidOperation) as error:
        raise NotUnderstood(
            f"{field.name} ({field.type}, default {text})", f"{text!r} is no {field.type}; give a default of that type."
        ) from error


def _parse_default(field: FieldSpec, text: str) -> str | None:
    if text.lower() in ("null", "none") and not field.required:
        return None
    if field.type == "bool":
        if text.lower() not in _TRUE | _FALSE:
            raise ValueError(text)
        return str(text.lower() in _TRUE)
    if field.type == "enum" and text not in field.choices:
        raise ValueError(text)
    parsers = {
        "int": lambda: str(int(text)),
        "float": lambda: repr(float(text)),
        "decimal": lambda: f'Decimal("{Decimal(text)}")',
        "date": lambda: "dt.date({0.year}, {0.month}, {0.day})".format(date.fromisoformat(text)),
        "datetime": lambda: f'dt.datetime.fromisoformat("{_in_utc(text)}")',
        "uuid": lambda: f'UUID("{UUID(text)}")',
    }
    return parsers[field.type]() if field.type in parsers else literal(field.default or "")


def _in_utc(text: str) -> str:
    """A moment in ISO 8601, in UTC; no zone means UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


def server_default(field: FieldSpec) -> str | None:
    """The default as the database is told it: the text of a string literal in DDL."""
    if default_literal(field) is None or field.default is None:
        return None
    text = field.default.strip()
    if field.type == "bool":
        return "1" if text.lower() in _TRUE else "0"
    if field.type == "uuid":
        return UUID(text).hex
    if field.type == "datetime":
        return _in_utc(text)
    if field.type == "date":
        return date.fromisoformat(text).isoformat()
    return text if field.type in ("int", "float", "decimal") else field.default
