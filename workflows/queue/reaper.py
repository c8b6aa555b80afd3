"""What dead workers left: their jobs go to others, when the lease has run out and not before. Any worker does this."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from workflows.queue.database import Database
from workflows.queue.dispatch import workflow_id
from workflows.queue.jobs import ENDED, INFRA, QUEUED, RUNNING, Queue
from workflows.queue.money import write_off
from workflows.queue.schema import jobs, workers

MOST_TRIES = 8
"""Workers that may die at a job before it is given up."""
FORGET_S = 3600.0
"""Seconds after which a worker that is not heard of is forgotten."""


def reap(queue: Queue, lease_s: float) -> list[str]:
    """Send out again what nobody works on any more; returns the jobs."""
    found = queue.database.write(lambda conn: _lapsed(conn, queue))
    taken = queue.dispatch.taken()
    lost = queue.database.write(lambda conn: _never_claimed(conn, queue, taken, lease_s)) if taken else {}
    every = {**found, **lost}
    queue.dispatch.cancel(*(workflow_id(job, token) for job, token in every.items()))
    return list(every)


def _lapsed(conn: Connection, queue: Queue) -> dict[str, int]:
    """Jobs whose lease ran out; locked one by one, so that two reapers take different ones."""
    now = queue.database.now(conn)
    lapsed = select(jobs.c.id, jobs.c.token, jobs.c.tries, jobs.c.asked_to_stop).where(
        jobs.c.state == RUNNING, jobs.c.lease_until < now, jobs.c.version == queue.version
    )
    found = conn.execute(lapsed.with_for_update(skip_locked=True)).all()
    for row in found:
        write_off(conn, row.id, row.token)
        if row.asked_to_stop:
            _end(conn, row.id, now, "cancelled", "cancelled while its worker was away")
        elif row.tries >= MOST_TRIES:
            _end(conn, row.id, now, INFRA, f"{row.tries} workers died at it")
        else:
            queue.pass_on(conn, row.id, fresh=False)
    return {row.id: row.token for row in found}


def _never_claimed(conn: Connection, queue: Queue, taken: Mapping[str, str], lease_s: float) -> dict[str, int]:
    """Jobs that a worker fetched and did not live to claim."""
    now = queue.database.now(conn)
    alive = set(conn.execute(select(workers.c.id).where(workers.c.seen > now - lease_s)).scalars())
    waiting = select(jobs.c.id, jobs.c.token).where(
        jobs.c.state == QUEUED, jobs.c.queued < now - lease_s, jobs.c.version == queue.version
    )
    found = {}
    for row in conn.execute(waiting.with_for_update(skip_locked=True)).all():
        executor = taken.get(workflow_id(row.id, row.token))
        if executor is not None and executor not in alive:
            queue.pass_on(conn, row.id, fresh=False)
            found[row.id] = row.token
    return found


def _end(conn: Connection, job_id: str, now: float, ending: str, reason: str) -> None:
    values = {"state": ENDED, "ending": ending, "reason": reason, "lease_until": None, "ended": now}
    conn.execute(update(jobs).where(jobs.c.id == job_id).values(**values))


def stop(queue: Queue, campaign: str) -> tuple[int, int]:
    """Cancel a campaign's jobs: (ended at once, asked to stop)."""

    def work(conn: Connection) -> tuple[list[tuple[str, int]], int]:
        now = queue.database.now(conn)
        mine = jobs.c.campaign == campaign
        waiting = select(jobs.c.id, jobs.c.token).where(mine, jobs.c.state.notin_([RUNNING, ENDED]))
        ended = [(row.id, row.token) for row in conn.execute(waiting.with_for_update()).all()]
        for job_id, _ in ended:
            _end(conn, job_id, now, "cancelled", "cancelled before it began")
        asked = conn.execute(update(jobs).where(mine, jobs.c.state == RUNNING).values(asked_to_stop=1))
        return ended, asked.rowcount

    ended, asked = queue.database.write(work)
    queue.dispatch.cancel(*(workflow_id(job, token) for job, token in ended))
    return len(ended), asked


def tell(database: Database, worker: Mapping[str, Any], state: str) -> None:
    """Write down that a worker is there, and what it does (`worker`: see `schema.workers`)."""

    def work(conn: Connection) -> None:
        now = database.now(conn)
        conn.execute(workers.delete().where(workers.c.seen < now - FORGET_S))
        mine = workers.c.id == worker["id"]
        if conn.execute(update(workers).where(mine).values(state=state, seen=now)).rowcount == 0:
            conn.execute(workers.insert().values(**worker, state=state, started=now, seen=now))

    database.write(work)


def leave(database: Database, worker_id: str) -> None:
    """A worker that ended in peace is forgotten at once."""
    database.write(lambda conn: conn.execute(workers.delete().where(workers.c.id == worker_id)))
