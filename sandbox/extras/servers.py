"""Servers and variables made so that every address found leads to them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sandbox.extras.addresses import PORTS, Address, at_home, parse_url, reachable, url_of
from sandbox.extras.code import CodeSays, is_test
from sandbox.extras.evidence import Evidence
from sandbox.extras.values import HOST, IDENTIFIER, SUPERUSER, Database, Extras, Name, Postgresql, Redis
from sandbox.extras.variables import Settled

MOST_DATABASES, MOST_ROLES, MOST_HOSTS, MOST_VARIABLES = 6, 6, 20, 100
SERVICE_PORT = 8000
"""Where the code under test listens (`sandbox.service.PORT`)."""
LONGEST = 1000
"""Characters of a variable's value."""
_OWN = ("template0", "template1")
_MAIN = Address("postgresql", user="app", password="secret", database="app")  # noqa: S106 - any password is right


def addresses_of(server: Name, variables: Sequence[Settled], evidence: Evidence, says: CodeSays) -> list[Address]:
    """Every address of one server, the one tests are most likely run with first."""
    found = [v.address for v in variables if v.state == "given" and v.address]
    found += _from_parts(server, variables)
    found += [address for address, path in says.addresses if not (says.tests_create and is_test(path))]
    found += [replace(a, database="") for a, path in says.addresses if says.tests_create and is_test(path)]
    found += [address for seen in evidence.seen if (address := parse_url(seen.url))]
    return [address for address in dict.fromkeys(found) if address.kind == server]


def _from_parts(server: Name, variables: Sequence[Settled]) -> list[Address]:
    """Addresses whose parts stand in variables of their own, one for each family of names."""
    families: dict[str, dict[str, str]] = {}
    for one in variables:
        if one.meaning and one.meaning.kind == "part" and one.meaning.server == server and one.meaning.part:
            families.setdefault(one.meaning.family, {}).setdefault(one.meaning.part, one.value)
    return [
        Address(
            server,
            host=parts.get("host", ""),
            port=int(parts["port"]) if parts.get("port", "").isdecimal() else None,
            user=parts.get("user", ""),
            password=parts.get("password", ""),
            database=parts.get("database", ""),
        )
        for parts in families.values()
        if any(parts.values())
    ]


def postgresql_of(addresses: Sequence[Address], created: Iterable[str]) -> tuple[Postgresql, list[str]]:
    """The server for these addresses, and what cannot be made as it is asked for, one line each."""
    notes = []
    roles = list(dict.fromkeys(a.user for a in addresses if _is_name(a.user)))[:MOST_ROLES] or ["app"]
    owners: dict[str, str] = {}
    for address in addresses:
        name, owner = address.database or address.user, address.user if address.user in roles else roles[0]
        if _is_name(name) and name not in _OWN and (address.database or not owners):
            owners.setdefault(name, owner)
        elif name and not _is_name(name):
            notes.append(f"no database is made for {name[:70]!r}")
    for name in created:
        owners.setdefault(name, roles[0])
    owners = owners or {roles[0]: roles[0]}
    if len(owners) > MOST_DATABASES:
        notes.append(
            f"databases beyond the first {MOST_DATABASES} are not made: {', '.join(list(owners)[MOST_DATABASES:])}"
        )
    port = _port("postgresql", addresses, notes)
    databases = tuple(Database(name=n, owner=o) for n, o in list(owners.items())[:MOST_DATABASES])
    return Postgresql(databases=databases, roles=tuple(roles), port=port), notes


def redis_of(addresses: Sequence[Address]) -> tuple[Redis, list[str]]:
    """The server for these addresses, and what cannot be made as it is asked for."""
    notes: list[str] = []
    password = next((a.password for a in addresses if a.password), "")
    return Redis(password=password, port=_port("redis", addresses, notes)), notes


def _port(server: Name, addresses: Sequence[Address], notes: list[str]) -> int:
    """The port most likely used; the server listens on one."""
    ports = [a.port or PORTS[server] for a in addresses] or [PORTS[server]]
    unusable = [port for port in ports if not 1024 <= port <= 65535 or port == SERVICE_PORT]
    ports = [port for port in ports if port not in unusable] or [PORTS[server]]
    others = sorted({*ports[1:], *unusable} - {ports[0]})
    if others:
        notes.append(f"it listens on port {ports[0]} only; {', '.join(map(str, others))} stands in some file too")
    return ports[0]


def _is_name(text: str) -> bool:
    reserved = text in (SUPERUSER, "public", "none") or text.startswith("pg_")
    return IDENTIFIER.fullmatch(text) is not None and not reserved


def hosts_of(addresses: Iterable[Address]) -> tuple[str, ...]:
    """Names that have to lead to the sandbox itself."""
    names = dict.fromkeys(a.host for a in addresses if HOST.fullmatch(a.host) and reachable(a.host) == a.host)
    return tuple(n for n in names if n != "localhost" and not n.replace(".", "").isdecimal())[:MOST_HOSTS]


def environment_of(
    server: Name, extras: Extras, variables: Sequence[Settled], scheme: str, *, asked: bool
) -> dict[str, str]:
    """The variables about one server, with values that lead to it.

    `asked`: the server was asked for by name, so what the code could do without is set as well.
    """
    env: dict[str, str] = {}
    for one in variables:
        if one.about(server) and (asked or one.state != "unneeded"):
            value = _value(server, extras, one, scheme)
            if value and value.isprintable() and len(value) <= LONGEST and len(env) < MOST_VARIABLES:
                env[one.name] = value
    return env


def _value(server: Name, extras: Extras, one: Settled, scheme: str) -> str:
    running = getattr(extras, server)
    main = _main(extras) if server == "postgresql" else Address("redis", password=running.password, database="0")
    if one.address is not None:
        return at_home(one.value, running.port)
    if one.meaning is not None and one.meaning.kind == "url" and (not one.value or one.state == "unneeded"):
        return url_of(main, scheme, running.port) if server == "postgresql" else str(running.url())
    if one.meaning is not None and one.meaning.part is not None:
        return _part(one, main, running.port)
    return ""


def _part(one: Settled, main: Address, port: int) -> str:
    part = one.meaning.part if one.meaning else None
    if part == "port":
        return str(port)
    if part == "host":
        return reachable(one.value) if HOST.fullmatch(one.value) else "127.0.0.1"
    return one.value or {"user": main.user, "password": main.password, "database": main.database}.get(str(part), "")


def _main(extras: Extras) -> Address:
    if extras.postgresql is None:
        return _MAIN
    first = extras.postgresql.databases[0]
    return Address("postgresql", user=first.owner, password="secret", database=first.name)  # noqa: S106 - see above


def defaults_of(extras: Extras) -> dict[str, str]:
    """What libpq and asyncpg assume when an address leaves it open."""
    if extras.postgresql is None:
        return {}
    port = {"PGPORT": str(extras.postgresql.port)} if extras.postgresql.port != PORTS["postgresql"] else {}
    return {"PGHOST": "127.0.0.1", "PGUSER": extras.postgresql.databases[0].owner, "PGPASSWORD": "secret"} | port
