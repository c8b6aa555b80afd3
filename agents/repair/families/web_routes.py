"""Path operations: their order, paths, verbs, status codes and what they answer with."""

import ast
import re
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.repository import VERBS, Route
from agents.repair.source import FUNCTIONS, called
from agents.repair.suspicion import matches

_CODES = ("200", "201", "202", "204", "400", "401", "403", "404", "409", "410", "422", "429")
_KIN = {
    "200": ("201", "204", "202"), "201": ("200", "202"), "204": ("200",), "202": ("200", "201"),
    "400": ("422", "409", "404", "403"),
    "404": ("403", "400", "409", "410"), "403": ("401", "404"), "401": ("403", "404", "400"), "409": ("400", "422"),
    "422": ("400", "409"), "500": ("400", "404"),
}  # fmt: skip
_NAMES = {
    "200": "OK", "201": "CREATED", "202": "ACCEPTED", "204": "NO_CONTENT", "400": "BAD_REQUEST", "401": "UNAUTHORIZED",
    "403": "FORBIDDEN", "404": "NOT_FOUND", "409": "CONFLICT", "410": "GONE", "422": "UNPROCESSABLE_ENTITY",
    "429": "TOO_MANY_REQUESTS",
}  # fmt: skip


@family(*FUNCTIONS)
def route_order(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A route that another one catches first moves before it."""
    route = at.repo.route_of(node)
    if route is None:
        return
    for other in at.repo.routes:
        same = other.source is at.source and other.verb == route.verb and other.router == route.router
        if same and other.function.lineno < node.lineno and shadows(other, route):
            start, end = at.lines(node)
            into, _ = at.lines(other.function)
            text = at.source.text[start:end]
            gap = "\n\n" if text.endswith("\n") else "\n\n\n"
            edits = (at.edit(into, into, text + gap), at.edit(start, end, ""))
            yield Change(edits, 0.95, f"`{route.path}` is asked before `{other.path}`")


def shadows(first: Route, second: Route) -> bool:
    """Whether a request for the second path would be caught by the first."""
    return (
        first.path != second.path
        and "{" in first.path
        and matches(first.path, second.path)
        and (first.path.strip("/").count("/") == second.path.strip("/").count("/"))
    )


def _wanted(code: str, at: Place) -> float:
    return 3.5 if code in at.hints.statuses else 0.2 if at.hints.messages else 1.0


@family(ast.Call)
def status_code(node: ast.Call, at: Place) -> Iterator[Change]:
    """Another status code of a route or an HTTP error; the one a route lacks."""
    verb = isinstance(node.func, ast.Attribute) and node.func.attr in VERBS and bool(node.args)
    name = called(node)
    if not verb and name not in ("HTTPException", "JSONResponse", "Response", "RedirectResponse"):
        return
    given = next((k.value for k in node.keywords if k.arg == "status_code"), None)
    if given is None and name == "HTTPException" and node.args:
        given = node.args[0]
    if given is None:
        if verb and isinstance(at.parent(node), FUNCTIONS):
            end = at.source.end(node) - 1
            for code, prior in (("201", 0.2), ("204", 0.15), ("202", 0.05)):
                comma = "" if at.source.text[:end].rstrip().endswith(",") else ", "
                yield at.span(
                    end, end, f"{comma}status_code={code}", min(0.95, prior * _wanted(code, at)), f"answers {code}"
                )
        return
    yield from _other_codes(given, at)


def _other_codes(given: ast.expr, at: Place) -> Iterator[Change]:
    text = at.code(given)
    old = next((c for c in _CODES if c in text), "")
    for code in dict.fromkeys((*at.hints.statuses, *_KIN.get(old, ()), *_CODES)):
        if code == old or code not in _NAMES:
            continue
        base = 0.3 if code in _KIN.get(old, ()) else 0.08
        new = code if text.isdigit() else re.sub(r"HTTP_\d+\w*", f"HTTP_{code}_{_NAMES[code]}", text)
        yield at.swap(given, new, min(0.95, base * _wanted(code, at)), f"answers {code} instead of {short(text)}")


@family(ast.Attribute)
def response_status(node: ast.Attribute, at: Place) -> Iterator[Change]:
    """A status constant set on a response or returned."""
    if re.fullmatch(r"HTTP_\d{3}_\w+", node.attr) and not isinstance(at.parent(node), ast.keyword | ast.Call):
        yield from _other_codes(node, at)


@family(ast.Call)
def path_or_verb(node: ast.Call, at: Place) -> Iterator[Change]:
    """Another path or verb of a route: one a test asks for, one that has the function's own parameters."""
    function = at.parent(node)
    route = at.repo.route_of(function) if isinstance(function, FUNCTIONS) else None
    if route is None or route.decorator is not node or not isinstance(function, FUNCTIONS):
        return
    for url in at.hints.urls:
        parts = url.strip("/").split("/")
        for size in range(1, len(parts) + 1):
            path = "/" + "/".join(parts[-size:])
            if path != route.path and "{" not in path and "{" not in route.path:
                yield at.swap(node.args[0], f'"{path}"', 0.15)
    params = re.findall(r"{(\w+)", route.path)
    own = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)]
    for param in params:
        if param not in own:
            for name in own:
                yield at.swap(node.args[0], f'"{route.path.replace(f"{{{param}", f"{{{name}")}"', 0.7)
    func = node.func
    if isinstance(func, ast.Attribute):
        for verb in ("get", "post", "put", "patch", "delete"):
            if verb != route.verb:
                edit = at.edit(at.source.end(func.value), at.source.end(func), f".{verb}")
                yield Change(
                    (edit,), 0.3 if at.hints.mentions("405") or "405" in at.hints.said else 0.04, f"answers {verb}"
                )


@family(*FUNCTIONS)
def path_parameter(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A parameter named otherwise than in the path, so that it is looked for in the query."""
    route = at.repo.route_of(node)
    if route is None:
        return
    args = [*node.args.args, *node.args.kwonlyargs]
    for param in re.findall(r"{(\w+)", route.path):
        if any(arg.arg == param for arg in args):
            continue
        for arg in args:
            edits = [at.edit(at.source.start(arg), at.source.start(arg) + len(arg.arg), param)]
            edits += [
                at.edit(at.source.start(part), at.source.end(part), param)
                for part in ast.walk(ast.Module(node.body, []))
                if isinstance(part, ast.Name) and part.id == arg.arg
            ]
            yield Change(tuple(edits), 0.6, f"`{arg.arg}` is called `{param}` as in the path")


@family(ast.Call)
def response_model(node: ast.Call, at: Place) -> Iterator[Change]:
    """Another model of the answer, or none."""
    given = next((k for k in node.keywords if k.arg == "response_model"), None)
    if given is None:
        return
    text = at.code(given.value)
    shape = 2.5 if at.hints.mentions("ResponseValidation", "KeyError", "in {", "not in", "500") else 1.0
    for other in _schemas(at):
        yield at.swap(given.value, other, (0.15 if _alike(other, text) else 0.04) * shape)
    if text.startswith(("list[", "List[")):
        yield at.swap(given.value, text[5:-1], 0.12 * shape)
    else:
        yield at.swap(given.value, f"list[{text}]", 0.12 * shape)
        yield at.swap(given.value, f"{text} | None", 0.06 * shape)


def _alike(one: str, two: str) -> bool:
    split = re.compile(r"[A-Z][a-z]+")
    return bool(set(split.findall(one)) & set(split.findall(two)))


def _schemas(at: Place) -> list[str]:
    known = [
        name for name in at.repo.fields if not at.repo.is_table(name) and re.search(rf"\b{name}\b", at.source.text)
    ]
    return known[:25]


@family(*FUNCTIONS)
def annotation_of_the_answer(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """Another return annotation, which FastAPI takes for the model of the answer."""
    route = at.repo.route_of(node)
    if node.returns is None or route is None:
        return
    text = at.code(node.returns)
    for other in _schemas(at):
        inner = re.search(r"\[(\w+)\]", text)
        new = text.replace(inner[1], other) if inner else other
        if new != text:
            yield at.swap(node.returns, new, 0.25 if _alike(other, text) else 0.05)
    yield at.swap(node.returns, f"list[{text}]", 0.1)
