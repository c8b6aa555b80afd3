"""Placing a feature into an existing application, one step after the other, each on what the last one left."""

import ast
from collections.abc import Callable
from functools import partial

from agents.blueprints.bench import Bench
from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.checks import wants_login
from agents.blueprints.extend_fields import extend_fields
from agents.blueprints.extend_guards import extend_guards
from agents.blueprints.extend_links import extend_links
from agents.blueprints.extend_listing import LinkFilter, extend_listing
from agents.blueprints.extend_parents import extend_parents
from agents.blueprints.fragments import Fragment, Style, Symbol
from agents.blueprints.names import words
from agents.blueprints.overlay import Overlay
from agents.blueprints.place_blocks import place_block
from agents.blueprints.place_database import place_database
from agents.blueprints.place_files import new_migration, new_requirements
from agents.blueprints.place_readme import new_readme
from agents.blueprints.place_resource import place_health, place_login, place_moment, place_resource
from agents.blueprints.place_settings import new_settings
from agents.blueprints.place_style import layout_of, symbol_of
from agents.blueprints.relations import links, parents
from agents.blueprints.resource import resource_fragments
from agents.blueprints.spec import FeatureSpec, GuardSpec, ListingSpec, ResourceSpec
from agents.errors import NotUnderstood
from agents.profile import AppProfile, Source
from agents.profile_reader import profile_of
from agents.reading.app import read_application
from agents.reading.modules import Function
from agents.reading.orm import depends_target
from agents.reading.resources import Collection


def place(spec: FeatureSpec, profile: AppProfile, source: Source) -> dict[str, str | None]:
    """Path -> new content of every file that changes (None: deleted).

    Args:
        profile: of `source`, as `read_profile` gave it.

    Raises:
        NotUnderstood: a part of the feature cannot be placed with certainty; names file, line and what is in the way.
    """
    if profile.database == "other":
        raise NotUnderstood(
            profile.main_file, "Its data is not kept with SQLAlchemy's ORM, so nothing is added by rule."
        )
    tree = Overlay(source)
    brought = profile.database == "none" and bool(
        spec.resources or wants_login(spec) or any(BLOCKS[block.name].database for block in spec.blocks)
    )
    if brought:
        _step(tree, place_database)
    login = wants_login(spec) and profile.login is None
    if login or any(not r.exists for r in spec.resources):
        _step(tree, place_moment)
    if login:
        _step(tree, lambda bench: place_login(bench, layout_of(bench), spec.login_parts))
    for resource in _in_order(spec):
        if not resource.exists:
            _step(tree, partial(_new, resource=resource, spec=spec))
    for resource in spec.resources:
        if resource.exists:
            _step(tree, partial(_extend, resource=resource, spec=spec))
    _extend_lists(tree, spec)
    _extend_guards(tree, spec)
    for block in spec.blocks:
        _step(tree, partial(place_block, block=block))
    _other_files(tree, spec, login, brought)
    return tree.changes


def _bench(tree: Source) -> Bench:
    app = read_application(tree)
    return Bench(tree, profile_of(app, tree), app)


def _step(tree: Overlay, change: Callable[[Bench], None]) -> None:
    bench = _bench(tree)
    change(bench)
    tree.changes |= bench.result()


def _in_order(spec: FeatureSpec) -> list[ResourceSpec]:
    """Resources with everything they refer to before them; circles keep the order given."""
    ordered: list[ResourceSpec] = []
    waiting = list(spec.resources)
    while waiting:
        names = {r.name for r in waiting}
        ready = [r for r in waiting if not {x.target for x in r.relations} & (names - {r.name})] or waiting[:1]
        ordered += ready
        waiting = [r for r in waiting if r not in ready]
    return ordered


def _new(bench: Bench, resource: ResourceSpec, spec: FeatureSpec) -> None:
    there = bench.profile.resource(resource.name)
    if there:
        raise NotUnderstood(words(resource.plural), f"{there.path} is served already; say what to add to it.")
    place_resource(bench, layout_of(bench), resource, spec)


def _extend(bench: Bench, resource: ResourceSpec, spec: FeatureSpec) -> None:
    """Fields, links and parents, each on what the last one left in the same files."""
    collection = existing(bench, resource.name)
    style = layout_of(bench).style
    bare = spec.model_copy(update={"listings": ()})
    indexed = {
        n for entry in spec.listings if entry.resource == resource.name for n in (*entry.filters, entry.order_by or "")
    }
    extend_fields(bench, collection, resource.fields, indexed)
    pieces = [(link, _table(resource, link.target.name, bare, style)) for link in links(resource, bare, style)]
    for link, association in pieces:
        extend_links(bench, collection, link, association, style)
    for parent in parents(resource, bare, style):
        extend_parents(bench, collection, parent, style)


def _table(resource: ResourceSpec, target: str, spec: FeatureSpec, style: Style) -> Fragment:
    """The association table of one many-to-many relation."""
    only = resource.model_copy(update={"relations": tuple(r for r in resource.relations if r.target == target)})
    association = resource_fragments(only, spec, style).association
    if association is None:
        raise NotUnderstood(words(target), "There is nothing to link.")
    return association


def existing(bench: Bench, name: str) -> Collection:
    """The resource the application has.

    Raises:
        NotUnderstood: it has none of that name.
    """
    collection = bench.app.collection(name)
    if collection is None:
        have = ", ".join(c.resource.plural for c in bench.app.collections) or "none"
        raise NotUnderstood(words(name), f"The application has no such resource; it has: {have}.")
    return collection


def _extend_lists(tree: Overlay, spec: FeatureSpec) -> None:
    made = {r.name for r in spec.resources if not r.exists}
    asked = {entry.resource: entry for entry in spec.listings if entry.resource not in made}
    for resource in (r for r in spec.resources if r.exists):
        ids = tuple(f"{r.target}_id" for r in resource.relations if r.kind == "many_to_one")
        if ids:
            entry = asked.get(resource.name, ListingSpec(resource=resource.name))
            filters = tuple(dict.fromkeys([*(f for f in entry.filters if f"{f}_id" not in ids), *ids]))
            asked[resource.name] = entry.model_copy(update={"filters": filters})
    for entry in asked.values():
        _step(tree, partial(_extend_list, entry=entry))


def _extend_list(bench: Bench, entry: ListingSpec) -> None:
    collection = existing(bench, entry.resource)
    extend_listing(bench, collection, entry, _link_filters(bench, collection))


def _link_filters(bench: Bench, collection: Collection) -> tuple[LinkFilter, ...]:
    known = layout_of(bench).style.known
    found = []
    for attribute, cls in (collection.model.many_to_many if collection.model else {}).items():
        for name, target in known.items():
            if target.model.name == cls and target.natural_key:
                statement = f"from {target.model.module} import {cls}" if target.model.module else ""
                found.append(LinkFilter(name, attribute, cls, target.natural_key, statement))
    return tuple(found)


def _extend_guards(tree: Overlay, spec: FeatureSpec) -> None:
    made = {r.name for r in spec.resources if not r.exists}
    for guard in spec.guards:
        if guard.resource not in made:
            _step(tree, partial(_extend_guard, guard=guard))


def _extend_guard(bench: Bench, guard: GuardSpec) -> None:
    extend_guards(bench, existing(bench, guard.resource), guard, _user_function(bench))


def _user_function(bench: Bench) -> Symbol:
    """The function behind the login dependency."""
    login = bench.profile.login
    if login is None or login.current_user is None:
        raise NotUnderstood("login", "The application's login has no dependency that gives the current user.")
    found = bench.found(login.current_user)
    if not isinstance(found.node, Function):
        target = depends_target(bench.app.code, found.module, found.node) if isinstance(found.node, ast.expr) else None
        if target is None:
            raise NotUnderstood("login", f"{login.current_user.file}:{login.current_user.line}: not a dependency.")
        found = target
    return symbol_of(bench, found.place)


def _other_files(tree: Overlay, spec: FeatureSpec, login: bool, brought: bool) -> None:
    """Migration, packages, health, README."""
    if spec.health:
        _step(tree, place_health)
    bench = _bench(tree)
    if bench.profile.alembic:
        style = layout_of(bench).style
        tree.changes |= new_migration(tree, bench.profile.alembic, spec, style, users=login)
        tree.changes |= new_readme(tree, spec, style, login=login)
    plurals = {r.name: r.plural for r in bench.profile.resources} | {r.name: r.plural for r in spec.resources}
    tree.changes |= new_settings(tree, spec.blocks, plurals)
    tree.changes |= new_requirements(tree, spec, login=login, database=brought)
