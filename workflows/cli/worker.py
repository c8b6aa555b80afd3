"""`greenloop worker`: carries out runs that wait in a queue, with as many others as there are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from workflows.cli.common import UsageProblem, known_problems, load_settings

QueueUrl = Annotated[
    str | None, typer.Option(help="postgresql://USER@HOST/DATABASE for several machines; a file of this one if unsaid.")
]


@contextmanager
def queue_problems() -> Iterator[None]:
    """`known_problems`, and those of a queue."""
    from sqlalchemy.exc import DBAPIError

    from workflows.campaigns.file import BadCampaign
    from workflows.endings import Ending, exit_code
    from workflows.queue.database import BadQueueUrl
    from workflows.queue.schema import SchemaTooNew

    with known_problems():
        try:
            yield
        except (BadCampaign, BadQueueUrl, SchemaTooNew) as error:
            raise UsageProblem(str(error)) from None
        except DBAPIError as error:
            said = " ".join(str(error.orig).split())[:300]
            raise UsageProblem(f"the queue's database: {said}", exit_code(Ending.INFRA)) from None


def worker(
    queue_url: QueueUrl = None,
    concurrency: Annotated[
        int, typer.Option(min=0, help="Runs side by side, each in a process; 0: by cores, and by memory as it is free.")
    ] = 0,
    parent: Annotated[int, typer.Option("--parent", hidden=True, min=0)] = 0,
    until_empty: Annotated[bool, typer.Option("--until-empty", help="End when no job is left.")] = False,
    lease: Annotated[float, typer.Option(min=2, help="Seconds after which a silent worker's job goes to others.")] = 30,
    metrics: Annotated[str, typer.Option(help="Serve /metrics for Prometheus at HOST:PORT.", metavar="HOST:PORT")] = "",
    json_lines: Annotated[bool, typer.Option("--json", help="JSON lines even on a terminal.")] = False,
) -> None:
    """Carry out the runs of campaigns: take a job, lease it, carry it to its ending, take the next. SIGTERM drains."""
    with queue_problems():
        from workflows.campaigns.capacity import most
        from workflows.campaigns.crew import BadAddress, begin_crew, metrics_at, serve_one
        from workflows.campaigns.hall import opened
        from workflows.cli.campaign_view import sayer

        loaded = load_settings(None, queue_url=queue_url)
        with opened(loaded):
            pass  # an address that cannot be used is told here, once, not by every process that is begun
        say = sayer(json_lines=json_lines)
        count = most(concurrency, loaded.values.memory_mb)
        try:
            with metrics_at(loaded, metrics):
                if count == 1:
                    serve_one(loaded, say, lease_s=lease, until_empty=until_empty, parent=parent)
                else:
                    begin_crew(loaded, say, count, lease_s=lease, until_empty=until_empty).work()
        except BadAddress as error:
            raise UsageProblem(str(error)) from None


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(worker)
