"""What the commands of campaigns show."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from workflows.campaigns.plan import Planned
    from workflows.queue.jobs import Job

WIDTH = 44


def sayer(*, json_lines: bool) -> Callable[..., None]:
    """Tells what a worker does: JSON lines for programs, a short line for a person."""

    def as_json(event: str, **data: Any) -> None:
        typer.echo(json.dumps({"at": round(time.time(), 3), "event": event, **data}))
        sys.stdout.flush()

    def as_text(event: str, **data: Any) -> None:
        from sandbox.text import clean

        told = "  ".join(f"{value}" for key, value in data.items() if key not in ("worker", "run", "token"))
        typer.echo(clean(f"{time.strftime('%H:%M:%S')}  {event.replace('_', ' ')}  {told}").rstrip())

    return as_json if json_lines or not sys.stdout.isatty() else as_text


def repositories(number: int) -> str:
    """`1 repository`, `24 repositories`."""
    return f"{number:,} repositor{'y' if number == 1 else 'ies'}"


def show_plan(planned: "Sequence[Planned]") -> None:
    """One line for each repository, and a sum."""
    from sandbox.text import clean

    for one in planned:
        typer.echo(clean(f"  {one.word:<12} {one.place.name:<{WIDTH}} {one.sha[:10]:<10} {one.reason}").rstrip())
    counts = Counter(one.word for one in planned)
    typer.echo(f"{repositories(len(planned))}: " + ", ".join(f"{n} {word}" for word, n in counts.most_common()))


def show_jobs(found: "Sequence[Job]") -> None:
    """One line for each job, and a sum."""
    from sandbox.text import clean

    for job in found:
        told = job.ending or job.state
        more = job.reason or str(job.result.get("branch", "")) or (job.worker if job.state == "running" else "")
        typer.echo(clean(f"  {told:<17} {job.name:<{WIDTH}} {' '.join(more.split())}").rstrip()[:240])
    typer.echo(summary(found))


def summary(found: "Sequence[Job]") -> str:
    """The sum in one line."""
    counts = Counter(job.ending or job.state for job in found)
    return f"{repositories(len(found))}: " + ", ".join(f"{n} {word}" for word, n in counts.most_common())


def as_json(found: "Sequence[Job]", campaign: str, state: str, reason: str) -> str:
    """The same for programs."""
    rows = [
        {
            "name": job.name, "where": job.spec.get("where", ""), "sha": job.spec.get("sha", ""), "job": job.id,
            "run": job.run, "state": job.state, "ending": job.ending, "reason": job.reason, "wave": job.wave,
            "result": dict(job.result),
        }
        for job in found
    ]  # fmt: skip
    return json.dumps({"campaign": campaign, "state": state, "reason": reason, "jobs": rows}, indent=1)
