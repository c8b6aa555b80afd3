"""Which hosts a build container may reach: the user's indexes, and where those say that their files are."""

import contextlib
import ipaddress
import socket
from collections.abc import Collection
from dataclasses import dataclass

from sandbox.build_network import BuildNetwork
from sandbox.index import Asker, Question, host_of
from sandbox.manifest import Manifest, packages_of

WITNESS = "pytest"
"""Every image holds it, so its page tells where the default index keeps its files."""
METADATA = frozenset(
    ipaddress.ip_address(address)
    for address in ("169.254.169.254", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
"""Where clouds tell a machine its secrets."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """`host:port` each, compared exactly."""

    indexes: frozenset[str]
    others: frozenset[str] = frozenset()

    def __contains__(self, place: str) -> bool:
        return place in self.indexes or place in self.others


def destinations_of(network: BuildNetwork, asker: Asker, manifest: Manifest | None = None) -> Destinations:
    """Ask the indexes where their files are; nothing is asked for a build on the engine's bridge.

    Raises:
        DependencyError: the pip configuration cannot be read.
    """
    if network.reach == "bridge":
        return Destinations(frozenset())
    packages = packages_of(manifest) if manifest else []
    indexes = network.indexes()
    own: list[Question] = [(index, name) for name, url in packages if not url for index in indexes if index.own]
    questions = [(indexes[-1], WITNESS), *own]
    answers = asker.ask(questions)
    if any(answer.found is None for answer in answers.values()):
        answers = asker.ask(questions)
    places = frozenset(host_of(index.url) for index in indexes)
    ports = {place.rpartition(":")[2] for place in places} | {"80", "443"}
    learned = {host for answer in answers.values() for host in answer.hosts if host.rpartition(":")[2] in ports}
    for url in (url.removeprefix("git+") for _, url in packages if url):
        learned |= {host_of(url), *asker.sent_on(url)}
    named = {(host if ":" in host else f"{host}:443").lower() for host in network.hosts}
    return Destinations(places, frozenset(learned | named) - {""})


def out_of_bounds(address: str) -> bool:
    """Whether an address leads to this machine or to what only it may see: never a package index by accident."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    special = ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in METADATA
    return special or _is_ours(str(ip))


def _is_ours(address: str) -> bool:
    """Whether an interface of this machine has it: only then can it be bound to."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as door:
        door.bind((address, 0))
        return True
    return False


def resolve(host: str, port: int) -> Collection[str]:
    """Addresses of a host, in order, none when it has none."""
    with contextlib.suppress(OSError, UnicodeError):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return tuple(dict.fromkeys(str(one[4][0]) for one in found))
    return ()
