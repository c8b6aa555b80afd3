"""Rendered code in pieces: what a blueprint writes, before anybody decides which file it goes into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from agents.profile import Database


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name other code imports. An empty `module` means: defined in the same file, import nothing."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Known:
    """A resource the application has already, where its names differ from the style's patterns."""

    model: Symbol
    table: str
    natural_key: str | None = None
    plural: str = ""
    path: str = ""
    """Collection path with prefixes, e.g. `/api/v1/books`; empty: by the style's pattern."""
    creatable: bool = True
    """Nothing but the natural key is needed to make one."""
    soft: bool = False
    """Deleted ones stay in the table, with the moment in `deleted_at`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How the code around speaks, so that what is written looks as if the owner had written it."""

    database: Database = "sqlalchemy_async"
    base: Symbol = Symbol("app.db", "Base")
    session: Symbol = Symbol("app.db", "SessionDep")
    """The session dependency: an `Annotated` alias when `session_is_alias`, else a function for `Depends`."""
    session_is_alias: bool = True
    current_user: Symbol | None = None
    """Login dependency for guarded routes: an `Annotated` alias when `user_is_alias`, else a function for `Depends`."""
    user_is_alias: bool = True
    users_table: str = "users"
    """Where the login keeps its accounts."""
    model_module: str = "app.models.{name}"
    """Module of a resource's ORM class; `{name}` singular, `{plural}` plural; empty: same file."""
    schema_module: str = "app.schemas.{name}"
    repository_module: str | None = "app.repositories.{name}"
    """None: no repository layer, queries stand in the routes as the application does it."""
    router: Literal["router", "app"] = "router"
    """Routes go on a fresh `router = APIRouter(prefix=..., tags=[...])`, or on an existing object of `router_name`."""
    router_name: str = "router"
    prefix: str = ""
    """Put before every path, e.g. `/api/v1`, when the application mounts none itself."""
    timestamps: bool = True
    """Models get `created_at`."""
    session_commits: bool = True
    """The session dependency commits when the handler returns; False: handlers commit themselves."""
    foreign_keys: bool = True
    """The database enforces foreign keys (False: SQLite without the pragma, then the ORM cascades)."""
    moment: Symbol | None = None
    """Annotated pydantic type that reads and answers moments in UTC; None: written next to the schemas."""
    url: Symbol | None = None
    """Annotated pydantic type of a web address kept as given; None: written next to the schemas."""
    known: Mapping[str, Known] = field(default_factory=dict)
    """Existing resources by singular name."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """Some definitions and the import statements they need, one statement per line in `imports`."""

    imports: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class ResourceFragments:
    """One resource in pieces; `association` holds many-to-many tables, `repository` is None without that layer."""

    model: Fragment
    schemas: Fragment
    repository: Fragment | None
    routes: Fragment
    association: Fragment | None = None
