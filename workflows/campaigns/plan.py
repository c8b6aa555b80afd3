"""Which jobs a campaign comes to: what is done already, filtered or refused is not asked for again, and is told."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from sandbox.depot import Depot
from sandbox.errors import SandboxError
from workflows.campaigns.file import Campaign
from workflows.campaigns.filters import parse_filter
from workflows.campaigns.sources import Found, Place, digest, look_at, places
from workflows.endings import Ending
from workflows.queue.jobs import ENDED, HELD, Queue
from workflows.queue.schema import jobs

READY, REFUSED, FILTERED, DONE_BEFORE = "ready", "refused", "filtered", "done_before"
NOT_STARTED = "not_started"
"""The word of a job that a failing wave kept from beginning."""
LEFT_ALONE = frozenset({FILTERED, DONE_BEFORE, NOT_STARTED})
"""Words of jobs in which no run took place, besides those of runs."""
AGAIN = frozenset({Ending.INFRA, Ending.BUDGET, Ending.MODEL_UNAVAILABLE, Ending.CANCELLED})
"""Endings that say nothing about the repository: the same job is asked for again."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done about one repository."""

    place: Place
    word: str
    reason: str = ""
    sha: str = ""
    key: str = ""
    job: str = ""
    found: Found | None = None


def plan(
    campaign: Campaign, beside: Path, version: str, known: Callable[[str], str], mirrors: Path, env: dict[str, str]
) -> Iterator[Planned]:
    """One after the other, as they are looked at.

    Args:
        known: given a key, where and how the same work ended before; empty when it did not.
    """
    filters = [parse_filter(text) for text in campaign.only]
    for place in places(campaign, beside):
        found = look_at(place, mirrors, env)
        key = key_of(campaign, found, version)
        job = digest(f"{campaign.name}\0{key}")[:12]
        made = {"sha": found.sha, "key": key, "job": job, "found": found}
        if found.problem:
            yield Planned(place, REFUSED, found.problem, **made)  # type: ignore[arg-type]
            continue
        try:
            missed = next((f.text for f in filters if not f.holds(found.files(), found.read)), None)
        except SandboxError as error:
            yield Planned(place, REFUSED, error.problem, **made)  # type: ignore[arg-type]
            continue
        before = known(key)
        if missed is not None:
            yield Planned(place, FILTERED, f"does not hold: {missed}", **made)  # type: ignore[arg-type]
        elif before:
            yield Planned(place, DONE_BEFORE, before, **made)  # type: ignore[arg-type]
        else:
            yield Planned(place, READY, **made)  # type: ignore[arg-type]


def key_of(campaign: Campaign, found: Found, version: str) -> str:
    """Equal keys mean equal work: what is asked, of whom, on which commit, by which greenloop."""
    asked = campaign.asked().model_dump(mode="json")
    told = [asked, campaign.engine, found.place.where, found.sha or found.problem, version]
    return digest(json.dumps(told, sort_keys=True))


def done_before(queue: Queue, campaign: str) -> Callable[[str], str]:
    """Looks a key up among the jobs of other campaigns."""

    def known(key: str) -> str:
        def work(conn: Connection) -> str:
            asked = select(jobs.c.campaign, jobs.c.ending).where(
                jobs.c.key == key, jobs.c.state == ENDED, jobs.c.campaign != campaign
            )
            for row in conn.execute(asked):
                if row.ending not in AGAIN and row.ending not in LEFT_ALONE:
                    return f"{row.ending} in campaign {row.campaign}"
            return ""

        return queue.database.read(work)

    return known


def rows(campaign: Campaign, planned: list[Planned], store: str) -> list[dict[str, Any]]:
    """The jobs as the queue takes them, canaries first."""
    ready = [p for p in planned if p.word == READY]
    waves = {p.job: _wave(campaign, number) for number, p in enumerate(ready)}
    ordered = [*ready, *(p for p in planned if p.word != READY)]
    return [_row(campaign, p, position, waves.get(p.job, 0), store) for position, p in enumerate(ordered)]


def _wave(campaign: Campaign, number: int) -> int:
    canaries, size = campaign.waves.canaries, campaign.waves.size
    if number < canaries:
        return 0
    first = 1 if canaries else 0
    return first + ((number - canaries) // size if size else 0)


def _row(campaign: Campaign, planned: Planned, position: int, wave: int, store: str) -> dict[str, Any]:
    run = digest(f"run {planned.job}")[:8]
    names = {"campaign": campaign.name, "name": branch_word(planned.place.name), "run": run}
    spec = {
        "request": campaign.asked().model_dump(mode="json"),
        "engine": campaign.engine,
        "flags": campaign.flags(),
        "purse": campaign.limits.all.model_dump(),
        "branch": campaign.branch.format(**names),
        "store": store,
        "where": planned.place.where,
        "remote": planned.place.remote,
        "sha": planned.sha,
    }
    row = {
        "id": planned.job, "campaign": campaign.name, "position": position, "wave": wave, "name": planned.place.name,
        "key": planned.key, "spec": json.dumps(spec), "run": run, "state": HELD,
    }  # fmt: skip
    return row if planned.word == READY else row | {"state": ENDED, "ending": planned.word, "reason": planned.reason}


def branch_word(name: str) -> str:
    """A repository's name as part of a branch's."""
    return "".join(c if c.isalnum() or c in "-_." else "-" for c in name).strip("-.") or "repository"


def enrol(queue: Queue, campaign: Campaign, beside: Path, planned: list[Planned], depot: Depot) -> list[Planned]:
    """Write the campaign and its new jobs down; their commits are in the depot before. Returns the new ones."""
    there = {job.id for job in queue.jobs_of(campaign.name)}
    new = [p for p in planned if p.job not in there]
    for one in new:
        if one.word == READY and one.found is not None:
            one.found.put(depot, one.job)
    told = {"campaign": campaign.model_dump(mode="json"), "beside": str(beside.absolute())}
    queue.add_campaign(campaign.name, json.dumps(told))
    fresh = {p.job for p in new}
    queue.add([row for row in rows(campaign, planned, depot.url) if row["id"] in fresh])
    return new
