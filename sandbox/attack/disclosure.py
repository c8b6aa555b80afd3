"""Attacks on what a service tells: which users there are, where it sends people, whom it lets read its answers."""

from collections.abc import Iterator

from sandbox.attack.samples import NoSample
from sandbox.attack.script import Attack, Expect, Step
from sandbox.attack.surface import JSON, Operation, Surface, plain_path

EVIL = "https://evil.example"
_TARGETS = ("next", "redirect", "redirect_to", "redirect_uri", "return_to", "return_url", "url", "continue", "goto")


def known_users(surface: Surface) -> Iterator[Attack]:
    """A wrong password and an unknown user must be answered alike."""
    account = surface.account
    if account is None:
        return
    try:
        start = [step.model_copy(update={"once": ""}) for step in account.steps("known")]
    except NoSample:
        return
    asked = start[-1]
    given = dict(asked.form or asked.json_body or {})
    wrong = given | {account.names[1]: "Wrong-horse-9-<<unique>>"}
    name = str(given[account.names[0]])
    unknown = wrong | {account.names[0]: name.replace("<<unique>>", "nobody<<unique>>")}
    first = asked.model_copy(update={"take": {}, **_as(asked, wrong), "keep": "wrong", "only_if": Expect(below=500)})
    second = asked.model_copy(update={"take": {}, **_as(asked, unknown), "expect": Expect(same_as="wrong")})
    yield Attack(
        id=f"enumeration/{account.token.name}/answers",
        operation=account.token.name,
        category="enumeration",
        title=f"{account.token.name} tells an unknown user from a wrong password",
        steps=(*start[:-1], first, second),
    )
    yield from _asked_for_by_mail(surface, start)


def _as(step: Step, values: dict[str, str]) -> dict[str, object]:
    return {"form": values} if step.form is not None else {"json_body": values}


def _asked_for_by_mail(surface: Surface, start: list[Step]) -> Iterator[Attack]:
    """Forgotten passwords: the answer must not depend on whether the address is known."""
    known = next((v for v in (start[0].json_body or {}).values() if isinstance(v, str) and "@" in v), "")
    for operation in surface.operations:
        fields = list((operation.body() or {}).get("properties") or {})
        speaks = any(word in operation.path.lower() for word in ("forgot", "reset", "recover"))
        if operation.method != "POST" or not speaks or not known or "email" not in fields or len(fields) > 1:
            continue
        first = Step(
            method="POST", path=operation.path, json_body={"email": known}, keep="known", only_if=Expect(below=500)
        )
        second = Step(
            method="POST", path=operation.path, json_body={"email": "nobody<<unique>>@example.com"},
            expect=Expect(same_as="known"),
        )  # fmt: skip
        yield Attack(
            id=f"enumeration/{operation.name}/answers",
            operation=operation.name,
            category="enumeration",
            title=f"{operation.name} tells which addresses are known",
            steps=(start[0], first, second),
        )


def foreign_origins(surface: Surface) -> Iterator[Attack]:
    """Any page of any site must not read answers with the user's cookies."""
    for operation in surface.operations[:1]:
        sent = Step(
            method="GET", path=plain_path(operation), headers={"Origin": EVIL},
            only_if=Expect(header_without=("access-control-allow-credentials", "false"), below=600),
            expect=Expect(header_without=("access-control-allow-origin", EVIL)),
        )  # fmt: skip
        yield Attack(
            id="headers/CORS/any origin with credentials",
            category="headers",
            title="every origin may read answers with the user's credentials",
            steps=(sent,),
        )


def redirects(surface: Surface) -> Iterator[Attack]:
    """Where a parameter names a target, nobody is sent to another site."""
    for operation in surface.operations:
        for parameter in operation.parameters("query"):
            name = str(parameter.get("name"))
            if operation.method != "GET" or name.lower() not in _TARGETS:
                continue
            yield Attack(
                id=f"headers/{operation.name}/{name} leads away", operation=operation.name,
                category="headers",
                title=f"{operation.name} sends people to any site named in {name}",
                steps=tuple(
                    Step(
                        method="GET", path=plain_path(operation), query={name: target},
                        expect=Expect(leads_to=("location", "evil.example")),
                    )
                    for target in (EVIL, "//evil.example", "/\\evil.example")
                ),
            )  # fmt: skip


def plain_reads(surface: Surface) -> Iterator[Attack]:
    """Every operation once as it is meant: what it answers must not tell secrets."""
    for operation in surface.operations:
        try:
            steps, headers = surface.login(operation)
            body, query = operation.valid(), operation.required_query()
        except NoSample:
            continue
        sent = Step(
            method=operation.method, path=plain_path(operation), query=query, headers=headers, json_body=body,
            expect=Expect(below=500),
        )  # fmt: skip
        yield Attack(
            id=f"leak/{operation.name}/valid request",
            operation=operation.name,
            category="leak",
            title=f"{operation.name} ends in an error of the server on a valid request",
            steps=(*steps, sent),
        )


def broken_input(surface: Surface) -> Iterator[Attack]:
    """Nonsense of every kind: an error is the client's, and its text says nothing of the inside."""
    for operation in surface.operations:
        try:
            steps, headers = surface.login(operation)
        except NoSample:
            continue
        sent = [
            Step(method=operation.method, path=path, query=query, headers=headers, expect=Expect(below=500))
            for path, query in _odd_addresses(operation)
        ]
        if operation.body() is not None:
            head = headers | {"Content-Type": JSON}
            sent += [
                Step(
                    method=operation.method, path=plain_path(operation), headers=head, raw=raw, expect=Expect(below=500)
                )
                for raw in ("", "{", "null", "[]", '"text"', "\\ud800", '{"\\u0000": "\\u0000"}')
            ]
        if sent:
            yield Attack(
                id=f"leak/{operation.name}/broken input",
                operation=operation.name,
                category="leak",
                title=f"{operation.name} ends in an error of the server on broken input",
                steps=(*steps, *sent),
            )


def _odd_addresses(operation: Operation) -> Iterator[tuple[str, dict[str, str]]]:
    odd = ("0", "-1", "99999999999999999999", "%00", "None", "1e400", "\u2028")
    if "{" in operation.path:
        for value in odd:
            start, _, rest = operation.path.partition("{")
            after = Operation(operation.document, "GET", rest.partition("}")[2], operation.raw)
            yield f"{start}{value}{plain_path(after)}", {}
    for parameter in operation.parameters("query")[:10]:
        for value in ("-1", "99999999999999999999", "\x00", "NaN"):
            yield plain_path(operation), {str(parameter.get("name")): value}
