"""How an application is written, worked out from what it has: where models, schemas and routes go, and which prefix."""

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from agents.blueprints.bench import Bench
from agents.blueprints.fragments import Known, Style, Symbol
from agents.errors import NotUnderstood
from agents.profile import Place
from agents.reading.modules import Found, Function, Module, walked
from agents.reading.resources import Collection
from agents.reading.routes import Include, RouterKey

Entry = tuple[str, str, Module]
"""Singular, plural, module."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The style, and where routes are registered."""

    style: Style
    router_module: str
    """Dotted pattern of router modules; empty: routes go into `router_file`."""
    router_file: str
    """The file whose router or application takes new routes (style `app`)."""
    sibling: Include | None
    """An `include_router` to copy."""
    mount: str
    """What the copied include puts before the paths."""


def layout_of(bench: Bench) -> Layout:
    """Read the style off the application.

    Raises:
        NotUnderstood: it stores its data in a way the blueprints cannot speak.
    """
    app, profile = bench.app, bench.profile
    if profile.base is None or profile.session_dependency is None:
        quote = f"database of {profile.main_file or 'the application'}"
        raise NotUnderstood(
            quote, "Only SQLAlchemy with a declarative base and a session dependency can be extended by rule."
        )
    single = profile.layout == "single_file"
    main = bench.module(profile.main_file)
    package = main.name.rpartition(".")[0]
    where = f"{package}." if package else ""
    entries = [(c, c.resource.name, c.resource.plural) for c in app.collections]
    models = [(n, p, c.model.found.module) for c, n, p in entries if c.model]
    schemas = [(n, p, c.create.module) for c, n, p in entries if c.create] + [
        (n, p, c.read.module) for c, n, p in entries if c.read and not c.create
    ]
    router_module, router_file, key = _routers(bench, package)
    prefix = shared_prefix(app.collections)
    sibling = _sibling(bench, router_file, router_module)
    mount = _mount_of(bench, sibling) if router_module else _mounted_at(bench, key)
    inside = prefix.removeprefix(mount) if prefix.startswith(mount) else prefix
    if not prefix.startswith(mount):
        sibling, mount = (None, "") if router_module else (sibling, mount)
    session = bench.found(profile.session_dependency)
    style = Style(
        database=profile.database,
        base=symbol_of(bench, profile.base),
        session=symbol_of(bench, profile.session_dependency),
        session_is_alias=not isinstance(session.node, Function),
        current_user=_user(bench),
        users_table=_users_table(bench),
        user_is_alias=bool(_user_node(bench)) and not isinstance(_user_node(bench), Function),
        model_module="" if single else pattern(models, f"{where}models"),
        schema_module="" if single else pattern(schemas, f"{where}schemas"),
        repository_module=_repositories(bench),
        router="router" if router_module else "app",
        router_name=key.name if key and not router_module else "router",
        prefix=inside,
        session_commits=_commits(bench),
        foreign_keys=_enforces_foreign_keys(bench),
        moment=_type(bench, "UtcDatetime"),
        url=_type(bench, "WebAddress"),
        known={c.resource.name: _known(bench, c, mount) for c in app.collections if c.model},
    )
    return Layout(style, router_module, router_file, sibling, mount)


def shared_prefix(collections: Iterable[Collection]) -> str:
    """What the paths of all resources share before their last segment; empty when they differ."""
    found = {c.resource.path.rstrip("/").rpartition("/")[0] for c in collections if "{" not in c.resource.path}
    return found.pop() if len(found) == 1 else ""


def pattern(entries: list[Entry], default: str) -> str:
    """Dotted module pattern of new resources: a module each if existing ones are written so, else the shared module."""
    votes: Counter[str] = Counter()
    for name, plural, module in entries:
        parent, _, stem = module.name.rpartition(".")
        folder = f"{parent}." if parent else ""
        one = _generalised(stem, name, plural)
        votes[folder + one if one else module.name] += 1
    return votes.most_common(1)[0][0] if votes else default


def _generalised(stem: str, name: str, plural: str) -> str:
    """`item_routes` -> `{name}_routes`; empty when the resource is not in the module's name."""
    for word, field in ((plural, "{plural}"), (name, "{name}")):
        found = re.sub(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", field, stem, count=1)
        if found != stem:
            return found
    return ""


def _routers(bench: Bench, package: str) -> tuple[str, str, RouterKey | None]:
    """(pattern of router modules or empty, file that takes routes, its router)."""
    own = [(c.resource.name, c.resource.plural, e) for c in bench.app.collections for e in c.endpoints.values()]
    chosen = pattern([(n, p, e.module) for n, p, e in own], "")
    if "{" in chosen:
        return chosen, "", None
    holders = Counter(e.router for _, _, e in own) or Counter(e.router for e in bench.app.web.endpoints)
    main = bench.app.web.app
    key = holders.most_common(1)[0][0] if holders else (main.key if main else None)
    own_paths = {c.resource.path.rstrip("/") for c in bench.app.collections}
    of_one = key is not None and _above(bench, key) in own_paths
    several = len({e.router for _, _, e in own if not bench.app.web.routers[e.router].is_app})
    if key is None or key.scope or several > 1 or of_one:
        return f"{package + '.' if package else ''}routers.{{plural}}", "", None
    return "", key.file, key


def _sibling(bench: Bench, router_file: str, router_module: str) -> Include | None:
    """The last `include_router` of a resource's router, else the last one at all."""
    web, main = bench.app.web, bench.app.web.app
    if main is None or not router_module:
        return None
    used = {e.router for c in bench.app.collections for e in c.endpoints.values()}
    of_main = [i for i in web.includes if i.parent == main.key] or web.includes
    ours = [i for i in web.includes if i.child in used] or of_main
    return max(ours, key=lambda i: (i.module.file, i.line), default=None)


def _mount_of(bench: Bench, include: Include | None) -> str:
    """Prefix a copied include would have; one that names its own resource is not copied."""
    if include is None:
        return ""
    own = [
        c.resource.path for c in bench.app.collections if any(e.router == include.child for e in c.endpoints.values())
    ]
    given = include.prefix or ""
    if own and given and own[0].rstrip("/").endswith(given) and given.count("/") == 1:
        given = ""
    return _above(bench, include.parent) + given


def _above(bench: Bench, key: RouterKey, depth: int = 6) -> str:
    """Prefix under which a router's own routes are served."""
    router = bench.app.web.routers[key]
    outer = next((i for i in bench.app.web.includes if i.child == key), None)
    before = _above(bench, outer.parent, depth - 1) + (outer.prefix or "") if outer and depth else ""
    return before + (router.prefix or "")


def _mounted_at(bench: Bench, key: RouterKey | None) -> str:
    return _above(bench, key) if key else ""


def symbol_of(bench: Bench, place: Place) -> Symbol:
    """How code elsewhere names a definition; a single-file application's own names need no import."""
    here = bench.profile.layout == "single_file" and place.file == bench.profile.main_file
    return Symbol("" if here else bench.module(place.file).name, place.name)


def _user_node(bench: Bench) -> ast.AST | None:
    login = bench.profile.login
    return bench.found(login.current_user).node if login and login.current_user else None


def _user(bench: Bench) -> Symbol | None:
    login = bench.profile.login
    return symbol_of(bench, login.current_user) if login and login.current_user else None


def _users_table(bench: Bench) -> str:
    place = bench.profile.login.user_model if bench.profile.login else None
    return next((model.table for model in bench.app.models if model.found.place == place), "users")


def _type(bench: Bench, name: str) -> Symbol | None:
    for module in bench.app.code.modules.values():
        if name in module.definitions:
            return symbol_of(bench, Found(module, name, module.definitions[name]).place)
    return None


def _repositories(bench: Bench) -> str | None:
    """Pattern of repository modules, when every resource has a `XRepository` class in a module of its own."""
    for module in bench.app.code.modules.values():
        stem = module.name.rpartition(".")[2]
        match = next((c for c in bench.app.collections if stem in (c.resource.name, c.resource.plural)), None)
        if match and match.model and f"{match.model.name}Repository" in module.definitions:
            kind = "{name}" if stem == match.resource.name else "{plural}"
            return f"{module.name.rpartition('.')[0]}.{kind}"
    return None


def _commits(bench: Bench) -> bool:
    functions = [s.node for s in bench.app.sessions if isinstance(s.node, Function)]
    return any(".commit()" in ast.unparse(f) or ".begin()" in ast.unparse(f) for f in functions)


def _enforces_foreign_keys(bench: Bench) -> bool:
    texts = (
        n.value for m in bench.app.code.modules.values() for n in walked(m.tree)
        if isinstance(n, ast.Constant) and isinstance(n.value, str)
    )  # fmt: skip
    return any("foreign_keys" in text.lower() and "pragma" in text.lower() for text in texts)


def _known(bench: Bench, collection: Collection, mount: str) -> Known:
    resource, model = collection.resource, collection.model
    if model is None:
        raise NotUnderstood(resource.name, f"{resource.path} has no ORM class.")
    key = resource.natural_key
    if key is None:
        key = next((n for n in ("name", "title") if (c := model.column(n)) and c.is_text), None)
    others = [f for f in resource.fields if f.name != key and f.required]
    required = [r for r in resource.relations if r.required]
    return Known(
        model=symbol_of(bench, model.found.place),
        table=model.table,
        natural_key=key,
        plural=resource.plural,
        path=resource.path.removeprefix(mount).rstrip("/"),
        creatable=not others and not required,
        soft=model.soft,
    )
