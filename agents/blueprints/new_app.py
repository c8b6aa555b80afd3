"""A complete new FastAPI application from a specification, file by file."""

from agents.blueprints.assemble import import_block, module_source
from agents.blueprints.checks import wants_login
from agents.blueprints.fragments import Fragment, Style, Symbol
from agents.blueprints.login import LoginModules, login_fragments
from agents.blueprints.migration import by_dependency, migration
from agents.blueprints.names import literal, model_class, module_path, sentence, words
from agents.blueprints.new_blocks import block_files, block_imports, block_models, block_routers, block_values
from agents.blueprints.render import render_python, render_text
from agents.blueprints.resource import resource_fragments
from agents.blueprints.spec import FeatureSpec, ResourceSpec
from agents.blueprints.summary import endpoints
from agents.blueprints.wrap import wrap_lines

NEW_APP_STYLE = Style(
    current_user=Symbol("app.security", "CurrentUser"),
    moment=Symbol("app.schemas.types", "UtcDatetime"),
    url=Symbol("app.schemas.types", "WebAddress"),
)
"""How a new application is written."""

_PACKAGES = {
    "app": "The application.",
    "app/repositories": "Queries, one repository per resource.",
    "app/routers": "HTTP routes, one module per resource.",
    "app/schemas": "What requests and answers look like, one module per resource.",
}
_MAIN_IMPORTS = (
    "from collections.abc import AsyncIterator",
    "from contextlib import asynccontextmanager",
    "from fastapi import FastAPI",
    "from fastapi.middleware.cors import CORSMiddleware",
    "from sqlalchemy.ext.asyncio import async_sessionmaker",
    "from app.db import make_engine",
    "from app.errors import INVALID, add_error_handlers",
    "from app.logs import HEADER, RequestLog, configure_logging",
    "from app.settings import Settings",
)


def new_app(spec: FeatureSpec, *, name: str = "app") -> dict[str, str]:
    """Path -> content of every file of a new application that serves `spec`.

    Args:
        name: the project's name, for `pyproject.toml`, the README and the API's title.

    Raises:
        NotUnderstood: the specification asks for something that cannot be rendered; the message says what to change.
    """
    login = wants_login(spec)
    files = _frame(spec, name, login)
    for resource in spec.resources:
        files |= _resource_files(resource, spec)
    if login:
        files |= _login_files(spec)
    files |= block_files(spec, NEW_APP_STYLE, login=login)
    return dict(sorted(files.items()))


def _frame(spec: FeatureSpec, name: str, login: bool) -> dict[str, str]:
    """Everything that is there once, whatever the resources are."""
    title = sentence(words(name.replace("-", "_")))
    modules = [_stem(resource) for resource in by_dependency(spec)]
    routers = ["health", *(["auth"] if login else []), *block_routers(spec), *modules]
    values = {"name": name, "title": title, "login": login, "routers": routers, "asynchronous": True}
    values |= {
        "roles": "roles" in spec.login_parts,
        "refresh": "refresh" in spec.login_parts,
        "reset": "reset" in spec.login_parts,
        "imports": _main_imports(spec, routers),
    }
    values |= block_values(spec)
    values |= {"email": login or _uses(spec, "email"), "endpoints": endpoints(spec, NEW_APP_STYLE)}
    files = {f"{folder}/__init__.py": f'"""{text}"""\n' for folder, text in _PACKAGES.items()}
    files["app/models/__init__.py"] = _models_package(spec, login)
    for path, template in {
        "app/main.py": "main.py",
        "app/settings.py": "settings.py",
        "app/db.py": "db.py",
        "app/errors.py": "errors.py",
        "app/logs.py": "logs.py",
        "app/routers/health.py": "health.py",
        "app/schemas/types.py": "schema_types.py",
        "alembic/env.py": "alembic_env.py",
    }.items():
        files[path] = render_python(f"app/{template}.j2", **values)
    for path, template in {
        "alembic.ini": "alembic.ini",
        "alembic/script.py.mako": "script.py.mako",
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        ".env.example": "env.example",
        ".gitignore": "gitignore",
        "Dockerfile": "Dockerfile",
        ".dockerignore": "dockerignore",
        "compose.yaml": "compose.yaml",
    }.items():
        files[path] = render_text(f"app/{template}.j2", **values)
    if spec.resources or login or block_models(spec, NEW_APP_STYLE):
        message = f"create {', '.join([*(['users'] if login else []), *(r.plural for r in spec.resources)])}"
        files["alembic/versions/0001_create_tables.py"] = migration(
            spec, NEW_APP_STYLE, revision="0001", down_revision=None, message=message, users=login
        )
    else:
        files["alembic/versions/.gitkeep"] = ""
    return files


def _main_imports(spec: FeatureSpec, routers: list[str]) -> str:
    admin = block_imports(spec)
    admin += ["from app.security import ensure_first_admin"] if "roles" in spec.login_parts else []
    return import_block((*_MAIN_IMPORTS, *admin, f"from app.routers import {', '.join(routers)}"))


def _resource_files(resource: ResourceSpec, spec: FeatureSpec) -> dict[str, str]:
    pieces = resource_fragments(resource, spec, NEW_APP_STYLE)
    plural, stem = sentence(words(resource.plural)), _stem(resource)
    models = [piece for piece in (pieces.association, pieces.model) if piece]
    files = {
        f"app/models/{stem}.py": module_source(f"{plural} in the database.", models),
        f"app/schemas/{stem}.py": module_source(f"{plural} in requests and answers.", [pieces.schemas]),
        f"app/routers/{stem}.py": module_source(f"Routes of the {words(resource.plural)}.", [pieces.routes]),
    }
    if pieces.repository:
        files[f"app/repositories/{stem}.py"] = module_source(
            f"Reading and writing {words(resource.plural)}.", [pieces.repository]
        )
    return files


def _login_files(spec: FeatureSpec) -> dict[str, str]:
    where = LoginModules(settings=Symbol("app.settings", "Settings"))
    pieces = login_fragments(NEW_APP_STYLE, where, spec.login_parts)
    mail = {"app/mail.py": render_python("app/mail.py.j2")} if "reset" in spec.login_parts else {}
    return mail | {
        "app/models/user.py": module_source("Accounts in the database.", [pieces.model]),
        "app/schemas/user.py": module_source("Accounts and tokens in requests and answers.", [pieces.schemas]),
        "app/security.py": module_source("Passwords, tokens, and who is logged in.", [pieces.security]),
        "app/routers/auth.py": module_source("Registration and login.", [pieces.routes]),
    }


def _models_package(spec: FeatureSpec, login: bool) -> str:
    named = {f"app.models.{_stem(resource)}": model_class(resource.name) for resource in spec.resources}
    if login:
        named["app.models.user"] = "User"
    named |= block_models(spec, NEW_APP_STYLE)
    imports = tuple(f"from {module} import {name}" for module, name in named.items())
    exported = ", ".join(literal(name) for name in sorted(named.values()))
    text = "The tables; importing this package registers every one of them."
    return module_source(text, [Fragment(imports, wrap_lines(f"__all__ = [{exported}]"))])


def _stem(resource: ResourceSpec) -> str:
    """Module name of a resource."""
    return module_path("{name}", resource.name, resource.plural)


def _uses(spec: FeatureSpec, kind: str) -> bool:
    return any(field.type == kind for resource in spec.resources for field in resource.fields)
