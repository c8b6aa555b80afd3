"""Addresses of servers as repositories write them: URLs, and variables that each hold a part of one."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from sandbox.extras.values import Name

PORTS: dict[Name, int] = {"postgresql": 5432, "redis": 6379}
URL = re.compile(
    r"(?:postgres(?:ql)?|asyncpg|psycopg|postgis|rediss?|valkeys?)(?:\+\w+)?://[^\s\"'`<>|,;\\]*[^\s\"'`<>|,;.)\\]"
)
"""An address in running text."""
SQLITE = re.compile(r"sqlite(?:\+\w+)?:")
_OTHERS = re.compile(r"MYSQL|MARIA|MONGO|MSSQL|ORACLE|RABBIT|AMQP|ELASTIC|NEO4J|KAFKA|SQLITE")
_SQL_URL = re.compile(r"(DATABASE|DB|SQLALCHEMY|POSTGRES|PG).*(URL|URI|DSN)$|^(DATABASE|DSN)$")
_REDIS_URL = re.compile(r"(REDIS|VALKEY).*(URL|URI|DSN)$")
_REDIS_PART = re.compile(
    r"(?P<family>\w*?(?:REDIS|VALKEY)_*)(?P<part>HOST(?:NAME)?|SERVER|PORT|USER(?:NAME)?|PASSWORD|PASS)"
)
_SQL_PART = re.compile(
    r"(?P<family>\w*?(?:POSTGRES(?:QL)?|PG|DB|DATABASE|SQL)(?:_TEST)?_*)"
    r"(?P<part>HOST(?:NAME)?|SERVER|ADDR(?:ESS)?|PORT|USER(?:NAME)?|PASSWORD|PASS|PWD|(?:DB_?|DATABASE_)?NAME|DB|DATABASE)"
)  # fmt: skip
_PARTS: dict[str, "Part"] = {
    "HOST": "host", "HOSTNAME": "host", "SERVER": "host", "ADDR": "host", "ADDRESS": "host", "PORT": "port",
    "USER": "user", "USERNAME": "user", "PASSWORD": "password", "PASS": "password", "PWD": "password",
}  # fmt: skip
_FORBIDDEN = re.compile(r"PATH|HOME|LANG|SHELL|TMPDIR|(?:PYTHON|PYTEST|LD_|GREENLOOP|APP_BASE_URL).*")
"""Variables that mean something to the run itself, whatever a repository writes into them."""
Part = Literal["host", "port", "user", "password", "database"]
Kind = Literal["url", "part"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is expected and what is asked of it; an empty text is left open."""

    kind: Name
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = ""
    database: str = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a variable holds, going by its name."""

    server: Name
    kind: Kind
    family: str = ""
    """The name without its part: `POSTGRES_` of `POSTGRES_USER`."""
    part: Part | None = None


def meaning_of(variable: str) -> Meaning | None:
    """What an environment variable of that name says about a server; None when it is about something else."""
    name = variable.upper()
    if _OTHERS.search(name) or _FORBIDDEN.fullmatch(name):
        return None
    if _REDIS_URL.search(name):
        return Meaning("redis", "url")
    if part := _REDIS_PART.fullmatch(name):
        return Meaning("redis", "part", part["family"], _PARTS[part["part"]])
    if "REDIS" in name or "VALKEY" in name:
        return None
    if _SQL_URL.search(name):
        return Meaning("postgresql", "url")
    if part := _SQL_PART.fullmatch(name):
        return Meaning("postgresql", "part", part["family"], _PARTS.get(part["part"], "database"))
    return None


def may_be_set(variable: str) -> bool:
    """Whether a repository's files may decide this variable for its processes."""
    return re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", variable) is not None and not _FORBIDDEN.fullmatch(variable.upper())


def parse_url(text: str) -> Address | None:
    """The address a URL stands for; None when it is no whole address of a server we have."""
    if URL.fullmatch(text) is None or "{" in text or "$" in text or "%(" in text:
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    kind: Name = "redis" if parts.scheme.startswith(("redis", "valkey")) else "postgresql"
    return Address(
        kind,
        host=parts.hostname or "",
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        database=unquote(parts.path.strip("/")),
    )


def reachable(host: str) -> str:
    """The host as it can be reached in the sandbox: names are led to its loopback, foreign numbers replaced."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.is_loopback or address.is_unspecified else "127.0.0.1"


def at_home(text: str, port: int) -> str:
    """A URL as it works in the sandbox: no TLS, a reachable host, the one port that is listened on."""
    parts = urlsplit(text)
    kind: Name = "redis" if parts.scheme.startswith(("redis", "valkey")) else "postgresql"
    host = reachable(parts.hostname or "127.0.0.1")
    shown = f"[{host}]" if ":" in host else host
    if parts.port is not None or port != PORTS[kind]:
        shown += f":{port}"
    login, at, _ = parts.netloc.rpartition("@")
    scheme = {"rediss": "redis", "valkeys": "valkey"}.get(parts.scheme, parts.scheme)
    query = "&".join(p for p in parts.query.split("&") if not p.startswith(("sslmode=", "ssl=", "ssl_cert_reqs=")))
    return urlunsplit((scheme, f"{login}{at}{shown}", parts.path, query, ""))


def url_of(address: Address, scheme: str, port: int) -> str:
    """An address written as a URL."""
    login = f"{quote(address.user, safe='')}:{quote(address.password or 'secret', safe='')}@" if address.user else ""
    return f"{scheme}://{login}{address.host or '127.0.0.1'}:{port}/{quote(address.database, safe='')}"
