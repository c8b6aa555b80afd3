"""Listings and guards with every name checked against what there is."""

from collections.abc import Sequence
from typing import Literal

from agents.blueprints.spec import ALL_ACTIONS, Action, GuardSpec, ListingSpec
from agents.errors import Contradiction, NotUnderstood
from agents.offline.assemble import Notes
from agents.offline.draft import Draft, Table, existing_actions
from agents.offline.facts import Guards, Limits, Lists, Relates, Wants
from agents.offline.reading import Said
from agents.offline.words import plural_name, singular_name, spoken

_TEXT = ("str", "text", "email", "url", "enum")


def _follow(said: Sequence[Said], table: Table) -> list[tuple[Said, str | None]]:
    """Each fact with the resource spoken of when it was said."""
    current: str | None = None
    result = []
    for item in said:
        fact = item.fact
        if isinstance(fact, Relates):
            owner = next(
                (
                    d
                    for d in table.drafts.values()
                    for r in d.relations
                    if {d.name, r.target} == {fact.child, fact.parent}
                ),
                None,
            )
            current = owner.name if owner else fact.child
        elif isinstance(fact, Wants | Lists | Limits) and fact.resource:
            current = fact.resource
        elif isinstance(fact, Guards):
            current = next((n for _, n in fact.targets if n and n != "*"), current)
        result.append((item, current))
    return result


def listing_specs(said: Sequence[Said], table: Table, notes: Notes) -> tuple[ListingSpec, ...]:
    """One listing per resource, everything said about it together.

    Raises:
        NotUnderstood: a filter, search or order names no field.
        Contradiction: two orders for one list.
    """
    merged: dict[str, ListingSpec] = {}
    for item, current in _follow(said, table):
        if not isinstance(item.fact, Lists):
            continue
        draft = table.need(item.fact.resource or current, item.quote)
        new = _listing(item.fact, draft, item.quote, table, notes)
        merged[draft.name] = _merge(merged[draft.name], new, item.quote) if draft.name in merged else new
    return tuple(s for s in merged.values() if s != ListingSpec(resource=s.resource))


def _merge(a: ListingSpec, b: ListingSpec, quote: str) -> ListingSpec:
    if a.order_by and b.order_by and (a.order_by, a.descending) != (b.order_by, b.descending):
        raise Contradiction(
            f'"{quote}": the list of {spoken(plural_name(a.resource))} is already ordered by {spoken(a.order_by)}.'
        )
    first = a if a.order_by else b
    return ListingSpec(
        resource=a.resource, filters=tuple(dict.fromkeys((*a.filters, *b.filters))), order_by=first.order_by,
        descending=first.descending, paginated=a.paginated or b.paginated, cursor=a.cursor or b.cursor,
        search=tuple(dict.fromkeys((*a.search, *b.search))),
    )  # fmt: skip


def _listing(fact: Lists, draft: Draft, quote: str, table: Table, notes: Notes) -> ListingSpec:
    if "list" not in draft.actions(table.profile):
        raise Contradiction(f'"{quote}": {spoken(plural_name(draft.name))} have no list.')
    filters = tuple(f for name in fact.filters if (f := _filter(name, draft, quote, notes)))
    order = fact.order_by
    if order and order != "created_at":
        order = _field(order, draft, quote)
    search = fact.search
    if search == ("*",):
        search = tuple(f.name for f in draft.all_fields().values() if f.type in ("str", "text"))
        if not search:
            raise NotUnderstood(quote, f"{_fields_of(draft)} None of them is text to search in.")
    else:
        search = tuple(_text_field(name, draft, quote) for name in search)
    return ListingSpec(
        resource=draft.name, filters=tuple(dict.fromkeys(filters)), order_by=order,
        descending=fact.descending and order is not None,
        paginated=fact.paginated, cursor=_cursor(fact, draft, quote), search=tuple(dict.fromkeys(search)),
    )  # fmt: skip


def _cursor(fact: Lists, draft: Draft, quote: str) -> bool:
    if fact.cursor and draft.existing:
        many = spoken(draft.existing.plural)
        raise NotUnderstood(quote, f"The list of {many} is there already; cursors are offered for new lists.")
    return fact.cursor


def _fields_of(draft: Draft) -> str:
    names = ", ".join(spoken(n) for n in draft.all_fields()) or "none"
    return f"Fields of {spoken(plural_name(draft.name))}: {names}."


def _field(name: str, draft: Draft, quote: str) -> str:
    for spelling in (name, singular_name(name), name.removeprefix(f"{draft.name}_")):
        if spelling in draft.all_fields():
            return spelling
    raise NotUnderstood(quote, f'There is no field "{spoken(name)}". {_fields_of(draft)}')


def _text_field(name: str, draft: Draft, quote: str) -> str:
    found = _field(name, draft, quote)
    kind = draft.all_fields()[found].type
    if kind not in _TEXT:
        raise NotUnderstood(quote, f'"{spoken(name)}" is of type {kind}, not text: filter by it instead of searching.')
    return found


def _filter(name: str, draft: Draft, quote: str, notes: Notes) -> str | None:
    """A field, a many-to-many target, `{target}_id`; None when the path says it already."""
    key = singular_name(name.removesuffix("_id"))
    relation = next((r for r in draft.all_relations() if r.target == key), None)
    if name in draft.all_fields() or relation is None:
        return _field(name, draft, quote)
    if relation.kind == "many_to_many":
        return key
    if relation.nested:
        notes.assumptions.append(
            f"{spoken(plural_name(draft.name)).capitalize()} of one {spoken(key)} are listed below it."
        )
        return None
    return f"{key}_id"


def guard_specs(said: Sequence[Said], table: Table) -> tuple[GuardSpec, ...]:
    """Guarded actions per resource.

    Raises:
        NotUnderstood: a resource or an operation that is not there.
        Contradiction: the same action is said to be open and guarded.
    """
    closed: dict[str, set[Action]] = {}
    opened: dict[str, set[Action]] = {}
    admin: dict[str, set[Action]] = {}
    for item, current in _follow(said, table):
        if isinstance(item.fact, Guards):
            into = opened if item.fact.public else admin if item.fact.role else closed
            for actions, name in item.fact.targets:
                for resource, allowed in _meant(name, actions, current, item.quote, table):
                    into.setdefault(resource, set()).update(allowed)
    for resource, free in opened.items():
        if both := (closed.get(resource, set()) | admin.get(resource, set())) & free:
            listed = ", ".join(a for a in ALL_ACTIONS if a in both)
            raise Contradiction(
                f"{listed} of {spoken(plural_name(resource))} is said to be both open to everyone and for "
                f"logged-in users."
            )
    return (
        *(_guard(r, acts - admin.get(r, set())) for r, acts in closed.items() if acts - admin.get(r, set())),
        *(_guard(r, acts, "admin") for r, acts in admin.items() if acts),
    )


def _guard(resource: str, actions: set[Action], role: Literal["", "admin"] = "") -> GuardSpec:
    return GuardSpec(resource=resource, actions=tuple(a for a in ALL_ACTIONS if a in actions), role=role)


def _meant(
    name: str | None, actions: tuple[Action, ...], current: str | None, quote: str, table: Table
) -> list[tuple[str, set[Action]]]:
    if name == "*":
        for existing in table.profile.resources:
            table.get(existing.name)
        found = [(d.name, set(actions) & set(_have(d, table))) for d in table.drafts.values()]
        if not found:
            raise NotUnderstood(quote, table.unknown(None))
        return found
    draft = table.need(name or current, quote)
    missing = [a for a in actions if a not in _have(draft, table)]
    if missing and len(missing) == len(actions):
        raise NotUnderstood(quote, f"{spoken(plural_name(draft.name)).capitalize()} have no {missing[0]} operation.")
    return [(draft.name, set(actions) - set(missing))]


def _have(draft: Draft, table: Table) -> tuple[Action, ...]:
    return existing_actions(table.profile, draft.existing) if draft.existing else draft.actions(table.profile)
