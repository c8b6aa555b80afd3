"""Applications rendered by the blueprints in other styles than a new application's."""

from agents.blueprints.assemble import module_source
from agents.blueprints.fragments import Fragment, Style, Symbol
from agents.blueprints.login import LoginModules, login_fragments
from agents.blueprints.migration import by_dependency
from agents.blueprints.resource import resource_fragments
from agents.blueprints.spec import FeatureSpec

ONE_FILE = Style(
    database="sqlalchemy_sync",
    base=Symbol("", "Base"),
    session=Symbol("", "get_db"),
    session_is_alias=False,
    current_user=Symbol("", "get_current_user"),
    user_is_alias=False,
    model_module="",
    schema_module="",
    repository_module=None,
    router="app",
    router_name="app",
    session_commits=False,
    foreign_keys=False,
)
"""A small synchronous application whose handlers commit, on SQLite without foreign keys."""

SYNC_HEAD = Fragment(
    (
        "from fastapi import FastAPI",
        "from sqlalchemy import create_engine",
        "from sqlalchemy.orm import DeclarativeBase, sessionmaker",
    ),
    """engine = create_engine("sqlite:///./app.db")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()


app = FastAPI()
""",
)
ASYNC_HEAD = Fragment(
    (
        "from fastapi import FastAPI",
        "from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine",
        "from sqlalchemy.orm import DeclarativeBase",
    ),
    """engine = create_async_engine("sqlite+aiosqlite:///./app.db")
SessionLocal = async_sessionmaker(engine)


class Base(DeclarativeBase):
    pass


async def get_db():
    async with SessionLocal() as db:
        yield db


app = FastAPI()
""",
)


def one_module(spec: FeatureSpec, style: Style, head: Fragment | None = None) -> str:
    """Everything in one module, as a single-file application would have it."""
    parts = [head] if head else []
    if style.current_user:
        login = login_fragments(style, LoginModules(model="", schemas="", security=""), spec.login_parts)
        parts += [login.model, login.schemas, login.security, login.routes]
    for resource in by_dependency(spec):
        pieces = resource_fragments(resource, spec, style)
        found = [pieces.association, pieces.model, pieces.schemas, pieces.repository, pieces.routes]
        parts += [piece for piece in found if piece]
    return module_source("All of it.", parts, own=frozenset({"app", "shop"}))
