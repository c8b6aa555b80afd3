"""New lines in the schemas of an existing resource, put where its owner would have put them."""

import re
from dataclasses import dataclass
from typing import TypeVar

from agents.blueprints.bench import Bench
from agents.blueprints.cst_edits import FileEdit
from agents.blueprints.cst_handlers import line_limit
from agents.blueprints.cst_imports import add_imports, bound_names
from agents.blueprints.extend_handlers import spread_read, updates_given_only
from agents.blueprints.imports import KNOWN_IMPORTS, imports_for
from agents.blueprints.names import words
from agents.blueprints.wrap import wrap_lines
from agents.errors import NotUnderstood
from agents.reading.modules import Found
from agents.reading.resources import Collection
from agents.reading.schemas import own_fields

T = TypeVar("T")
UTC_TYPE = '''
def in_utc(value: dt.datetime) -> dt.datetime:
    """The moment in UTC; one without a zone is taken as UTC."""
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


UtcDatetime = Annotated[dt.datetime, AfterValidator(in_utc)]
'''
_URL_TYPE = '''
def web_address(value: str) -> str:
    """The address as it was given, once it has proved to be one."""
    HttpUrl(value)
    return value


WebAddress = Annotated[str, AfterValidator(web_address), Field(max_length=2083)]
'''
_TYPES = {"UtcDatetime": UTC_TYPE, "WebAddress": _URL_TYPE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One attribute in the three schemas."""

    create: str
    update: str
    read: str
    same: bool
    """Create and read may share one line (and one base class)."""
    nullable: bool
    """Null is a value of it; else an update refuses null."""
    before: str = ""
    """Statements the schemas need above them, e.g. an alias."""
    validator: str = ""
    """Method for the read schema."""


def needed(value: T | None, collection: Collection, what: str) -> T:
    """The value, or the error that says which part of the resource is missing."""
    if value is None:
        path = collection.resource.path
        why = f"{path}: its {what} was not found, so it cannot be extended by rule."
        raise NotUnderstood(words(collection.resource.plural), why)
    return value


def extend_schemas(bench: Bench, collection: Collection, lines: Lines) -> None:
    """Add the attribute to create, update and read schema, to a shared base where there is one.

    Raises:
        NotUnderstood: the resource has no create or no read schema.
    """
    create = needed(collection.create, collection, "create schema")
    read = needed(collection.read, collection, "read schema")
    shared = _shared(bench, create, read)
    if shared and lines.same:
        touched = [shared]
        _add(bench, collection, shared, lines.create, lines.before)
    else:
        touched = [create, read] if create.node is not read.node else [create]
        _add(bench, collection, create, lines.create, lines.before)
        if create.node is not read.node:
            _add(bench, collection, read, lines.read, lines.before)
    if lines.validator:
        add_lines(bench.edit(read.module.file), read.name, lines.validator, blank=True)
    spread_read(bench, read, lines.read.partition(":")[0])
    update = collection.update
    if update is None or any(update.node is t.node for t in touched):
        return
    inherits = any(t.node is a.node for a in bench.app.code.ancestry(update) for t in touched)
    if not inherits or not lines.same:
        _add(bench, collection, update, _update_line(bench, collection, lines), lines.before)


def _shared(bench: Bench, create: Found, read: Found) -> Found | None:
    """The nearest class with fields that both schemas inherit from (or are)."""
    others = [a.node for a in bench.app.code.ancestry(read)]
    line = bench.app.code.ancestry(create)
    return next((a for a in line if any(a.node is o for o in others) and own_fields(a)), None)


def _update_line(bench: Bench, collection: Collection, lines: Lines) -> str:
    """Optional in an update; where null means nothing it is refused, absent fields stay."""
    endpoint = collection.endpoints.get("update")
    if lines.nullable or not endpoint or not updates_given_only(bench, endpoint):
        return lines.update
    name, _, rest = lines.update.partition(" | None = ")
    extra = rest.removeprefix("Field(default=None").removesuffix(")") if rest.startswith("Field(") else ""
    return f"{name} = Field(default=None{extra})"


def _add(bench: Bench, collection: Collection, schema: Found, line: str, before: str) -> None:
    edit = bench.edit(schema.module.file)
    users = [schema, *(s for s in (collection.create, collection.read, collection.update) if s)]
    first = min(edit.index_of(s.name) for s in users if s.module is schema.module)
    helper = next((name for name in _TYPES if re.search(rf"\b{name}\b", line) and name not in bound_names(edit)), None)
    for code in (_TYPES[helper] if helper else "", before):
        name = code.strip().partition(" = ")[0]
        if code and name not in bound_names(edit):
            add_imports(edit, imports_for(code, KNOWN_IMPORTS))
            edit.insert(first, code)
    add_lines(edit, schema.name, line, "field")


def add_lines(edit: FileEdit, owner: str, code: str, kind: str = "", *, blank: bool = False) -> None:
    """Put code into a class with the imports it needs, optional types written as the file writes them."""
    if "Optional" in bound_names(edit):
        code = re.sub(r"(: |\[)([^=\n]+?) \| None", r"\1Optional[\2]", code, count=1)
    if max(map(len, code.splitlines())) + 4 > line_limit(edit):
        code = wrap_lines(code)
    body = "\n".join(f"    {line}" for line in code.splitlines())
    renamed = add_imports(edit, imports_for(f"class X:\n{body}", KNOWN_IMPORTS))
    for old, new in renamed.items():
        code = re.sub(rf"\b{old}\b", new, code)
    edit.add_to_class(owner, code, kind, blank=blank)
