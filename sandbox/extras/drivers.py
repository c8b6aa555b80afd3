"""Which packages talk to which server."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement

from sandbox.extras.values import Name

_PACKAGES: dict[Name, frozenset[str]] = {
    "postgresql": frozenset({
        "asyncpg", "psycopg", "psycopg-binary", "psycopg-c", "psycopg-pool", "psycopg2", "psycopg2-binary",
        "psycopg2cffi", "pg8000", "aiopg", "gino", "pytest-postgresql",
    }),
    "redis": frozenset({
        "redis", "aioredis", "arq", "rq", "saq", "streaq", "valkey", "coredis", "walrus", "redis-om", "taskiq-redis",
        "fastapi-limiter", "channels-redis", "flask-redis", "django-redis", "pytest-redis",
    }),
}  # fmt: skip
_OPTIONS: dict[Name, re.Pattern[str]] = {
    "postgresql": re.compile("postgres|asyncpg|psycopg|aiopg"),
    "redis": re.compile("redis|valkey"),
}
"""A package's own optional dependencies that bring a driver: `celery[redis]`, `databases[asyncpg]`."""
STARTERS: dict[Name, str] = {"postgresql": "pytest-postgresql", "redis": "pytest-redis"}
"""Plugins that start a server of their own from the programs that are installed."""
_TOOLKITS = frozenset({"sqlalchemy", "sqlmodel", "flask-sqlalchemy", "advanced-alchemy", "databases", "ormar"})


@dataclass(frozen=True, slots=True)
class Drivers:
    """Names of the packages a manifest asks for that matter here."""

    packages: frozenset[str]
    of: dict[Name, tuple[str, ...]]

    def scheme(self, *, asynchronous: bool) -> str:
        """How a PostgreSQL URL begins for these packages."""
        if not self.packages & _TOOLKITS:
            return "postgresql"
        modern = any(name.startswith("psycopg") and not name.startswith("psycopg2") for name in self.packages)
        if asynchronous:
            return "postgresql+asyncpg" if "asyncpg" in self.packages or not modern else "postgresql+psycopg"
        return (
            "postgresql+psycopg"
            if modern and not any(n.startswith("psycopg2") for n in self.packages)
            else "postgresql"
        )


def drivers_of(requirements: Iterable[str]) -> Drivers:
    """The drivers among requirement lines."""
    packages: set[str] = set()
    found: dict[Name, list[str]] = {"postgresql": [], "redis": []}
    for line in requirements:
        try:
            asked = Requirement(line.partition(" --hash")[0])
        except InvalidRequirement:
            continue
        name = re.sub(r"[-_.]+", "-", asked.name).lower()
        packages.add(name)
        for kind, names in _PACKAGES.items():
            if name in names or any(_OPTIONS[kind].search(option.lower()) for option in asked.extras):
                found[kind].append(name)
                packages |= {option.lower().rpartition("_")[2] for option in asked.extras}
    return Drivers(frozenset(packages), {kind: tuple(dict.fromkeys(names)) for kind, names in found.items()})
