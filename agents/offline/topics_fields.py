"""What a field promises: what it takes, what it refuses, what happens without it, and that a unique one is."""

from collections.abc import Iterator

from agents.blueprints.fields import longest
from agents.blueprints.spec import FieldSpec
from agents.offline.payloads import default_source, distinct, edges, limits_in_words, refused, same
from agents.offline.source import argument
from agents.offline.topics import Check, Topic, Words, value_for
from agents.offline.words import an, spoken


def route(w: Words) -> str:
    """The collection's path for people: `/books/{book_id}/reviews`."""
    if w.parent is None:
        return w.thing.path
    return f"{w.parent.path}/{{{w.parent.name}_id}}/{w.thing.plural.replace('_', '-')}"


def field_topics(w: Words) -> Iterator[Topic]:
    """One topic per field: what it takes and refuses; one for those that may be left out; one per unique field."""
    for field in map(_limited, w.thing.added):
        checks = [c for c in (_accepts(w, field), _refuses(w, field), _missing_field(w, field)) if c]
        if checks:
            need = "must be given" if field.required else "may be left out"
            text = (
                f"{spoken(field.name).capitalize()} of {an(w.thing.name)} {need} and is "
                f"{limits_in_words(field)}; anything else answers 422."
            )
            yield Topic(w.thing.plural, text, tuple(checks))
    for field in w.thing.added:
        if not field.required:
            yield _optional(w, field)
        if field.unique and distinct(field):
            yield _unique(w, field)


def _limited(field: FieldSpec) -> FieldSpec:
    """A text's unstated limit is a promise like a stated one: a client meets it."""
    return field.model_copy(update={"max_length": longest(field)}) if field.type in ("str", "text") else field


def _accepts(w: Words, field: FieldSpec) -> Check | None:
    values = edges(field)
    if not values or field.unique:
        return None
    body = [
        *w.start(),
        f"answer = client.post({w.collection}, json={w.new(argument(field.name, w.given(field)))}{w.login('create')})",
        "assert answer.is_success, answer.text" if w.thing.exists else "assert answer.status_code == 201, answer.text",
        same(field, f'answer.json()["{field.name}"]', w.given(field)),
    ]
    says = f"{spoken(field.name)} takes {'every listed value' if field.type == 'enum' else 'the values at its limits'}."
    return Check(f"test_{field.name}_of_{w.name}_up_to_its_limits", says, tuple(body), w.given(field), tuple(values))


def _refuses(w: Words, field: FieldSpec) -> Check | None:
    values = refused(field)
    first = f'assert {w.below(argument(field.name, value_for(field)))}["{field.name}"] is not None'
    body = [
        *w.start(),
        *([first] if w.thing.exists else []),
        f"answer = client.post({w.collection}, json={w.new(argument(field.name, w.given(field)))}{w.login('create')})",
        "assert answer.status_code == 422, answer.text",
    ]
    says = f"an invalid {spoken(field.name)} is refused with 422."
    return (
        Check(
            f"test_{w.name}_with_an_invalid_{field.name}_is_refused",
            says,
            tuple(body),
            w.given(field),
            tuple(values),
        )
        if values
        else None
    )


def _missing_field(w: Words, field: FieldSpec) -> Check | None:
    if not field.required:
        return None
    body = [
        *w.start(),
        f"sent = {w.new()}",
        f'del sent["{field.name}"]',
        f"answer = client.post({w.collection}, json=sent{w.login('create')})",
        "assert answer.status_code == 422, answer.text",
    ]
    return Check(f"test_{w.name}_without_{field.name}_is_refused", f"{spoken(field.name)} is required.", tuple(body))


def _optional(w: Words, field: FieldSpec) -> Topic:
    value = default_source(field) if field.default is not None else "None"
    shown = field.default if field.default is not None else "null"
    expected = f"is {value}" if value in ("None", "True", "False") else f"== {value}"
    compare = f'assert answer.json()["{field.name}"] {expected}'
    if field.type in ("decimal", "datetime") and field.default is not None:
        compare = same(field, f'answer.json()["{field.name}"]', value)
    body = [
        *w.start(),
        f"sent = {w.new()}",
        f'del sent["{field.name}"]',
        f"answer = client.post({w.collection}, json=sent{w.login('create')})",
        "assert answer.is_success, answer.text" if w.thing.exists else "assert answer.status_code == 201, answer.text",
        compare,
    ]
    text = f"{spoken(field.name).capitalize()} of {an(w.thing.name)} is {shown} when it is left out."
    return Topic(
        w.thing.plural,
        text,
        (Check(f"test_{w.name}_without_{field.name}", f"without it {spoken(field.name)} is {shown}.", tuple(body)),),
    )


def _unique(w: Words, field: FieldSpec) -> Topic:
    again, fresh = argument(field.name, f'first["{field.name}"]'), argument(field.name, distinct(field) or "")
    create = [
        *w.start(),
        f"first = {w.below('' if field.required else fresh)}",
        f"answer = client.post({w.collection}, json={w.new(again)}{w.login('create')})",
        "assert answer.status_code == 409, answer.text",
        'assert answer.json()["detail"]',
    ]
    checks = [
        Check(
            f"test_two_{w.thing.plural}_cannot_share_{field.name}",
            f"a {spoken(field.name)} that is taken answers 409.",
            tuple(create),
        )
    ]
    if "update" in w.thing.actions and w.thing.update == "patch":
        own = f'{{"{field.name}": first["{field.name}"]}}'
        update = [
            f"first = {w.make(fresh)}",
            f"second = {w.make(fresh)}",
            f"answer = client.patch({w.item(_key('second'))}, json={own}{w.login('update')})",
            "assert answer.status_code == 409, answer.text",
            f"answer = client.patch({w.item(_key('first'))}, json={own}{w.login('update')})",
            "assert answer.status_code == 200, answer.text",
        ]
        says = f"taking the {spoken(field.name)} of another one answers 409, keeping one's own is fine."
        checks.append(Check(f"test_{w.name}_cannot_take_the_{field.name}_of_another", says, tuple(update)))
    text = (
        f"{spoken(field.name).capitalize()} of {an(w.thing.name)} is unique: a value that is taken answers "
        f"409, on create and on update."
    )
    return Topic(w.thing.plural, text, tuple(checks))


def _key(variable: str) -> str:
    return f"{variable}['id']"
