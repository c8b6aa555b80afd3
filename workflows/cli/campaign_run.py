"""A campaign from its file to the results at home; shared by `run`, `watch`, `retry` and `apply`."""

import secrets
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import typer

from workflows.campaigns import plan as planning
from workflows.campaigns.apply import apply, has_result
from workflows.campaigns.capacity import most
from workflows.campaigns.crew import begin_crew
from workflows.campaigns.file import Campaign, End
from workflows.campaigns.hall import Hall, latest
from workflows.campaigns.report import collect, write
from workflows.campaigns.waves import GOOD, STOPPED, advance
from workflows.cli.campaign_view import WIDTH, repositories, show_plan, summary
from workflows.endings import MEANING, Ending
from workflows.queue.jobs import ENDED, Job
from workflows.queue.shared_record import shared_file

LOOK_S = 0.5
NOT_ALL = 10


def planned(hall: Hall, campaign: Campaign, file: Path) -> list[planning.Planned]:
    """What is to be done about every repository."""
    known = planning.done_before(hall.queue, campaign.name)
    env = hall.loaded.git_environment
    return list(planning.plan(campaign, file.absolute().parent, hall.queue.version, known, hall.mirrors, env))


def execute(hall: Hall, campaign: Campaign, file: Path, workers: int | None, *, detach: bool) -> int:
    """Enqueue, carry out or watch, and bring home."""
    plan = planned(hall, campaign, file)
    hall.depot.make()
    new = planning.enrol(hall.queue, campaign, file.absolute().parent, plan, hall.depot)
    if new:
        show_plan(new)
    else:
        typer.echo(f"going on: {repositories(len(plan))}, all enqueued already")
    advance(hall.queue)
    if hall.queue.database.shared and hall.depot.url.startswith("/"):
        typer.echo("the store is a folder of this machine; for workers elsewhere set GREENLOOP_STORE_URL", err=True)
    if detach:
        typer.echo(f"enqueued; follow it with: greenloop campaign watch {file}")
        return 0
    count = workers if workers is not None else (0 if hall.queue.database.shared else most(0, _memory(hall)))
    with _working(hall, count):
        over = follow(hall, campaign)
    return conclude(hall, campaign, file) if over else NOT_ALL


def _memory(hall: Hall) -> int:
    return hall.loaded.values.memory_mb


@contextmanager
def _working(hall: Hall, count: int) -> Iterator[None]:
    """Workers of this machine beside what is done here; they end when nothing is left, or with us."""
    if not count:
        yield
        return
    crew = begin_crew(hall.loaded, lambda event, **data: _tell_crew(event, data), count)
    thread = threading.Thread(target=crew.keep, name="crew", daemon=True)
    thread.start()
    try:
        yield
    finally:
        crew.stop()
        if thread.is_alive():
            typer.echo("waiting for the workers to come to a checkpoint (Ctrl-C does not wait) ...", err=True)
        thread.join()


def _tell_crew(event: str, data: dict[str, object]) -> None:
    if event != "worker_spared":
        typer.echo(f"{event.replace('_', ' ')}: {data}", err=True)


def follow(hall: Hall, campaign: Campaign) -> bool:
    """Tell every ending as it comes, until all have come; False when stopped by Ctrl-C."""
    told = {job.id: job.ended for job in hall.queue.jobs_of(campaign.name) if job.state == ENDED}
    try:
        while True:
            advance(hall.queue)
            found = latest(hall.queue.jobs_of(campaign.name))
            for job in found:
                if job.state == ENDED and told.get(job.id) != job.ended:
                    told[job.id] = job.ended
                    _tell(job, sum(j.state == ENDED for j in found), len(found))
            if all(job.state == ENDED for job in found):
                return True
            time.sleep(LOOK_S)
    except KeyboardInterrupt:
        typer.echo("stopped watching; the same command goes on", err=True)
        return False


def _tell(job: Job, ended: int, of: int) -> None:
    from sandbox.text import clean

    seconds = f"{(job.ended or 0) - (job.started or job.ended or 0):.0f} s"
    more = " ".join(job.reason.split())
    typer.echo(clean(f"{ended:>4}/{of:<4} {job.ending:<17} {job.name:<{WIDTH}} {seconds:>6}  {more}").rstrip()[:240])
    sys.stdout.flush()


def conclude(hall: Hall, campaign: Campaign, file: Path) -> int:
    """Bring the results home and say what came of it."""
    advance(hall.queue)
    found = latest(hall.queue.jobs_of(campaign.name))
    code = 0
    if campaign.end != "nothing":
        code = bring_home(hall, campaign, found, file, None)
    typer.echo(summary(found))
    row = hall.queue.campaign(campaign.name)
    if row is not None and row.state == STOPPED:
        typer.echo(f"the rest was stopped: {row.reason}")
    typer.echo(f"the page about it: greenloop campaign report {file}")
    if any(job.ending in planning.AGAIN for job in found):
        typer.echo(f"some failed for want of infrastructure or budget: greenloop campaign retry {file}")
    return code or (0 if all(job.ending in GOOD for job in found) else NOT_ALL)


def bring_home(hall: Hall, campaign: Campaign, found: Sequence[Job], file: Path, end: str | None) -> int:
    """Apply every result; the exit code says whether all could be."""
    wanted = cast(End, end or campaign.end)
    if wanted == "nothing":
        typer.echo("the file says end: nothing; say --end branches, patches or bundles")
        return 2
    out = file.absolute().parent / campaign.out
    problems = 0
    for job in (one for one in found if has_result(one)):
        done = apply(job, hall.depot_of(job), wanted, out)
        problems += bool(done.problem)
        typer.echo(f"  {job.name:<{WIDTH}} {done.problem or done.what}")
    return NOT_ALL if problems else 0


def send_again(
    hall: Hall, campaign: Campaign, found: Sequence[Job], *, everything: bool, only: Sequence[str]
) -> list[str]:
    """Send out what failed; returns the names."""
    words = {str(w) for w in planning.AGAIN} | {planning.NOT_STARTED}
    if everything:
        settled = {str(Ending.DELIVERED), str(Ending.UNCHANGED), str(Ending.REFUSED)}
        words = {str(w) for w in MEANING} - settled | words
    chosen = [j for j in found if j.state == ENDED and j.ending in words and (not only or j.name in only)]
    ready = [j for j in chosen if j.spec.get("sha")]
    limits = {"flags": campaign.flags(), "purse": campaign.limits.all.model_dump()}  # as the file says now
    hall.queue.again({
        j.id: (j.run if j.ending in planning.AGAIN else secrets.token_hex(4), {**j.spec, **limits}) for j in ready
    })  # fmt: skip
    if ready:
        hall.queue.set_campaign(campaign.name, "running")
    return [j.name for j in ready]


def write_report(hall: Hall, campaign: Campaign, found: Sequence[Job], folder: Path) -> Path:
    """The page, the JSON, and the reports of the runs."""
    row = hall.queue.campaign(campaign.name)
    state, reason = (row.state, row.reason) if row is not None else ("", "")
    texts: dict[str, str] = {}
    for job in found:
        kept = hall.queue.database.read(lambda conn: shared_file(conn, job.run, "report.md"))  # noqa: B023 - called at once
        texts[job.run] = kept.decode(errors="replace")
    told = collect(campaign, found, state, reason, lambda job: texts[job.run])
    return write(told, folder)
