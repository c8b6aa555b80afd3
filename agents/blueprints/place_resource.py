"""A new resource in an existing application: its pieces put where the application keeps such things."""

from collections.abc import Sequence

from agents.blueprints.bench import Bench
from agents.blueprints.cst_imports import add_imports, bound_names, rename_names
from agents.blueprints.extend_schemas import UTC_TYPE
from agents.blueprints.fragments import Fragment, Style
from agents.blueprints.imports import KNOWN_IMPORTS, imports_for
from agents.blueprints.login import LoginModules, login_fragments
from agents.blueprints.names import model_class, module_path, sentence, words
from agents.blueprints.place_app import before_end
from agents.blueprints.place_code import file_of, put
from agents.blueprints.place_register import register_model, register_router
from agents.blueprints.place_style import Layout, layout_of
from agents.blueprints.resource import resource_fragments
from agents.blueprints.spec import FeatureSpec, LoginPart, ResourceSpec
from agents.errors import NotUnderstood
from agents.reading.schemas import is_schema

HEALTH = '''@{app}.get("/health", tags=["health"])
def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}'''


def place_resource(bench: Bench, layout: Layout, resource: ResourceSpec, spec: FeatureSpec) -> None:
    """Write one new resource.

    Raises:
        NotUnderstood: it cannot be rendered, or a place for it cannot be found with certainty.
    """
    pieces = resource_fragments(resource, spec, layout.style)
    name, plural, title = resource.name, resource.plural, sentence(words(resource.plural))
    style = layout.style
    model = module_path(style.model_module, name, plural)
    tables = [_based(f, style) for f in (pieces.association, pieces.model) if f]
    put(bench, _file(bench, layout, model), tables, "model", f"{title} in the database.")
    if model:
        register_model(bench, model, model_class(name))
    schema = _file(bench, layout, module_path(style.schema_module, name, plural))
    put(bench, schema, [pieces.schemas], "schema", f"{title} in requests and answers.")
    if pieces.repository and style.repository_module:
        file = file_of(bench, module_path(style.repository_module, name, plural))
        put(bench, file, [pieces.repository], "end", f"Reading and writing {words(plural)}.")
    _put_routes(bench, layout, pieces.routes, name, plural, f"Routes of the {words(plural)}.")


def place_moment(bench: Bench) -> None:
    """The type of moments, once for all schemas, where they stand in one file."""
    layout = layout_of(bench)
    path = _file(bench, layout, layout.style.schema_module)
    if layout.style.moment or "{" in path or not bench.has(path):
        return
    schemas = [f for f in bench.app.code.classes() if f.module.file == path and is_schema(bench.app.code, f)]
    edit = bench.edit(path)
    if not schemas or "in_utc" in bound_names(edit):
        return
    add_imports(edit, imports_for(UTC_TYPE, KNOWN_IMPORTS))
    edit.insert(min(edit.index_of(f.name) for f in schemas), UTC_TYPE)


def place_login(bench: Bench, layout: Layout, parts: Sequence[LoginPart] = ()) -> None:
    """Write registration, login and the dependency that guards routes.

    Raises:
        NotUnderstood: the application has accounts of its own already.
    """
    only_new = [part for part in parts if part in ("roles", "reset")]
    if only_new:
        offer = "The rules bring it with a new application only; ask for a plain login here."
        raise NotUnderstood({"roles": "roles", "reset": "password reset"}[only_new[0]], offer)
    taken = next((m for m in bench.app.models if m.name == "User" or m.table == "users"), None)
    if taken:
        place = taken.found.place
        why = f"{place.file}:{place.line}: `{taken.name}` is there already, but no OAuth2 password login for it."
        raise NotUnderstood("login", why)
    style = layout.style
    model, schema = (module_path(p, "user", "users") for p in (style.model_module, style.schema_module))
    security = _security_module(bench, layout)
    pieces = login_fragments(style, LoginModules(model=model, schemas=schema, security=security), parts)
    put(bench, _file(bench, layout, model), [_based(pieces.model, style)], "model", "Accounts in the database.")
    if model:
        register_model(bench, model, "User")
    put(bench, _file(bench, layout, schema), [pieces.schemas], "schema", "Accounts and tokens in requests and answers.")
    if security:
        put(bench, file_of(bench, security), [pieces.security], "end", "Passwords, tokens, and who is logged in.")
        _put_routes(bench, layout, pieces.routes, "auth", "auth", "Registration and login.")
        return
    _before_routes(bench, layout.router_file, pieces.security)
    _put_routes(bench, layout, pieces.routes, "auth", "auth", "Registration and login.")


def place_health(bench: Bench) -> None:
    """`GET /health`, unless it is there.

    Raises:
        NotUnderstood: the function that makes the application ends in more than one way.
    """
    main = bench.app.web.app
    if main is None or any(e.path == "/health" for e in bench.app.web.endpoints):
        return
    if main.key.scope:
        before_end(bench, HEALTH)
        return
    put(bench, main.key.file, [Fragment((), HEALTH.replace("{app}", main.key.name))], "end", "")


def _before_routes(bench: Bench, path: str, piece: Fragment) -> None:
    """The guard has to be defined before the routes that use it: after the schemas."""
    put(bench, path, [piece], "schema", "")


def _security_module(bench: Bench, layout: Layout) -> str:
    if not layout.style.model_module:
        return ""
    package = bench.module(bench.profile.main_file).name.rpartition(".")[0]
    where = f"{package}." if package else ""
    free = (n for n in ("security", "auth", "login", "accounts") if bench.app.code.module(f"{where}{n}") is None)
    return f"{where}{next(free)}"


def _file(bench: Bench, layout: Layout, dotted: str) -> str:
    return file_of(bench, dotted) if dotted else bench.profile.main_file


def _put_routes(bench: Bench, layout: Layout, piece: Fragment, name: str, plural: str, docstring: str) -> None:
    if not layout.router_module:
        put(bench, layout.router_file, [piece], "end", docstring)
        return
    dotted = module_path(layout.router_module, name, plural)
    path = file_of(bench, dotted)
    if path in bench.source.files():
        raise NotUnderstood(words(plural), f"{path} is there already; its routes would have to be merged by hand.")
    put(bench, path, [piece], "end", docstring)
    package = path.rpartition("/")[0] + "/__init__.py"
    if dotted.count(".") and not bench.has(package) and not _is_namespace(bench, path):
        bench.create(package, "")
    register_router(bench, layout, dotted)


def _is_namespace(bench: Bench, path: str) -> bool:
    """The application's own packages do without `__init__.py`."""
    main = bench.profile.main_file.rpartition("/")[0]
    return bool(main) and f"{main}/__init__.py" not in bench.source.files()


def _based(piece: Fragment, style: Style) -> Fragment:
    """The piece on the application's own declarative base, whatever its name."""
    base = style.base
    if base.name == "Base":
        return piece
    imports = [f"from {base.module} import {base.name}"] if base.module else []
    return Fragment((*piece.imports, *imports), rename_names(piece.body, {"Base": base.name}))
