"""What a repository wants to find running beside it, as values."""

import re
from typing import Literal, get_args
from urllib.parse import quote

from pydantic import Field

from sandbox.reports import Frozen

Name = Literal["postgresql", "redis"]
NAMES: tuple[Name, ...] = get_args(Name)
TITLES: dict[Name, str] = {"postgresql": "PostgreSQL", "redis": "Redis"}
AUTO, OFF = "auto", "none"
IDENTIFIER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$@-]{0,62}")
"""Names of roles and databases that are made; whatever a repository calls them, they cannot leave their quotes."""
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
SUPERUSER = "greenloop_superuser"
"""Reachable only over a socket that nobody but the server's own uid may open."""


class Database(Frozen):
    """A database and the role that owns it."""

    name: str = "app"
    owner: str = "app"


class Postgresql(Frozen):
    """A PostgreSQL server. Any password is right; no role is a superuser, every role may create databases."""

    databases: tuple[Database, ...] = (Database(),)
    """Empty at the start of every run of tests; the first is the main one."""
    roles: tuple[str, ...] = ("app",)
    port: int = 5432

    def url(self, driver: str = "") -> str:
        """The main database's address; `driver`: of SQLAlchemy, e.g. `asyncpg`, `psycopg`."""
        first = self.databases[0]
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        return f"{scheme}://{quote(first.owner)}:secret@127.0.0.1:{self.port}/{quote(first.name)}"


class Redis(Frozen):
    """A Redis server, empty at the start of every run of tests."""

    password: str = ""
    port: int = 6379

    def url(self, number: int = 0) -> str:
        """The address of one of its 16 databases."""
        login = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{login}127.0.0.1:{self.port}/{number}"


class Extras(Frozen):
    """All that is started in a sandbox beside the code under test."""

    postgresql: Postgresql | None = None
    redis: Redis | None = None
    hosts: tuple[str, ...] = ()
    """Host names that lead to the sandbox's loopback."""
    env: dict[str, str] = Field(default_factory=dict)
    """What the project's processes are told; it wins over what a caller gives them."""
    notes: tuple[str, ...] = ()
    """What was found, one line each."""

    @property
    def names(self) -> tuple[Name, ...]:
        """Those that are wanted."""
        return tuple(name for name in NAMES if getattr(self, name) is not None)

    def __bool__(self) -> bool:
        return bool(self.names)


NONE = Extras()


def plain(*names: Name) -> Extras:
    """Extras for what greenloop itself has to run: role and database `app`, no variable set."""
    return Extras(
        postgresql=Postgresql() if "postgresql" in names else None, redis=Redis() if "redis" in names else None
    )


def parse_choice(text: str) -> tuple[Name, ...] | None:
    """What the setting `extras` asks for: None leaves it to the rules, else exactly these.

    Raises:
        ValueError: a word that is none of auto, none, postgresql, redis.
    """
    words = [word for word in text.replace(",", " ").lower().split() if word]
    if words in ([], [AUTO]):
        return None
    unknown = [word for word in words if word not in (*NAMES, OFF)]
    if unknown or (OFF in words and len(words) > 1):
        raise ValueError(f"extras {text!r}: it is auto, none, or a list of {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in words)
