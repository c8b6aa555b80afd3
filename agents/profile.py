"""What a FastAPI repository looks like: the facts that planning, placing code and starting the service need."""

from typing import Literal, Protocol

from agents.blueprints.spec import Action, FieldSpec, Relation
from agents.contracts import Frozen

Database = Literal["none", "sqlalchemy_async", "sqlalchemy_sync", "other"]


class Source(Protocol):
    """A tree of files, read-only (a `Desk` is one)."""

    def files(self) -> list[str]: ...

    def read(self, path: str) -> str: ...


class Place(Frozen):
    """Where a name is defined."""

    file: str
    line: int
    name: str


class Route(Frozen):
    """One HTTP operation found in the code."""

    method: str
    path: str
    """Full path, router prefixes included, as far as they are literal."""
    handler: Place
    guarded: bool = False
    """It depends, directly or through its router, on the login dependency."""


class ExistingResource(Frozen):
    """Something the application already serves as a collection."""

    name: str
    """Singular snake_case."""
    plural: str
    path: str
    """Collection path, e.g. `/api/v1/books`."""
    model: Place | None = None
    """The ORM class."""
    create_schema: Place | None = None
    read_schema: Place | None = None
    list_handler: Place | None = None
    fields: tuple[FieldSpec, ...] = ()
    """From the create schema: what a POST needs."""
    relations: tuple[Relation, ...] = ()
    guarded: tuple[Action, ...] = ()
    natural_key: str | None = None
    """The unique human-readable field, if any (`name`, `title`, `isbn`)."""
    soft: bool = False
    """Deleted ones stay in the table, with the moment in `deleted_at`."""


class Login(Frozen):
    """The login the application already has."""

    current_user: Place | None
    """The dependency a guarded route uses."""
    token_path: str
    register_path: str | None = None
    user_model: Place | None = None


class AppProfile(Frozen):
    """One FastAPI application; `exists` is False when the tree has none."""

    exists: bool = False
    target: str = ""
    """What uvicorn is given, e.g. `app.main:app`."""
    factory: bool = False
    layout: Literal["empty", "single_file", "package"] = "empty"
    main_file: str = ""
    database: Database = "none"
    base: Place | None = None
    """The declarative base."""
    session_dependency: Place | None = None
    """`get_db`-like function, or the `Annotated` alias made of it."""
    alembic: str = ""
    """Folder of Alembic's versions; empty when there is none."""
    routes: tuple[Route, ...] = ()
    resources: tuple[ExistingResource, ...] = ()
    login: Login | None = None
    settings: Place | None = None
    python_files: int = 0

    def resource(self, name: str) -> ExistingResource | None:
        """The existing resource of that singular or plural name."""
        return next((r for r in self.resources if name in (r.name, r.plural)), None)
