"""The record of a job's run: on this machine's disk as always, and in the database for whoever takes over."""

import threading
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, delete, select

from workflows.events import Event, Kind
from workflows.queue.lease import Lease
from workflows.queue.schema import events, files
from workflows.record import Record
from workflows.runs import RunInfo, Runs

BATCH = 200


class FencedRuns(Runs):
    """Runs whose files are written only while the lease holds."""

    def __init__(self, state_dir: Path, lease: Lease) -> None:
        super().__init__(state_dir)
        self._lease = lease

    def save(self, info: RunInfo) -> None:
        """Write `run.json`.

        Raises:
            LeaseLost: it is not ours to write.
        """
        self._lease.check()
        super().save(info)


class SharedRecord(Record):
    """Everything is refused once the lease is lost; a paid reply is in the database before anybody acts on it."""

    def __init__(self, home: Path, lease: Lease, run: str, *, secrets: tuple[str, ...] = ()) -> None:
        super().__init__(home, secrets=secrets)
        self._lease = lease
        self._run = run
        self._turn = threading.Lock()
        self._flushed = self._seq

    def emit(self, kind: Kind, **data: Any) -> None:
        """See `Record.emit`."""
        self._lease.check()
        super().emit(kind, **data)

    def save_report(self, name: str, report: BaseModel) -> None:
        """See `Record.save_report`."""
        self._lease.check()
        super().save_report(name, report)
        self._share(f"reports/{name}.json")

    def write_text(self, name: str, text: str) -> Path:
        """See `Record.write_text`."""
        self._lease.check()
        path = super().write_text(name, text)
        self._share(name)
        return path

    def save(self, key: str, digest: str, record: dict[str, Any]) -> None:
        """See `Record.save`."""
        self._lease.check()
        super().save(key, digest, record)
        self._share(f"replies/{self._reply(key, digest).name}")

    def flush(self) -> None:
        """Bring the events since the last time into the database."""
        self._lease.check()
        with self._turn:
            new = [event for event in self.events() if event.seq >= self._flushed]
            for start in range(0, len(new), BATCH):
                part = new[start : start + BATCH]
                self._in_database(lambda conn, part=part: _put_events(conn, self._run, part))
                self._flushed = part[-1].seq + 1

    def _share(self, name: str) -> None:
        content = (self.home / name).read_bytes()
        self._in_database(lambda conn: _put_file(conn, self._run, name, content))

    def _in_database(self, work: Any) -> None:
        lease = self._lease

        def fenced(conn: Connection) -> None:
            lease.queue.assert_held(conn, lease.job_id, lease.token)
            work(conn)

        lease.queue.database.write(fenced, away_s=lease.left_s())


def _put_file(conn: Connection, run: str, name: str, content: bytes) -> None:
    conn.execute(delete(files).where(files.c.run == run, files.c.name == name))
    conn.execute(files.insert().values(run=run, name=name, content=content))


def _put_events(conn: Connection, run: str, new: list[Event]) -> None:
    first = new[0].seq
    conn.execute(delete(events).where(events.c.run == run, events.c.seq >= first))
    conn.execute(events.insert(), [{"run": run, "seq": e.seq, "line": e.model_dump_json()} for e in new])


def restore(conn: Connection, run: str, home: Path) -> bool:
    """Lay an earlier worker's record out on this disk; False when there is none."""
    kept = conn.execute(select(files.c.name, files.c.content).where(files.c.run == run)).all()
    lines = conn.execute(select(events.c.line).where(events.c.run == run).order_by(events.c.seq)).scalars().all()
    for name in ("replies", "reports"):
        (home / name).mkdir(parents=True, exist_ok=True)
    for name, content in kept:
        (home / name).write_bytes(content)
    if lines:
        (home / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return bool(kept or lines)


def shared_file(conn: Connection, run: str, name: str) -> bytes:
    """One file of a run's record as the database has it, empty when it has none."""
    found = conn.execute(select(files.c.content).where(files.c.run == run, files.c.name == name)).scalar()
    return bytes(found or b"")
