"""Schemas and parameters: defaults, types, limits, partial updates, enumerations by name and value."""

import ast
import re
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.ingredients import ingredients_of, module_names
from agents.repair.source import FUNCTIONS, called

_ENUMERATED = ("status", "role", "kind", "state", "type", "level", "priority")
_TYPES = ("int", "str", "float", "bool", "Decimal", "datetime", "date", "UUID", "EmailStr")


@family(ast.AnnAssign)
def field_default(node: ast.AnnAssign, at: Place) -> Iterator[Change]:
    """A field that may be None but must be sent, a default that is missing or too many."""
    if not isinstance(at.parent(node), ast.ClassDef):
        return
    text = at.code(node.annotation)
    optional = "None" in text or "Optional" in text
    end = at.source.end(node)
    if node.value is None:
        refused = "422" in at.hints.answers or at.hints.mentions("validation", "missing", "Field required")
        prior = 0.05 if not optional else 0.7 if refused or not at.hints.messages else 0.12
        yield at.span(end, end, " = None", prior, "None when it is not sent")
        for default in ("0", '""', "False", "True", "[]"):
            if not optional:
                yield at.span(end, end, f" = {default}", 0.06, f"{default} when it is not sent")
    else:
        yield at.span(at.source.end(node.annotation), end, "", 0.15, "it must be sent")
    if not optional:
        yield at.swap(node.annotation, f"{text} | None", 0.2)
        finish = at.source.end(node.annotation)
        if node.value is None:
            yield at.span(finish, finish, " | None = None", 0.25, "it need not be sent")
    else:
        yield at.swap(node.annotation, re.sub(r"\s*\|\s*None|Optional\[(.*)\]", r"\1", text), 0.1)
    yield from _other_types(node.annotation, at)


@family(ast.arg)
def parameter_type(node: ast.arg, at: Place) -> Iterator[Change]:
    """Another type of a route's parameter."""
    function = next((n for n in at.source.above(node) if isinstance(n, FUNCTIONS)), None)
    if node.annotation is not None and at.repo.route_of(function) is not None:
        yield from _other_types(node.annotation, at)
        text = at.code(node.annotation)
        for name in at.repo.fields:
            if (
                name in module_names(at.source)
                and text in at.repo.fields
                and name != text
                and not at.repo.is_table(name)
            ):
                yield at.swap(node.annotation, name, 0.15)


@family(*FUNCTIONS)
def parameter_default(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A query parameter that need not be sent."""
    if at.repo.route_of(node) is None:
        return
    required = node.args.args[: len(node.args.args) - len(node.args.defaults)]
    for arg in required:
        text = at.code(arg.annotation) if arg.annotation is not None else ""
        if "None" in text or "Optional" in text:
            end = at.source.end(arg)
            yield at.span(end, end, " = None", 0.8, f"`{arg.arg}` need not be sent")


def _other_types(node: ast.expr, at: Place) -> Iterator[Change]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and part.id in _TYPES:
            for other in _TYPES:
                if other != part.id and (other in ("int", "str", "float", "bool") or other in module_names(at.source)):
                    yield at.swap(part, other, 0.12)


@family(ast.Call)
def partial_update(node: ast.Call, at: Place) -> Iterator[Change]:
    """Only what was sent is changed; only what the caller may see is shown."""
    if called(node) not in ("model_dump", "dict") or not isinstance(node.func, ast.Attribute):
        return
    given = {k.arg for k in node.keywords}
    end = at.source.end(node) - 1
    comma = ", " if node.keywords else ""
    function = at.function(node)
    patch = "patch" in at.code(function).lower() or "update" in function.name if function is not None else False
    options = {"exclude_unset=True": 0.6 if patch else 0.15, "exclude_none=True": 0.1, 'mode="json"': 0.08}
    for text, prior in options.items():
        if text.split("=")[0] not in given:
            yield at.span(end, end, f"{comma}{text}", prior, f"`{text}` is passed as well")


@family(ast.ClassDef)
def class_setting(node: ast.ClassDef, at: Place) -> Iterator[Change]:
    """A setting that other classes of the kind have (`model_config`), another base class."""
    if at.repo.is_table(node.name):
        return
    for text, piece in ingredients_of(at.repo).fields.items():
        if text not in at.code(node) and not piece.needs - module_names(at.source):
            yield at.before(_first(node), text, 0.4)
    for base in node.bases:
        for other in at.repo.fields:
            here = other in module_names(at.source) and not at.repo.is_table(other)
            if here and other not in (at.code(base), node.name):
                yield at.swap(base, other, 0.06)


def _first(node: ast.ClassDef) -> ast.stmt:
    first = node.body[0]
    docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return node.body[1] if docstring and len(node.body) > 1 else first


@family(ast.ClassDef)
def field_missing(node: ast.ClassDef, at: Place) -> Iterator[Change]:
    """A field that a similar class has and a test misses in the answer; one that should not be shown."""
    if at.repo.is_table(node.name):
        return
    fields = at.repo.fields.get(node.name, {})
    for other, theirs in at.repo.fields.items():
        for name, note in theirs.items():
            if name in fields or not note or "Mapped" in note or name not in at.hints.words | at.hints.lacking:
                continue
            if set(fields) & set(theirs) and other != node.name:
                yield at.behind(node.body[-1], f"{name}: {note}", 0.2)
    for item in node.body:
        if isinstance(item, ast.AnnAssign) and len(node.body) > 1:
            change = at.remove(item, 0.08)
            if change is not None:
                yield change


@family(ast.Attribute)
def enum_by_name(node: ast.Attribute, at: Place) -> Iterator[Change]:
    """`.name` for `.value`, a member for its value."""
    if node.attr in ("name", "value"):
        other = "value" if node.attr == "name" else "name"
        plain = node.attr == "name" and any("name" in fields for fields in at.repo.fields.values())
        likely = 0.45 if not plain or _is_member(node.value, at) else 0.04
        edit = at.edit(at.source.end(node.value), at.source.end(node), f".{other}")
        yield Change((edit,), likely, f"`.{node.attr}` becomes `.{other}`")
        if node.attr == "value":
            yield Change((at.edit(at.source.end(node.value), at.source.end(node), ""),), 0.2, "the member itself")
    elif isinstance(node.value, ast.Name) and at.repo.is_enum(node.value.id):
        yield at.swap(node, f"{at.code(node)}.value", 0.2)
        for member in at.repo.fields.get(node.value.id, ()):
            if member != node.attr:
                yield at.swap(node, f"{node.value.id}.{member}", 0.3)
    elif node.attr in _ENUMERATED and isinstance(node.ctx, ast.Load):
        yield at.swap(node, f"{at.code(node)}.value", 0.15)


def _is_member(node: ast.expr, at: Place) -> bool:
    """Whether something seems to be a member of an enumeration: by its name, its class or its annotation."""
    text = at.code(node)
    function = at.source.function(node)
    notes = (
        [a.annotation for a in (*function.args.args, *function.args.kwonlyargs) if a.arg == text] if function else []
    )
    words = {part.id for note in notes if note for part in ast.walk(note) if isinstance(part, ast.Name)}
    words |= {text.split(".")[0]}
    return text.rpartition(".")[2] in _ENUMERATED or any(at.repo.is_enum(word) for word in words)


@family(ast.Call, ast.Subscript)
def enum_lookup(node: ast.Call | ast.Subscript, at: Place) -> Iterator[Change]:
    """`Kind(x)` looks up by value, `Kind[x]` by name."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        if at.repo.is_enum(node.func.id):
            yield at.swap(node, f"{node.func.id}[{at.code(node.args[0])}]", 0.3)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and at.repo.is_enum(node.value.id):
        yield at.swap(node, f"{node.value.id}({at.code(node.slice)})", 0.6)


@family(*FUNCTIONS)
def parameter_unused(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A parameter nothing reads is given to a call that has a parameter of its name, or asked for."""
    if not node.body:
        return
    names = names_of(node.body[0], at)
    if names is None:
        return
    unused = [n for n in names.unused() if n in names.parameters and not n.startswith("_")]
    for name in unused:
        for part in ast.walk(node):
            if isinstance(part, ast.comprehension) and isinstance(part.target, ast.Name):
                item = part.target.id
                text = (
                    f"{item}.{name}"
                    if name in at.repo.attributes.get(item, {}) or item in at.repo.attributes
                    else f'{item}["{name}"]'
                )
                end = max(at.source.end(p) for p in (part.iter, *part.ifs))
                yield at.span(end, end, f" if {text} == {name}", 0.5, f"only those of `{name}`")
                note = f" if {name} is None or {text} == {name}"
                yield at.span(end, end, note, 0.6, f"only those of `{short(name)}`, when it is given")
