"""What creating, reading, updating and deleting a new resource promises."""

from collections.abc import Iterator

from agents.blueprints.spec import FieldSpec
from agents.offline.payloads import distinct, refused, same, sample
from agents.offline.source import quoted
from agents.offline.topics import Check, Topic, Words, variable
from agents.offline.topics_fields import field_topics, route
from agents.offline.words import an, spoken
from agents.offline.world import Thing, World


def crud_topics(world: World, thing: Thing) -> Iterator[Topic]:
    """Topics of a new resource."""
    words = Words(world, thing)
    if "create" in thing.actions:
        yield _create(words)
        yield from field_topics(words)
        yield _strangers(words)
        if "read" in thing.actions:
            yield _read(words)
        if "update" in thing.actions:
            yield _update(words)
        if "delete" in thing.actions:
            yield _delete(words)
    elif "list" in thing.actions:
        yield _only_list(words)
    if missing := _missing(words):
        yield missing


def _create(w: Words) -> Topic:
    t = w.thing
    names = [f.name for f in t.fields]
    known = [same(f, f'{w.var}["{f.name}"]', f'sent["{f.name}"]') for f in t.fields]
    known += [f'assert {w.var}["{r.target}_id"] == sent["{r.target}_id"]' for r in t.references if r.required]
    known += [f'assert {w.var}["{w.parent.name}_id"] == {variable(w.parent.name)}["id"]'] if w.parent else []
    body = [
        *w.start(),
        f"sent = {w.new()}",
        f"answer = client.post({w.collection}, json=sent{w.login('create')})",
        "assert answer.status_code == 201, answer.text",
        f"{w.var} = answer.json()",
        f'assert isinstance({w.var}["id"], int)',
        f'assert {w.var}["created_at"]',
        *known,
    ]
    where = f"POST {route(w)}"
    text = (
        f"{where} creates {an(t.name)} and answers 201 with its id, created_at and "
        f"{', '.join(map(spoken, names)) or 'fields'}."
    )
    return Topic(
        t.plural,
        text,
        (Check(f"test_{w.name}_can_be_created", f"{where} answers 201 with what was sent.", tuple(body)),),
    )


def _strangers(w: Words) -> Topic:
    body = [
        *w.start(),
        f'sent = {w.new()} | {{"no_such_field": 1}}',
        f"answer = client.post({w.collection}, json=sent{w.login('create')})",
        "assert answer.status_code == 422, answer.text",
    ]
    check = Check(f"test_{w.name}_with_an_unknown_field_is_refused", "fields nobody knows are refused.", tuple(body))
    return Topic(
        w.thing.plural,
        f"A body with an unknown field is refused with 422 when {an(w.thing.name)} is created.",
        (check,),
    )


def _read(w: Words) -> Topic:
    t = w.thing
    known = [
        f"{w.var} = {w.make()}",
        f"answer = client.get({w.item()}{w.login('read')})",
        "assert answer.status_code == 200, answer.text",
        f"assert answer.json() == {w.var}",
    ]
    unknown = [*_unknown(w, "get", w.login("read")), 'assert answer.json()["detail"]']
    odd = [
        f"answer = client.get({quoted(t.path + '/no-number')}{w.login('read')})",
        "assert answer.status_code == 422, answer.text",
    ]
    checks = (
        Check(f"test_{w.name}_can_be_read", "GET by id answers what create answered.", tuple(known)),
        Check(f"test_an_unknown_{t.name}_is_not_found", "an unknown id answers 404.", tuple(unknown)),
        Check(f"test_an_id_of_{w.name}_is_a_number", "an id that is no number answers 422.", tuple(odd)),
    )
    text = (
        f"GET {t.path}/{{id}} answers 200 with the {t.one}, 404 for an unknown id and 422 for an id that is no number."
    )
    return Topic(t.plural, text, checks)


def _unknown(w: Words, method: str, rest: str, body: str = "") -> list[str]:
    """Ask for an id far beyond one that was just created."""
    key = f"{w.var}['id'] + 1_000_000"
    return [
        f"{w.var} = {w.make()}",
        f"answer = client.{method}({w.item(key)}{body}{rest})",
        "assert answer.status_code == 404, answer.text",
    ]


def another_value(t: Thing) -> tuple[FieldSpec, str] | None:
    """A field and another valid value for it."""
    for field in t.fields:
        value = distinct(field) if field.unique else sample(field, other=True)
        if value and value != sample(field):
            return field, value
    return None


def _update(w: Words) -> Topic:
    t = w.thing
    checks = []
    if change := another_value(t):
        field, value = change
        moving = [field.name, "updated_at", *(["version"] if "versioned" in t.traits else [])]
        body = [
            f"{w.var} = {w.make()}",
            f'changes = {{"{field.name}": {value}}}',
            f"answer = client.patch({w.item()}, json=changes{w.login('update')})",
            "assert answer.status_code == 200, answer.text",
            same(field, f'answer.json()["{field.name}"]', f'changes["{field.name}"]'),
            f"untouched = {w.var}.keys() - {{{', '.join(map(quoted, moving))}}}",
            f"assert all(answer.json()[name] == {w.var}[name] for name in untouched)",
        ]
        if "read" in t.actions:
            body.append(f"assert client.get({w.item()}{w.login('read')}).json() == answer.json()")
        checks.append(
            Check(f"test_{w.name}_can_be_changed", "PATCH changes the fields it is given and no other.", tuple(body))
        )
    unknown = _unknown(w, "patch", w.login("update"), ", json={}")
    checks.append(Check(f"test_an_unknown_{t.name}_cannot_be_changed", "an unknown id answers 404.", tuple(unknown)))
    for field in t.fields:
        values = refused(field)
        body = [
            f"{w.var} = {w.make()}",
            f'answer = client.patch({w.item()}, json={{"{field.name}": {w.given(field)}}}{w.login("update")})',
            "assert answer.status_code == 422, answer.text",
        ]
        name = f"test_{w.name}_cannot_be_given_an_invalid_{field.name}"
        if values:
            checks.append(
                Check(
                    name,
                    f"PATCH refuses an invalid {spoken(field.name)} with 422.",
                    tuple(body),
                    w.given(field),
                    tuple(values),
                )
            )
    text = (
        f"PATCH {t.path}/{{id}} changes only the fields it is given and answers 200 with the {t.one}; 404 "
        f"for an unknown id, 422 for invalid values."
    )
    return Topic(t.plural, text, tuple(checks))


def _delete(w: Words) -> Topic:
    t = w.thing
    body = [
        f"{w.var} = {w.make()}",
        f"answer = client.delete({w.item()}{w.login('delete')})",
        "assert answer.status_code == 204, answer.text",
        'assert answer.content == b""',
    ]
    if "read" in t.actions:
        body.append(f"assert client.get({w.item()}{w.login('read')}).status_code == 404")
    body.append(f"assert client.delete({w.item()}{w.login('delete')}).status_code == 404")
    checks = (
        Check(f"test_{w.name}_can_be_deleted", "DELETE answers 204, and it is gone.", tuple(body)),
        Check(
            f"test_an_unknown_{t.name}_cannot_be_deleted",
            "an unknown id answers 404.",
            tuple(_unknown(w, "delete", w.login("delete"))),
        ),
    )
    return Topic(
        t.plural,
        f"DELETE {t.path}/{{id}} answers 204 without a body and the {t.one} is gone; 404 for an unknown id.",
        checks,
    )


def _only_list(w: Words) -> Topic:
    body = [
        *w.start(),
        f"answer = client.get({w.collection}{w.login('list')})",
        "assert answer.status_code == 200, answer.text",
        "assert rows(answer) == []",
    ]
    check = Check(f"test_{w.thing.plural}_can_be_listed", "the list answers 200, empty at first.", tuple(body))
    return Topic(w.thing.plural, f"GET {route(w)} answers 200 with the {w.thing.many}, none at first.", (check,))


def _missing(w: Words) -> Topic | None:
    """Operations nobody asked for are not there, shown next to one that is."""
    t = w.thing
    checks = []
    if "create" not in t.actions and "list" in t.actions:
        body = [*w.start(), f"answer = client.post({w.collection}, json={{}})", "assert answer.status_code == 405"]
        checks.append(Check(f"test_{t.plural}_cannot_be_created", "there is no POST.", tuple(body)))
    if "create" in t.actions:
        absent = [(a, m) for a, m in (("update", "patch"), ("delete", "delete"), ("read", "get")) if a not in t.actions]
        for action, method in absent:
            rest = ", json={}" if method == "patch" else ""
            body = [
                f"{w.var} = {w.make()}",
                f"answer = client.{method}({w.item()}{rest})",
                "assert answer.status_code in (404, 405)",
            ]
            done = {"update": "changed", "delete": "deleted", "read": "read"}[action]
            checks.append(Check(f"test_{w.name}_cannot_be_{done}", f"there is no {method.upper()}.", tuple(body)))
        if "list" not in t.actions:
            body = [*w.start(), f"assert {w.below()}", f"assert client.get({w.collection}).status_code == 405"]
            checks.append(Check(f"test_{t.plural}_cannot_be_listed", "there is no list.", tuple(body)))
    if not checks:
        return None
    absent_names = [a for a in ("create", "read", "list", "update", "delete") if a not in t.actions]
    return Topic(
        t.plural,
        f"{t.many.capitalize()} cannot be used otherwise: there is no operation to {', '.join(absent_names)}.",
        tuple(checks),
    )
