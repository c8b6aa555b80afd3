"""The application as it will be: what the request adds and what is there, with paths, guards and relations."""

import re
from dataclasses import dataclass, field
from typing import Literal

from agents.blueprints.relations import natural_key
from agents.blueprints.spec import Action, FeatureSpec, FieldSpec, ListingSpec, Relation, ResourceSpec, Trait
from agents.offline.draft import existing_actions
from agents.offline.words import spoken
from agents.profile import AppProfile, ExistingResource

GIVEN = ("id", "created_at")
"""Set by the server, even where a request names them."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One resource, new or existing, as a client sees it."""

    name: str
    plural: str
    path: str
    """Top-level collection path; a nested resource's items live below it."""
    fields: tuple[FieldSpec, ...]
    """All fields a client may send, existing ones included."""
    added: tuple[FieldSpec, ...]
    """The fields this request adds (all of a new resource)."""
    relations: tuple[Relation, ...]
    added_relations: tuple[Relation, ...]
    actions: tuple[Action, ...]
    exists: bool
    guarded: frozenset[Action]
    """Needs a login after the change."""
    admin: frozenset[Action] = field(default=frozenset(), kw_only=True)
    """Needs an administrator after the change."""
    owned: bool = field(default=False, kw_only=True)
    """Seen by the user who made it only."""
    traits: tuple[Trait, ...] = field(default=(), kw_only=True)
    listing: ListingSpec
    natural_key: str | None = None
    update: Literal["patch", "put"] = "patch"
    soft: bool = field(default=False, kw_only=True)
    """An existing one whose deleted items stay in the table."""

    @property
    def parent(self) -> str | None:
        """The resource it is nested below."""
        return next((r.target for r in self.relations if r.kind == "many_to_one" and r.nested), None)

    @property
    def references(self) -> tuple[Relation, ...]:
        """Relations whose target's id is in the body."""
        return tuple(r for r in self.relations if r.kind == "many_to_one" and not r.nested)

    @property
    def links(self) -> tuple[Relation, ...]:
        """Many-to-many relations."""
        return tuple(r for r in self.relations if r.kind == "many_to_many")

    @property
    def key_name(self) -> str:
        """The field others name it by."""
        return self.natural_key or next((f.name for f in self.fields if f.name in ("name", "title")), "name")

    @property
    def key_field(self) -> FieldSpec | None:
        """That field, None when it is not known."""
        return next((f for f in self.fields if f.name == self.key_name), None)

    @property
    def one(self) -> str:
        """`order item`."""
        return spoken(self.name)

    @property
    def many(self) -> str:
        """`order items`."""
        return spoken(self.plural)


@dataclass(frozen=True, slots=True)
class World:
    """Everything the tests may speak of."""

    spec: FeatureSpec
    profile: AppProfile
    prefix: str
    things: dict[str, Thing]

    @property
    def token_path(self) -> str:
        """Where a token is had."""
        return self.profile.login.token_path if self.profile.login else f"{self.prefix}/auth/token"

    @property
    def register_path(self) -> str | None:
        """Where a user is registered, None when an existing login has no such route."""
        return self.profile.login.register_path if self.profile.login else f"{self.prefix}/auth/register"

    @property
    def me_path(self) -> str:
        """Who the token belongs to (our own login)."""
        return f"{self.prefix}/auth/me"


def creatable(target: Thing) -> bool:
    """An unknown key makes a new item: nothing else of it is required."""
    needed = [f for f in target.fields if f.name != target.key_name and f.required and f.default is None]
    return not needed and not any(r.required for r in target.relations if r.kind == "many_to_one")


def shared_prefix(profile: AppProfile) -> str:
    """What all existing resources' paths share before their last segment, else empty."""
    prefixes = {r.path.rstrip("/").rpartition("/")[0] for r in profile.resources if "{" not in r.path}
    return prefixes.pop() if len(prefixes) == 1 else ""


def world_of(spec: FeatureSpec, profile: AppProfile) -> World:
    """The application after the change."""
    prefix = shared_prefix(profile)
    new = {r.name: r for r in spec.resources}
    things: dict[str, Thing] = {}
    for existing in profile.resources:
        things[existing.name] = _existing(existing, new.get(existing.name), spec, profile)
    for resource in spec.resources:
        if not resource.exists:
            things[resource.name] = _new(resource, spec, prefix)
    return World(spec, profile, prefix, things)


def _listing(spec: FeatureSpec, name: str) -> ListingSpec:
    return next((item for item in spec.listings if item.resource == name), ListingSpec(resource=name))


def _guards(spec: FeatureSpec, name: str, role: str = "") -> frozenset[Action]:
    return frozenset(a for g in spec.guards if g.resource == name and role in ("", g.role) for a in g.actions)


def _new(resource: ResourceSpec, spec: FeatureSpec, prefix: str) -> Thing:
    key = natural_key(resource)
    fields = tuple(f for f in resource.fields if f.name not in GIVEN)
    return Thing(
        name=resource.name, plural=resource.plural, path=f"{prefix}/{resource.plural.replace('_', '-')}",
        fields=fields, added=fields,
        relations=resource.relations, added_relations=resource.relations,
        actions=resource.actions,
        exists=False, guarded=_guards(spec, resource.name), admin=_guards(spec, resource.name, "admin"),
        listing=_listing(spec, resource.name),
        natural_key=key.name if key else None, owned=resource.owned, traits=resource.traits,
    )  # fmt: skip


def _existing(resource: ExistingResource, more: ResourceSpec | None, spec: FeatureSpec, profile: AppProfile) -> Thing:
    added = more.fields if more else ()
    path = _items_path(resource, profile)
    relations = _known_relations(resource, profile)
    methods = {r.method.upper() for r in profile.routes if re.fullmatch(re.escape(path) + r"/\{[^}/]+\}/?", r.path)}
    ids = {f"{r.target}_id" for r in relations}
    fields = tuple(f for f in resource.fields if f.name not in ids)
    return Thing(
        name=resource.name, plural=resource.plural, path=path, fields=(*fields, *added), added=added,
        relations=(*relations, *(more.relations if more else ())), added_relations=more.relations if more else (),
        actions=existing_actions(profile, resource), exists=True,
        guarded=_guards(spec, resource.name) | frozenset(resource.guarded),
        listing=_listing(spec, resource.name), natural_key=resource.natural_key,
        update="put" if "PUT" in methods and "PATCH" not in methods else "patch", soft=resource.soft,
    )  # fmt: skip


def _items_path(resource: ExistingResource, profile: AppProfile) -> str:
    """Where the items are: the collection's path, or the top-level one of a nested collection."""
    path = resource.path.rstrip("/")
    if "{" not in path:
        return resource.path if len(resource.path) > 1 and path == resource.path else path
    last = path.rpartition("/")[2]
    found = (re.fullmatch(rf"(?P<top>[^{{}}]*/{re.escape(last)})/\{{[^}}/]+\}}/?", r.path) for r in profile.routes)
    return next((m["top"] for m in found if m), f"{shared_prefix(profile)}/{last}")


def _known_relations(resource: ExistingResource, profile: AppProfile) -> tuple[Relation, ...]:
    """The profile's relations, and `product_id` fields that name another resource."""
    targets = {r.target for r in resource.relations}
    by_field = [
        Relation(kind="many_to_one", target=f.name.removesuffix("_id"), required=f.required, nested=False)
        for f in resource.fields
        if f.name.endswith("_id")
        and profile.resource(f.name.removesuffix("_id"))
        and f.name.removesuffix("_id") not in targets
    ]
    return (*resource.relations, *by_field)
