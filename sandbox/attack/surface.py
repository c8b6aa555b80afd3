"""What of a service can be attacked: its operations, how one logs in, what can be created, and where it is met."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sandbox.attack.samples import NoSample, sample, sample_object
from sandbox.attack.script import Step
from sandbox.gates.openapi_schema import resolved

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
NO_UUID = "00000000-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Operation:
    """One operation of the document."""

    document: Mapping[str, Any] = field(repr=False)
    method: str
    path: str
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """`GET /books/{id}`."""
        return f"{self.method} {self.path}"

    @cached_property
    def guarded(self) -> bool:
        """It names a security scheme it cannot do without."""
        security = self.raw.get("security", self.document.get("security"))
        return isinstance(security, list) and bool(security) and {} not in security

    def parameters(self, place: str) -> list[Mapping[str, Any]]:
        """Its parameters in one place (`path`, `query`, `header`)."""
        listed = self.raw.get("parameters") or []
        found = [resolved(self.document, one) for one in listed if isinstance(one, Mapping)]
        return [one for one in found if one.get("in") == place]

    def body(self, kind: str = JSON) -> Mapping[str, Any] | None:
        """The schema of its body in one media type."""
        content = resolved(self.document, self.raw.get("requestBody") or {}).get("content") or {}
        media = content.get(kind)
        schema = media.get("schema") if isinstance(media, Mapping) else None
        return resolved(self.document, schema) if isinstance(schema, Mapping) else None

    def answer(self) -> Mapping[str, Any]:
        """The schema of its first successful JSON answer, empty when there is none."""
        for status, answer in sorted((self.raw.get("responses") or {}).items()):
            if str(status).startswith("2") and isinstance(answer, Mapping):
                content = resolved(self.document, answer).get("content") or {}
                schema = (content.get(JSON) or {}).get("schema")
                if isinstance(schema, Mapping):
                    return resolved(self.document, schema)
        return {}

    @property
    def answers_html(self) -> bool:
        """Its success is declared as HTML."""
        return any(
            "text/html" in (resolved(self.document, answer).get("content") or {})
            for answer in (self.raw.get("responses") or {}).values()
            if isinstance(answer, Mapping)
        )

    def valid(self, *, everything: bool = False) -> Any:
        """A valid JSON body, None when it takes none.

        Raises:
            NoSample: none can be made up.
        """
        schema = self.body()
        return None if schema is None else sample(self.document, schema, everything=everything)

    def required_query(self) -> dict[str, str]:
        """Valid values of the query parameters it cannot do without.

        Raises:
            NoSample: none can be made up.
        """
        needed = [p for p in self.parameters("query") if p.get("required")]
        return {str(p["name"]): str(sample(self.document, p.get("schema") or {}, name=str(p["name"]))) for p in needed}


@dataclass(frozen=True)
class Account:
    """How a new user comes in."""

    register: Operation | None
    token: Operation
    form: bool
    """The token is asked for with a form (OAuth2's password flow), else with JSON."""
    names: tuple[str, str]
    """Fields of the token's body for the user's name and the password."""
    login_field: str
    """The field of the registration that is the user's name."""

    def steps(self, who: str) -> list[Step]:
        """Register a user and keep the token under `who`.

        Raises:
            NoSample: no valid registration can be made up.
        """
        if self.register is None:
            raise NoSample("there is no way to register a user")
        body = {k: _personal(v, who) for k, v in self.register.valid().items()}
        password = next(str(v) for k, v in body.items() if "password" in k.lower())
        given = {self.names[0]: str(body[self.login_field]), self.names[1]: password}
        return [
            Step(method="POST", path=self.register.path, json_body=body, once=f"{who} registers"),
            Step(
                method="POST", path=self.token.path, form=given if self.form else None,
                json_body=None if self.form else given, take={who: "access_token"}, once=f"{who} logs in",
            ),
        ]  # fmt: skip


def _personal(value: object, who: str) -> object:
    return value.replace("<<unique>>", f"{who}<<unique>>") if isinstance(value, str) else value


@dataclass(frozen=True)
class Collection:
    """A path under which things are created and met one by one."""

    path: str
    create: Operation
    items: Mapping[str, Operation]
    """Method -> operation on one item."""
    listing: Operation | None


class Surface:
    """The document read once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.operations = list(_operations(document))
        self.account = _account(self.operations, document)
        self.collections = list(_collections(self.operations))

    def bearer(self, who: str = "token") -> dict[str, str]:
        """The header of a kept token."""
        return {"Authorization": f"Bearer <<{who}>>"}

    def login(self, operation: Operation, who: str = "token") -> tuple[list[Step], dict[str, str]]:
        """Steps and headers with which the operation may be called.

        Raises:
            NoSample: it needs a login, and there is no way to get one.
        """
        if not operation.guarded:
            return [], {}
        if self.account is None:
            raise NoSample("no login was found in the document")
        return self.account.steps(who), self.bearer(who)

    def created(
        self, collection: Collection, headers: Mapping[str, str], *, name: str = "item", depth: int = 0
    ) -> list[Step]:
        """Steps that create one item (and what it refers to) and keep its id under `name`.

        Raises:
            NoSample: no valid item can be made up.
        """
        if depth > 3:
            raise NoSample("items refer to each other without end")
        steps: list[Step] = []
        body = collection.create.valid()
        if not isinstance(body, dict):
            raise NoSample("what is created is no object")
        for key in [k for k in body if k.endswith("_id")]:
            target = self.collection(key.removesuffix("_id"))
            if target is not None and target.path != collection.path:
                steps += self.created(target, headers, name=f"{name}_{key}", depth=depth + 1)
                body[key] = f"<<{name}_{key}>>"
        return [
            *steps,
            Step(method="POST", path=collection.create.path, headers=dict(headers), json_body=body, take={name: "id"}),
        ]

    def collection(self, singular: str) -> Collection | None:
        """The collection of a thing by its name in the singular."""
        names = {f"{singular}s", f"{singular}es", f"{singular.removesuffix('y')}ies", singular}
        return next(
            (c for c in self.collections if c.path.rstrip("/").rpartition("/")[2].replace("-", "_") in names), None
        )


def item_path(operation: Operation, name: str = "item") -> str:
    """The operation's path with a kept id in its last parameter; other parameters are 1."""
    parts = re.split(r"(\{[^}]+\})", operation.path)
    marks = [n for n, part in enumerate(parts) if part.startswith("{")]
    return "".join(f"<<{name}>>" if n == marks[-1] else "1" if n in marks else part for n, part in enumerate(parts))


def plain_path(operation: Operation) -> str:
    """The operation's path with 1 (or a uuid) for every parameter."""
    kinds = {p.get("name"): resolved(operation.document, p.get("schema") or {}) for p in operation.parameters("path")}

    def value(match: re.Match[str]) -> str:
        return NO_UUID if kinds.get(match[1], {}).get("format") == "uuid" else "1"

    return re.sub(r"\{([^}:]+)(?::[^}]*)?\}", value, operation.path)


def _operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, item in (document.get("paths") or {}).items():
        for method in METHODS:
            raw = item.get(method) if isinstance(item, Mapping) else None
            if isinstance(raw, Mapping):
                shared = [*(item.get("parameters") or []), *(raw.get("parameters") or [])]
                yield Operation(document, method.upper(), str(path), {**raw, "parameters": shared})


def _account(operations: list[Operation], document: Mapping[str, Any]) -> Account | None:
    token, form = _token_operation(operations, document)
    if token is None:
        return None
    schema = token.body("application/x-www-form-urlencoded" if form else JSON) or {}
    fields = list(schema.get("properties") or {})
    secret = next((f for f in fields if "password" in f.lower()), "password")
    user = next((f for f in fields if f.lower() in ("username", "email", "login", "user")), "username")
    register = next((o for o in operations if _registers(o, token)), None)
    login = _login_field(register, user) if register is not None else ""
    return Account(register if login else None, token, form, (user, secret), login)


def _token_operation(operations: list[Operation], document: Mapping[str, Any]) -> tuple[Operation | None, bool]:
    schemes = ((document.get("components") or {}).get("securitySchemes") or {}).values()
    urls = [
        str(((s.get("flows") or {}).get("password") or {}).get("tokenUrl", ""))
        for s in schemes
        if isinstance(s, Mapping)
    ]
    for operation in operations:
        if operation.method == "POST" and any(u and operation.path.endswith(f"/{u.strip('/')}") for u in urls):
            return operation, operation.body("application/x-www-form-urlencoded") is not None
    for operation in operations:
        schema = operation.body() or {}
        said = set(map(str.lower, schema.get("properties") or {}))
        answer = set(operation.answer().get("properties") or {})
        if operation.method == "POST" and "password" in said and "access_token" in answer:
            return operation, False
    return None, False


def _registers(operation: Operation, token: Operation) -> bool:
    schema = operation.body() or {}
    has_password = any("password" in name.lower() for name in schema.get("properties") or {})
    named = re.search(r"register|sign-?up|users?/?$|accounts?/?$", operation.path, re.IGNORECASE)
    return (
        operation.method == "POST"
        and operation.path != token.path
        and has_password
        and bool(named)
        and not operation.guarded
    )


def _login_field(register: Operation, user: str) -> str:
    body = register.body() or {}
    names = list(body.get("properties") or {})
    try:
        sample_object(register.document, body)
    except NoSample:
        return ""
    wanted = (user, "username", "email", "login")
    needed = set(body.get("required") or ())
    return next((n for n in wanted if n in names and n in needed), next((n for n in wanted if n in names), ""))


def _collections(operations: list[Operation]) -> Iterator[Collection]:
    for create in operations:
        schema = create.body()
        if create.method != "POST" or schema is None or "{" in create.path:
            continue
        pattern = re.compile(re.escape(create.path.rstrip("/")) + r"/\{[^}]+\}/?")
        items = {o.method: o for o in operations if pattern.fullmatch(o.path)}
        listing = next(
            (o for o in operations if o.method == "GET" and o.path.rstrip("/") == create.path.rstrip("/")), None
        )
        if items or listing:
            yield Collection(create.path, create, items, listing)
