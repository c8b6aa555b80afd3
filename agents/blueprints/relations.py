"""Relations of a resource, looked up in the request and in what the application has: tables, classes, natural keys."""

from dataclasses import dataclass

from agents.blueprints.fields import constraints
from agents.blueprints.fragments import Style, Symbol
from agents.blueprints.names import attribute, model_class, module_path, words
from agents.blueprints.spec import FeatureSpec, FieldSpec, Relation, ResourceSpec
from agents.errors import NotUnderstood


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The other side of a relation."""

    name: str
    plural: str
    model: Symbol
    table: str
    path: str
    soft: bool = False
    """Deleted ones stay in the table, marked by `deleted_at`, and are gone to clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A many-to-one relation."""

    target: Target
    required: bool
    nested: bool
    added: bool = False
    """New on a table that may have rows."""

    @property
    def nullable(self) -> bool:
        """Whether the column allows null."""
        return self.added or not self.required

    @property
    def column(self) -> str:
        """Column and JSON name of the foreign key."""
        return f"{self.target.name}_id"

    @property
    def line(self) -> str:
        """The ORM attribute."""
        key = f'ForeignKey("{self.target.table}.id", ondelete="{self.on_delete}"), index=True'
        return f"{self.column}: Mapped[int{' | None' if self.nullable else ''}] = mapped_column({key})"

    @property
    def on_delete(self) -> str:
        """What deleting the target does here: cascade below a parent, refuse while in use, or forget."""
        return "CASCADE" if self.nested else "RESTRICT" if self.required else "SET NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """A many-to-many relation."""

    target: Target
    key: str
    """The target's natural key as a Python attribute."""
    table: str
    """The association table, also the name of its `Table` object."""
    item: str
    """Annotation of one key in a request body."""
    creatable: bool
    """Unknown keys become new rows: nothing but the key is required."""

    @property
    def name(self) -> str:
        """JSON name and Python attribute of the list of keys."""
        return self.target.plural


def target_of(relation: Relation, spec: FeatureSpec, style: Style) -> Target:
    """Names of a relation's other side.

    Raises:
        NotUnderstood: neither the request nor the application has that resource.
    """
    return target_named(relation.target, spec, style)


def target_named(name: str, spec: FeatureSpec, style: Style) -> Target:
    """Names of a resource, from what the application has, else from the request (same error as `target_of`)."""
    known = style.known.get(name)
    resource = next((r for r in spec.resources if r.name == name), None)
    if known is None and resource is None:
        raise NotUnderstood(words(name), "No resource of that name is in the request or in the application.")
    plural = (known.plural if known else "") or (resource.plural if resource else f"{name}s")
    module = module_path(style.model_module, name, plural)
    model = known.model if known else Symbol(module, model_class(name))
    path = (known.path if known else "") or collection_path(plural, style)
    table, soft = known.table if known else plural, bool(known and known.soft)
    return Target(name=name, plural=plural, model=model, table=table, path=path, soft=soft)


def collection_path(plural: str, style: Style) -> str:
    """Where a new resource lives: `order_items` -> `/order-items`."""
    return f"{style.prefix}/{plural.replace('_', '-')}"


def parents(resource: ResourceSpec, spec: FeatureSpec, style: Style) -> list[Parent]:
    """The many-to-one relations, in the order given."""
    return [
        Parent(
            target=target_of(relation, spec, style),
            required=relation.required,
            nested=relation.nested,
            added=resource.exists,
        )
        for relation in resource.relations
        if relation.kind == "many_to_one"
    ]


def links(resource: ResourceSpec, spec: FeatureSpec, style: Style) -> list[Links]:
    """The many-to-many relations, in the order given.

    Raises:
        NotUnderstood: a target has no text field that could name it.
    """
    return [
        _link(resource, relation, spec, style) for relation in resource.relations if relation.kind == "many_to_many"
    ]


def _link(resource: ResourceSpec, relation: Relation, spec: FeatureSpec, style: Style) -> Links:
    target = target_of(relation, spec, style)
    other = next((r for r in spec.resources if r.name == relation.target), None)
    field = natural_key(other)
    known = style.known.get(relation.target)
    if target.soft:
        offer = f"{words(target.plural).capitalize()} are deleted softly; links to them are not offered."
        raise NotUnderstood(f"{words(resource.plural)} with {words(target.plural)}", offer)
    key = (known.natural_key if known else None) or (field.name if field else None)
    if key is None:
        offer = f'Give {words(target.plural)} a unique text field, e.g. "{target.plural} with name (str, unique)".'
        raise NotUnderstood(f"{words(resource.plural)} with {words(target.plural)}", offer)
    limits = ", ".join(constraints(field)) if field else "max_length=255"
    return Links(
        target=target,
        key=attribute(key),
        table=f"{resource.name}_{target.plural}",
        item=f"Annotated[str, Field({limits})]" if limits else "str",
        creatable=known.creatable if known else _needs_only(key, other),
    )


def _needs_only(key: str, resource: ResourceSpec | None) -> bool:
    fields = resource.fields if resource else ()
    relations = resource.relations if resource else ()
    return all(f.name == key or not f.required or f.default is not None for f in fields) and not any(
        relation.required for relation in relations if relation.kind == "many_to_one"
    )


def natural_key(resource: ResourceSpec | None) -> FieldSpec | None:
    """The field that names an item to a person: the first unique text, else `name` or `title`."""
    texts = [f for f in (resource.fields if resource else ()) if f.type in ("str", "text")]
    named = [f for f in texts if f.name in ("name", "title")]
    return next((f for f in texts if f.unique), next(iter(named), None))
