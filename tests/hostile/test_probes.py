"""D, E, F: other processes, the network and secrets are out of reach, for every user of the container."""

import time

import pytest

from sandbox.protocol import Cause, User
from tests.hostile.arena import Arena, Note
from tests.hostile.cases.probes import PROBES, Probe

pytestmark = [pytest.mark.docker, pytest.mark.hostile]


def filled(program: str, arena: Arena) -> str:
    host = arena.host
    values = {"PORT": host.port, "HOSTS": " ".join(host.addresses()), "ABSTRACT": host.abstract, "FILE": host.file}
    for name, value in values.items():
        program = program.replace(f"@{name}@", str(value))
    return program


@pytest.mark.parametrize(
    ("probe", "user"), [(p, u) for p in PROBES for u in p.users], ids=lambda one: getattr(one, "name", one)
)
def test_nothing_is_within_reach(arena: Arena, probe: Probe, user: User, note: Note) -> None:
    outcome = arena.python(filled(probe.program, arena), user=user, timeout_s=25)
    lines = outcome.stdout.decode(errors="replace").splitlines()
    reached = [line for line in lines if line.startswith(("GOT", "OPEN", "READ", "WROTE"))]
    assert reached == []
    assert lines[-1:] == ["done"], outcome.stderr[-500:]
    assert outcome.cause is Cause.EXITED
    arena.unharmed()
    name = probe.name if len(probe.users) == 1 else f"{probe.name}{user[0]}"
    note(name, f"{probe.what} ({user})", "nothing")


def test_the_bait_works(arena: Arena) -> None:
    """The host's secret is there to be found, and would be noticed in any spelling."""
    for spelling in arena.host.spellings():
        with pytest.raises(AssertionError):
            arena.sees_nothing(b"x" + spelling + b"y")
    assert len(arena.host.addresses()) >= 1


def test_a_daemon_ends_with_its_command_and_writes_no_more(arena: Arena, note: Note) -> None:
    daemon = next(p for p in PROBES if p.name == "d01")
    arena.python(daemon.program)
    arena.box.sweep()
    arena.python("pass")
    time.sleep(0.5)
    assert arena.box.get("/work/alive") is None
    note("d10", "a daemon that goes on writing after the sweep", "gone")


def test_a_secret_of_the_host_is_not_in_what_describes_the_container(arena: Arena, note: Note) -> None:
    client = arena.engine.client
    told = client.inspect_container(arena.box.id)
    arena.sees_nothing(str(told).encode())
    assert told["HostConfig"]["Binds"] in (None, [])
    assert all(mount["Type"] == "tmpfs" for mount in told["Mounts"])
    note("f05", "the container's own description at the engine", "nothing")
