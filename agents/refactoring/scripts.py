"""Requests that reach some code of a service, made up from its OpenAPI document."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from agents.profile import Route
from sandbox.attack.samples import NoSample
from sandbox.attack.script import Step
from sandbox.attack.surface import Collection as Things
from sandbox.attack.surface import Operation, Surface, item_path, plain_path
from sandbox.recorded import Script

MOST_OPERATIONS = 40
ELSEWHERE = 999_999
"""An id nobody has."""


def reached_by(wanted: Collection[tuple[str, str]], files: Mapping[str, bytes]) -> set[tuple[str, str]]:
    """Functions (path, `Cart.total`) that are among `wanted` or call one of them, by name, at last."""
    calls: dict[tuple[str, str], set[str]] = {}
    for path, content in files.items():
        try:
            tree = ast.parse(content)
        except (SyntaxError, ValueError, RecursionError):
            continue
        for name, node in _functions(tree.body, ""):
            names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
            calls[path, name] = names | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
    found = set(wanted)
    while True:
        names = {name.rpartition(".")[2] for _, name in found} | {name.partition(".")[0] for _, name in found}
        more = {key for key, used in calls.items() if key not in found and used & names}
        if not more:
            return found
        found |= more


def _functions(body: Iterable[ast.stmt], around: str) -> Iterator[tuple[str, ast.AST]]:
    for node in body:
        name = f"{around}.{getattr(node, 'name', '')}".strip(".")
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, name)


def scripts(document: Mapping[str, Any], routes: Collection[Route] | None) -> list[Script]:
    """Requests to the operations of some routes (None: all), valid and not, each with what it needs before it."""
    surface = Surface(document)
    found: list[Script] = []
    for operation in surface.operations[: MOST_OPERATIONS * 5]:
        if routes is None or any(_is(operation, route) for route in routes):
            found += _of_operation(surface, operation)
        if len(found) >= MOST_OPERATIONS * 4:
            break
    return found


def _is(operation: Operation, route: Route) -> bool:
    ours, theirs = (re.sub(r"\{[^}]*\}", "{}", path).rstrip("/") for path in (operation.path, route.path))
    return operation.method == route.method.upper() and (ours == theirs or (bool(theirs) and ours.endswith(theirs)))


def _of_operation(surface: Surface, operation: Operation) -> Iterator[Script]:
    name, method = operation.name, operation.method
    try:
        before, headers = surface.login(operation)
        query = operation.required_query()
    except NoSample:
        yield Script(id=f"{name} without login", steps=(Step(method=method, path=plain_path(operation)),))
        return
    start, path = _start(surface, operation, before, headers)
    for title, body in _bodies(operation):
        step = Step(method=method, path=path, query=query, headers=headers, json_body=body)
        made = _created(surface, operation, headers) if title == "valid" else []
        yield Script(id=f"{name} {title}", steps=(*start, *made) if made else (*start, step))
    if "{" in operation.path:
        away = re.sub(r"/1(?=/|$)", f"/{ELSEWHERE}", plain_path(operation))
        body = next(iter(_bodies(operation)))[1]
        step = Step(method=method, path=away, query=query, headers=headers, json_body=body)
        yield Script(id=f"{name} unknown", steps=(*before, step))
    if operation.guarded:
        yield Script(id=f"{name} without login", steps=(Step(method=method, path=plain_path(operation), query=query),))


def _created(surface: Surface, operation: Operation, headers: Mapping[str, str]) -> list[Step]:
    """Steps that end with the operation creating an item, what that refers to created before; none when it does not."""
    thing = next((c for c in surface.collections if c.create is operation), None)
    try:
        return surface.created(thing, headers) if thing is not None else []
    except NoSample:
        return []


def _start(
    surface: Surface, operation: Operation, before: Sequence[Step], headers: Mapping[str, str]
) -> tuple[list[Step], str]:
    """Steps that make the item the operation is about, where that can be done, and the operation's path with it."""
    thing, path = _thing(surface, operation), plain_path(operation)
    try:
        if thing is not None:
            login, bearer = surface.login(thing.create)
            made = surface.created(thing, bearer or headers)
            return [*before, *([] if before else login), *made], item_path(operation)
        return _below(surface, operation, before, headers) or (list(before), path)
    except NoSample:
        return list(before), path


def _below(
    surface: Surface, operation: Operation, before: Sequence[Step], headers: Mapping[str, str]
) -> tuple[list[Step], str] | None:
    """The same for an item that is created below another one (`POST /books/{id}/reviews`, then `GET /reviews/{id}`)."""
    match = re.fullmatch(r".*/([\w-]+)/\{[^}]+\}/?", operation.path)
    if match is None:
        return None
    ending = f"}}/{match[1]}"
    create = next((o for o in surface.operations if o.method == "POST" and o.path.rstrip("/").endswith(ending)), None)
    parent = _thing(surface, create) if create is not None else None
    if create is None or parent is None:
        return None
    login, bearer = surface.login(create)
    first, own = surface.login(parent.create)
    made = surface.created(parent, own or bearer or headers, name="parent")
    item = Step(
        method="POST", path=item_path(create, "parent"), headers=bearer or dict(headers), json_body=create.valid(),
        take={"item": "id"},
    )  # fmt: skip
    return [*(before or login or first), *made, item], item_path(operation)


def _bodies(operation: Operation) -> Iterator[tuple[str, Any]]:
    try:
        least, most = operation.valid(), operation.valid(everything=True)
    except NoSample:
        yield "without a body", None
        return
    yield "valid", least
    if most != least:
        yield "with everything", most
    if least is not None:
        yield "empty body", {}


def _thing(surface: Surface, operation: Operation) -> Things | None:
    """The collection one item of which the operation is about."""
    found = (c for c in surface.collections if operation.path.startswith(f"{c.path.rstrip('/')}/{{"))
    return max(found, key=lambda c: len(c.path), default=None)
