"""Attacks with text that some interpreter might take for its own: SQL, a shell, a template, a path, a header, HTML."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.attack.samples import NoSample
from sandbox.attack.script import Attack, Category, Expect, Step
from sandbox.attack.surface import Operation, Surface, plain_path
from sandbox.gates.openapi_schema import resolved

PRODUCT = "1787569"
"""1337 times 1337: no page says it by chance."""
TEMPLATES = ("{{1337*1337}}", "${1337*1337}", "<%= 1337*1337 %>", "#{1337*1337}")
SHELL = ("$(expr 1337 \\* 1337)", "`expr 1337 \\* 1337`", "; expr 1337 \\* 1337", "| expr 1337 \\* 1337")
SLEEPING = "; sleep 4 ;"
SLOW_S = 3.5
QUOTES = ("'", '"', "' OR '1'='1", "1;--", "') OR ('1'='1", "\\")
TRAVERSALS = (
    "../../../../../../etc/passwd",
    "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "....//....//....//....//etc/passwd",
    "/etc/passwd",
    "..%252f..%252f..%252f..%252fetc%252fpasswd",
)
PASSWD = "root:x:0:0"  # noqa: S105 - the first line of a file, no password
SCRIPT = "<script>alert('<<unique>>')</script>"
SPLIT = "x\r\nX-Planted: 1337"


def through_parameters(surface: Surface) -> Iterator[Attack]:
    """Every query and path parameter that takes text."""
    for operation in surface.operations:
        for place, name in _text_parameters(operation):
            for variant, values, category, expect in _payloads():
                steps = _with_values(surface, operation, place, name, values, expect)
                if steps:
                    yield _attack(operation, f"{name}/{variant}", category, f"{name}: {variant}", steps)
            if place == "query":
                yield from _more_rows(surface, operation, name)


def _payloads() -> Iterator[tuple[str, tuple[str, ...], Category, Expect]]:
    yield "SQL quotes end in an error", QUOTES, "injection", Expect(below=500)
    yield "a template is worked out", TEMPLATES, "injection", Expect(absent=(PRODUCT,))
    yield "a shell command is run", SHELL, "injection", Expect(absent=(PRODUCT,))
    yield "a shell waits", (SLEEPING,), "injection", Expect(within_s=SLOW_S)
    yield "a file outside is read", TRAVERSALS, "injection", Expect(absent=(PASSWD,))
    yield "a header is planted", (SPLIT,), "headers", Expect(absent_header="x-planted")
    yield "a script comes back in a page", (SCRIPT,), "stored script", Expect(absent_in_html=(SCRIPT,))


def _with_values(
    surface: Surface, operation: Operation, place: str, name: str, values: tuple[str, ...], expect: Expect
) -> list[Step]:
    try:
        steps, headers = surface.login(operation)
        body, query = operation.valid(), operation.required_query()
    except NoSample:
        return []
    for value in values:
        path = _in_path(operation, name, value) if place == "path" else plain_path(operation)
        given = query | {name: value} if place == "query" else query
        steps = [
            *steps,
            Step(method=operation.method, path=path, query=given, headers=headers, json_body=body, expect=expect),
        ]
    return steps


def _in_path(operation: Operation, name: str, value: str) -> str:
    """The path with one parameter set (as it is: an attacker does not encode for us) and the others made valid."""
    quoted = re.sub(r"[\r\n ?#]", lambda m: f"%{ord(m[0]):02x}", value)
    marked = re.sub(rf"\{{{re.escape(name)}(?::[^}}]*)?\}}", "\0", operation.path)
    rest = Operation(operation.document, operation.method, marked, operation.raw)
    return plain_path(rest).replace("\0", quoted)


def _more_rows(surface: Surface, operation: Operation, name: str) -> Iterator[Attack]:
    """A filter that matches nothing must not match more when a quote and `OR` are put behind it."""
    if operation.method != "GET":
        return
    try:
        steps, headers = surface.login(operation)
        query = operation.required_query()
    except NoSample:
        return
    nothing = "no-such-thing-1337"
    start = Step(method="GET", path=plain_path(operation), headers=headers, query=query | {name: nothing}, keep="none")
    more = [
        start.model_copy(update={"query": query | {name: nothing + t}, "keep": "", "expect": Expect(fewer_than="none")})
        for t in ("' OR '1'='1", "' OR 1=1 -- ", "%' OR '1'='1' -- ", '" OR "1"="1')
    ]
    what = f"{name}: SQL behind a quote gives more rows"
    yield _attack(operation, f"{name}/SQL gives more rows", "injection", what, [*steps, start, *more])


def through_bodies(surface: Surface) -> Iterator[Attack]:
    """Every text field of every JSON body; what was stored is read back, in pages too."""
    pages = [o for o in surface.operations if o.method == "GET" and "{" not in o.path and not o.guarded]
    for operation in surface.operations:
        for field in _text_fields(operation):
            for variant, values, category, expect in _payloads():
                if variant in ("a file outside is read",) and "name" not in field and "path" not in field:
                    continue
                steps = _with_field(surface, operation, field, values, expect)
                if steps and category == "stored script":
                    steps = [
                        *[step.model_copy(update={"expect": Expect(below=500)}) for step in steps],
                        *(Step(method="GET", path=page.path, expect=expect) for page in _html_first(pages)[:8]),
                    ]
                if steps:
                    yield _attack(operation, f"{field}/{variant}", category, f"{field}: {variant}", steps)


def _html_first(pages: list[Operation]) -> list[Operation]:
    return sorted(pages, key=lambda page: not page.answers_html)


def _with_field(
    surface: Surface, operation: Operation, field: str, values: tuple[str, ...], expect: Expect
) -> list[Step]:
    try:
        steps, headers = surface.login(operation)
        body, query = operation.valid(), operation.required_query()
    except NoSample:
        return []
    if not isinstance(body, dict):
        return []
    for value in values:
        sent: dict[str, Any] = body | {field: value}
        steps = [
            *steps,
            Step(
                method=operation.method, path=plain_path(operation), query=query, headers=headers, json_body=sent,
                expect=expect,
            ),
        ]  # fmt: skip
    return steps


def _attack(operation: Operation, variant: str, category: Category, what: str, steps: list[Step]) -> Attack:
    return Attack(
        id=f"{category}/{operation.name}/{variant}",
        operation=operation.name,
        category=category,
        title=f"{operation.name}, {what}",
        steps=tuple(steps),
    )


def _text_parameters(operation: Operation) -> Iterator[tuple[str, str]]:
    for place in ("query", "path"):
        for parameter in operation.parameters(place):
            if _takes_text(operation, parameter.get("schema") or {}):
                yield place, str(parameter.get("name"))


def _text_fields(operation: Operation) -> list[str]:
    schema = operation.body() or {}
    properties = schema.get("properties") or {}
    return [name for name, inner in properties.items() if _takes_text(operation, inner) and "password" not in name]


def _takes_text(operation: Operation, schema: Any) -> bool:
    """Free text: a string without a closed set of values, of its own or among others."""
    plain = resolved(operation.document, schema if isinstance(schema, dict) else {})
    options = [one for one in plain.get("anyOf") or plain.get("oneOf") or [plain] if isinstance(one, dict)]
    return any(_is_text(resolved(operation.document, one)) for one in options)


def _is_text(schema: Mapping[str, Any]) -> bool:
    closed = "enum" in schema or "const" in schema
    formatted = schema.get("format") in ("uuid", "date", "date-time", "binary", "email")
    return schema.get("type") == "string" and not closed and not formatted
