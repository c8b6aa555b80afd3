"""A PostgreSQL cluster of a test's own, on loopback: started, killed, started again, removed."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg import sql


def programs() -> Path | None:
    """Where Debian, or whoever, put the server's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda p: int(p.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("postgres")
    return Path(there).parent if there else None


class Cluster:
    """Use as a context manager. The server does not run as root, so as root it runs as `postgres`.

    `durable` False writes nothing through to the disk: quicker, for tests that are about nothing like that.
    """

    def __init__(self, durable: bool = True) -> None:
        self._durable = durable
        bin_dir = programs()
        assert bin_dir is not None, "PostgreSQL is not installed: scripts/postgresql.sh"
        self._bin = bin_dir
        self._user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="greenloop-pg-", dir="/tmp"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._server: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> "Cluster":
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run(
            "initdb",
            "-D",
            str(self.folder / "data"),
            "-U",
            "postgres",
            "-A",
            "trust",
            *(() if self._durable else ("--no-sync",)),
        )
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGQUIT)
            self._server.wait()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = ["-p", str(self.port), "-k", str(self.folder), "-c", "listen_addresses=127.0.0.1",
                   "-c", "max_connections=200",
                   *(() if self._durable else ("-c", "fsync=off"))]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log, stderr=log, **self._as_user(),
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while subprocess.run(
            [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False
        ).returncode:
            assert time.monotonic() < deadline, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """`kill -9` of the server and every process of it."""
        assert self._server is not None
        children = subprocess.run(
            ["pgrep", "-P", str(self._server.pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        self._server.kill()
        for child in children:
            try:
                os.kill(int(child), signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._server.wait()
        self._server = None

    def setting(self, name: str) -> str:
        """What a setting of the server is, as it says itself."""
        with psycopg.connect(self.url()) as conn:
            row = conn.execute("select current_setting(%s)", (name,)).fetchone()
        assert row is not None
        return str(row[0])

    def create(self, database: str, like: str = "template1", encoding: str = "UTF8") -> str:
        """A new database, a copy of another that nobody uses; returns its URL."""
        with psycopg.connect(self.url(), autocommit=True) as conn:
            names = sql.Identifier(database), sql.Identifier(like), sql.Literal(encoding)
            made = "create database {} template {} strategy file_copy encoding {}"
            if encoding != "UTF8":
                made += " locale 'C'"
            conn.execute(sql.SQL(made).format(*names))
        return self.url(database)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run([str(self._bin / program), *arguments], capture_output=True, text=True, **self._as_user())
        assert done.returncode == 0, done.stderr

    def _as_user(self) -> dict[str, object]:
        base: dict[str, object] = {"cwd": "/", "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
        return base | ({"user": self._user.pw_uid, "group": self._user.pw_gid} if self._user else {})
