"""Which servers a repository needs beside it to run unchanged, told by rule from its files.

A driver among its dependencies is not enough: configuration has to say that the server is used. What is nearest to the
way tests are really run wins (CI, then tests, then example environments, then compose files, then defaults in code); a
default that works without a server is believed before examples of a deployment.
"""

from collections.abc import Iterable

from sandbox.errors import DependencyError
from sandbox.extras.addresses import Address
from sandbox.extras.code import read_python
from sandbox.extras.drivers import Drivers, drivers_of
from sandbox.extras.evidence import Read, configuration, python_files
from sandbox.extras.servers import addresses_of, defaults_of, environment_of, hosts_of, postgresql_of, redis_of
from sandbox.extras.signals import reason_for
from sandbox.extras.values import AUTO, NAMES, NONE, TITLES, Extras, Name, parse_choice
from sandbox.extras.variables import settle
from sandbox.manifest import read_manifest
from sandbox.text import escaped


def needed_extras(files: Iterable[str], read: Read, choice: str = AUTO) -> Extras:
    """What the tree with these files needs. `read`: a file's content; `choice`: see `parse_choice`.

    Raises:
        ValueError: `choice` cannot be understood.
    """
    asked = parse_choice(choice)
    present = list(files)
    drivers = _drivers(present, read)
    if asked == () or (asked is None and not any(drivers.of.values())):
        return NONE
    evidence, says = configuration(present, read), read_python(python_files(present, read))
    variables = settle(evidence, says)
    extras = NONE
    for name in NAMES:
        reason = reason_for(name, drivers, variables, evidence, says)
        if asked is not None:
            reason = "the setting extras" if name in asked else ""
        if reason:
            scheme = drivers.scheme(asynchronous=says.asynchronous)
            addresses = addresses_of(name, variables, evidence, says)
            more = _with(extras, name, reason, addresses, evidence.created)
            env = environment_of(name, more, variables, scheme, asked=asked is not None)
            extras = more.model_copy(update={"env": extras.env | env})
        elif asked is None and drivers.of[name]:
            note = f"{TITLES[name]} is not started: a driver is installed, but the tests seem to do without"
            extras = extras.model_copy(update={"notes": (*extras.notes, note)})
    return extras.model_copy(update={"env": defaults_of(extras) | extras.env})


def _drivers(files: list[str], read: Read) -> Drivers:
    try:
        return drivers_of(read_manifest(files, read).requirements)
    except DependencyError:
        return drivers_of(())


def _with(extras: Extras, name: Name, reason: str, addresses: list[Address], created: Iterable[str]) -> Extras:
    """The extras and one more."""
    if name == "postgresql":
        server, trouble = postgresql_of(addresses, created)
        named = f" with {', '.join(d.name for d in server.databases)}"
        more = extras.model_copy(update={"postgresql": server})
    else:
        cache, trouble = redis_of(addresses)
        named = ""
        more = extras.model_copy(update={"redis": cache})
    notes = (*extras.notes, f"{TITLES[name]}{named} is started beside the code: {escaped(reason)}")
    notes += tuple(f"{TITLES[name]}: {line}" for line in trouble)
    hosts = dict.fromkeys((*extras.hosts, *hosts_of(addresses)))
    return more.model_copy(update={"hosts": tuple(hosts), "notes": notes})
