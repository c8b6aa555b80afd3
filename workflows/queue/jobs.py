"""Jobs in the database: added, taken under a lease, given back, ended. Every write of a worker names its token."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from workflows.queue.checkpoint_tables import make_tables
from workflows.queue.database import Database
from workflows.queue.dispatch import Dispatch
from workflows.queue.schema import campaigns, jobs, migrate

HELD, QUEUED, RUNNING, ENDED = "held", "queued", "running", "ended"
INFRA = "infra"


class LeaseLost(Exception):
    """The job belongs to somebody else by now: whoever meets this stops without writing."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row."""

    id: str
    campaign: str
    position: int
    wave: int
    name: str
    key: str
    version: str
    spec: Mapping[str, Any]
    run: str
    state: str
    token: int
    tries: int
    worker: str
    ending: str
    reason: str
    result: Mapping[str, Any]
    created: float
    started: float | None
    ended: float | None
    asked_to_stop: bool


class Queue:
    """The queue: greenloop's tables, and DBOS's in the same database."""

    def __init__(self, database: Database, version: str) -> None:
        self.database = database
        self.version = version
        self.dispatch = Dispatch(database.url, version)

    def prepare(self) -> None:
        """Make or migrate the tables.

        Raises:
            SchemaTooNew: a newer greenloop made them.
        """
        self.database.write(migrate)
        self.dispatch.migrate()
        if self.database.shared:
            make_tables(self.database.url)

    def close(self) -> None:
        """Drop the connections."""
        self.dispatch.close()
        self.database.close()

    def add_campaign(self, name: str, file: str) -> None:
        """Write a campaign down, or its new text."""

        def work(conn: Connection) -> None:
            there = conn.execute(select(campaigns.c.id).where(campaigns.c.id == name)).scalar()
            if there is None:
                values = {
                    "id": name,
                    "file": file,
                    "state": "running",
                    "reason": "",
                    "created": self.database.now(conn),
                }
                conn.execute(campaigns.insert().values(**values))
            else:
                conn.execute(
                    campaigns.update().where(campaigns.c.id == name).values(file=file, state="running", reason="")
                )

        self.database.write(work)

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add jobs (see `schema.jobs`) that are not there yet; those whose state is `queued` are sent out."""

        def work(conn: Connection) -> None:
            now = self.database.now(conn)
            there = set(conn.execute(select(jobs.c.id)).scalars())
            for row in rows:
                if row["id"] not in there:
                    state = {"ended": now} if row["state"] == ENDED else {}
                    conn.execute(jobs.insert().values(created=now, version=self.version, token=0, **state, **row))
            self._send(conn, [r["id"] for r in rows if r["id"] not in there and r["state"] == QUEUED])

        self.database.write(work)

    def send(self, ids: Iterable[str], state: str = HELD) -> list[str]:
        """Send out jobs that are in this state; returns which."""

        def work(conn: Connection) -> list[str]:
            found = select(jobs.c.id).where(jobs.c.id.in_(list(ids)), jobs.c.state == state)
            chosen = list(conn.execute(found.order_by(jobs.c.position)).scalars())
            self._send(conn, chosen)
            return chosen

        return self.database.write(work)

    def _send(self, conn: Connection, ids: Iterable[str]) -> None:
        for job_id in ids:
            self.pass_on(conn, job_id)

    def pass_on(self, conn: Connection, job_id: str, *, fresh: bool = True) -> None:
        """A new token for a job and a place in the queue; `fresh`: its tries are counted anew."""
        values: dict[str, Any] = {
            "state": QUEUED, "token": jobs.c.token + 1, "worker": "", "lease_until": None, "ended": None,
            "queued": self.database.now(conn), "ending": "", "reason": "", "asked_to_stop": 0, "tidied": 0,
        }  # fmt: skip
        if fresh:
            values["tries"] = 0
        conn.execute(update(jobs).where(jobs.c.id == job_id).values(**values))
        row = conn.execute(select(jobs.c.token, jobs.c.position).where(jobs.c.id == job_id)).one()
        self.dispatch.enqueue(conn, job_id, row.token, row.position)

    def claim(self, job_id: str, token: int, worker: str, seconds: float) -> Job | None:
        """Take a job under a lease of so many seconds; None when it is not there to be taken under this token."""

        def work(conn: Connection) -> Job | None:
            now = self.database.now(conn)
            mine = jobs.c.id == job_id, jobs.c.token == token
            taken = conn.execute(
                update(jobs)
                .where(*mine, jobs.c.state == QUEUED)
                .values(state=RUNNING, worker=worker, lease_until=now + seconds, started=now, tries=jobs.c.tries + 1)
            )
            if taken.rowcount != 1:  # by this very worker, when the database went away after it had agreed
                again = select(jobs.c.id).where(*mine, jobs.c.state == RUNNING, jobs.c.worker == worker)
                if conn.execute(again).first() is None:
                    return None
            return as_job(conn.execute(select(jobs).where(*mine)).one())

        return self.database.write(work)

    def renew(self, job_id: str, token: int, seconds: float, away_s: float) -> bool:
        """Hold the lease for so many seconds from now; returns whether the job was asked to stop.

        Raises:
            LeaseLost: it is not ours any more, or ran out.
        """

        def work(conn: Connection) -> bool:
            now = self.database.now(conn)
            held = update(jobs).where(*_owned(job_id, token), jobs.c.lease_until > now)
            if conn.execute(held.values(lease_until=now + seconds)).rowcount != 1:
                raise LeaseLost(f"job {job_id} is not ours any more")
            return bool(conn.execute(select(jobs.c.asked_to_stop).where(jobs.c.id == job_id)).scalar())

        return self.database.write(work, away_s=away_s)

    def assert_held(self, conn: Connection, job_id: str, token: int) -> None:
        """Refuse to go on in a transaction unless the lease holds; nobody can take it before the transaction ends.

        Raises:
            LeaseLost: it does not.
        """
        asked = select(jobs.c.lease_until).where(*_owned(job_id, token)).with_for_update(read=True)
        until = conn.execute(asked).scalar()
        if until is None or until <= self.database.now(conn):
            raise LeaseLost(f"job {job_id} is not ours any more")

    def finish(self, job_id: str, token: int, ending: str, reason: str, result: Mapping[str, Any]) -> None:
        """Write a job's ending, once.

        Raises:
            LeaseLost: the job is somebody else's.
        """

        def work(conn: Connection) -> None:
            row = conn.execute(select(jobs.c.state, jobs.c.token).where(jobs.c.id == job_id)).one()
            if (row.state, row.token) == (ENDED, token):
                return  # the database went away after it had agreed
            self.assert_held(conn, job_id, token)
            done = {"state": ENDED, "ending": ending, "reason": reason[:2000], "result": json.dumps(result)}
            mine = update(jobs).where(jobs.c.id == job_id)
            conn.execute(mine.values(**done, lease_until=None, ended=self.database.now(conn)))

        self.database.write(work)

    def hand_back(self, job_id: str, token: int, *, counts: bool = False) -> None:
        """Give a job back unfinished, for whoever is there; a lease that is lost already is no matter.

        `counts`: as a try that failed.
        """

        def work(conn: Connection) -> None:
            row = conn.execute(select(jobs.c.state).where(*_owned(job_id, token)).with_for_update()).first()
            if row is not None:
                if not counts:
                    conn.execute(update(jobs).where(jobs.c.id == job_id).values(tries=jobs.c.tries - 1))
                self.pass_on(conn, job_id, fresh=False)

        self.database.write(work)

    def untidied(self, older_s: float, but: Collection[str]) -> list[Job]:
        """Jobs that ran, ended so long ago with another word than these, and whose leavings are there still."""

        def work(conn: Connection) -> list[Job]:
            ended = jobs.c.state == ENDED, jobs.c.tidied == 0, jobs.c.started.is_not(None)
            old = jobs.c.ended <= self.database.now(conn) - older_s, jobs.c.ending.not_in(list(but))
            return [as_job(row) for row in conn.execute(select(jobs).where(*ended, *old).limit(20))]

        return self.database.read(work)

    def set_tidied(self, job_id: str, token: int) -> None:
        """Nothing of a job is left but its result."""
        mine = jobs.c.id == job_id, jobs.c.token == token
        self.database.write(lambda conn: conn.execute(update(jobs).where(*mine).values(tidied=1)))

    def job(self, job_id: str) -> Job | None:
        """One job."""
        row = self.database.read(lambda conn: conn.execute(select(jobs).where(jobs.c.id == job_id)).first())
        return None if row is None else as_job(row)

    def jobs_of(self, campaign: str) -> list[Job]:
        """The jobs of a campaign in their order."""
        asked = select(jobs).where(jobs.c.campaign == campaign).order_by(jobs.c.position)
        return [as_job(row) for row in self.database.read(lambda conn: conn.execute(asked).all())]

    def counts(self) -> dict[tuple[str, str], int]:
        """(state, ending) -> how many jobs."""
        asked = select(jobs.c.state, jobs.c.ending, func.count()).group_by(jobs.c.state, jobs.c.ending)
        return {(s, e): n for s, e, n in self.database.read(lambda conn: conn.execute(asked).all())}

    def left(self) -> int:
        """Jobs of this version that are waiting to be sent out, to be taken, or in somebody's hands."""
        asked = select(func.count()).where(jobs.c.state != ENDED, jobs.c.version == self.version)
        return int(self.database.read(lambda conn: conn.execute(asked).scalar_one()))

    def versions_waiting(self) -> dict[str, int]:
        """greenloop version -> jobs that wait for a worker of it."""
        asked = select(jobs.c.version, func.count()).where(jobs.c.state == QUEUED).group_by(jobs.c.version)
        return {row[0]: row[1] for row in self.database.read(lambda conn: conn.execute(asked).all())}

    def again(self, chosen: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
        """Send ended jobs out once more.

        Args:
            chosen: id -> the run to go on with (a new one's id to begin anew), and what is to be done from now on.
        """

        def work(conn: Connection) -> None:
            for job_id, (run, spec) in chosen.items():
                values = {"run": run, "result": "{}", "spec": json.dumps(spec)}
                mine = jobs.c.id == job_id, jobs.c.state == ENDED
                if conn.execute(update(jobs).where(*mine).values(**values)).rowcount == 1:
                    self.pass_on(conn, job_id)

        self.database.write(work)

    def campaign(self, name: str) -> Row[Any] | None:
        """A campaign's row (see `schema.campaigns`), None when there is none."""
        asked = select(campaigns).where(campaigns.c.id == name)
        return self.database.read(lambda conn: conn.execute(asked).first())

    def set_campaign(self, name: str, state: str, reason: str = "") -> None:
        """Write down how a campaign stands."""
        values = {"state": state, "reason": reason}
        self.database.write(lambda conn: conn.execute(update(campaigns).where(campaigns.c.id == name).values(**values)))


def _owned(job_id: str, token: int) -> tuple[Any, ...]:
    return jobs.c.id == job_id, jobs.c.token == token, jobs.c.state == RUNNING


def as_job(row: Row[Any]) -> Job:
    """A row with its JSON read."""
    found = row._mapping
    kept = {name: found[name] for name in Job.__slots__ if name not in ("spec", "result", "asked_to_stop")}
    spec, result = json.loads(found["spec"]), json.loads(found["result"])
    return Job(spec=spec, result=result, asked_to_stop=bool(found["asked_to_stop"]), **kept)
