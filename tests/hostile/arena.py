"""Where a hostile program runs, what it must not see, and how the host looks afterwards."""

import base64
import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sandbox.docker import DockerEngine
from sandbox.hardening import HOMES
from sandbox.protocol import Command, Limits, Outcome, Sandbox, User

SMALL = Limits(
    memory_mb=192, cpus=1.0, pids=48, disk_mb=32, inodes=2000, output_bytes=100_000, lifetime_s=600
)  # fmt: skip
OWN_PROCESSES = 8
"""init, timeout, the supervisor, two killers, and what they may be running."""
REST_MB = 64
"""Most memory an emptied container holds on to."""
SLACK_S = 5.0


Note = Callable[[str, str, str], None]
"""Remembers how a case ended: its name, what it did, the word."""


class Host:
    """The host with bait on it: a secret in the environment and in a file, and doors that nobody may knock at."""

    def __init__(self, folder: Path) -> None:
        self.canary = f"canary-{secrets.token_hex(12)}"
        self.folder = folder
        self.file = folder / "host-secret.txt"
        self.file.write_text(self.canary)
        self.knocks: list[str] = []
        self._doors = [socket.create_server(("0.0.0.0", 0)), self._abstract()]
        self.port: int = self._doors[0].getsockname()[1]
        for door in self._doors:
            threading.Thread(target=self._watch, args=(door,), name="host-door", daemon=True).start()

    def _abstract(self) -> socket.socket:
        door = socket.socket(socket.AF_UNIX)
        self.abstract = f"greenloop-{secrets.token_hex(6)}"
        door.bind(f"\0{self.abstract}")
        door.listen()
        return door

    def _watch(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, address = door.accept()
                self.knocks.append(str(address))
                visitor.close()

    def addresses(self) -> list[str]:
        """Every IPv4 address of this machine but loopback's."""
        lines = Path("/proc/net/fib_trie").read_text().splitlines()
        found = {lines[n - 1].split()[-1] for n, line in enumerate(lines) if "/32 host LOCAL" in line}
        return sorted(address for address in found if not address.startswith("127."))

    def close(self) -> None:
        for door in self._doors:
            door.close()

    def spellings(self) -> list[bytes]:
        """The secret as it would look in hiding."""
        raw = self.canary.encode()
        return [raw, raw[::-1], base64.b64encode(raw)[:20], raw.hex().encode(), raw.upper()]


def resident_mb() -> float:
    """Memory of this process (MiB)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


class Arena:
    """One container and everything that is to be true of it after a hostile program."""

    def __init__(self, engine: DockerEngine, box: Sandbox, host: Host) -> None:
        self.engine, self.box, self.host = engine, box, host

    def python(self, code: str, *, user: User = "app", timeout_s: float = 10) -> Outcome:
        """Run a program in its user's folder; checks the clock, the cap and that nothing secret came out."""
        begun = time.monotonic()
        outcome = self.box.run(Command(argv=("python3", "-c", code), user=user, timeout_s=timeout_s, cwd=HOMES[user]))
        took = time.monotonic() - begun
        assert took <= timeout_s + SLACK_S, f"took {took:.1f} s"
        self.sees_nothing(outcome.stdout + outcome.stderr)
        return outcome

    def sees_nothing(self, output: bytes) -> None:
        """No spelling of the host's secret in it."""
        assert not [one for one in self.host.spellings() if one in output]

    def unharmed(self) -> None:
        """The next command works; processes, memory and disk are what they were."""
        self.box.sweep()
        outcome = self.box.run(Command(argv=("sh", "-c", "echo fine"), timeout_s=20))
        assert (outcome.exit_code, outcome.stdout) == (0, b"fine\n")
        client = self.engine.client
        running = client.top(self.box.id)["Processes"]
        assert len(running) <= OWN_PROCESSES, running
        used = client.stats(self.box.id, stream=False, one_shot=True)["memory_stats"]["usage"] / 2**20
        assert used < REST_MB, f"{used:.0f} MiB are still used"
        (listed,) = client.containers(all=True, size=True, filters={"id": self.box.id})
        assert listed.get("SizeRw", 0) == 0, "something was written to the container's layer"
        left = self.box.run(
            Command(argv=("find", "/tmp", "/dev/shm", "/work", "-mindepth", "1"), timeout_s=20, user="app")
        )
        assert left.stdout == b"", left.stdout[:300]
        assert self.host.knocks == []


def fits_a_record(text: str) -> None:
    """Fit to be printed on a terminal and kept in a record: no control or direction character, valid JSON."""
    bad = [c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 or c in "\u202e\u2066\u200f"]
    assert bad == []
    assert json.loads(json.dumps(text)) == text
    text.encode("utf-8")
