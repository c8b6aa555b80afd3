"""Attacks with bodies: fields only the server may set, more than anybody needs, deeper than anybody reads, files."""

from collections.abc import Iterator
from typing import Any

from sandbox.attack.samples import NoSample
from sandbox.attack.script import Attack, Expect, Step, Upload
from sandbox.attack.surface import JSON, Collection, Operation, Surface, plain_path
from sandbox.gates.openapi_schema import resolved, types_of

MEGABYTE = 1_000_000
LARGE = 8 * MEGABYTE
DEPTHS = (400, 600, 800, 20_000)
"""Just what a JSON parser still takes, and far more."""
OWNED: dict[str, Any] = {
    "id": 987654, "is_admin": True, "is_superuser": True, "is_staff": True, "admin": True, "role": "admin",
    "roles": ["admin"], "scopes": ["admin"], "permissions": ["admin"], "owner_id": 987654, "user_id": 987654,
    "author_id": 987654, "created_by": 987654, "created_at": "2001-02-03T04:05:06Z",
    "updated_at": "2001-02-03T04:05:06Z",
    "is_verified": True, "verified": True, "is_active": True, "balance": 987654, "credits": 987654, "price_paid": 0,
    "hashed_password": "planted", "password_hash": "planted", "status": "approved", "version": 987654,
}  # fmt: skip
"""What a client should not decide unless the document says it may."""
SLOW_TEXTS = ("a" * 40_000 + "!", "a@" * 20_000, " " * 40_000 + "x", "0" * 40_000 + "x", "(" * 10_000)


def owned_fields(surface: Surface) -> Iterator[Attack]:
    """Fields that an answer has and the body's schema does not: sent all the same, they must not stick."""
    for operation in surface.operations:
        schema = operation.body() or {}
        if operation.method not in ("POST", "PUT", "PATCH") or "{" in operation.path or not schema:
            continue
        declared = set(schema.get("properties") or {})
        shown = set(operation.answer().get("properties") or {}) - declared
        for name, value in OWNED.items():
            if name not in shown or not _fits(operation, name, value):
                continue
            steps = _sent(surface, operation, {name: value}, Expect(unlike={name: value}, below=500))
            if steps:
                yield Attack(
                    id=f"mass assignment/{operation.name}/{name}",
                    operation=operation.name,
                    category="mass assignment",
                    title=f"{operation.name} lets the client set {name}, which only the server may",
                    steps=tuple(steps),
                )


def _fits(operation: Operation, name: str, value: Any) -> bool:
    inner = (operation.answer().get("properties") or {}).get(name)
    kinds = types_of(resolved(operation.document, inner)) if isinstance(inner, dict) else frozenset()
    ours = {bool: "boolean", int: "integer", str: "string", list: "array"}[type(value)]
    return not kinds or ours in kinds


def _sent(surface: Surface, operation: Operation, more: dict[str, Any], expect: Expect) -> list[Step]:
    try:
        steps, headers = surface.login(operation)
        body, query = operation.valid(), operation.required_query()
    except NoSample:
        return []
    if not isinstance(body, dict):
        return []
    sent = Step(
        method=operation.method, path=plain_path(operation), query=query, headers=headers, json_body=body | more,
        expect=expect,
    )  # fmt: skip
    return [*steps, sent]


def large_bodies(surface: Surface) -> Iterator[Attack]:
    """Megabytes in a text, and arrays without end inside each other."""
    for operation in surface.operations:
        schema = operation.body()
        if schema is None:
            continue
        try:
            steps, headers = surface.login(operation)
        except NoSample:
            continue
        head = headers | {"Content-Type": JSON}
        path = plain_path(operation)
        nested = [
            Step(
                method=operation.method, path=path, headers=head, raw=raw, tail=tail, repeat=depth,
                expect=Expect(below=500),
            )
            for depth in DEPTHS
            for raw, tail in (("[", "]"), ('{"a":', "}"))
        ]  # fmt: skip
        yield Attack(
            id=f"large bodies/{operation.name}/nesting", operation=operation.name, category="large bodies",
            title=f"{operation.name} breaks on a deeply nested body", steps=(*steps, *nested),
        )  # fmt: skip
        yield from _large_text(surface, operation)


def _large_text(surface: Surface, operation: Operation) -> Iterator[Attack]:
    """Free text without a limit takes what it is sent, for ever: eight megabytes must be refused."""
    properties = (operation.body() or {}).get("properties") or {}
    for name, inner in properties.items():
        plain = resolved(operation.document, inner if isinstance(inner, dict) else {})
        if plain.get("type") != "string" or plain.get("format") or "enum" in plain:
            continue
        expect = Expect(status=(400, 401, 403, 413, 414, 422))
        steps = _sent(surface, operation, {name: f"<<large:{LARGE}>>"}, expect)
        if steps:
            yield Attack(
                id=f"large bodies/{operation.name}/{name}", operation=operation.name, category="large bodies",
                title=f"{operation.name} stores {LARGE // MEGABYTE} MB in {name}", steps=tuple(steps), doubt=True,
            )  # fmt: skip


def slow_texts(surface: Surface) -> Iterator[Attack]:
    """Texts on which a careless regular expression never ends."""
    for operation in surface.operations:
        properties = (operation.body() or {}).get("properties") or {}
        for name, inner in properties.items():
            plain = resolved(operation.document, inner if isinstance(inner, dict) else {})
            if plain.get("type") != "string" or "enum" in plain:
                continue
            steps: list[Step] = []
            for text in _fitting(plain.get("maxLength")):
                more = _sent(surface, operation, {name: text}, Expect(within_s=3.0, below=500))
                steps += more if not steps else more[-1:]
            if steps:
                yield Attack(
                    id=f"slow patterns/{operation.name}/{name}", operation=operation.name, category="slow patterns",
                    title=f"{operation.name} is kept busy by one text in {name}", steps=tuple(steps),
                )  # fmt: skip


def _fitting(limit: object) -> Iterator[str]:
    """The texts as long as the schema lets them be: what is too long is refused before any pattern sees it."""
    for text in SLOW_TEXTS:
        fits = not isinstance(limit, int) or len(text) <= limit
        yield text if fits or not isinstance(limit, int) or limit < 2 else text[: limit - 1] + text[-1]


UPLOADS = (
    ("page", Upload(field="", name="page.html", kind="text/html", text="<script>alert(1337)</script>")),
    ("picture that is none", Upload(field="", name="picture.png", kind="image/png", text="<?php system('id'); ?>")),
    ("program", Upload(field="", name="run.py", kind="text/x-python", text="import os\n")),
    ("name that climbs", Upload(field="", name="../../planted.txt", kind="text/plain", text="planted")),
    ("size", Upload(field="", name="large.bin", kind="application/octet-stream", text="x", size=24 * MEGABYTE)),
)


def uploads(surface: Surface) -> Iterator[Attack]:
    """Files that nobody should take as they come."""
    refused = Expect(status=(400, 401, 403, 404, 409, 413, 415, 422))
    for operation in surface.operations:
        schema = operation.body("multipart/form-data")
        field = _file_field(operation, schema or {})
        if schema is None or not field:
            continue
        try:
            steps, headers = surface.login(operation)
        except NoSample:
            continue
        steps, path = _upload_target(surface, operation, steps, headers)
        for name, upload in UPLOADS:
            expect = Expect(absent=("../",), below=500) if name == "name that climbs" else refused
            sent = Step(
                method=operation.method, path=path, headers=headers,
                upload=upload.model_copy(update={"field": field}), expect=expect,
            )  # fmt: skip
            yield Attack(
                id=f"upload/{operation.name}/{name}", operation=operation.name, category="upload",
                title=f"{operation.name} takes a file it should refuse: {name}", steps=(*steps, sent),
            )  # fmt: skip


def _upload_target(
    surface: Surface, operation: Operation, steps: list[Step], headers: dict[str, str]
) -> tuple[list[Step], str]:
    """The item a file belongs to is created first, where the path begins with a collection's."""
    owner: Collection | None = next(
        (c for c in surface.collections if operation.path.startswith(c.path.rstrip("/") + "/{")), None
    )
    if owner is None:
        return steps, plain_path(operation)
    try:
        made = surface.created(owner, headers)
    except NoSample:
        return steps, plain_path(operation)
    start, _, rest = operation.path.removeprefix(owner.path.rstrip("/") + "/").partition("/")
    return [*steps, *made], f"{owner.path.rstrip('/')}/<<item>>" + (f"/{rest}" if start and rest else "")


def _file_field(operation: Operation, schema: Any) -> str:
    for name, inner in (schema.get("properties") or {}).items():
        plain = resolved(operation.document, inner if isinstance(inner, dict) else {})
        item = resolved(operation.document, plain.get("items") or {}) if plain.get("type") == "array" else plain
        if item.get("format") == "binary" or item.get("contentMediaType"):
            return str(name)
    return ""
