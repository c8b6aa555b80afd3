"""What a FastAPI repository looks like, read from its text; nothing of it is ever imported or run."""

import ast
from collections import Counter
from functools import lru_cache

from agents.profile import AppProfile, Database, Place, Route, Source
from agents.reading.app import Application, read_application
from agents.reading.login import security_schemes
from agents.reading.modules import Found, walked
from agents.reading.orm import database_kind
from agents.reading.routes import Router, dependency_nodes, depends_on
from agents.reading.service import service_for, settings_class

__all__ = ["profile_of", "read_profile", "service_for"]


def read_profile(source: Source) -> AppProfile:
    """The profile of a tree; files that do not parse are skipped."""
    return profile_of(read_application(source), source)


def profile_of(app: Application, source: Source) -> AppProfile:
    """The profile of a reading."""
    count = len(app.code.modules) + len(app.code.broken)
    main = app.web.app
    if main is None:
        return AppProfile(python_files=count)
    instance = _instance(app, main)
    module = app.code.modules[main.key.file]
    settings = settings_class(app.code)
    database: Database = database_kind(app.code, app.base is not None)
    return AppProfile(
        exists=True,
        target=instance or f"{module.name}:{main.key.scope}",
        factory=instance is None,
        layout=_layout(app),
        main_file=main.key.file,
        database=database,
        base=app.base.place if app.base else None,
        session_dependency=_session(app),
        alembic=_alembic(source),
        routes=_routes(app),
        resources=tuple(c.resource for c in app.collections),
        login=app.login,
        settings=settings.place if settings else None,
        python_files=count,
    )


def _instance(app: Application, main: Router) -> str | None:
    """`module:name` of the application at module level: assigned directly, or made by calling its factory.

    A call beside the factory counts first, then the one nearest to the top: more is registered there, as a rule.
    """
    home = app.code.modules[main.key.file]
    if not main.key.scope:
        return f"{home.name}:{main.key.name}"
    for module in sorted(app.code.modules.values(), key=lambda m: (m is not home, m.file.count("/"), m.file)):
        for name, node in module.definitions.items():
            made = app.code.find(module, node.func) if isinstance(node, ast.Call) else None
            if made and made.name == main.key.scope and made.module is home:
                return f"{module.name}:{name}"
    return None


def _layout(app: Application) -> str:
    modules = [m for m in app.code.modules.values() if m.tree.body]
    main = app.web.app
    own = [e for e in app.web.endpoints if main and e.module.file == main.key.file]
    elsewhere = [e for e in app.web.endpoints if main and e.module.file != main.key.file]
    models_inside = all(m.found.module.file == main.key.file for m in app.models) if main else False
    if len(modules) == 1 or (own and not elsewhere and models_inside):
        return "single_file"
    return "package"


def _session(app: Application) -> Place | None:
    """The session dependency routes use: the most used one, aliases before functions."""

    def uses(found: Found) -> int:
        return sum(_mentions(module.tree)[found.name] for module in app.code.modules.values())

    aliases = [s for s in app.sessions if isinstance(s.node, ast.expr)]
    best = max(aliases or app.sessions, key=uses, default=None)
    return best.place if best else None


@lru_cache(maxsize=512)
def _mentions(tree: ast.Module) -> Counter[str]:
    """How often each name occurs."""
    return Counter(node.id for node in walked(tree) if isinstance(node, ast.Name))


def _alembic(source: Source) -> str:
    files = source.files()
    if not any(f.endswith("alembic.ini") for f in files):
        return ""
    env = [f for f in files if f.endswith("/env.py") and f"{f.removesuffix('env.py')}script.py.mako" in files]
    return f"{env[0].removesuffix('/env.py')}/versions" if env else ""


def _routes(app: Application) -> tuple[Route, ...]:
    schemes: list[ast.AST] = [s.node for s in security_schemes(app.code)]
    return tuple(
        Route(
            method=e.method,
            path=e.path,
            handler=Found(e.module, e.node.name, e.node).place,
            guarded=bool(schemes) and depends_on(app.code, dependency_nodes(app.code, e), schemes),
        )
        for e in app.web.endpoints
    )
