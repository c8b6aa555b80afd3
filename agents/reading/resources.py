"""Collections an application serves already: path, handlers, ORM class, schemas, fields, guards."""

import ast
import re
from dataclasses import dataclass

from agents.blueprints.spec import Action, FieldSpec, Relation
from agents.profile import ExistingResource
from agents.reading.modules import Code, Found, Module, keyword, walked
from agents.reading.orm import OrmClass
from agents.reading.routes import Endpoint, Web, dependency_nodes, depends_on, parameter_nodes
from agents.reading.schemas import SchemaField, is_schema, schema_fields

_NO_RESOURCE = {
    "token",
    "login",
    "logout",
    "register",
    "signup",
    "sign-up",
    "me",
    "health",
    "healthz",
    "auth",
    "refresh",
}
_SUFFIX = re.compile(r"(Model|Orm|ORM|Table|Entity|DB|Db|Record|Row)$")


@dataclass(frozen=True, slots=True)
class Collection:
    """The endpoints of one resource by action, with what they work on."""

    resource: ExistingResource
    endpoints: dict[Action, Endpoint]
    model: OrmClass | None
    create: Found | None
    update: Found | None
    read: Found | None


def snake(name: str) -> str:
    """`OrderItem` -> `order_item`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def singular(plural: str) -> str:
    """The singular of an English plural in snake_case; good for path segments."""
    irregular = {"people": "person", "children": "child", "news": "news", "series": "series", "movies": "movie",
                 "statuses": "status", "addresses": "address", "caches": "cache"}  # fmt: skip
    head, _, last = plural.rpartition("_")
    base = irregular.get(last)
    if base is None:
        base = last
        for end, new in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"), ("s", "")):
            if last.endswith(end) and not last.endswith("ss"):
                base = last[: -len(end)] + new
                break
    return f"{head}_{base}" if head else base


def read_collections(code: Code, web: Web, models: list[OrmClass], schemes: list[ast.AST]) -> list[Collection]:
    """Every collection with a list or create route; the shortest path of a resource wins."""
    by_path: dict[str, list[Endpoint]] = {}
    for endpoint in web.endpoints:
        by_path.setdefault(endpoint.path.rstrip("/") or "/", []).append(endpoint)
    found: dict[str, Collection] = {}
    for path in sorted(by_path, key=lambda p: (p.count("{"), len(p), p)):
        last = path.rpartition("/")[2]
        if not last or "{" in last or last in _NO_RESOURCE or not last[0].isalpha():
            continue
        collection = _collection(code, path, by_path, models, schemes)
        if collection and collection.resource.name not in found:
            found[collection.resource.name] = collection
    return list(found.values())


def _collection(
    code: Code, path: str, by_path: dict[str, list[Endpoint]], models: list[OrmClass], schemes: list[ast.AST]
) -> Collection | None:
    plural = path.rpartition("/")[2].replace("-", "_").lower()
    endpoints = _by_action(path, by_path)
    create = _body_schema(code, endpoints.get("create"))
    read = next((s for a in ("read", "list", "create") if (s := _response(code, endpoints.get(a)))), None)
    model = _model(code, plural, endpoints, models)
    if not endpoints.keys() & {"list", "create"} or not (model or create or read):
        return None
    name = snake(_SUFFIX.sub("", model.name)) if model else singular(plural)
    fields = schema_fields(code, create) if create else ()
    relations = _relations(fields, model, models, path, by_path)
    specs = _specs(fields, model, relations)
    unknown = any(f.required and f.spec is None and not _is_relation(f.name, relations) for f in fields)
    guarded = tuple(a for a, e in endpoints.items() if schemes and depends_on(code, dependency_nodes(code, e), schemes))
    listing = endpoints.get("list")
    resource = ExistingResource(
        name=name,
        plural=plural,
        path=_real_path(endpoints, path),
        model=model.found.place if model else None,
        create_schema=create.place if create and not unknown else None,
        read_schema=read.place if read else None,
        list_handler=Found(listing.module, listing.node.name, listing.node).place if listing else None,
        fields=specs,
        relations=relations,
        guarded=guarded,
        natural_key=_natural_key(model, specs),
        soft=model is not None and model.soft,
    )
    return Collection(resource, endpoints, model, create, _body_schema(code, endpoints.get("update")), read)


def _real_path(endpoints: dict[Action, Endpoint], path: str) -> str:
    first = endpoints.get("list") or endpoints.get("create")
    return first.path if first else path


def _by_action(path: str, by_path: dict[str, list[Endpoint]]) -> dict[Action, Endpoint]:
    actions: dict[Action, Endpoint] = {}
    for endpoint in by_path.get(path, []):
        if endpoint.method in ("GET", "POST"):
            actions.setdefault("list" if endpoint.method == "GET" else "create", endpoint)
    last = re.escape(path[path.rfind("/") :])
    exact, nested = re.compile(re.escape(path) + r"/\{[^/{}]+\}"), re.compile(r"(/[^{}]+)?" + last + r"/\{[^/{}]+\}")
    names: dict[str, Action] = {"GET": "read", "PUT": "update", "PATCH": "update", "DELETE": "delete"}
    for other, endpoints in sorted(by_path.items(), key=lambda pair: not exact.fullmatch(pair[0])):
        if exact.fullmatch(other) or ("{" in path and nested.fullmatch(other)):
            for endpoint in endpoints:
                if endpoint.method in names:
                    actions.setdefault(names[endpoint.method], endpoint)
    return actions


def _body_schema(code: Code, endpoint: Endpoint | None) -> Found | None:
    for module, node in parameter_nodes(endpoint.module, endpoint.node) if endpoint else ():
        for name in walked(node):
            if isinstance(name, ast.Name | ast.Attribute):
                found = code.find(module, name)
                if found and isinstance(found.node, ast.ClassDef) and is_schema(code, found):
                    return found
    return None


def _response(code: Code, endpoint: Endpoint | None) -> Found | None:
    if endpoint is None:
        return None
    for node in (keyword(endpoint.decorator, "response_model"), endpoint.node.returns):
        for name in walked(node) if node is not None else ():
            if isinstance(name, ast.Name | ast.Attribute):
                found = code.find(endpoint.module, name)
                if found and isinstance(found.node, ast.ClassDef) and is_schema(code, found):
                    return found
    return None


def _model(code: Code, plural: str, endpoints: dict[Action, Endpoint], models: list[OrmClass]) -> OrmClass | None:
    used: list[OrmClass] = []
    by_node = {id(m.found.node): m for m in models}
    for endpoint in endpoints.values():
        used += _used_models(code, endpoint.module, endpoint.node, by_node, set(), 4)
    matching = [m for m in used if m.table == plural or snake(_SUFFIX.sub("", m.name)) == singular(plural)]
    if matching:
        return matching[0]
    creating = endpoints.get("create")
    direct = _used_models(code, creating.module, creating.node, by_node, set(), 4) if creating else used
    unique = list({id(m.found.node): m for m in direct}.values())
    return unique[0] if len(unique) == 1 else None


def _used_models(
    code: Code, module: Module, node: ast.AST, by_node: dict[int, OrmClass], seen: set[int], depth: int
) -> list[OrmClass]:
    models: list[OrmClass] = []
    deeper: list[Found] = []
    for name in walked(node):
        if isinstance(name, ast.Name | ast.Attribute) and (found := code.find(module, name)):
            if id(found.node) in by_node:
                models.append(by_node[id(found.node)])
            elif id(found.node) not in seen and found.node is not node:
                seen.add(id(found.node))
                deeper.append(found)
    for found in deeper if depth else ():
        if not (isinstance(found.node, ast.ClassDef) and is_schema(code, found)):
            models += _used_models(code, found.module, found.node, by_node, seen, depth - 1)
    return models


def _relations(
    fields: tuple[SchemaField, ...],
    model: OrmClass | None,
    models: list[OrmClass],
    path: str,
    by_path: dict[str, list[Endpoint]],
) -> tuple[Relation, ...]:
    if model is None:
        return ()
    relations = []
    tables = {m.table: snake(_SUFFIX.sub("", m.name)) for m in models}
    sent = {f.name: f for f in fields}
    for column in model.columns:
        target = tables.get(column.foreign_table, "")
        nested = any(re.search(r"\{[^/{}]+\}" + re.escape(path[path.rfind("/") :]) + "$", p) for p in by_path)
        in_path = "{" in path and column.name in path
        if target and column.name == f"{target}_id" and (column.name in sent or in_path):
            required = in_path or sent[column.name].required
            relations.append(Relation(kind="many_to_one", target=target, required=required, nested=nested))
    by_class = {m.name: snake(_SUFFIX.sub("", m.name)) for m in models}
    for attribute, other in model.many_to_many.items():
        if other in by_class and attribute in sent:
            required = sent[attribute].required
            relations.append(Relation(kind="many_to_many", target=by_class[other], required=required, nested=False))
    return tuple(relations)


def _is_relation(name: str, relations: tuple[Relation, ...]) -> bool:
    return any(name == f"{r.target}_id" or (r.kind == "many_to_many" and name.startswith(r.target)) for r in relations)


def _specs(
    fields: tuple[SchemaField, ...], model: OrmClass | None, relations: tuple[Relation, ...]
) -> tuple[FieldSpec, ...]:
    specs = []
    for schema_field in fields:
        if schema_field.spec is None or _is_relation(schema_field.name, relations):
            continue
        column = model.column(schema_field.name) if model else None
        unique = bool(column and column.unique)
        specs.append(schema_field.spec.model_copy(update={"unique": unique}))
    return tuple(specs)


def _natural_key(model: OrmClass | None, specs: tuple[FieldSpec, ...]) -> str | None:
    unique = [s.name for s in specs if s.unique and s.type in ("str", "text", "email", "url")]
    if model and not unique:
        unique = [c.name for c in model.columns if c.unique and c.is_text]
    return next((n for n in ("name", "title", *unique) if n in unique), None)
