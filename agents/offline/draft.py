"""The request while it is put together: resources by name, what the application has, and who is spoken of."""

import re
from dataclasses import dataclass, field, replace

from agents.blueprints.spec import ALL_ACTIONS, Action, FieldSpec, Relation, ResourceSpec
from agents.blueprints.spec import Trait as ResourceTrait
from agents.errors import NotUnderstood
from agents.offline.fields import RawField
from agents.offline.phrases import Trait
from agents.offline.settle import settle
from agents.offline.words import plural_name, singular_name, spoken
from agents.profile import AppProfile, ExistingResource

_METHODS: tuple[tuple[str, bool, Action], ...] = (
    ("POST", False, "create"), ("GET", False, "list"), ("GET", True, "read"),
    ("PATCH", True, "update"), ("PUT", True, "update"), ("DELETE", True, "delete"),
)  # fmt: skip


def existing_actions(profile: AppProfile, resource: ExistingResource) -> tuple[Action, ...]:
    """What the application's routes offer for a resource; all when the profile lists no route of it."""
    found: set[Action] = set()
    base = resource.path.rstrip("/")
    last = base.rpartition("/")[2]
    item = re.compile(rf"(?:{re.escape(base)}|[^{{}}]*/{re.escape(last)})/\{{[^}}/]+\}}")
    for route in profile.routes:
        path = route.path.rstrip("/")
        on_item = bool(item.fullmatch(path))
        if path == base or on_item:
            found |= {a for method, of_item, a in _METHODS if method == route.method.upper() and of_item == on_item}
    return tuple(a for a in ALL_ACTIONS if a in found) if found else ALL_ACTIONS


@dataclass(slots=True)
class Draft:
    """One resource being put together."""

    name: str
    existing: ExistingResource | None = None
    fields: dict[str, RawField] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    named: set[Action] = field(default_factory=set)
    whole: bool = False
    only: tuple[Action, ...] | None = None
    without: set[Action] = field(default_factory=set)
    again: dict[str, RawField] = field(default_factory=dict)
    """What is said of fields that are there already."""
    quote: str = ""
    owned: bool = False
    traits: set[ResourceTrait] = field(default_factory=set)

    def add(self, raw: RawField) -> None:
        """A field, or more about one."""
        self.fields[raw.name] = self.joined(self.fields.get(raw.name), raw)

    @staticmethod
    def joined(before: RawField | None, raw: RawField) -> RawField:
        """All that was said of a field."""
        return replace(before, traits=(*before.traits, *raw.traits)) if before else raw

    def relate(self, relation: Relation) -> None:
        """A relation, once per target."""
        same = next((r for r in self.relations if r.target == relation.target), None)
        if same is None:
            self.relations.append(relation)

    def actions(self, profile: AppProfile) -> tuple[Action, ...]:
        """What it can do, as far as said until now."""
        if self.existing:
            return existing_actions(profile, self.existing)
        named = self.named if self.named and not self.whole else set(ALL_ACTIONS)
        allowed = set(self.only) if self.only is not None else named
        return tuple(a for a in ALL_ACTIONS if a in allowed - self.without)

    def settled(self) -> tuple[FieldSpec, ...]:
        """New fields; those of an existing resource are optional unless said otherwise."""
        result = []
        for raw in self.fields.values():
            if self.existing and not any(t.kind in ("required", "default") for t in raw.traits):
                raw = replace(raw, traits=(*raw.traits, Trait("required", False)))
            if spec := settle(raw):
                result.append(spec)
        return tuple(result)

    def all_fields(self) -> dict[str, FieldSpec]:
        """Existing and new fields by name."""
        old = {f.name: f for f in self.existing.fields} if self.existing else {}
        return old | {f.name: f for f in self.settled()}

    def all_relations(self) -> tuple[Relation, ...]:
        """Existing and new relations."""
        return (*(self.existing.relations if self.existing else ()), *self.relations)

    def spec(self, profile: AppProfile) -> ResourceSpec:
        """The finished resource."""
        plural = self.existing.plural if self.existing else plural_name(self.name)
        return ResourceSpec(
            name=self.name, plural=plural, fields=self.settled(), relations=tuple(self.relations),
            actions=self.actions(profile), owned=self.owned, traits=tuple(sorted(self.traits)),
            exists=self.existing is not None,
        )  # fmt: skip


@dataclass(slots=True)
class Table:
    """All drafts of a request, and the one spoken of last."""

    profile: AppProfile
    drafts: dict[str, Draft] = field(default_factory=dict)
    current: str | None = None

    def get(self, name: str) -> Draft | None:
        """A resource the request or the application has."""
        name = singular_name(name)
        if name not in self.drafts and (existing := self.profile.resource(name)):
            self.drafts[existing.name] = Draft(existing.name, existing)
            return self.drafts[existing.name]
        return self.drafts.get(name)

    def make(self, name: str, quote: str) -> Draft:
        """The resource of that name, new when there is none."""
        draft = self.get(name)
        if draft is None:
            draft = self.drafts[name] = Draft(name, quote=quote)
        return draft

    def need(self, name: str | None, quote: str) -> Draft:
        """The resource named, or spoken of last.

        Raises:
            NotUnderstood: there is none of that name, or it is not clear which is meant.
        """
        if name is None:
            name = self.current or self._single()
        draft = self.get(name) if name else None
        if draft is None:
            raise NotUnderstood(quote, self.unknown(name))
        self.current = draft.name
        return draft

    def _single(self) -> str | None:
        names = {r.name for r in self.profile.resources} | set(self.drafts)
        return next(iter(names)) if len(names) == 1 else None

    def unknown(self, name: str | None) -> str:
        """What to say when a resource is not there."""
        have = sorted({r.plural for r in self.profile.resources} | {plural_name(d) for d in self.drafts})
        known = (
            f"Known here: {', '.join(spoken(h) for h in have)}." if have else "The application has no resources yet."
        )
        if name is None:
            return f"Say which resource is meant. {known}"
        many = spoken(plural_name(name))
        return f'There are no {many}. {known} To have them, say "add {many} with name (str)".'
