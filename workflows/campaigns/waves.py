"""Who is sent out next, and whether anybody is: canaries first, wave by wave. Any worker looks after this."""

import json
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, Row, select, update

from workflows.campaigns.file import Campaign, Waves
from workflows.campaigns.plan import DONE_BEFORE, FILTERED, NOT_STARTED
from workflows.endings import Ending
from workflows.queue.jobs import ENDED, HELD, Queue
from workflows.queue.schema import campaigns, jobs

RUNNING, STOPPED, OVER, CANCELLED = "running", "stopped", "ended", "cancelled"
GOOD = frozenset({Ending.DELIVERED, Ending.UNCHANGED, Ending.PARTIAL, FILTERED, DONE_BEFORE})
"""Endings that are no failure; what is refused is told and counted, and stops nobody either."""


def advance(queue: Queue) -> None:
    """Bring every running campaign as far as it may go now."""
    asked = select(campaigns.c.id).where(campaigns.c.state == RUNNING)
    for name in queue.database.read(lambda conn: list(conn.execute(asked).scalars())):
        queue.database.write(lambda conn: _advance(conn, queue, name))  # noqa: B023 - called at once


def _advance(conn: Connection, queue: Queue, name: str) -> None:
    mine = campaigns.c.id == name
    row = conn.execute(select(campaigns).where(mine, campaigns.c.state == RUNNING).with_for_update()).first()
    if row is None:
        return
    waves = Campaign.model_validate(json.loads(row.file)["campaign"]).waves
    found = conn.execute(select(jobs).where(jobs.c.campaign == name).order_by(jobs.c.position)).all()
    left = [job for job in found if job.state != ENDED]
    if not left:
        conn.execute(update(campaigns).where(mine).values(state=OVER))
        return
    current = min(job.wave for job in left)
    held = [job for job in left if job.wave == current and job.state == HELD]
    if not held:
        return
    why = trouble(waves, found, current)
    if why:
        _stop(conn, queue, name, why)
        return
    for job in held:
        queue.pass_on(conn, job.id)


def trouble(waves: Waves, found: Sequence[Row[tuple[object, ...]]], current: int) -> str:
    """Why the wave `current` must not begin; empty when it may."""
    before = [job for job in found if job.wave == current - 1 and job.started is not None]
    failed = [job for job in before if job.ending not in GOOD and job.ending != Ending.REFUSED]
    if not failed:
        return ""
    canaries = current == 1 and waves.canaries > 0
    if canaries and len(failed) <= waves.canaries_may_fail:
        return ""
    if not canaries and len(failed) / len(before) < waves.stop_at:
        return ""
    words = ", ".join(f"{count} {word}" for word, count in Counter(job.ending for job in failed).most_common())
    who = "canaries" if canaries else f"runs of wave {current - 1}"
    return f"{len(failed)} of {len(before)} {who} failed ({words}), first {failed[0].name}: {failed[0].reason}"[:500]


def _stop(conn: Connection, queue: Queue, name: str, why: str) -> None:
    now = queue.database.now(conn)
    values = {"state": ENDED, "ending": NOT_STARTED, "reason": why, "ended": now}
    conn.execute(update(jobs).where(jobs.c.campaign == name, jobs.c.state == HELD).values(**values))
    conn.execute(update(campaigns).where(campaigns.c.id == name).values(state=STOPPED, reason=why))
