"""Valid `FeatureSpec`s made from a seed, awkward names, limits and values included."""

import random

from agents.blueprints.spec import (
    ALL_ACTIONS,
    FeatureSpec,
    FieldSpec,
    FieldType,
    GuardSpec,
    ListingSpec,
    Relation,
    ResourceSpec,
)  # fmt: skip

PLAIN = ["book", "author", "order_item", "course", "student", "tag", "price", "title", "name", "status", "note", "page"]
AWKWARD = [
    "class", "type", "from", "lambda", "match", "list", "id", "object", "client", "unique", "base_url", "request",
    "json", "uuid", "time", "datetime", "pytest", "httpx", "callable", "changes", "values", "answer", "sent", "headers",
    "query", "path", "rows", "login", "account", "register", "token", "first", "other", "body", "self", "print", "auth",
    "new_book", "make_tag", "the_class", "import", "none",
    "x" * 70, "a_very_long_name_that_goes_on_and_on_" * 6 + "end",
]  # fmt: skip
CHOICES = ["draft", 'out "now"', "it's", "back\\slash", "\\", '"', "", "a b", "a-b", "émile", '"""', "{x}", "new\nline",
           "something else", "\x00\x1b", "😀", "%s", "y" * 90]  # fmt: skip
TYPES: list[FieldType] = [
    "str", "text", "int", "float", "decimal", "bool", "date", "datetime", "email", "url", "uuid", "enum",
]  # fmt: skip
DEFAULTS: dict[FieldType, list[str]] = {
    "str": ["plain", 'say "hi"', "back\\slash", '"""'],
    "text": ["uuid", "time", ""],
    "int": ["7"],
    "float": ["2.5"],
    "decimal": ["1.5"],
    "bool": ["true", "no", "YES"],
    "date": ["2020-01-02"],
    "datetime": ["2020-01-02T03:04:05", "2020-01-02T03:04:05+02:00"],
    "email": ["Ada@Example.com"],
    "url": ["https://example.com/"],
    "uuid": ["12345678123456781234567812345678", "ABCDEF12-1234-4234-8234-123456789ABC"],
}


def random_spec(seed: int) -> FeatureSpec:
    """The same spec for the same seed."""
    rng = random.Random(seed)
    names = _names(rng, rng.choice([1, 1, 2]))
    resources = [_resource(rng, name, names[:n]) for n, name in enumerate(names)]
    for n, resource in enumerate(resources):
        keyed = {r.name for r in resources if any(f.unique and f.type == "str" for f in r.fields)}
        kept = tuple(r for r in resource.relations if r.kind == "many_to_one" or r.target in keyed)
        resources[n] = resource.model_copy(update={"relations": kept})
    guards = tuple(
        GuardSpec(resource=r.name, actions=tuple(a for a in r.actions if rng.random() < 0.5) or r.actions[:1])
        for r in resources
        if rng.random() < 0.4
    )
    listings = tuple(_listing(rng, r) for r in resources if "list" in r.actions and rng.random() < 0.7)
    return FeatureSpec(
        resources=tuple(resources), listings=listings, guards=guards, login=bool(guards), health=rng.random() < 0.3
    )


def _names(rng: random.Random, count: int) -> list[str]:
    found: list[str] = []
    while len(found) < count:
        name = rng.choice(AWKWARD if rng.random() < 0.5 else PLAIN)
        if name not in found:
            found.append(name)
    return found


def _resource(rng: random.Random, name: str, before: list[str]) -> ResourceSpec:
    relations: list[Relation] = []
    for target in before:
        if rng.random() < 0.5:
            kind = rng.choice(["many_to_one", "many_to_many"])
            nested = kind == "many_to_one" and not any(r.nested for r in relations) and rng.random() < 0.5
            required = nested or rng.random() < 0.5
            relations.append(Relation.model_validate(
                {"kind": kind, "target": target, "nested": nested, "required": required}
            ))  # fmt: skip
    taken = {t for r in relations for t in (r.target + "s", f"{r.target}_id")}
    fields = tuple(_field(rng, n) for n in _names(rng, rng.randint(0, 2)) if n not in taken)
    actions = ALL_ACTIONS if rng.random() < 0.7 else tuple(a for a in ALL_ACTIONS if rng.random() < 0.7) or ("list",)
    return ResourceSpec(
        name=name, plural=f"{name}s", fields=fields, relations=tuple(relations), actions=actions
    )  # fmt: skip


def _field(rng: random.Random, name: str) -> FieldSpec:
    kind: FieldType = "int" if name == "id" else rng.choice(TYPES)
    how: dict[str, object] = {"name": name, "type": kind, "unique": kind != "bool" and rng.random() < 0.3}
    if kind == "enum":
        how["choices"] = tuple(rng.sample(CHOICES, rng.randint(1, 5)))
    elif kind in ("str", "text") and rng.random() < 0.5:
        low = rng.choice([None, 0, 1, 4])
        how |= {"min_length": low, "max_length": rng.choice([None, 4, 11, 200])}
    elif kind in ("int", "float", "decimal") and rng.random() < 0.6:
        lowest = rng.choice([0, 1, -3, 2.5, 0.001])
        how |= {rng.choice(["ge", "gt"]): lowest, rng.choice(["le", "lt"]): rng.choice([None, lowest + 2, 20_000])}
    elif rng.random() < 0.4:
        how |= {"default": rng.choice(DEFAULTS[kind]), "unique": False}
    if kind == "enum" and rng.random() < 0.4:
        how |= {"default": how["choices"][0], "unique": False}  # type: ignore[index]
    how["required"] = how.get("default") is None and rng.random() < 0.6
    return FieldSpec.model_validate(how)


def _listing(rng: random.Random, resource: ResourceSpec) -> ListingSpec:
    fields = [f.name for f in resource.fields]
    targets = [r.target for r in resource.relations if r.target not in fields]
    filters = tuple(n for n in (*fields, *targets) if rng.random() < 0.5)
    search = tuple(f.name for f in resource.fields if f.type in ("str", "text", "email") and rng.random() < 0.5)
    order = rng.choice([None, "created_at", *fields])
    return ListingSpec(
        resource=resource.name, filters=filters, search=search, order_by=order,
        descending=order is not None and rng.random() < 0.5, paginated=rng.random() < 0.5,
    )  # fmt: skip
