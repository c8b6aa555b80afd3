"""How the build container reaches Debian's packages: what this machine's apt is told about proxies and certificates."""

import re
import subprocess

from sandbox.build_network import CA_DIR
from sandbox.destinations import Destinations
from sandbox.index import host_of

_LINE = re.compile(r'(?P<key>[\w:.-]+) "(?P<value>[^"\n]*)";')
_KEPT = re.compile(
    r"Acquire::(?:https?::(?:[\w.-]+::)?(?:Timeout|CaInfo|Verify-Peer|Verify-Host|AllowRedirect)"
    r"|Retries|Check-Valid-Until|Check-Date|ForceIPv[46])"
)
_OWN = (
    'APT::Sandbox::User "root";',
    'Dir::State::lists "/tmp/apt/lists";',
    'Dir::Cache "/tmp/apt/cache";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "30";',
    'Acquire::http::Pipeline-Depth "0";',
)
"""Lists and packages stay in the build's memory; what runs has no right to become another user."""
SOURCES = "/build/sources.list"


def configuration(mirror: str, dump: str) -> bytes:
    """Text of an apt configuration. `mirror`: used instead of the base image's own sources. `dump`: see `host_dump`."""
    kept = [m[0] for m in _LINE.finditer(dump) if _is_kept(m["key"], m["value"])]
    own = [f'Dir::Etc::SourceList "{SOURCES}";', 'Dir::Etc::SourceParts "/dev/null";'] if mirror else []
    return "\n".join((*_OWN, *kept, *own, "")).encode()


def _is_kept(key: str, value: str) -> bool:
    if _KEPT.fullmatch(key) is None or not value:
        return False
    return not key.endswith("CaInfo") or value.startswith(f"{CA_DIR}/")


def proxies(dump: str) -> dict[str, str]:
    """`http`, `https` -> the proxy this machine's apt uses."""
    found = {m["key"].lower(): m["value"] for m in _LINE.finditer(dump)}
    named = {scheme: found.get(f"acquire::{scheme}::proxy", "") for scheme in ("http", "https")}
    return {scheme: address for scheme, address in named.items() if "://" in address}


def destinations(sources: str) -> Destinations:
    """The hosts that apt's sources name."""
    places = (host_of(address) for address in re.findall(r"https?://[^\s\]]+", sources))
    return Destinations(frozenset(place for place in places if place))


def host_dump() -> str:
    """What `apt-config dump` says on this machine; empty where there is none."""
    try:
        ran = subprocess.run(
            ["apt-config", "dump"], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.decode("utf-8", "replace")
