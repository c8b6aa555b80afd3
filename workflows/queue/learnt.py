"""What the first wave of a campaign learnt: plans that led to a result there are not paid for again."""

from collections.abc import Callable
from dataclasses import replace

from pydantic import ValidationError
from sqlalchemy import Connection, select

from agents.roles import Team
from agents.settled import LearntPlanner, Settled
from workflows.endings import Ending
from workflows.queue.jobs import ENDED, Job, Queue
from workflows.queue.schema import jobs
from workflows.queue.shared_record import SharedRecord, shared_file
from workflows.settings import OFFLINE

REPORT = "settled-plan"
KINDS = ("feature", "refactor")
"""Requests whose plan is not about one repository's own trouble."""


def learning(queue: Queue, job: Job, record: SharedRecord) -> Callable[[Team], Team]:
    """Makes a team that writes down what it planned, and in later waves first looks at what the first one settled."""

    def known() -> list[tuple[str, Settled]]:
        return plans_of(queue, job.campaign) if job.wave else []

    def keep(found: Settled) -> None:
        record.save_report(REPORT, found)

    def learnt(team: Team) -> Team:
        if job.spec["engine"] == OFFLINE or job.spec["request"].get("kind") not in KINDS:
            return team
        other = team.refactorer and LearntPlanner(team.refactorer, known, keep)
        return replace(team, planner=LearntPlanner(team.planner, known, keep), refactorer=other)

    return learnt


def plans_of(queue: Queue, campaign: str) -> list[tuple[str, Settled]]:
    """Plans of the first wave's delivered runs, with their repository's name; a plan that several had, once."""

    def work(conn: Connection) -> list[tuple[str, bytes]]:
        first = jobs.c.campaign == campaign, jobs.c.wave == 0
        asked = select(jobs.c.name, jobs.c.run).where(*first, jobs.c.state == ENDED, jobs.c.ending == Ending.DELIVERED)
        found = conn.execute(asked.order_by(jobs.c.position)).all()
        return [(row.name, shared_file(conn, row.run, f"reports/{REPORT}.json")) for row in found]

    plans: dict[str, tuple[str, Settled]] = {}
    for name, content in queue.database.read(work):
        try:
            one = Settled.model_validate_json(content)
        except ValidationError:  # none was made, or another greenloop's
            continue
        plans.setdefault(one.model_dump_json(), (name, one))
    return list(plans.values())
