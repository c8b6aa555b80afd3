"""What a specification may not say, refused in words the user can act on."""

from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.names import snake, words
from agents.blueprints.spec import FeatureSpec, ResourceSpec
from agents.errors import NotUnderstood

_GIVEN = {"id": ("int", "an integer `id`"), "created_at": ("datetime", "a `created_at` moment")}
_TAKEN_RESOURCES = {"auth": "the login", "health": "the health check", "base": "the declarative base"}


def check_resource(resource: ResourceSpec, spec: FeatureSpec) -> None:
    """Refuse what cannot be rendered.

    Raises:
        NotUnderstood: quoting the words, with what to write instead.
    """
    _check_names(resource, spec)
    _check_fields(resource)
    _check_relations(resource, spec)
    _check_listing(resource, spec)
    _check_owner(resource, spec)
    _check_traits(resource, spec)


def _check_names(resource: ResourceSpec, spec: FeatureSpec) -> None:
    if resource.name == "user" and wants_login(spec) and not resource.exists:
        raise NotUnderstood(words(resource.plural), "The login keeps its accounts in `users`; choose another name.")
    if resource.name in _TAKEN_RESOURCES or resource.plural in _TAKEN_RESOURCES:
        taken = _TAKEN_RESOURCES.get(resource.name) or _TAKEN_RESOURCES[resource.plural]
        raise NotUnderstood(words(resource.plural), f"That name belongs to {taken}; choose another one.")
    brought = {snake(BLOCKS[block.name].model): BLOCKS[block.name].rows for block in spec.blocks}
    if not resource.exists and resource.name in brought:
        raise NotUnderstood(
            words(resource.plural), f"The {brought[resource.name]} are kept there; choose another name."
        )
    if not resource.exists and [r.name for r in spec.resources].count(resource.name) > 1:
        raise NotUnderstood(words(resource.plural), "The request describes it twice; say everything in one place.")


def _check_fields(resource: ResourceSpec) -> None:
    for field in resource.fields:
        given = _GIVEN.get(field.name)
        if given and field.type != given[0] and not field.assumed_type:
            offer = f"Every resource gets {given[1]} of its own; call this field something else."
            raise NotUnderstood(f"{field.name} ({field.type})", offer)
    names = [field.name for field in resource.fields]
    names += [f"{r.target}_id" for r in resource.relations if r.kind == "many_to_one"]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise NotUnderstood(twice[0], f"{words(resource.plural).capitalize()} would have that field twice.")


def _check_relations(resource: ResourceSpec, spec: FeatureSpec) -> None:
    if sum(r.kind == "many_to_one" and r.nested for r in resource.relations) > 1:
        raise NotUnderstood(words(resource.plural), "It can be served below one parent only.")
    for relation in resource.relations:
        other = next((r.plural for r in spec.resources if r.name == relation.target), f"{relation.target}s")
        if relation.kind == "many_to_many" and other in [field.name for field in resource.fields]:
            raise NotUnderstood(words(other), "It is both a field and a relation; name one of them differently.")
        if relation.target == resource.name and (relation.nested or relation.kind == "many_to_many"):
            offer = "A resource can refer to itself by an optional, not nested many-to-one relation only."
            raise NotUnderstood(f"{words(resource.plural)} of {words(resource.plural)}", offer)


def _check_owner(resource: ResourceSpec, spec: FeatureSpec) -> None:
    """Only what stands for itself can be private: what hangs on it would need the same owner."""
    name, owned = words(resource.plural), {r.name for r in spec.resources if r.owned}
    if resource.owned and (resource.exists or any(r.kind == "many_to_one" and r.nested for r in resource.relations)):
        raise NotUnderstood(
            f"own {name}", f"Owners are offered for new resources that are not below another one: {name}."
        )
    private = sorted({relation.target for relation in resource.relations} & owned)
    if private:
        offer = f"What belongs to private {words(private[0])}s would need their owner too; that is not offered."
        raise NotUnderstood(f"{name} of {words(private[0])}s", offer)


def _check_traits(resource: ResourceSpec, spec: FeatureSpec) -> None:
    name = words(resource.plural)
    taken = {"soft_delete": "deleted_at", "versioned": "version"}
    for trait in resource.traits:
        if taken.get(trait) in [field.name for field in resource.fields]:
            raise NotUnderstood(taken[trait], f"{name.capitalize()} get a field of that name by themselves.")
    for trait, action in (("soft_delete", "delete"), ("versioned", "update"), ("bulk", "create")):
        if trait in resource.traits and action not in resource.actions:
            raise NotUnderstood(name, f"That needs the operation to {action} {name}, which is not there.")
    if "bulk" in resource.traits and (resource.relations or resource.owned):
        raise NotUnderstood(f"{name} in bulk", "Bulk creation is offered for resources without owners and relations.")
    others = [words(r.plural) for r in spec.resources if any(one.target == resource.name for one in r.relations)]
    if "soft_delete" in resource.traits and others:
        offer = f"Soft deletion is offered for what nothing else belongs to; {others[0]} belong to {name}."
        raise NotUnderstood(f"soft deleted {name}", offer)
    for listing in spec.listings:
        if listing.resource == resource.name and listing.cursor and listing.paginated:
            raise NotUnderstood(f"pages of {name}", "Pages go by offset or by cursor; choose one.")
        if listing.resource == resource.name and listing.cursor and listing.order_by not in (None, "id", "created_at"):
            offer = "Pages with a cursor go by age: newest or oldest first."
            raise NotUnderstood(f"{name} sorted by {words(listing.order_by)}", offer)


def _check_listing(resource: ResourceSpec, spec: FeatureSpec) -> None:
    if resource.exists:
        return  # names the application has already are checked against its profile by who reads it
    known = {f.name for f in resource.fields} | {"id", "created_at"}
    targets = {r.target for r in resource.relations} | {f"{r.target}_id" for r in resource.relations}
    targets |= {r.plural for r in spec.resources if r.name in targets}
    for listing in spec.listings:
        if listing.resource != resource.name:
            continue
        for name in (*listing.filters, *listing.search, listing.order_by or "id"):
            if name not in known | targets:
                raise NotUnderstood(words(name), f"{words(resource.plural).capitalize()} have no such field.")


def wants_login(spec: FeatureSpec) -> bool:
    """Whether accounts and tokens are part of the request."""
    return spec.login or bool(spec.guards) or bool(spec.login_parts)
