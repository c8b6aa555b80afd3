"""Topics as pytest modules: one file per resource, helpers it needs on top, one behaviour per test."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from agents.contracts import TestCase, TestFile
from agents.offline.payloads import Value
from agents.offline.same_helpers import TEXTS
from agents.offline.source import LINE, docstring, names_in, quoted, short, wrap
from agents.offline.topics import Check, Topic, Words, sends, value_for, variable
from agents.offline.words import an
from agents.offline.world import Thing, World

FOLDER = "tests/acceptance"
_MODULES = (
    "base64",
    "csv",
    "datetime",
    "hmac",
    "http.server",
    "io",
    "json",
    "re",
    "socket",
    "threading",
    "time",
    "uuid",
)
_FIXTURES = {
    "base_url": "str",
    "client": "httpx.Client",
    "unique": "Callable[[], str]",
}


def write_suite(world: World, topics: Sequence[tuple[str, Topic]]) -> tuple[tuple[TestFile, ...], tuple[TestCase, ...]]:
    """Files and cases of the topics, each given with its criterion's id."""
    by_file: dict[str, list[tuple[str, Topic]]] = defaultdict(list)
    for criterion, topic in topics:
        by_file[topic.file].append((criterion, topic))
    files, cases = [], []
    for stem, group in by_file.items():
        path = f"{FOLDER}/test_{short(stem, 80)}.py"
        group = _apart(group)
        files.append(TestFile(path=path, content=_module(world, stem, group)))
        for criterion, topic in group:
            cases += [
                TestCase(node_id=f"{path}::{c.name}", criteria=(criterion,), guard=topic.guard) for c in topic.checks
            ]
    return tuple(files), tuple(cases)


def _apart(group: Sequence[tuple[str, Topic]]) -> list[tuple[str, Topic]]:
    """The same with names of tests that are not too long and occur once."""
    taken: set[str] = set()
    found = []
    for criterion, topic in group:
        checks = []
        for check in topic.checks:
            name = plain = short(check.name, 140)
            while name in taken:
                name = f"{plain}_{len(taken)}"
            taken.add(name)
            checks.append(replace(check, name=name))
        found.append((criterion, replace(topic, checks=tuple(checks))))
    return found


def _module(world: World, stem: str, group: Sequence[tuple[str, Topic]]) -> str:
    tests = [_test(criterion, check) for criterion, topic in group for check in topic.checks]
    text = "\n\n\n".join("\n".join(rows) for rows in tests)
    helpers = _helpers(world, text)
    body = "\n\n\n".join([*("\n".join(rows) for rows in helpers), text])
    title = {"auth": "Login", "health": "Health", "existing": "What was there before", "service": "The service"}.get(
        stem
    )
    title = title or next((t.many.capitalize() for t in world.things.values() if t.plural == stem), stem.capitalize())
    return f'"""{title}, over HTTP."""\n\n{_imports(body)}\n\n\n{body}\n'


def _imports(body: str) -> str:
    used = names_in(body)
    standard = [f"import {name}" for name in _MODULES if name.partition(".")[0] in used]
    collections = [name for name in ("Callable", "Iterator") if name in used]
    if collections:
        standard.append(f"from collections.abc import {', '.join(collections)}")
    if "Decimal" in used:
        standard.append("from decimal import Decimal")
    other = [f"import {name}" for name in ("httpx", "pytest") if name in used]
    return "\n\n".join("\n".join(part) for part in (standard, other) if part)


def _test(criterion: str, check: Check) -> list[str]:
    used = names_in("\n".join(check.body))
    given = [f"{name}: {kind}" for name, kind in _FIXTURES.items() if name in used]
    rows = []
    if check.parameter:
        rows += _parametrize(check.parameter, check.values)
        given.append(
            f"{check.parameter}: object" if check.parameter not in ("query", "account") else f"{check.parameter}: dict"
        )
    rows += _fold("def " + check.name + "(", given, ") -> None:")
    rows.append(f"    {docstring(f'{criterion}: {check.says}')}")
    rows += [f"    {row}" if row else "" for line in check.body for row in wrap(line)]
    return rows


def _parametrize(name: str, values: Sequence[Value]) -> list[str]:
    ids: dict[str, str] = {}
    for number, value in enumerate(values, 1):
        plain = re.sub(r"[^A-Za-z0-9]+", "-", value.name).strip("-")[:40] or "value"
        ids[plain if plain not in ids else f"{plain}-{number}"] = value.source
    rows = [f'        pytest.param({source}, id="{name}"),' for name, source in ids.items()]
    return ["@pytest.mark.parametrize(", f'    "{name}",', "    [", *rows, "    ],", ")"]


def _fold(start: str, parts: Sequence[str], end: str) -> list[str]:
    one = start + ", ".join(parts) + end
    if len(one) <= LINE or not parts:
        return [one]
    return [start, "    " + ", ".join(parts), end]


def _helpers(world: World, text: str) -> list[list[str]]:
    """The functions the tests call, and what those call."""
    found: dict[str, list[str]] = {}

    def need(name: str) -> None:
        if name in found:
            return
        rows = _helper(world, name)
        if rows is None:
            return
        found[name] = []
        for called in _called("\n".join(rows)):
            need(called)
        found[name] = rows

    for name in _called(text):
        need(name)
    first = ("rows", "listed", "newcomer", "register", "token_of", "login", "admin")
    known = [n for n in first if n in found]
    return [found[n] for n in (*known, *(n for n in reversed(found) if n not in known))]


def _called(text: str) -> list[str]:
    names = re.findall(
        r"(?<!\.)\b((?:new|make)_[a-z0-9_]+|newcomer|rows|listed|register|login|token_of|admin|event_of|event_headers|Upstream|Receiver|Channel|Mailbox)\(",
        text,
    )
    return list(dict.fromkeys(names))


def _helper(world: World, name: str) -> list[str] | None:
    makers = {
        "rows": _rows,
        "listed": _listed,
        "newcomer": _account,
        "register": _register,
        "token_of": _token_of,
        "login": _login,
        "admin": _admin,
    }
    if name in makers:
        return makers[name](world)
    if name in TEXTS:
        return TEXTS[name].split("\n")
    kind, _, thing = name.partition("_")
    if thing not in world.things:
        return None
    words = Words(world, world.things[thing])
    return _new(words) if kind == "new" else _make(words)


def _rows(_: World) -> list[str]:
    return [
        "def rows(answer: httpx.Response) -> list[dict]:",
        '    """The items of a list, in a page or not."""',
        "    body = answer.json()",
        '    return body if isinstance(body, list) else body["items"]',
    ]


def _listed(world: World) -> list[str]:
    by_cursor = any(thing.listing.cursor for thing in world.things.values())
    return [
        "def listed(",
        "    client: httpx.Client, path: str, headers: dict | None = None, /, **query: object",
        ") -> list[dict]:",
        '    """Every item of a list, page by page when it comes in pages."""',
        "    found: list[dict] = []",
        *(_BY_CURSOR if by_cursor else _BY_OFFSET),
    ]


_ASKED = [
    "        assert answer.status_code == 200, answer.text",
    "        found += rows(answer)",
    "        body = answer.json()",
]
_BY_OFFSET = [
    "    while True:",
    '        page = {"limit": 100, "offset": len(found)} if found else {}',
    "        answer = client.get(path, params=query | page, headers=headers)",
    *_ASKED,
    '        if isinstance(body, list) or not rows(answer) or len(found) >= body["total"]:',
    "            return found",
]
_BY_CURSOR = [
    "    more: dict = {}",
    "    while True:",
    "        answer = client.get(path, params=query | more, headers=headers)",
    *_ASKED,
    '        if isinstance(body, list) or not rows(answer) or len(found) >= body.get("total", len(found) + 1):',
    "            return found",
    '        more = {"limit": 100, "offset": len(found)}',
    '        if "next_cursor" in body:',
    '            more = {"limit": 100, "cursor": body["next_cursor"]}',
    '            if body["next_cursor"] is None:',
    "                return found",
]


def _account(_: World) -> list[str]:
    return [
        "def newcomer(unique: Callable[[], str]) -> dict:",
        '    """Somebody who is not registered yet."""',
        '    return {"email": f"{unique()}@example.com", "password": f"secret-{unique()}"}',
    ]


def _register(world: World) -> list[str]:
    return [
        "def register(client: httpx.Client, unique: Callable[[], str]) -> dict:",
        '    """The e-mail and password of a registered user."""',
        "    account = newcomer(unique)",
        f"    answer = client.post({quoted(world.register_path or '')}, json=account)",
        "    assert answer.status_code == 201, answer.text",
        "    return account",
    ]


def _token_of(world: World) -> list[str]:
    return [
        "def token_of(client: httpx.Client, account: dict) -> dict[str, str]:",
        '    """The header of a registered user."""',
        '    form = {"username": account["email"], "password": account["password"]}',
        f"    answer = client.post({quoted(world.token_path)}, data=form)",
        "    assert answer.status_code == 200, answer.text",
        '    return {"Authorization": f"Bearer {answer.json()[\'access_token\']}"}',
    ]


def _login(world: World) -> list[str]:
    register = [
        f"        answer = client.post({quoted(world.register_path or '')}, json=account)",
        "        assert answer.is_success, answer.text",
    ]
    return [
        "_headers: dict[str, str] = {}",
        "",
        "",
        "def login(client: httpx.Client) -> dict[str, str]:",
        '    """The header of a user who is logged in; one user serves all tests here."""',
        "    if not _headers:",
        f"        account = {_account_fields(world)}",
        *(register if world.register_path else []),
        "        _headers.update(token_of(client, account))",
        "    return _headers",
    ]


def _admin(_: World) -> list[str]:
    return [
        "def admin(client: httpx.Client) -> dict[str, str]:",
        '    """The header of the administrator a development server is started with."""',
        '    account = {"email": "admin@example.com", "password": "change-this-password"}',
        "    return token_of(client, account)",
    ]


def _account_fields(world: World) -> str:
    """A user the application's registration takes."""
    user = world.profile.resource("user") if world.profile.login else None
    more = [f for f in user.fields if f.required and f.name not in ("email", "password")] if user else []
    unique = "uuid.uuid4().hex[:12]"
    values = {f.name: unique if f.type == "str" else value_for(f).replace("unique()", unique) for f in more}
    extra = "".join(f", {quoted(name)}: {value}" for name, value in values.items())
    return f'{{"email": f"{{uuid.uuid4().hex}}@example.com", "password": "correct horse"{extra}}}'


def _new(w: Words) -> list[str]:
    t = w.thing
    required = [r for r in t.references if r.required and r.target in w.world.things]
    fields = [(f.name, value_for(f)) for f in t.fields if sends(f, t)]
    fields += [(f"{r.target}_id", f'{Words(w.world, w.world.things[r.target]).make()}["id"]') for r in required]
    given = [f"{n}: {_FIXTURES[n]}" for n in ("client", "unique") if re.search(rf"\b{n}\b", w.new())]
    skip = [f"{r.target}_id" for r in required]
    given += ["/"] if given and w.body_names & {"client", "unique"} else []
    rows = _fold(f"def new_{t.name}(", [*given, "**changes: object"], ") -> dict:")
    rows.append(f'    """A valid {t.one}, with some fields changed."""')
    if skip:
        return [*rows, *_new_with_references(fields, skip)]
    if not fields:
        return [*rows, "    return dict(changes)"]
    one = "    return {" + ", ".join(f'"{n}": {v}' for n, v in fields) + "} | changes"
    if len(one) <= LINE:
        return [*rows, one]
    return [*rows, "    return {", *(f'        "{n}": {v},' for n, v in fields), "    } | changes"]


def _new_with_references(fields: list[tuple[str, str]], skip: list[str]) -> list[str]:
    """References are created only when the caller gives none."""
    plain = [(n, v) for n, v in fields if n not in skip]
    rows = ["    values: dict = {" + ", ".join(f'"{n}": {v}' for n, v in plain) + "} | changes"]
    if len(rows[0]) > LINE:
        rows = ["    values: dict = {", *(f'        "{n}": {v},' for n, v in plain), "    } | changes"]
    for name, source in ((n, v) for n, v in fields if n in skip):
        rows += [f'    if "{name}" not in values:', f'        values["{name}"] = {source}']
    return [*rows, "    return values"]


def _make(w: Words) -> list[str]:
    t = w.thing
    given = ["client: httpx.Client", *(["unique: Callable[[], str]"] if w.needs_unique() else [])]
    rows = []
    if w.body_names & {"client", "unique"}:
        given.append("/")
    if w.parent:
        given.append(f"{w.above}: dict | None = None")
        rows += [f"    {variable(w.parent.name)} = {w.above} or {Words(w.world, w.parent).make()}"]
    given.append("**changes: object")
    status = "answer.is_success" if t.exists else "answer.status_code == 201"
    return [
        *_fold(f"def make_{t.name}(", given, ") -> dict:"),
        f'    """{an(t.name).capitalize()} that is there."""',
        *rows,
        f"    answer = client.post({w.collection}, json={w.new('**changes')}{w.login('create')})",
        f"    assert {status}, answer.text",
        "    return answer.json()",
    ]


__all__ = ["FOLDER", "Thing", "write_suite"]
