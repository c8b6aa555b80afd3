"""A function's parameters as FastAPI reads them: where each value comes from, its type and its limits."""

import ast
from dataclasses import dataclass
from typing import Literal

from agents.reading.modules import Found, Module, dotted_name, keyword
from agents.rules.names import Meaning, Names
from agents.rules.scopes import Scope

Kind = Literal["path", "query", "body", "header", "cookie", "form", "file", "depends", "special", "unknown"]
_MARKERS: dict[str, Kind] = {
    "Path": "path", "Query": "query", "Body": "body", "Header": "header", "Cookie": "cookie", "Form": "form",
    "File": "file", "Depends": "depends", "Security": "depends",
}  # fmt: skip
_SPECIAL = {
    "Request", "Response", "WebSocket", "BackgroundTasks", "HTTPConnection", "SecurityScopes", "JSONResponse",
    "HTMLResponse", "ORJSONResponse", "StreamingResponse",
}  # fmt: skip
_SCALARS = {
    "str", "int", "float", "bool", "bytes", "UUID", "UUID1", "UUID3", "UUID4", "UUID5", "datetime", "date", "time",
    "timedelta", "Decimal", "Literal", "EmailStr", "HttpUrl", "AnyUrl", "AnyHttpUrl", "PositiveInt", "NonNegativeInt",
    "NoneType", "Any", "constr", "conint", "SecretStr", "AwareDatetime",
}  # fmt: skip
_SEQUENCES = {"list", "List", "set", "Set", "tuple", "Tuple", "Sequence", "frozenset", "Iterable"}
_HOPS = 6


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter, `Annotated` and aliases taken apart."""

    name: str
    kind: Kind
    node: ast.arg
    annotation: ast.expr | None
    """Without `Annotated`; in the words of `module`."""
    module: Module
    default: ast.expr | None
    """The real default; None when it has none or when it is in the marker."""
    marker: ast.Call | None
    """`Query(...)`, `Depends(...)` and the like."""
    old_style: bool
    """The marker is the default instead of being in the annotation."""
    type: Meaning | None
    names: frozenset[str]
    """Last names of every type in the annotation."""

    def limit(self, *names: str) -> ast.expr | None:
        """The first of these keywords of the marker."""
        return next((v for n in names if self.marker and (v := keyword(self.marker, n)) is not None), None)

    @property
    def target(self) -> ast.expr | None:
        """What a `Depends` points at: its argument, else the type itself."""
        if self.kind != "depends":
            return None
        given = self.marker.args[0] if self.marker and self.marker.args else self.limit("dependency")
        return given if given is not None else self.annotation


def params_of(names: Names, scope: Scope, path: str = "") -> list[Param]:
    """The parameters of a handler below `path`, or of a dependency (`path` empty)."""
    arguments = scope.function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    pairs = [*zip(positional, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    if scope.class_scope and pairs and pairs[0][0].arg in ("self", "cls"):
        pairs = pairs[1:]
    return [_param(names, scope, node, default, path) for node, default in pairs]


def _param(names: Names, scope: Scope, node: ast.arg, default: ast.expr | None, path: str) -> Param:
    module, annotation, marker = _unwrap(names, scope.module, node.annotation, _HOPS)
    given = _marker(names, scope.module, default)
    used = given or marker
    type_ = names.annotated(module, annotation)
    every = type_names(names, module, annotation)
    return Param(
        name=node.arg,
        kind=_kind(names, node.arg, used, type_, every, path),
        node=node,
        annotation=annotation,
        module=module,
        default=None if given else default,
        marker=used,
        old_style=given is not None,
        type=type_,
        names=every,
    )


def _unwrap(
    names: Names, module: Module, node: ast.expr | None, hops: int
) -> tuple[Module, ast.expr | None, ast.Call | None]:
    """The module and annotation behind aliases, and the marker in `Annotated[..., marker]`."""
    if isinstance(node, ast.Name | ast.Attribute) and hops:
        found = names.code.find(module, node)
        if found and isinstance(found.node, ast.Subscript):
            return _unwrap(names, found.module, found.node, hops - 1)
    is_annotated = isinstance(node, ast.Subscript) and names.code.origin(module, node.value).endswith("Annotated")
    if not isinstance(node, ast.Subscript) or not is_annotated or not isinstance(node.slice, ast.Tuple):
        return module, node, None
    first, *rest = node.slice.elts
    marker = next((m for r in rest if (m := _marker(names, module, r))), None)
    inner_module, inner, deeper = _unwrap(names, module, first, hops - 1) if hops else (module, first, None)
    return inner_module, inner, marker or deeper


def _marker(names: Names, module: Module, node: ast.expr | None) -> ast.Call | None:
    if not isinstance(node, ast.Call):
        return None
    return node if names.code.origin(module, node.func).rpartition(".")[2] in _MARKERS else None


def _kind(
    names: Names, name: str, marker: ast.Call | None, type_: Meaning | None, every: frozenset[str], path: str
) -> Kind:
    if marker is not None:
        return _MARKERS.get(dotted_name(marker.func).rpartition(".")[2], "unknown")
    if every & _SPECIAL:
        return "special"
    if "UploadFile" in every:
        return "file"
    if path and name in path_names(path):
        return "path"
    if every and every <= _SCALARS:
        return "query"
    if type_ and type_.found:
        return "query" if is_enum(names, type_.found) else "body"
    if every & {"dict", "Dict", "Mapping"} or (type_ and type_.last in _SEQUENCES):
        return "body"
    return "unknown"


def path_names(path: str) -> dict[str, str]:
    """`/files/{name:path}` -> {"name": "path"}; without a converter the value is empty."""
    found: dict[str, str] = {}
    for part in path.split("{")[1:]:
        inside, closed, _ = part.partition("}")
        if closed:
            name, _, converter = inside.partition(":")
            found[name.strip()] = converter
    return found


def type_names(names: Names, module: Module, node: ast.expr | None) -> frozenset[str]:
    """Last names of all types in an annotation (`Optional[str]`: str; Optional and Union themselves left out)."""
    found = set[str]()
    waiting: list[ast.AST] = [node] if node is not None else []
    while waiting:
        current = waiting.pop()
        match current:
            case ast.Subscript(value=value, slice=inner):
                name = names.code.origin(module, value).rpartition(".")[2]
                if name == "Literal":
                    found.add("Literal")
                    continue
                if name not in ("Optional", "Union", "Annotated", "type", "Type"):
                    found.add(name)
                waiting += inner.elts if isinstance(inner, ast.Tuple) else [inner]
            case ast.BinOp(left=left, right=right):
                waiting += [left, right]
            case ast.Name() | ast.Attribute():
                found.add(names.code.origin(module, current).rpartition(".")[2])
            case ast.Constant(value=str(text)) if text.isidentifier():
                found.add(text)
            case ast.Constant(value=None):
                found.add("NoneType")
    return frozenset(found - {""})


def is_enum(names: Names, found: Found) -> bool:
    """The class is an enumeration."""
    return any(
        names.code.origin(a.module, base).rpartition(".")[2] in ("Enum", "StrEnum", "IntEnum", "IntFlag", "Flag")
        for a in names.code.ancestry(found)
        if isinstance(a.node, ast.ClassDef)
        for base in a.node.bases
    )
