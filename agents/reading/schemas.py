"""Pydantic classes as field specifications."""

import ast
from dataclasses import dataclass

from agents.blueprints.spec import FieldSpec, FieldType
from agents.reading.modules import Code, Found, Module, class_values, keyword

_TYPES: dict[str, FieldType] = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "Decimal": "decimal", "date": "date",
    "datetime": "datetime", "EmailStr": "email", "HttpUrl": "url", "AnyUrl": "url", "AnyHttpUrl": "url",
    "UUID": "uuid", "UUID4": "uuid", "StrictStr": "str", "StrictInt": "int", "StrictBool": "bool",
    "SecretStr": "str", "AwareDatetime": "datetime", "NaiveDatetime": "datetime", "constr": "str", "conint": "int",
    "confloat": "float", "condecimal": "decimal", "PositiveInt": "int", "NonNegativeInt": "int", "PositiveFloat":
    "float", "NonNegativeFloat": "float",
}  # fmt: skip
_IMPLIED: dict[str, dict[str, float]] = {
    "PositiveInt": {"gt": 0}, "PositiveFloat": {"gt": 0}, "NonNegativeInt": {"ge": 0}, "NonNegativeFloat": {"ge": 0},
}  # fmt: skip
_BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length")
_PYDANTIC = ("BaseModel", "RootModel", "SQLModel")


@dataclass(frozen=True, slots=True)
class SchemaField:
    """One field of a pydantic class; `spec` is None when its type is nothing a FieldSpec can say."""

    name: str
    required: bool
    spec: FieldSpec | None
    is_text_list: bool = False


def is_schema(code: Code, found: Found) -> bool:
    """The class is a pydantic model, directly or through classes of ours."""
    for ancestor in code.ancestry(found):
        if isinstance(ancestor.node, ast.ClassDef):
            names = {code.origin(ancestor.module, base).rpartition(".")[2] for base in ancestor.node.bases}
            if names & set(_PYDANTIC):
                return True
    return False


def schema_fields(code: Code, found: Found) -> tuple[SchemaField, ...]:
    """The fields of a class, inherited ones first, overridden ones in their last form."""
    fields: dict[str, SchemaField] = {}
    for ancestor in reversed(code.ancestry(found)):
        if not isinstance(ancestor.node, ast.ClassDef):
            continue
        for node in ancestor.node.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                name = node.target.id
                if not name.startswith("_") and "ClassVar" not in ast.unparse(node.annotation):
                    fields[name] = _field(code, ancestor.module, name, node)
    return tuple(fields.values())


def own_fields(found: Found) -> list[str]:
    """Names of the fields declared in the class itself."""
    body = found.node.body if isinstance(found.node, ast.ClassDef) else []
    names = [n.target.id for n in body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
    return [name for name in names if name != "model_config"]


def _field(code: Code, module: Module, name: str, node: ast.AnnAssign) -> SchemaField:
    reading = _Reading(code, module)
    optional = reading.annotation(node.annotation)
    default = reading.default(node.value)
    required = node.value is None if default is None else default[0]
    is_list = reading.is_text_list(node.annotation)
    if reading.type is None or reading.pattern or not _plain(name):
        return SchemaField(name, required, None, is_list)
    bounds = {k: v for k, v in reading.bounds.items() if v is not None}
    spec = FieldSpec.model_validate({
        "name": name, "type": reading.type, "required": required and not optional, "choices": reading.choices,
        "default": default[1] if default else None, **bounds,
    })  # fmt: skip
    return SchemaField(name, required, spec, is_list)


def _plain(name: str) -> bool:
    return name.isascii() and name == name.lower() and not name.startswith("_")


class _Reading:
    """Collects what an annotation and a default say about one field."""

    def __init__(self, code: Code, module: Module, seen: set[int] | None = None) -> None:
        self.code, self.module = code, module
        self.seen = seen if seen is not None else set()
        self.type: FieldType | None = None
        self.choices: tuple[str, ...] = ()
        self.bounds: dict[str, float | int] = {}
        self.pattern = False

    def annotation(self, node: ast.expr) -> bool:
        """Take in the type; True when `None` is allowed."""
        match node:
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                sides = [s for s in (left, right) if not _is_none(s)]
                return [self.annotation(s) for s in sides] != [False] * len(sides) or len(sides) < 2
            case ast.Constant(value=str(text)):
                try:
                    return self.annotation(ast.parse(text, mode="eval").body)
                except SyntaxError:
                    return False
            case ast.Subscript(value=owner, slice=inner):
                return self._subscript(self.code.origin(self.module, owner).rpartition(".")[2], inner)
            case ast.Call(func=func):
                self._named(func)
                self._constraints(node)
                return False
        self._named(node)
        return False

    def _subscript(self, owner: str, inner: ast.expr) -> bool:
        parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if owner == "Optional":
            self.annotation(inner)
            return True
        if owner == "Union":
            found = [self.annotation(p) for p in parts if not _is_none(p)]
            return any(found) or len(found) < len(parts)
        if owner == "Annotated":
            optional = self.annotation(parts[0])
            for call in (p for p in parts[1:] if isinstance(p, ast.Call)):
                self._constraints(call)
            return optional
        if owner == "Literal":
            self.type = "enum"
            self.choices = tuple(str(p.value) for p in parts if isinstance(p, ast.Constant))
        return False

    def _named(self, node: ast.expr) -> None:
        found = self.code.find(self.module, node)
        if found and isinstance(found.node, ast.ClassDef):
            return self._enum(found.module, found.node)
        if found and id(found.node) in self.seen:
            return None
        if found and isinstance(found.node, ast.expr):
            self.seen.add(id(found.node))
            inner = _Reading(self.code, found.module, self.seen)
            inner.annotation(found.node)
            self.type, self.choices, self.pattern = inner.type, inner.choices, inner.pattern
            self.bounds |= inner.bounds
            return None
        name = self.code.origin(self.module, node).rpartition(".")[2]
        self.type = _TYPES.get(name)
        self.bounds |= _IMPLIED.get(name, {})
        return None

    def _enum(self, module: Module, node: ast.ClassDef) -> None:
        bases = {self.code.origin(module, b).rpartition(".")[2] for b in node.bases}
        values = [self.code.text(module, value) for _, value in class_values(node)]
        if bases & {"Enum", "StrEnum", "IntEnum"} and values and None not in values:
            self.type = "enum"
            self.choices = tuple(v for v in values if v is not None)

    def _constraints(self, call: ast.Call) -> None:
        for bound in _BOUNDS:
            value = _number(keyword(call, bound))
            if value is not None:
                self.bounds[bound] = int(value) if "length" in bound else value
        self.pattern = self.pattern or bool(keyword(call, "pattern") or keyword(call, "regex"))

    def default(self, value: ast.expr | None) -> tuple[bool, str | None] | None:
        """(is it required, the default as text); None when there is no value at all."""
        if value is None:
            return None
        if self.code.is_call_of(self.module, value, "Field") and isinstance(value, ast.Call):
            self._constraints(value)
            given = value.args[0] if value.args else keyword(value, "default")
            factory = keyword(value, "default_factory")
            if given is None and factory is None:
                return True, None
            return self.default(given) if given else (False, None)
        if isinstance(value, ast.Constant):
            if value.value is Ellipsis:
                return True, None
            return False, None if value.value is None else _default_text(value.value)
        if isinstance(value, ast.UnaryOp):
            number = _number(value)
            return False, None if number is None else ast.unparse(value)
        return False, self.code.text(self.module, value)

    def is_text_list(self, node: ast.expr) -> bool:
        """The annotation is a list (or set) of strings."""
        return ast.unparse(node).lower().replace(" ", "").startswith(("list[str]", "set[str]", "optional[list[str]]"))


def _default_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _number(node: ast.expr | None) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None
