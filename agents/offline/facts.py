"""What clauses say, before they are put together: a resource of None is the one spoken of last."""

from dataclasses import dataclass
from typing import Literal

from agents.blueprints.spec import Action, BlockSpec
from agents.blueprints.spec import Trait as ResourceTrait
from agents.offline.fields import RawField
from agents.offline.phrases import Trait


@dataclass(frozen=True, slots=True)
class Wants:
    """This resource shall exist (`add books with title`), or has these fields too; `actions` None: all."""

    resource: str | None
    fields: tuple[RawField, ...] = ()
    actions: tuple[Action, ...] | None = None
    new: bool = True


@dataclass(frozen=True, slots=True)
class Relates:
    """`many`: child belongs to parent; `one`: child refers to one parent; `both`: many-to-many, seen from the child."""

    kind: Literal["many", "one", "both"]
    child: str
    parent: str | None
    fields: tuple[RawField, ...] = ()
    required: bool = True
    loose: bool = False
    """The words allow many-to-many too (`books have tags`); what the child is decides."""


@dataclass(frozen=True, slots=True)
class Lists:
    """How a list can be asked for; `search` of `("*",)` means all text fields."""

    resource: str | None
    filters: tuple[str, ...] = ()
    order_by: str | None = None
    descending: bool = False
    paginated: bool = False
    cursor: bool = False
    search: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guards:
    """These actions need a login; the resource `*` is every one."""

    targets: tuple[tuple[tuple[Action, ...], str | None], ...]
    public: bool = False
    role: Literal["", "admin"] = ""
    """Only users of that role may."""
    """The opposite is said: anybody may do it."""


@dataclass(frozen=True, slots=True)
class Says:
    """Something about fields named earlier (`isbn is unique`)."""

    resource: str | None
    fields: tuple[str, ...]
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Only these actions, or all but these."""

    resource: str | None
    only: tuple[Action, ...] = ()
    without: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Asks:
    """Something the whole application gets."""

    what: Literal["login", "health", "nothing", "refresh", "password", "reset", "roles"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Adds:
    """A building block beside resources and login."""

    block: BlockSpec
    resource: str | None = ""
    """The resource it is for; empty: none."""
    assumed: bool = False
    """The numbers are ours."""


@dataclass(frozen=True, slots=True)
class Owns:
    """Each item of this resource belongs to the user who made it, and nobody else sees it."""

    resource: str | None


@dataclass(frozen=True, slots=True)
class Has:
    """This resource is deleted softly, has versions, or is created in bulk."""

    trait: ResourceTrait
    resource: str | None


Fact = Owns | Has | Wants | Relates | Lists | Guards | Says | Limits | Asks | Adds
