"""Two trees in memory on a real sandbox, as the gates take them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from agents.desk import MemoryDesk
from agents.profile_reader import read_profile, service_for
from sandbox.docker import DockerEngine
from sandbox.extras.find import needed_extras
from sandbox.gates.stand import Stand, Trees
from sandbox.listing import Listing
from sandbox.manifest import read_manifest
from sandbox.protocol import Limits
from sandbox.reports import Service
from tests.support.trees import RUN_ID, images

Files = Mapping[str, str]


def listing(files: Files) -> Listing:
    """Files as a tree."""
    data = {path: text.encode() for path, text in files.items()}
    return Listing({p: (str(hash(c)), False) for p, c in data.items()}, lambda paths: {p: data[p] for p in paths})


def service(files: Files) -> Service | None:
    """How the application of the files is started, None when there is none."""
    desk = MemoryDesk(dict(files))
    return service_for(read_profile(desk), desk)


def trees(base: Files, head: Files) -> Trees:
    """A change from one to the other."""
    changed = {p for p in {*base, *head} if base.get(p) != head.get(p)}
    return Trees(
        base=listing(base), head=listing(head), changed=changed,
        services={"base": service(base), "head": service(head)},
    )  # fmt: skip


@contextmanager
def stand_on(engine: DockerEngine, base: Files, head: Files) -> Iterator[Stand]:
    """A sandbox of the head's image, with the servers its configuration names."""
    data = {path: text.encode() for path, text in head.items()}
    extras = needed_extras(sorted(data), data.get)
    image = images().ensure(read_manifest(sorted(data), data.get), extras=extras).tag
    with engine.open(image, run_id=RUN_ID, limits=Limits(), extras=extras) as box:
        yield Stand(box, trees(base, head))
