"""What changed between two OpenAPI documents of one service, as its clients see it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from sandbox.gates.openapi_schema import Comparison, Direction, resolved
from sandbox.reports import Frozen

METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
Document = Mapping[str, Any]


class ContractChange(Frozen):
    """One difference."""

    kind: Literal["breaking", "added"]
    where: str
    """`POST /books`, then the place inside it."""
    what: str

    @property
    def words(self) -> str:
        """`POST /books: body.title: is required now`."""
        return f"{self.where}: {self.what}" if self.where else self.what


def differences(old: Document, new: Document) -> tuple[ContractChange, ...]:
    """Every operation in turn; breaking changes first."""
    before, after = _operations(old), _operations(new)
    found: list[ContractChange] = []
    for key, (path, operation) in before.items():
        where = f"{key[0].upper()} {path}"
        if key not in after:
            found.append(ContractChange(kind="breaking", where=where, what="is gone"))
            continue
        lines = _operation_breaks(old, new, operation, after[key][1])
        found += [ContractChange(kind="breaking", where=where, what=line) for line in dict.fromkeys(lines)]
        found += [
            ContractChange(kind="added", where=where, what=line)
            for line in _operation_additions(old, new, operation, after[key][1])
        ]
    for key, (path, _) in after.items():
        if key not in before:
            found.append(ContractChange(kind="added", where=f"{key[0].upper()} {path}", what="is new"))
    return tuple(sorted(found, key=lambda change: change.kind != "breaking"))


def breaking(old: Document, new: Document) -> tuple[ContractChange, ...]:
    """The differences that existing clients notice."""
    return tuple(change for change in differences(old, new) if change.kind == "breaking")


Operation = Mapping[str, Any]


def _operations(document: Document) -> dict[tuple[str, str], tuple[str, Operation]]:
    """(method, path without the names of parameters) -> path and operation, parameters of the path item included."""
    found: dict[tuple[str, str], tuple[str, Operation]] = {}
    for path, item in _mapping(document.get("paths")).items():
        for method in METHODS:
            operation = _mapping(item).get(method)
            if isinstance(operation, Mapping):
                shared = [*_list(_mapping(item).get("parameters")), *_list(operation.get("parameters"))]
                found[method, re.sub(r"{[^}]*}", "{}", path)] = path, {**operation, "parameters": shared}
    return found


def _operation_breaks(old: Document, new: Document, before: Operation, after: Operation) -> Iterator[str]:
    yield from _parameter_breaks(old, new, before, after)
    yield from _body_breaks(old, new, before, after)
    yield from _answer_breaks(old, new, before, after)
    if _guarded(new, after) and not _guarded(old, before):
        yield "needs a login now"


def _parameters(document: Document, operation: Operation) -> dict[tuple[str, str], Mapping[str, Any]]:
    """(place, name) -> parameter; those of the path by their position."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    position = 0
    for parameter in operation["parameters"]:
        one = resolved(document, parameter)
        name = str(one.get("name", ""))
        if one.get("in") == "path":
            name, position = str(position), position + 1
        found[str(one.get("in", "")), name.lower() if one.get("in") == "header" else name] = one
    return found


def _parameter_breaks(old: Document, new: Document, before: Operation, after: Operation) -> Iterator[str]:
    had, has = _parameters(old, before), _parameters(new, after)
    for key, parameter in had.items():
        shown = f"{parameter.get('in')} parameter {parameter.get('name')}"
        if key not in has:
            yield f"{shown}: is gone"
            continue
        if has[key].get("required") and not parameter.get("required"):
            yield f"{shown}: is required now"
        compare = Comparison(old, new, "request")
        yield from compare.breaks(_mapping(parameter.get("schema")), _mapping(has[key].get("schema")), shown)
    for key, parameter in has.items():
        if key not in had and parameter.get("required"):
            yield f"{parameter.get('in')} parameter {parameter.get('name')}: is new and required"


def _body_breaks(old: Document, new: Document, before: Operation, after: Operation) -> Iterator[str]:
    had, has = (resolved(d, _mapping(o.get("requestBody"))) for d, o in ((old, before), (new, after)))
    if has.get("required") and not had.get("required"):
        yield "body: is required now"
    if had and not has:
        yield "body: is not read any more"
        return
    yield from _content_breaks(old, new, had, has, "request", "body")


def _answer_breaks(old: Document, new: Document, before: Operation, after: Operation) -> Iterator[str]:
    had, has = (_mapping(o.get("responses")) for o in (before, after))
    for status, answer in had.items():
        if not str(status).startswith("2"):
            continue
        if status not in has:
            others = ", ".join(sorted(s for s in has if str(s).startswith("2"))) or "no success"
            yield f"answer {status}: is gone (now {others})"
            continue
        pair = resolved(old, _mapping(answer)), resolved(new, _mapping(has[status]))
        yield from _content_breaks(old, new, *pair, "response", f"answer {status}")


def _content_breaks(
    old: Document, new: Document, had: Mapping[str, Any], has: Mapping[str, Any], direction: Direction, where: str
) -> Iterator[str]:
    before, after = _mapping(had.get("content")), _mapping(has.get("content"))
    for kind, media in before.items():
        if kind not in after:
            yield f"{where}: {kind} is gone"
            continue
        schemas = _mapping(_mapping(media).get("schema")), _mapping(_mapping(after[kind]).get("schema"))
        if schemas[0]:
            yield from Comparison(old, new, direction).breaks(*schemas, where)


def _operation_additions(old: Document, new: Document, before: Operation, after: Operation) -> Iterator[str]:
    had, has = _parameters(old, before), _parameters(new, after)
    for key, parameter in has.items():
        if key not in had and not parameter.get("required"):
            yield f"{parameter.get('in')} parameter {parameter.get('name')}: is new"


def _guarded(document: Document, operation: Operation) -> bool:
    security = operation.get("security", document.get("security"))
    return isinstance(security, list) and bool(security) and {} not in security


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
