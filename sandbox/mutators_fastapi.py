"""Damage to what makes a FastAPI application: guards, status codes, limits of fields, narrowing of queries."""

import ast
import re
from collections.abc import Iterator

from sandbox.mutators_text import Edit, Text, name_of

NARROWING = frozenset({"filter", "filter_by", "where", "limit", "offset", "order_by", "having", "desc"})
_NORMALISING = frozenset({"strip", "lower", "upper", "casefold"})
_LIMITS = frozenset({"ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "pattern", "extra"})
_DECLARING = frozenset({"Field", "Query", "Path", "Body", "Form", "Header", "StringConstraints", "ConfigDict"})
RESPONSES = frozenset({"JSONResponse", "Response", "PlainTextResponse", "RedirectResponse", "StreamingResponse"})
_ANSWERS = RESPONSES | {"HTTPException"}
_ROUTES = frozenset({"get", "post", "put", "patch", "delete", "api_route", "websocket"})
_PLAIN_TYPES = frozenset({"int", "str", "float", "bool", "bytes", "UUID", "date", "datetime", "Request", "Response"})


def status_code(node: ast.AST, text: Text) -> Iterator[Edit]:
    """Another status of the same family or, for the only one, of another."""
    if isinstance(node, ast.Attribute) and (match := re.fullmatch(r"HTTP_([234]\d{2})_\w+", node.attr)):
        yield text.replaced(node, b"%d" % _other(int(match[1])), "status changed")
        return
    if not isinstance(node, ast.Call):
        return
    places = [k.value for k in node.keywords if k.arg == "status_code"]
    places += node.args[:2] if name_of(node.func) in _ANSWERS else []
    for place in places:
        if isinstance(place, ast.Constant) and type(place.value) is int and 200 <= place.value < 500:
            label = f"status {place.value}"
            yield text.replaced(place, b"%d" % _other(place.value), "status changed", label)


def answers_itself(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A route that returns a ready response: the status its decorator names is documentation then."""
    returned = (n.value for n in ast.walk(node) if isinstance(n, ast.Return))
    return any(isinstance(value, ast.Call) and name_of(value.func) in RESPONSES for value in returned)


def _other(status: int) -> int:
    if status < 300:
        return 200 if status != 200 else 202
    return 400 if status != 400 else 422


def constraint(node: ast.AST, text: Text) -> Iterator[Edit]:
    """A limit of a field or parameter left out."""
    if not isinstance(node, ast.Call) or name_of(node.func) not in _DECLARING:
        return
    items: list[ast.AST] = [*node.args, *node.keywords]
    for keyword in node.keywords:
        if keyword.arg in _LIMITS and not isinstance(keyword.value, ast.BinOp | ast.UnaryOp):
            yield text.without(keyword, items, "limit removed")


def dependency_list(node: ast.AST, text: Text) -> Iterator[Edit]:
    """`dependencies=[...]` emptied."""
    listed = node.value if isinstance(node, ast.keyword) and node.arg == "dependencies" else None
    if isinstance(node, ast.keyword) and isinstance(listed, ast.List) and listed.elts:
        yield text.replaced(listed, b"[]", "guard removed")


def query_call(node: ast.AST, text: Text) -> Iterator[Edit]:
    """A call that narrows, orders or cuts a query, or evens out a text, left out."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    inner, name = node.func.value, node.func.attr
    if name not in NARROWING | _NORMALISING or (name in _NORMALISING and node.args) or _is_by_id(node):
        return
    if name in NARROWING - {"desc"} and not node.args and not node.keywords:
        return
    start, end = text.span(inner)[1], text.span(node)[1]
    shown = " ".join(text.source[start:end].decode("utf-8", "replace").split()).lstrip(".) ")
    line = text.source.count(b"\n", 0, start) + 1
    label = shown if len(shown) <= 80 else shown[:77] + "..."
    if text.source[start:end].lstrip().startswith(b"."):
        yield Edit(start, end, b"", "call removed", max(line, node.func.end_lineno or line), label=label)


def _is_by_id(node: ast.Call) -> bool:
    """Ordering by the key alone is what most databases do anyway; of two orders the last breaks ties only."""
    if name_of(node.func) == "order_by":
        return len(node.args) == 1 and isinstance(node.args[0], ast.Attribute) and node.args[0].attr == "id"
    inner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return name_of(node.func) == "desc" and isinstance(inner, ast.Attribute) and inner.attr == "id"


def guards(node: ast.AST, text: Text) -> Iterator[Edit]:
    """A dependency of a route that only guards it (its value is not used) left out."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not _is_route(node):
        return
    used = {n.id for child in node.body for n in ast.walk(child) if isinstance(n, ast.Name)}
    arguments = [*node.args.posonlyargs, *node.args.args]
    defaults = dict(zip(reversed(arguments), reversed(node.args.defaults), strict=False))
    paired: list[tuple[ast.arg, ast.expr | None]] = [(a, defaults.get(a)) for a in arguments]
    paired += list(zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True))
    for argument, default in paired:
        if argument.arg not in used and _guards(argument, default):
            yield _without(argument, default, paired, text)


def _is_route(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(d, ast.Call) and name_of(d.func) in _ROUTES for d in node.decorator_list)


def _guards(argument: ast.arg, default: ast.expr | None) -> bool:
    for part in (default, argument.annotation):
        calls = (n for n in ast.walk(part) if isinstance(n, ast.Call)) if part is not None else ()
        if any(name_of(call.func) in ("Depends", "Security") for call in calls):
            return True
    annotation = argument.annotation
    plain = isinstance(annotation, ast.Name | ast.Attribute) and name_of(annotation) not in _PLAIN_TYPES
    return default is None and plain and argument.arg.startswith("_")


def _without(
    argument: ast.arg, default: ast.expr | None, paired: list[tuple[ast.arg, ast.expr | None]], text: Text
) -> Edit:
    """The parameter removed with its default and its comma."""
    spans = sorted((text.span(a)[0], text.span(d if d is not None else a)[1]) for a, d in paired)
    start, end = text.span(argument)[0], text.span(default if default is not None else argument)[1]
    label = " ".join(text.source[start:end].decode("utf-8", "replace").split())[:80]
    position = spans.index((start, end))
    if position + 1 < len(spans):
        end = spans[position + 1][0]
    elif position:
        start = spans[position - 1][1]
    elif (comma := re.match(rb"\s*,", text.source[end:])) is not None:
        end += comma.end()
    return Edit(start, end, b"", "guard removed", argument.lineno, label=label)
