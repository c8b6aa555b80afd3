"""The offline engine's reading of a request: what the grammar produces, the blueprints render and the tester proves."""

from typing import Literal

from pydantic import Field

from agents.contracts import Frozen

FieldType = Literal[
    "str", "text", "int", "float", "decimal", "bool", "date", "datetime", "email", "url", "uuid", "enum"
]
Action = Literal["create", "read", "list", "update", "delete"]
LoginPart = Literal["refresh", "password", "reset", "roles"]
Trait = Literal["soft_delete", "versioned", "bulk"]
ALL_ACTIONS: tuple[Action, ...] = ("create", "read", "list", "update", "delete")


class FieldSpec(Frozen):
    """One attribute of a resource."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: FieldType = "str"
    required: bool = True
    unique: bool = False
    min_length: int | None = None
    max_length: int | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    """The default as the user wrote it (`"0"`, `"false"`, `"draft"`)."""
    assumed_type: bool = False
    """True when the request named no type and we took one."""


class Relation(Frozen):
    """How a resource belongs to another one."""

    kind: Literal["many_to_one", "many_to_many"]
    target: str
    """Singular snake_case name of the other resource; it may exist in the application already."""
    required: bool = True
    nested: bool = True
    """many_to_one: also served below the parent (`/books/{book_id}/reviews`)."""


class ResourceSpec(Frozen):
    """One resource with its CRUD routes."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    """Singular snake_case (`book`, `order_item`)."""
    plural: str
    fields: tuple[FieldSpec, ...] = ()
    relations: tuple[Relation, ...] = ()
    actions: tuple[Action, ...] = ALL_ACTIONS
    owned: bool = False
    """Each item belongs to the user who made it, and nobody else sees it."""
    traits: tuple[Trait, ...] = ()
    """`soft_delete`: deleted rows stay, marked; `versioned`: changes of an outdated version are refused; `bulk`: many
    are created at once."""
    exists: bool = False
    """The application has it already: `fields` and `relations` are additions to it."""


class ListingSpec(Frozen):
    """How a resource's list can be asked for."""

    resource: str
    filters: tuple[str, ...] = ()
    """Field names, or the name of a many-to-many target (`tag` filters by that target's natural key)."""
    order_by: str | None = None
    """Field name, or `created_at` for newest/oldest first."""
    descending: bool = False
    paginated: bool = False
    """`limit` (default 20, 1-100) and `offset` (default 0) query parameters."""
    cursor: bool = False
    """`limit` and `cursor` query parameters: each page tells where the next one begins."""
    search: tuple[str, ...] = ()
    """Fields searched, case-insensitively, by the `q` query parameter."""


class GuardSpec(Frozen):
    """Actions that need a logged-in user (401 without a valid token)."""

    resource: str
    actions: tuple[Action, ...]
    role: Literal["", "admin"] = ""
    """Only for users of that role (403 for others); empty: for every user."""


BlockName = Literal[
    "rate_limit",
    "etag",
    "cors",
    "body_limit",
    "uploads",
    "csv",
    "changes",
    "events",
    "websocket",
    "idempotency",
    "retention",
    "webhooks",
    "http_client",
    "jobs",
    "schedule",
    "outgoing_webhooks",
]


class BlockSpec(Frozen):
    """A building block beside resources and login, with what it is told."""

    name: BlockName
    resource: str = ""
    """The resource it is for, where it is for one."""
    amount: int = 0
    seconds: int = 0
    names: tuple[str, ...] = ()

    @property
    def often(self) -> int:
        """Seconds between two looks for what is older than `seconds`: a tenth of that, at most an hour."""
        return min(max(self.seconds // 10, 1), 3600)


class FeatureSpec(Frozen):
    """The whole request, read."""

    resources: tuple[ResourceSpec, ...] = ()
    listings: tuple[ListingSpec, ...] = ()
    guards: tuple[GuardSpec, ...] = ()
    login: bool = False
    """Registration and OAuth2 password login with JWT are wanted (implied by guards and login parts)."""
    login_parts: tuple[LoginPart, ...] = ()
    """More of a new login: refresh tokens and logout, change of password, roles with an `admin` scope."""
    blocks: tuple[BlockSpec, ...] = ()
    health: bool = False
    """A `/health` route is wanted (implied for a new application)."""
