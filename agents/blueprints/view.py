"""Everything a resource's templates need, worked out once: names, fields, relations, how its list is asked for."""

from dataclasses import dataclass

from agents.blueprints.checks import check_resource
from agents.blueprints.fields import DECIMAL_RANGE, INT_RANGE, FieldCode, enum_alias, field_code
from agents.blueprints.fragments import Style
from agents.blueprints.names import article, attribute, listing, literal, local, parameter, sentence, words
from agents.blueprints.relations import Links, Parent, Target, links, parents, target_named
from agents.blueprints.spec import Action, FeatureSpec, FieldSpec, ListingSpec, ResourceSpec
from agents.blueprints.wrap import WIDTH
from agents.errors import NotUnderstood


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One query parameter of a list."""

    name: str
    """JSON name."""
    parameter: str
    annotation: str
    """The whole annotation, default excluded."""
    narrowing: str
    """The call on the query: `where(...)`."""
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One resource, ready to be rendered."""

    spec: ResourceSpec
    target: Target
    fields: tuple[FieldCode, ...]
    parents: tuple[Parent, ...]
    links: tuple[Links, ...]
    filters: tuple[Filter, ...]
    search: tuple[str, ...]
    """Attributes searched by `q`."""
    order: tuple[str, ...]
    """Arguments of `order_by`."""
    paginated: bool
    cursor: bool
    """Pages begin behind the last item of the page before."""
    guarded: tuple[Action, ...]
    admin: tuple[Action, ...]
    """Guarded actions that only administrators may do."""
    referred: bool
    """Deleting one can be refused because something needs it."""
    style: Style

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def plural(self) -> str:
        return self.spec.plural

    @property
    def cls(self) -> str:
        return self.target.model.name

    @property
    def var(self) -> str:
        """Local variable holding one."""
        return local(self.name)

    @property
    def owned(self) -> bool:
        return self.spec.owned

    @property
    def soft(self) -> bool:
        """Deleted ones are kept, marked."""
        return "soft_delete" in self.spec.traits

    @property
    def versioned(self) -> bool:
        return "versioned" in self.spec.traits

    @property
    def bulk(self) -> bool:
        return "bulk" in self.spec.traits

    @property
    def descending(self) -> bool:
        """The list begins with the newest."""
        return ".desc()" in self.order[0]

    @property
    def columns(self) -> list[str]:
        """Lines of the ORM class for its fields; what is unique is so for each owner."""
        return [f.column.replace(", unique=True", "") if self.owned else f.column for f in self.fields]

    @property
    def owner_unique(self) -> list[str]:
        """Attributes that are unique for each owner."""
        return [f.name for f in self.fields if f.spec.unique] if self.owned else []

    @property
    def phrase(self) -> str:
        return words(self.name)

    @property
    def actions(self) -> tuple[Action, ...]:
        return self.spec.actions

    @property
    def nested(self) -> Parent | None:
        """The relation it is served below, if any."""
        return next((parent for parent in self.parents if parent.nested), None)

    @property
    def chosen_parents(self) -> list[Parent]:
        """Relations whose id is in the body."""
        return [parent for parent in self.parents if not parent.nested]

    @property
    def asynchronous(self) -> bool:
        return self.style.database != "sqlalchemy_sync"

    @property
    def moment(self) -> str:
        """Name of the pydantic type for moments."""
        return self.style.moment.name if self.style.moment else f"{self.cls}Moment"

    @property
    def url(self) -> str:
        """Name of the pydantic type for web addresses."""
        return self.style.url.name if self.style.url else f"{self.cls}Address"

    @property
    def own_moment(self) -> bool:
        """The schemas have moments and nobody provides their type."""
        return not self.style.moment and (self.style.timestamps or self._has("datetime"))

    @property
    def own_url(self) -> bool:
        """The schemas have web addresses and nobody provides their type."""
        return not self.style.url and self._has("url")

    def _has(self, kind: str) -> bool:
        return any(f.spec.type == kind for f in self.fields)

    @property
    def relationships(self) -> list[str]:
        """ORM relationships: many-to-many lists, and cascades where the database does not do them."""
        found = []
        for link in self.links:
            back = "" if self.style.foreign_keys else f", backref={literal(self.plural)}"
            model = link.target.model.name
            found.append(
                f'{link.name}: Mapped[list[{model}]] = relationship(secondary={link.table}, lazy="selectin"{back})'
            )
        for parent in self.parents if not self.style.foreign_keys else ():
            found.append(self._reference(parent))
        return found

    def _reference(self, parent: Parent) -> str:
        cascade = ', cascade="all, delete-orphan"' if parent.nested else ""
        back = f"backref=backref({literal(self.plural)}{cascade})"
        model = parent.target.model.name if not parent.nullable else f"{parent.target.model.name} | None"
        name = attribute(parent.target.name)
        if name in {field.attribute for field in self.fields}:
            name = f"{parent.target.name}_item"
        if parent.target.name == self.name:
            return f'{name}: Mapped["{model}"] = relationship(remote_side=[id], {back})'
        return f"{name}: Mapped[{model}] = relationship({back})"

    @property
    def create_lines(self) -> list[str]:
        """Attributes of the create schema."""
        found = [f.create for f in self.fields]
        for parent in self.chosen_parents:
            kind = "int" if parent.required else "int | None"
            default = "" if parent.required else "default=None, "
            found.append(f"{parent.column}: {kind} = Field({default}{', '.join(INT_RANGE)})")
        return found + [f"{k.name}: list[{k.item}] = Field(default_factory=list, max_length=50)" for k in self.links]

    @property
    def update_lines(self) -> list[str]:
        """Attributes of the update schema."""
        found = [f.update for f in self.fields]
        found += [f"{p.column}: int | None = Field(default=None, {', '.join(INT_RANGE)})" for p in self.chosen_parents]
        return found + [f"{k.name}: list[{k.item}] | None = Field(default=None, max_length=50)" for k in self.links]

    @property
    def read_lines(self) -> list[str]:
        """Attributes of the answer, `id` excluded."""
        found = [f.read for f in self.fields]
        found += [f"{p.column}: int{' | None' if p.nullable else ''}" for p in self.parents]
        found += [f"{link.name}: list[str]" for link in self.links]
        found += ["version: int"] if self.versioned else []
        return found + ([f"created_at: {self.moment}"] if self.style.timestamps else [])

    @property
    def not_null(self) -> list[str]:
        """Attributes that refuse null in an update."""
        named = [f.attribute for f in self.fields if f.spec.required or f.spec.default is not None]
        named += [parent.column for parent in self.chosen_parents if parent.required]
        return named + [link.name for link in self.links]

    @property
    def conflict(self) -> str:
        """Detail of a 409, empty when no value has to be unique."""
        unique = [words(f.name) for f in self.fields if f.spec.unique]
        if unique:
            return f"{sentence(article(self.phrase))} with this {listing(unique)} already exists"
        made = [words(link.name) for link in self.links if link.creatable]
        return f"Somebody else just made one of these {listing(made)}; try again" if made else ""

    @property
    def enums(self) -> dict[str, str]:
        """Alias -> `Literal[...]` of the enum fields."""
        return {
            enum_alias(f.spec, self.name): f"Literal[{', '.join(map(literal, f.spec.choices))}]"
            for f in self.fields
            if f.spec.type == "enum"
        }


def view(resource: ResourceSpec, spec: FeatureSpec, style: Style) -> View:
    """The view of one resource.

    Raises:
        NotUnderstood: a name, default or relation cannot be rendered; the message says what to change.
    """
    check_resource(resource, spec)
    if resource.owned and not (style.current_user and style.user_is_alias):
        offer = "The login has no `Annotated` dependency that gives the user, which owners need."
        raise NotUnderstood(f"own {words(resource.plural)}", offer)
    asked = next(
        (entry for entry in spec.listings if entry.resource == resource.name), ListingSpec(resource=resource.name)
    )
    target = target_named(resource.name, spec, style)
    own = fields_of(resource)
    types = {
        "datetime": style.moment.name if style.moment else f"{target.model.name}Moment",
        "url": style.url.name if style.url else f"{target.model.name}Address",
    }
    indexed = {*asked.filters, asked.order_by}
    found = tuple(
        field_code(f, resource.name, added=resource.exists, index=f.name in indexed, types=types) for f in own
    )
    to_one, to_many = tuple(parents(resource, spec, style)), tuple(links(resource, spec, style))
    return View(
        spec=resource,
        target=target,
        fields=found,
        parents=to_one,
        links=to_many,
        filters=tuple(_filters(asked, target.model.name, found, to_one, to_many)),
        search=tuple(attribute(name) for name in asked.search),
        order=_keyset(asked, target.model.name) if asked.cursor else _order(asked, target.model.name, style),
        paginated=asked.paginated,
        cursor=asked.cursor,
        guarded=tuple(a for guard in spec.guards if guard.resource == resource.name for a in guard.actions),
        admin=tuple(a for g in spec.guards if g.resource == resource.name and g.role == "admin" for a in g.actions),
        referred=any(_needs(other, resource.name) for other in spec.resources),
        style=style,
    )


def fields_of(resource: ResourceSpec) -> list[FieldSpec]:
    """The fields that are rendered: `id` and `created_at` are there without being asked for."""
    return [f for f in resource.fields if f.name not in ("id", "created_at")]


def _needs(other: ResourceSpec, name: str) -> bool:
    return any(r.kind == "many_to_one" and r.target == name and r.required and not r.nested for r in other.relations)


def _order(asked: ListingSpec, model: str, style: Style) -> tuple[str, ...]:
    direction = "desc" if asked.descending else "asc"
    field = asked.order_by
    if field is None or field == "id" or (field == "created_at" and not style.timestamps):
        return (f"{model}.id.desc()" if field and asked.descending else f"{model}.id",)
    name = field if field == "created_at" else attribute(field)
    return (f"{model}.{name}.{direction}()", f"{model}.id.{direction}()")


def _keyset(asked: ListingSpec, model: str) -> tuple[str, ...]:
    """Ids grow with age, and are all a cursor has to hold."""
    return (f"{model}.id.desc()" if asked.descending else f"{model}.id",)


def _filters(
    asked: ListingSpec,
    model: str,
    fields: tuple[FieldCode, ...],
    to_one: tuple[Parent, ...],
    to_many: tuple[Links, ...],
) -> list[Filter]:
    found: list[Filter] = []
    for name in asked.filters:
        field = next((f for f in fields if f.name == name), None)
        link = next((entry for entry in to_many if name in (entry.target.name, entry.target.plural)), None)
        if field:
            found.append(_field_filter(field, model))
        elif link:
            found.append(_link_filter(link, model))
        elif name not in {n for p in to_one for n in (p.column, p.target.name)}:
            raise NotUnderstood(
                f"filter by {words(name)}", "Lists are filtered by fields and relations of the request."
            )
    ids = [parent for parent in to_one if not parent.nested]
    return found + [
        _filter(p.column, "int", _equals(model, p.column, p.column), f"Only of this {words(p.target.name)}", INT_RANGE)
        for p in ids
    ]


_BOUNDS = {"int": INT_RANGE, "decimal": DECIMAL_RANGE}
"""What the column can be compared with: PostgreSQL refuses anything beyond."""


def _field_filter(field: FieldCode, model: str) -> Filter:
    name, bounds = field.parameter, _BOUNDS.get(field.spec.type, ())
    narrowing = _equals(model, field.attribute, name)
    if field.spec.type == "bool":
        narrowing = f"where({model}.{field.attribute}.is_({name}))"
    return _filter(field.name, field.query, narrowing, f"Only with this {words(field.name)}", bounds)


def _equals(model: str, name: str, value: str) -> str:
    """Equality; the shorter way of saying it where the usual one could not be broken into lines."""
    usual = f"where({model}.{name} == {value})"
    return usual if len(usual) < WIDTH - 20 else f"filter_by({name}={value})"


def _link_filter(link: Links, model: str) -> Filter:
    name = link.target.name
    narrowing = f"where({model}.{link.name}.any({link.target.model.name}.{link.key} == {parameter(name)}))"
    return _filter(name, "str", narrowing, f"Only with this {words(name)}", ())


def _filter(name: str, python: str, narrowing: str, description: str, bounds: tuple[str, ...]) -> Filter:
    alias = [f"alias={literal(name)}"] if parameter(name) != name else []
    arguments = ", ".join([*alias, f"description={literal(description)}", *bounds])
    return Filter(
        name=name,
        parameter=parameter(name),
        annotation=f"Annotated[{python} | None, Query({arguments})]",
        narrowing=narrowing,
        description=description,
    )
