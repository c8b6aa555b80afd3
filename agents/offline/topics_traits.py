"""What soft deletion, versions and bulk creation promise."""

from collections.abc import Iterator

from agents.blueprints.spec import FieldSpec
from agents.offline.topics import Check, Topic, Words
from agents.offline.topics_crud import another_value
from agents.offline.world import Thing, World


def trait_topics(world: World, thing: Thing) -> Iterator[Topic]:
    """Topics of a new resource's traits."""
    w = Words(world, thing)
    if "create" not in thing.actions:
        return
    if "soft_delete" in thing.traits:
        yield _soft(w)
    if "versioned" in thing.traits and (change := another_value(thing)):
        yield _versions(w, *change)
    if "bulk" in thing.traits:
        yield _bulk(w)


def _soft(w: Words) -> Topic:
    t = w.thing
    body = [
        *w.start(),
        f"{w.var}, other = {w.below()}, {w.below()}",
        f"assert client.delete({w.item()}{w.login('delete')}).status_code == 204",
        f"assert client.delete({w.item()}{w.login('delete')}).status_code == 404",
    ]
    if "read" in t.actions:
        body.append(f"assert client.get({w.item()}{w.login('read')}).status_code == 404")
    if "update" in t.actions:
        body.append(f"assert client.patch({w.item()}, json={{}}{w.login('update')}).status_code == 404")
    if "list" in t.actions:
        body += [f'ids = [row["id"] for row in {w.listed()}]', f'assert {w.var}["id"] not in ids']
        body.append('assert other["id"] in ids')
    body.append(f'assert "deleted_at" not in {w.var}')
    check = Check(f"test_{w.name}_is_deleted_softly", "to clients it is gone, and the others stay.", tuple(body))
    text = f"A deleted {t.one} is kept in the database and no client sees it any more."
    return Topic(t.plural, text, (check,))


def _versions(w: Words, field: FieldSpec, value: str) -> Topic:
    t = w.thing
    headers = w.login("update").removeprefix(", headers=")
    named = 'headers | {"If-Match": f\'"{before}"\'}'
    body = [
        *w.start(),
        f"{w.var} = {w.below()}",
        f"headers: dict = dict({headers})",
        f'before = {w.var}["version"]',
        f'changes = {{"{field.name}": {value}}}',
        f"answer = client.patch({w.item()}, json=changes, headers={named})",
        "assert answer.status_code == 200, answer.text",
        'assert answer.json()["version"] > before',
        f"answer = client.patch({w.item()}, json=changes, headers={named})",
        "assert answer.status_code == 412, answer.text",
    ]
    claimed = [
        *w.start(),
        f"{w.var} = {w.below()}",
        f'answer = client.patch({w.item()}, json={{"version": 7}}{w.login("update")})',
        "assert answer.status_code == 422, answer.text",
    ]
    return Topic(
        t.plural,
        f"PATCH {t.path}/{{id}} with `If-Match` naming an outdated `version` answers 412 and changes nothing.",
        (
            Check(f"test_an_outdated_version_of_{w.name}_is_refused", "the second change meets 412.", tuple(body)),
            Check(f"test_nobody_sets_the_version_of_{w.name}", "422 for a version in the body.", tuple(claimed)),
        ),
    )


def _bulk(w: Words) -> Topic:
    t = w.thing
    login = w.login("create")
    path = f"{t.path}/bulk"
    body = [
        f"sent = [{w.new()} for _ in range(3)]",
        f'answer = client.post("{path}", json=sent{login})',
        "assert answer.status_code == 201, answer.text",
        'assert len({one["id"] for one in answer.json()}) == 3',
    ]
    if "list" in t.actions:
        body.append(f'assert {{one["id"] for one in answer.json()}} <= {{row["id"] for row in {w.listed()}}}')
    half = [
        f"{w.var} = {w.new()}",
        f'answer = client.post("{path}", json=[{w.var}, {{"no such field": 1}}]{login})',
        "assert answer.status_code == 422, answer.text",
        f'assert client.post("{path}", json=[]{login}).status_code == 422',
    ]
    unique = [f for f in t.fields if f.unique]
    if unique:
        half += [
            f'answer = client.post("{path}", json=[{w.var}, {w.var}]{login})',
            "assert answer.status_code == 409, answer.text",
            f'assert client.post("{path}", json=[{w.var}]{login}).status_code == 201, "something was left"',
        ]
    return Topic(
        t.plural,
        f"POST {path} creates 1 to 100 {t.many} and answers 201 with all of them; one that is refused refuses all.",
        (
            Check(f"test_{t.plural}_are_created_in_bulk", "all of them are there.", tuple(body)),
            Check(f"test_a_batch_of_{t.plural}_is_all_or_nothing", "one that is refused refuses all.", tuple(half)),
        ),
    )
