"""What lists promise: content, filters, order, pages, search."""

from collections.abc import Iterator

from agents.blueprints.spec import FieldSpec, Relation
from agents.offline.payloads import Value, distinct, ordered, sample
from agents.offline.source import argument
from agents.offline.topics import Check, Topic, Words
from agents.offline.topics_cursor import cursor_pages
from agents.offline.topics_fields import route
from agents.offline.words import an, spoken
from agents.offline.world import Thing, World


def list_topics(world: World, thing: Thing) -> Iterator[Topic]:
    """Topics of a new resource's list, or of what the request adds to an existing one."""
    w = Words(world, thing)
    if not {"list", "create"} <= set(thing.actions):
        return
    if not thing.exists:
        yield _content(w)
    filters = _filters(thing)
    for name in filters:
        if topic := _filter(w, name):
            yield topic
    if len(filters) > 1 and (topic := _together(w)):
        yield topic
    if thing.listing.order_by and (topic := _order(w)):
        yield topic
    if thing.listing.paginated:
        yield _pages(w)
    if thing.listing.cursor:
        yield cursor_pages(w)
    if thing.listing.search:
        yield _search(w)


def _ids(w: Words, query: str = "") -> str:
    return f'[row["id"] for row in {w.listed(query)}]'


def _content(w: Words) -> Topic:
    t = w.thing
    body = [*w.start(), f"{w.var} = {w.below()}", f"assert {w.var} in {w.listed()}"]
    shape = '{"items", "total", "limit", "offset"}' if t.listing.paginated else "an array"
    shape = '{"items", "next_cursor"}' if t.listing.cursor else shape
    check = Check(f"test_{t.plural}_are_listed", f"the list has every {t.one}.", tuple(body))
    return Topic(t.plural, f"GET {route(w)} answers 200 with the {t.many} as {shape}.", (check,))


def _values(w: Words, name: str) -> tuple[list[str], str, str, str] | None:
    """Setup lines, the keyword of the body, and two different values' source for a filter."""
    t = w.thing
    if field := next((f for f in t.fields if f.name == name), None):
        new = distinct(field) if field.unique or field.type not in ("date", "datetime") else None
        first, second = new or sample(field), new or sample(field, other=True)
        return ([], name, first, second) if first != second or "unique()" in first or "uuid4" in first else None
    relation = _filtered_by(t, name)
    target = w.world.things.get(relation.target) if relation else None
    if relation is None or target is None:
        return None
    if relation.kind == "many_to_many":
        key = w.key(target)
        return ([], target.plural, f"[{key}]", f"[{key}]") if key else None
    if "create" not in target.actions:
        return None
    make = Words(w.world, target).make()
    return [], f"{target.name}_id", f'{make}["id"]', f'{make}["id"]'


def _filtered_by(thing: Thing, name: str) -> Relation | None:
    """The relation a filter is named after: a many-to-many target, or a parent with or without `_id`."""
    return next(
        (r for r in thing.relations if name == r.target or (r.kind == "many_to_one" and name == f"{r.target}_id")),
        None,
    )


def _parameter(thing: Thing, name: str) -> str:
    """The query parameter of a filter: the parent `author` is asked for by `author_id`."""
    relation = None if any(f.name == name for f in thing.fields) else _filtered_by(thing, name)
    return f"{relation.target}_id" if relation and relation.kind == "many_to_one" else name


def _filters(thing: Thing) -> list[str]:
    """The query parameters, each once; a nested list is below its parent already."""
    below = f"{thing.parent}_id"
    return [n for n in dict.fromkeys(_parameter(thing, name) for name in thing.listing.filters) if n != below]


def _filter(w: Words, name: str) -> Topic | None:
    found = _values(w, name)
    if found is None:
        return None
    t = w.thing
    _, keyword, first, second = found
    many = keyword != name
    query = argument(name, "wanted[0]" if many else "wanted")
    nothing = argument(name, "unique()")
    body = [
        *w.start(),
        f"wanted, other = {first}, {second}",
        f"match = {w.below(argument(keyword, 'wanted'))}",
        f"stranger = {w.below(argument(keyword, 'other'))}",
        f"found = {_ids(w, query)}",
        'assert match["id"] in found',
        'assert stranger["id"] not in found',
    ]
    if many:
        body.append(f"assert {_ids(w, nothing)} == []")
    checks = [
        Check(f"test_{t.plural}_can_be_filtered_by_{name}", f"?{name}= finds the matching {t.many} only.", tuple(body))
    ]
    field = next((f for f in t.fields if f.name == name), None)
    if (field and field.type not in ("str", "text", "email", "url")) or name.endswith("_id"):
        wrong = [
            *w.start(),
            f'answer = client.get({w.collection}, params={{"{name}": "no value"}}{w.login("list")})',
            "assert answer.status_code == 422",
        ]
        checks.append(
            Check(
                f"test_{t.plural}_refuse_a_senseless_{name}_filter",
                "a value of another type answers 422.",
                tuple(wrong),
            )
        )
    return Topic(
        t.plural, f"GET {route(w)}?{name}=... answers only the {t.many} with that {spoken(name)}.", tuple(checks)
    )


def _together(w: Words) -> Topic | None:
    first, second = _filters(w.thing)[:2]
    a, b = _values(w, first), _values(w, second)
    if a is None or b is None:
        return None
    asked = ((first, "one", a), (second, "two", b))
    query = ", ".join(argument(n, f"{v}[0]" if found[1] != n else v) for n, v, found in asked)
    one, two = argument(a[1], "one"), argument(b[1], "two")
    body = [
        *w.start(),
        f"one, two = {a[2]}, {b[2]}",
        f"both = {w.below(f'{one}, {two}')}",
        f"half = {w.below(f'{one}, {argument(b[1], b[3])}')}",
        f"found = {_ids(w, query)}",
        'assert both["id"] in found',
        'assert half["id"] not in found',
    ]
    t = w.thing
    check = Check(f"test_filters_of_{t.plural}_are_combined", "filters are combined with and.", tuple(body))
    return Topic(t.plural, f"Filters of {t.many} can be combined; all of them must match.", (check,))


def _order(w: Words) -> Topic | None:
    t = w.thing
    name, down = t.listing.order_by or "", t.listing.descending
    if name == "created_at":
        made = ["first = " + w.below(), "second = " + w.below()]
        said = "newest first" if down else "oldest first"
        want = "second before first" if down else "first before second"
    else:
        field = next((f for f in t.fields if f.name == name), None)
        pair = _pair(field) if field else None
        if pair is None:
            return None
        early, late = ("low", "high") if down else ("high", "low")
        made = [f"low, high = {pair[0]}, {pair[1]}"]
        made += [f"{v} = {w.below(argument(name, value))}" for v, value in (("first", early), ("second", late))]
        said = f"by {spoken(name)}, {'descending' if down else 'ascending'}"
        want = "second before first"
    before, after = ("second", "first") if want.startswith("second") else ("first", "second")
    body = [*w.start(), *made, f"order = {_ids(w)}", f'assert order.index({before}["id"]) < order.index({after}["id"])']
    check = Check(
        f"test_{t.plural}_come_{said.replace(',', '').replace(' ', '_')}", f"the list comes {said}.", tuple(body)
    )
    as_before = t.exists and name == "created_at" and not down
    return Topic(t.plural, f"GET {route(w)} answers the {t.many} {said}.", (check,), guard=as_before)


def _pair(field: FieldSpec) -> tuple[str, str] | None:
    """Sources of a lower and a higher value; `unique()` counts, so later numbers and days are higher."""
    if not field.unique:
        return ordered(field)
    value = distinct(field)
    if value is None or field.type in ("email", "url", "uuid"):
        return None
    if field.type not in ("str", "text"):
        return value, value
    low, high = field.min_length or 0, field.max_length or 99
    return ('"a" + unique()', '"z" + unique()') if low <= 6 and high > 11 else None


def _pages(w: Words) -> Topic:
    t = w.thing
    login = w.login("list")
    pages = [
        *w.start(),
        f'made = {{{w.below()}["id"] for _ in range(3)}}',
        f'first = client.get({w.collection}, params={{"limit": 2, "offset": 0}}{login})',
        f'second = client.get({w.collection}, params={{"limit": 2, "offset": 2}}{login})',
        "assert first.status_code == second.status_code == 200",
        "assert len(rows(first)) == 2",
        "assert rows(second)",
        'assert not {row["id"] for row in rows(first)} & {row["id"] for row in rows(second)}',
        f"ids = {_ids(w)}",
        "assert made <= set(ids)",
        "assert len(ids) == len(set(ids))",
    ]
    bad = [
        *w.start(),
        f"answer = client.get({w.collection}, params=query{login})",
        "assert answer.status_code == 422, answer.text",
    ]
    wrong = tuple(
        Value(label, source)
        for label, source in (
            ("limit 0", '{"limit": 0}'),
            ("limit 101", '{"limit": 101}'),
            ("negative offset", '{"offset": -1}'),
        )
    )
    checks = [
        Check(f"test_{t.plural}_come_in_pages", "limit and offset cut the list into pages.", tuple(pages)),
        Check(
            f"test_{t.plural}_refuse_a_senseless_page",
            "limit is 1 to 100, offset 0 or more.",
            tuple(bad),
            "query",
            wrong,
        ),
    ]
    if not t.exists:
        envelope = [
            *w.start(),
            w.below(),
            f"page = client.get({w.collection}{login}).json()",
            'assert (page["limit"], page["offset"]) == (20, 0)',
            'assert page["total"] >= len(page["items"]) >= 1',
        ]
        checks.append(
            Check(
                f"test_a_page_of_{t.plural}_says_where_it_is",
                "a page has items, total, limit 20 and offset 0.",
                tuple(envelope),
            )
        )
        page = '{"items", "total", "limit", "offset"}'
        text = f"GET {route(w)} answers pages: {page}, limit 1-100 (default 20), offset from 0; otherwise 422."
    else:
        text = f"GET {route(w)} takes limit (1-100) and offset (from 0), otherwise 422; the shape of the answer stays."
    return Topic(t.plural, text, tuple(checks))


def _search(w: Words) -> Topic:
    t: Thing = w.thing
    fields = [f for f in t.fields if f.name in t.listing.search]
    checks = []
    for field in fields:
        if field.type not in ("str", "text", "email", "url") or distinct(field) is None:
            continue
        body = [
            *w.start(),
            f"word = {distinct(field)}",
            f"match = {w.below(argument(field.name, 'word'))}",
            f"stranger = {w.below(argument(field.name, distinct(field) or ''))}",
            f"found = {_ids(w, 'q=word[1:].upper()')}",
            'assert match["id"] in found',
            'assert stranger["id"] not in found',
            f"assert {_ids(w, 'q=word[:-1] + chr(95)')} == []",
        ]
        says = f"q finds part of {spoken(field.name)}, whatever the case; _ and % mean themselves."
        checks.append(Check(f"test_{t.plural}_can_be_searched_by_{field.name}", says, tuple(body)))
    names = " or ".join(spoken(f.name) for f in fields)
    return Topic(
        t.plural,
        f"GET {route(w)}?q=... answers the {t.many} whose {names} contains the words, whatever the case.",
        tuple(checks),
    )


def guard_topics(world: World, thing: Thing, new: frozenset[str]) -> Iterator[Topic]:
    """Topics of the actions this request puts behind the login, and of those it leaves open."""
    w = Words(world, thing)
    asks = {
        "create": (f"client.post({w.collection}, json={w.new()}", True),
        "update": (f"client.{thing.update}({w.item()}, json={w.new() if thing.update == 'put' else '{}'}", False),
        "delete": (f"client.delete({w.item()}", False),
        "read": (f"client.get({w.item()}", False),
        "list": (f"client.get({w.collection}", True),
    }
    for action in ("create", "read", "list", "update", "delete"):
        if action not in new or action not in thing.actions or "create" not in thing.actions:
            continue
        call, on_list = asks[action]
        setup = w.start() if on_list else [f"{w.var} = {w.make()}"]
        body = [
            *setup,
            f"answer = {call})",
            "assert answer.status_code == 401, answer.text",
            'assert answer.headers["www-authenticate"].startswith("Bearer")',
            f'answer = {call}, headers={{"Authorization": "Bearer nonsense"}})',
            "assert answer.status_code == 401, answer.text",
            *(_only_admins(call) if action in thing.admin else ()),
            f"answer = {call}, headers={'admin' if action in thing.admin else 'login'}(client))",
            "assert answer.is_success, answer.text",
        ]
        one = an(thing.name) if action != "list" else thing.many
        done = {"create": "creating", "read": "reading", "list": "listing", "update": "updating", "delete": "deleting"}[
            action
        ]
        rest = ", 403 for anybody but an administrator" if action in thing.admin else ""
        check = Check(
            f"test_{done}_{one.replace(' ', '_')}_needs_a_login",
            f"401 without a valid token{rest}, done with one.",
            tuple(body),
        )
        yield Topic(
            thing.plural,
            f"{done.capitalize()} {one} needs a login: 401 with WWW-Authenticate: Bearer without a valid token{rest}.",
            (check,),
        )


def _only_admins(call: str) -> list[str]:
    return [f"answer = {call}, headers=login(client))", "assert answer.status_code == 403, answer.text"]
