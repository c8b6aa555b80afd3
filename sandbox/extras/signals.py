"""Whether what was found means that a server is used when the tests run, and the words for it."""

from sandbox.extras.code import CodeSays, is_setup
from sandbox.extras.drivers import STARTERS, Drivers
from sandbox.extras.evidence import Evidence, Rank
from sandbox.extras.values import Name
from sandbox.extras.variables import NEAR, Settled

_DEPLOYED = (Rank.ENV, Rank.COMPOSE)


def reason_for(
    server: Name, drivers: Drivers, variables: tuple[Settled, ...], evidence: Evidence, says: CodeSays
) -> str:
    """Where it is said that the server is used, in a few words; empty when it is not."""
    if not drivers.of[server]:
        return ""
    mine = [v for v in variables if v.about(server)]
    near = next((v for v in mine if v.near and v.address is not None), None)
    if near is not None:
        return f"{near.name} in {near.path}"
    image = next((path for kind, path, rank in evidence.images if kind == server and rank in NEAR), "")
    if image:
        return f"an image in {image}"
    tested = next((path for address, path in says.addresses if address.kind == server and is_setup(path)), "")
    if tested:
        return f"an address in {tested}"
    if STARTERS[server] in drivers.packages:
        return f"the plugin {STARTERS[server]}"
    if any(v.meaning is not None and v.meaning.server == server and v.is_lite for v in variables):
        return ""
    return _further(server, mine, evidence, says)


def _further(server: Name, mine: list[Settled], evidence: Evidence, says: CodeSays) -> str:
    """Signals that count when no address says that the tests do without."""
    given = next((v for v in mine if v.state == "given" and v.address is not None), None)
    if given is not None:
        return f"{given.name} in {given.path}"
    off = {v.meaning.family for v in mine if v.meaning and v.meaning.part == "host" and v.state == "unneeded"}
    parts = (v for v in mine if v.read and v.state != "unneeded" and v.meaning and v.meaning.kind == "part")
    part = next((v for v in parts if v.meaning and v.meaning.family not in off), None)
    if part is not None:
        return f"{part.name} in {part.path}"
    written = next((path for address, path in says.addresses if address.kind == server), "")
    written = written or next((s.path for s in evidence.seen if s.url.startswith(server[:5])), "")
    if written:
        return f"an address in {written}"
    open_url = next((v for v in mine if v.state == "open" and v.meaning and v.meaning.kind == "url"), None)
    if open_url is not None and not says.sqlite:
        return f"{open_url.name} in {open_url.path}"
    deployed = next((path for kind, path, rank in evidence.images if kind == server and rank in _DEPLOYED), "")
    return f"an image in {deployed}" if deployed and not any(v.read for v in mine) else ""
