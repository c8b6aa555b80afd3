"""What belonging together promises: nested resources, references, many-to-many, and new fields of what exists."""

from collections.abc import Iterator

from agents.blueprints.spec import Relation
from agents.offline.payloads import distinct, same, sample
from agents.offline.source import argument, path_before
from agents.offline.topics import Check, Topic, Words, value_for
from agents.offline.topics_fields import field_topics, route
from agents.offline.words import an, spoken
from agents.offline.world import Thing, World, creatable


def relation_topics(world: World, thing: Thing) -> Iterator[Topic]:
    """Topics of the relations this request adds to a resource."""
    words = Words(world, thing)
    for relation in thing.added_relations:
        target = world.things.get(relation.target)
        if target is None or "create" not in thing.actions:
            continue
        if relation.kind == "many_to_many":
            yield from _linked(words, target)
        elif "create" in target.actions:
            yield from (_nested if relation.nested else _referred)(words, Words(world, target), relation)


def extension_topics(world: World, thing: Thing) -> Iterator[Topic]:
    """Topics of the fields this request adds to an existing resource."""
    words = Words(world, thing)
    if not thing.added or "create" not in thing.actions:
        return
    for field in thing.added:
        body = [
            *words.start(),
            f"sent = {words.new(argument(field.name, value_for(field)))}",
            f"answer = client.post({words.collection}, json=sent{words.login('create')})",
            "assert answer.is_success, answer.text",
            same(field, f'answer.json()["{field.name}"]', f'sent["{field.name}"]'),
        ]
        checks = [
            Check(f"test_{words.name}_has_{field.name}", f"{spoken(field.name)} is stored and answered.", tuple(body))
        ]
        if "update" in thing.actions:
            checks.append(
                _changed(
                    words, field.name, sample(field, other=True), same(field, f'answer.json()["{field.name}"]', "value")
                )
            )
        text = (
            f"{thing.many.capitalize()} have {spoken(field.name)}: create and update take it, and every "
            f"answer with {an(thing.name)} has it."
        )
        yield Topic(thing.plural, text, tuple(checks))
    yield from field_topics(words)


def _changed(w: Words, name: str, value: str, compare: str) -> Check:
    if w.thing.update == "put":
        send = f"client.put({w.item()}, json={w.new(argument(name, 'value'))}{w.login('update')})"
    else:
        send = f'client.patch({w.item()}, json={{"{name}": value}}{w.login("update")})'
    body = [
        f"{w.var} = {w.make()}",
        f"value = {value}",
        f"answer = {send}",
        "assert answer.is_success, answer.text",
        compare,
    ]
    return Check(f"test_{name}_of_{w.name}_can_be_changed", f"update takes {spoken(name)}.", tuple(body))


def _nested(w: Words, parent: Words, _: Relation) -> Iterator[Topic]:
    t, p, v = w.thing, parent.thing, parent.var
    unknown = path_before(p.path, f"{v}['id'] + 1_000_000", f"/{t.plural.replace('_', '-')}")
    create = [
        *w.start(),
        f"assert {w.below()}",
        f"answer = client.post({unknown}, json={w.new()}{w.login('create')})",
        "assert answer.status_code == 404, answer.text",
    ]
    checks = [
        Check(f"test_{w.name}_of_an_unknown_{p.name}_is_refused", f"an unknown {p.one} answers 404.", tuple(create))
    ]
    if "list" in t.actions:
        apart = [
            f"{v} = {parent.make()}",
            f"other = {parent.make()}",
            f"{w.var} = {w.below()}",
            w.make(f"{w.above}=other"),
            f'assert [row["id"] for row in {w.listed()}] == [{w.var}["id"]]',
            f"assert client.get({unknown}{w.login('list')}).status_code == 404",
        ]
        says = f"the list has the {t.many} of that {p.one} only, 404 for an unknown one."
        checks.append(Check(f"test_{t.plural}_are_listed_by_{p.name}", says, tuple(apart)))
    text = (
        f"{t.many.capitalize()} are created and listed below their {p.one} at {route(w)}; an unknown "
        f"{p.one} answers 404."
    )
    yield Topic(t.plural, text, tuple(checks))
    if p.soft and "delete" in p.actions:
        yield _below_the_deleted(w, parent)
    if not p.exists and {"delete", "read"} <= set(p.actions) and "read" in t.actions:
        body = [
            *w.start(),
            f"{w.var} = {w.below()}",
            f"assert client.delete({parent.item()}{parent.login('delete')}).status_code == 204",
            f"assert client.get({w.item()}{w.login('read')}).status_code == 404",
        ]
        check = Check(
            f"test_deleting_{parent.name}_deletes_its_{t.plural}", f"{t.many} go with their {p.one}.", tuple(body)
        )
        yield Topic(t.plural, f"Deleting {an(p.name)} deletes its {t.many}.", (check,))


def _below_the_deleted(w: Words, parent: Words) -> Topic:
    """Of a parent that stays in the table when it is deleted."""
    t, p = w.thing, parent.thing
    body = [
        *w.start(),
        f"{w.var} = {w.below()}",
        f"assert client.delete({parent.item()}{parent.login('delete')}).is_success",
        f"answer = client.post({w.collection}, json={w.new()}{w.login('create')})",
        "assert answer.status_code == 404, answer.text",
    ]
    body += [f"assert client.get({w.collection}{w.login('list')}).status_code == 404"] if "list" in t.actions else []
    for action, call in (("read", "get({}{})"), ("update", "patch({}, json={{}}{})"), ("delete", "delete({}{})")):
        if action in t.actions:
            login = w.login(action)
            body.append(f"assert client.{call.format(w.item(), login)}.status_code == 404")
    check = Check(f"test_{t.plural}_of_a_deleted_{p.name}_are_gone", "nothing of them is answered.", tuple(body))
    return Topic(t.plural, f"With {an(p.name)} that is deleted its {t.many} are gone for clients: 404.", (check,))


def _referred(w: Words, target: Words, relation: Relation) -> Iterator[Topic]:
    t, o, v = w.thing, target.thing, target.var
    key = f"{o.name}_id"
    given = f'{key}={v}["id"]'
    stored = [
        *w.start(),
        f"{v} = {target.make()}",
        f"answer = client.post({w.collection}, json={w.new(given)}{w.login('create')})",
        "assert answer.is_success, answer.text",
        f'assert answer.json()["{key}"] == {v}["id"]',
    ]
    unknown = [
        *w.start(),
        f"{v} = {target.make()}",
        f'assert {w.below(given)}["{key}"] == {v}["id"]',
        f"""answer = client.post({w.collection}, json={w.new(f"{key}={v}['id'] + 1_000_000")}{w.login("create")})""",
        "assert answer.status_code == 404, answer.text",
    ]
    checks = [
        Check(f"test_{w.name}_names_its_{o.name}", f"{key} is stored and answered.", tuple(stored)),
        Check(f"test_{w.name}_with_an_unknown_{o.name}_is_refused", f"an unknown {key} answers 404.", tuple(unknown)),
    ]
    if o.soft and "delete" in o.actions:
        deleted = [
            *w.start(),
            f"{v} = {target.make()}",
            f"assert client.delete({target.item()}{target.login('delete')}).is_success",
            f"answer = client.post({w.collection}, json={w.new(given)}{w.login('create')})",
            "assert answer.status_code == 404, answer.text",
        ]
        says = f"the id of a deleted {o.one} answers 404."
        checks.append(Check(f"test_{w.name}_with_a_deleted_{o.name}_is_refused", says, tuple(deleted)))
    if relation.required:
        without = [
            *w.start(),
            f"sent = {w.new()}",
            f'del sent["{key}"]',
            f"assert client.post({w.collection}, json=sent{w.login('create')}).status_code == 422",
        ]
        checks.append(Check(f"test_{w.name}_without_{key}_is_refused", f"{key} is required.", tuple(without)))
    else:
        without = [f'assert {w.make()}["{key}"] is None']
        checks.append(Check(f"test_{w.name}_without_{key}", f"without it {key} is null.", tuple(without)))
    need = "must name" if relation.required else "may name"
    yield Topic(
        t.plural, f"{an(t.name).capitalize()} {need} its {o.one} by {key}; an unknown one answers 404.", tuple(checks)
    )


def _linked(w: Words, target: Thing) -> Iterator[Topic]:
    t, names, key = w.thing, target.plural, w.key(target)
    none = [f'assert {w.make()}["{names}"] == []']
    checks = [Check(f"test_{w.name}_without_{names}", f"without {target.many} the list is empty.", tuple(none))]
    if key:
        checks.insert(0, _listing_keys(w, names, key, target.many))
    text = (
        f"Create takes {names} as a list of {target.many} by {target.key_name}; every answer with {an(t.name)} has "
        f"them sorted, each once, [] when there are none."
    )
    yield Topic(t.plural, text, tuple(checks))
    if key and "update" in t.actions:
        yield _relinked(w, names, key)
    if creatable(target):
        if key and "list" in target.actions and not target.exists and target.parent is None:
            yield _made_once(w, target, key)
    elif key:
        yield _unknown_key(w, target, key)


def _listing_keys(w: Words, names: str, key: str, many: str) -> Check:
    body = [
        *w.start(),
        f"first, second = sorted([{key}, {key}])",
        f"answer = client.post({w.collection}, "
        f"json={w.new(argument(names, '[second, first, second]'))}{w.login('create')})",
        "assert answer.is_success, answer.text",
        f'assert answer.json()["{names}"] == [first, second]',
    ]
    if "read" in w.thing.actions:
        item = w.item("answer.json()['id']")
        body.append(f'assert client.get({item}{w.login("read")}).json()["{names}"] == [first, second]')
    return Check(f"test_{w.name}_lists_its_{names}", f"{many} are answered sorted, each once.", tuple(body))


def _made_once(w: Words, target: Thing, key: str) -> Topic:
    names, one = target.plural, argument(target.plural, "[name]")
    body = [
        f"name = {key}",
        w.make(one),
        w.make(one),
        f'assert [row["{target.key_name}"] for row in {Words(w.world, target).listed()}].count(name) == 1',
    ]
    check = Check(
        f"test_new_{names}_are_created_once", f"an unknown {target.one} is created on the fly, once.", tuple(body)
    )
    text = (
        f"{an(target.name).capitalize()} that does not exist is created when {an(w.thing.name)} names it, and "
        f"is in {target.path} once."
    )
    return Topic(w.thing.plural, text, (check,))


def _unknown_key(w: Words, target: Thing, key: str) -> Topic:
    """A key that is not there, next to one that is: an application without the relation does not pass."""
    names, field = target.plural, target.key_field
    unknown = distinct(field) if field else "unique()"
    body = [
        *w.start(),
        f"name = {key}",
        f'assert {w.below(argument(names, "[name]"))}["{names}"] == [name]',
        f"answer = client.post({w.collection}, json={w.new(argument(names, f'[{unknown}]'))}{w.login('create')})",
        "assert answer.status_code == 422, answer.text",
    ]
    check = Check(
        f"test_{w.name}_with_an_unknown_{target.name}_is_refused", f"an unknown {target.one} answers 422.", tuple(body)
    )
    text = (
        f"{an(w.thing.name).capitalize()} cannot name {an(target.name)} that does not exist: 422, because "
        f"{target.many} need more than their {spoken(target.key_name)}."
    )
    return Topic(w.thing.plural, text, (check,))


def _relinked(w: Words, names: str, key: str) -> Topic:
    t, verb = w.thing, w.thing.update
    new = argument(names, "[new]")
    send = w.new(new) if verb == "put" else f'{{"{names}": [new]}}'
    body = [
        f"old, new = {key}, {key}",
        f"{w.var} = {w.make(argument(names, '[old]'))}",
        f"answer = client.{verb}({w.item()}, json={send}{w.login('update')})",
        "assert answer.is_success, answer.text",
        f'assert answer.json()["{names}"] == [new]',
    ]
    checks = [Check(f"test_{names}_of_{w.name}_can_be_replaced", "an update replaces the list.", tuple(body))]
    if verb == "patch":
        kept = [
            f"name = {key}",
            f"{w.var} = {w.make(argument(names, '[name]'))}",
            f"answer = client.patch({w.item()}, json={{}}{w.login('update')})",
            "assert answer.is_success, answer.text",
            f'assert answer.json()["{names}"] == [name]',
        ]
        checks.append(
            Check(f"test_{names}_of_{w.name}_stay_when_not_named", "an update without them leaves them.", tuple(kept))
        )
    return Topic(t.plural, f"Updating {an(t.name)} with {names} replaces them; without it they stay.", tuple(checks))
