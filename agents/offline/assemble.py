"""Facts become resources and relations: who belongs to whom, what is a field and what another resource."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.blueprints.spec import Relation
from agents.contracts import Decision
from agents.errors import Contradiction, NotUnderstood
from agents.offline.draft import Draft, Table
from agents.offline.facts import Has, Limits, Owns, Relates, Says, Wants
from agents.offline.fields import RawField
from agents.offline.reading import Said
from agents.offline.settle import settle
from agents.offline.words import CLASSIFIERS, TAG_LIKE, an, assumed_type, plural_name, reserved, singular_name, spoken
from agents.profile import AppProfile


@dataclass(slots=True)
class Notes:
    """What was decided or assumed on the way."""

    assumptions: list[str] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def draft_resources(said: Sequence[Said], profile: AppProfile, notes: Notes) -> Table:
    """Every resource with its fields, relations and actions.

    Raises:
        NotUnderstood, Contradiction: as the grammar does.
    """
    table = Table(profile)
    _declare(said, table)
    pairs = {(s.fact.child, s.fact.parent) for s in said if isinstance(s.fact, Relates)}
    for item in said:
        fact = item.fact
        if isinstance(fact, Wants):
            _want(fact, item.quote, table, notes)
        elif isinstance(fact, Relates):
            _relate(fact, item.quote, table, notes, mutual=(fact.parent, fact.child) in pairs)
        elif isinstance(fact, Says):
            _say(fact, item.quote, table)
        elif isinstance(fact, Owns):
            _own(fact, item.quote, table, notes)
        elif isinstance(fact, Has):
            _trait(fact, item.quote, table, notes)
        elif isinstance(fact, Limits):
            _limit(fact, item.quote, table)
        elif resource := getattr(fact, "resource", None):
            table.need(resource, item.quote)
    for draft in table.drafts.values():
        _refuse_changes(draft)
    return table


def _declare(said: Sequence[Said], table: Table) -> None:
    """First pass: names, so that `reviews` may be related before `books` is described."""
    fresh = not table.profile.exists
    for item in said:
        fact = item.fact
        if isinstance(fact, Wants) and fact.resource and (fact.new or fresh):
            _refuse_reserved(fact.resource, item.quote)
            table.make(fact.resource, item.quote)
    for item in said:
        fact = item.fact
        if isinstance(fact, Relates):
            for name in (fact.child, fact.parent):
                if name:
                    _refuse_reserved(name, item.quote)
            _declare_related(fact, item.quote, table, fresh=fresh)


def _refuse_reserved(name: str, quote: str) -> None:
    if reserved(name):
        raise NotUnderstood(quote, f'"{name}" is a word of Python and cannot name a resource; choose another name.')


def _declare_related(fact: Relates, quote: str, table: Table, *, fresh: bool) -> None:
    known_child, known_parent = table.get(fact.child), fact.parent is None or table.get(fact.parent)
    if fact.kind == "many" and fact.loose and not known_parent and not fresh:
        raise NotUnderstood(quote, table.unknown(fact.parent))
    if not known_child and not known_parent and not fresh:
        raise NotUnderstood(quote, table.unknown(fact.parent))
    table.make(fact.child, quote)
    if fact.parent:
        table.make(fact.parent, quote)


def _want(fact: Wants, quote: str, table: Table, notes: Notes) -> None:
    draft = table.need(fact.resource, quote)
    if fact.new and fact.actions is None:
        draft.whole = True
    draft.named |= set(fact.actions or ())
    for raw in fact.fields:
        _put(raw, draft, table, notes)


def _put(raw: RawField, draft: Draft, table: Table, notes: Notes) -> None:
    """A field of a resource, or a relation when its name is another resource's."""
    other = table.get(raw.name)
    typed = any(t.kind not in ("required",) for t in raw.traits)
    if other is not None and other.name != draft.name and not typed:
        if raw.collective:
            if other.existing and draft.existing:
                one, many = an(other.name), spoken(plural_name(draft.name))
                raise NotUnderstood(
                    raw.quote, f'Say "{one} belongs to {an(draft.name)}" or "{many} have many {raw.name}".'
                )
            _relate(Relates("many", other.name, draft.name, loose=True), raw.quote, table, notes)
        else:
            required = all(t.value is not False for t in raw.traits)
            _relate(Relates("one", draft.name, other.name, required=required), raw.quote, table, notes)
    elif raw.collective:
        name = singular_name(raw.name)
        if name not in TAG_LIKE or raw.traits:
            many, owner = spoken(plural_name(name)), spoken(plural_name(draft.name))
            raise NotUnderstood(raw.quote, f'Say "{owner} have many {many}", or give it a type: "{raw.name} (str)".')
        table.make(name, raw.quote)
        _relate(Relates("many", name, draft.name, loose=True), raw.quote, table, notes)
    else:
        _add_field(raw, draft)


def _add_field(raw: RawField, draft: Draft) -> None:
    if draft.existing and any(field.name == raw.name for field in draft.existing.fields):
        draft.again[raw.name] = draft.joined(draft.again.get(raw.name), raw)
    else:
        draft.add(raw)


def _refuse_changes(draft: Draft) -> None:
    """Fields that are there may be named, and described as they are; what contradicts itself is told first."""
    for old in draft.existing.fields if draft.existing else ():
        raw = draft.again.get(old.name)
        if raw and raw.traits and settle(raw) != old.model_copy(update={"assumed_type": False}):
            many = spoken(plural_name(draft.name))
            raise NotUnderstood(
                raw.quote, f"The {many} have {spoken(raw.name)} already; changing an existing field is not offered."
            )


def _relate(fact: Relates, quote: str, table: Table, notes: Notes, *, mutual: bool = False) -> None:
    parent, child = table.need(fact.parent, quote), table.make(fact.child, quote)
    if parent is child:
        raise NotUnderstood(quote, "A resource that refers to itself is not offered.")
    kind = fact.kind
    if kind == "many" and (mutual or (fact.loose and child.name in TAG_LIKE)):
        owner, target, link = parent, child, "many_to_many"
    elif kind == "both":
        owner, target, link = child, parent, "many_to_many"
    else:
        owner, target, link = child, parent, "many_to_one"
    for raw in fact.fields:
        _put(raw, child, table, notes)
    table.current = child.name if fact.fields else (owner if link == "many_to_many" else child).name
    if link == "many_to_many":
        _link_many(owner, target, quote, notes)
    elif (
        not any(r.target == target.name for r in child.all_relations())
        and f"{target.name}_id" not in child.all_fields()
    ):
        _link_one(child, target, fact, notes)


def _link_many(owner: Draft, target: Draft, quote: str, notes: Notes) -> None:
    if any(r.target == owner.name for r in target.all_relations()) or any(
        r.target == target.name for r in owner.all_relations()
    ):
        return
    if target.existing and target.existing.natural_key is None:
        many = spoken(target.existing.plural)
        raise NotUnderstood(
            quote, f"The {many} have no unique text field to name them by, so they cannot be listed by name."
        )
    owner.relate(Relation(kind="many_to_many", target=target.name, nested=False))
    owners, targets = spoken(plural_name(owner.name)), spoken(plural_name(target.name))
    notes.decisions.append(
        Decision(
            choice=f"{owners} and {targets} are many-to-many; {owners} list their {targets} by name",
            reason=f"{an(target.name)} is shared between {owners}, and a name is what a client has at hand",
        )
    )


def _link_one(child: Draft, target: Draft, fact: Relates, notes: Notes) -> None:
    taken = any(r.nested for r in child.relations)
    reference = fact.kind == "one" or target.name.rpartition("_")[2] in CLASSIFIERS
    nested = not (reference or taken or child.existing)
    required = fact.required and child.existing is None
    child.relate(Relation(kind="many_to_one", target=target.name, required=required or nested, nested=nested))
    children, one = spoken(plural_name(child.name)), an(target.name)
    if nested:
        notes.decisions.append(
            Decision(
                choice=f"{children} are created and listed below their {spoken(target.name)}",
                reason=f"each of them belongs to {one}, and the address says to which",
            )
        )
    else:
        why = (
            f"existing {children} have none yet, so it is optional"
            if child.existing
            else f"{one} is a property of them, not their home"
        )
        notes.decisions.append(Decision(choice=f"{children} name {one} by `{target.name}_id`", reason=why))


def _say(fact: Says, quote: str, table: Table) -> None:
    for name in fact.fields:
        draft, field_name = _owner_of(fact.resource, name, quote, table)
        if field_name not in draft.fields:
            many = spoken(plural_name(draft.name))
            raise NotUnderstood(quote, f"Changing a field that {many} have already is not offered.")
        draft.add(RawField(field_name, fact.traits, quote))


def _owner_of(resource: str | None, name: str, quote: str, table: Table) -> tuple[Draft, str]:
    """The resource a field belongs to: the one named, the one spoken of last, or the only one with such a field."""
    spellings = (name, singular_name(name))
    drafts = [table.need(resource, quote)] if resource else _recent_first(table)
    for draft in drafts:
        own = (f"{draft.name}_", f"{plural_name(draft.name)}_")
        for spelling in (*spellings, *(s.removeprefix(p) for s in spellings for p in own)):
            if spelling in draft.fields or (draft.existing and any(f.name == spelling for f in draft.existing.fields)):
                return draft, spelling
    raise NotUnderstood(quote, f'No field called "{spoken(name)}" was named before.')


def _recent_first(table: Table) -> list[Draft]:
    drafts = list(table.drafts.values())
    return sorted(drafts, key=lambda d: d.name != table.current)


def _own(fact: Owns, quote: str, table: Table, notes: Notes) -> None:
    draft = table.need(fact.resource, quote)
    many = spoken(plural_name(draft.name))
    if draft.existing:
        raise NotUnderstood(quote, f"The {many} that are there have no owner; giving them one is not offered.")
    draft.owned = True
    choice = f"{many} belong to the user who made them; to everybody else they do not exist (404)"
    notes.decisions.append(Decision(choice=choice, reason="a 403 would tell that there is something"))


_TRAITS = {
    "soft_delete": (
        "deleted {many} stay in the table with the moment of their deletion",
        "what was deleted can be found again",
    ),
    "versioned": (
        "changes of {many} that name an outdated version (If-Match) are refused with 412",
        "two people who change the same one do not undo each other's work",
    ),
    "bulk": ("many {many} are created by one request, all of them or none", "a half-done batch cannot be repeated"),
}


def _trait(fact: Has, quote: str, table: Table, notes: Notes) -> None:
    draft = table.need(fact.resource, quote)
    many = spoken(plural_name(draft.name))
    if draft.existing:
        raise NotUnderstood(
            quote, f"That is offered for new resources; the {many} are there already. Set a model for it."
        )
    draft.traits.add(fact.trait)
    choice, reason = _TRAITS[fact.trait]
    notes.decisions.append(Decision(choice=choice.format(many=many), reason=reason))


def _limit(fact: Limits, quote: str, table: Table) -> None:
    draft = table.need(fact.resource, quote)
    if draft.existing:
        raise NotUnderstood(
            quote, f"Taking operations away from existing {spoken(draft.existing.plural)} is not offered."
        )
    if fact.only:
        if draft.only is not None and set(draft.only) != set(fact.only):
            raise Contradiction(
                f'"{quote}": {spoken(plural_name(draft.name))} were limited to {", ".join(draft.only)} before.'
            )
        draft.only = fact.only
    draft.without |= set(fact.without)
    if not draft.actions(table.profile):
        raise Contradiction(f'"{quote}": no operation is left for {spoken(plural_name(draft.name))}.')


def assumed_fields(drafts: Sequence[Draft]) -> list[str]:
    """One sentence per resource on the types nobody named."""
    lines = []
    for draft in drafts:
        guesses = [f"{f.name} is {f.type}" for f in draft.settled() if f.assumed_type]
        if guesses:
            lines.append(f"Types of {spoken(plural_name(draft.name))} taken from the names: {', '.join(guesses)}.")
        added = [f.name for f in draft.settled() if draft.existing and not f.required and f.default is None]
        if added:
            lines.append(
                f"{', '.join(added)} of existing {spoken(draft.existing.plural if draft.existing else '')} is "
                f"optional: the rows that are there have no value."
            )
    return lines


def default_field(name: str) -> str:
    """The one field a resource gets when the request names none, in the grammar's own words."""
    last = name.rpartition("_")[2]
    if last in TAG_LIKE:
        return "name (str, 1-50 chars, unique)"
    if last in CLASSIFIERS:
        return "name (str, 1-100 chars, unique)"
    if assumed_type(last) == "text" or last in ("review", "reply", "answer", "post"):
        return "text (text, required)"
    return "name (str, 1-200 chars, required)"
