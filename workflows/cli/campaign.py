"""`greenloop campaign`: one request over many repositories."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflows.cli.common import UsageProblem, known_problems, load_settings
from workflows.cli.worker import QueueUrl, queue_problems

if TYPE_CHECKING:
    from workflows.campaigns.file import Campaign
    from workflows.campaigns.hall import Hall
    from workflows.queue.jobs import Job

File = Annotated[Path, typer.Argument(help="The campaign file (greenloop campaign init makes one).", metavar="FILE")]
Workers = Annotated[
    int | None,
    typer.Option(min=0, help="Workers of this machine; 0 only watches. Unsaid: as many as fit, or 0 with a queue URL."),
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
group = typer.Typer(
    name="campaign", help="One request over many repositories.", no_args_is_help=True, rich_markup_mode=None
)
NOT_ALL = 10
"""Exit code when not every repository came to what was asked."""


@contextmanager
def _hall(queue_url: str | None) -> "Iterator[Hall]":
    from workflows.campaigns.hall import opened

    with opened(load_settings(None, queue_url=queue_url)) as hall:
        hall.queue.database.tell = lambda text: typer.echo(text, err=True)
        hall.queue.prepare()
        yield hall


def _jobs(hall: "Hall", campaign: "Campaign") -> "list[Job]":
    from workflows.campaigns.hall import latest

    found = latest(hall.queue.jobs_of(campaign.name))
    if not found:
        raise UsageProblem(f"campaign {campaign.name} has not begun here: greenloop campaign run FILE")
    return found


@group.command()
def init(file: Annotated[Path, typer.Argument(help="The new file.", metavar="FILE")] = Path("campaign.yaml")) -> None:
    """Write a campaign file with every setting explained."""
    with known_problems():
        if file.exists():
            raise UsageProblem(f"{file} is there already")
        from importlib.resources import files

        file.write_text(files("workflows.campaigns").joinpath("template.yaml").read_text(encoding="utf-8"))
        typer.echo(f"wrote {file}; see what it would do: greenloop campaign preview {file}")


@group.command()
def schema() -> None:
    """Print the JSON schema of campaign files."""
    from workflows.campaigns.file import schema as text

    typer.echo(text(), nl=False)


@group.command()
def preview(file: File, queue_url: QueueUrl = None) -> None:
    """Show what would be done in which repository, and why not; nothing is started."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_run import planned
        from workflows.cli.campaign_view import show_plan

        campaign = read(file)
        typer.echo(f"{campaign.asked().kind}: {campaign.asked().text}")
        show_plan(planned(hall, campaign, file))


@group.command()
def run(
    file: File,
    queue_url: QueueUrl = None,
    workers: Workers = None,
    detach: Annotated[bool, typer.Option("--detach", help="Enqueue, and leave it to the workers.")] = False,
) -> int:
    """Do it: enqueue what is not done yet, watch, bring the results home. The same command goes on after a stop."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_run import execute

        return execute(hall, read(file), file, workers, detach=detach)


@group.command()
def status(file: File, queue_url: QueueUrl = None, json_out: AsJson = False) -> None:
    """How every repository stands."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_view import as_json, show_jobs

        campaign = read(file)
        found, row = _jobs(hall, campaign), hall.queue.campaign(campaign.name)
        state, reason = (row.state, row.reason) if row is not None else ("", "")
        if json_out:
            typer.echo(as_json(found, campaign.name, state, reason))
            return
        show_jobs(found)
        typer.echo(f"campaign {campaign.name}: {state}" + (f", {reason}" if reason else ""))


@group.command()
def watch(file: File, queue_url: QueueUrl = None) -> int:
    """Follow a campaign that workers carry out; bring the results home when it is over."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_run import conclude, follow

        campaign = read(file)
        _jobs(hall, campaign)
        return conclude(hall, campaign, file) if follow(hall, campaign) else NOT_ALL


@group.command()
def retry(
    file: File,
    queue_url: QueueUrl = None,
    everything: Annotated[bool, typer.Option("--all", help="Whatever did not deliver, from the start.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only this repository, by name (may be given again).")] = None,
) -> None:
    """Send out again what failed for want of infrastructure, model or budget; such runs go on where they stopped."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_run import send_again

        campaign = read(file)
        found = _jobs(hall, campaign)
        if unknown := set(only or ()) - {job.name for job in found}:
            raise UsageProblem(f"--only {min(unknown)}: no such repository in the campaign (see its status)")
        names = send_again(hall, campaign, found, everything=everything, only=only or [])
        if not names:
            typer.echo("nothing to send out again" + ("" if everything else " (--all takes whatever did not deliver)"))
            return
        typer.echo(f"{len(names)} sent out again: {', '.join(names[:20])}")
        typer.echo(f"go on with: greenloop campaign run {file}")


@group.command()
def cancel(file: File, queue_url: QueueUrl = None) -> None:
    """Stop a campaign; runs that are going on stop too, and can be sent out again with retry."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.queue.jobs import ENDED
        from workflows.queue.reaper import stop

        campaign = read(file)
        if all(job.state == ENDED for job in _jobs(hall, campaign)):
            typer.echo(f"campaign {campaign.name} is over already: nothing is left to stop")
            return
        hall.queue.set_campaign(campaign.name, "cancelled", "cancelled by you")
        ended, asked = stop(hall.queue, campaign.name)
        typer.echo(f"campaign {campaign.name} is cancelled: {ended} never began, {asked} are asked to stop")


@group.command()
def report(
    file: File,
    queue_url: QueueUrl = None,
    out: Annotated[Path | None, typer.Option(help="The folder; by default report-NAME beside the file.")] = None,
) -> None:
    """Write the page about a campaign (report.html, no script, nothing loaded), the same as JSON, and runs' reports."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_run import write_report

        campaign = read(file)
        folder = out or file.absolute().parent / f"report-{campaign.name}"
        typer.echo(f"wrote {write_report(hall, campaign, _jobs(hall, campaign), folder)}")


@group.command("apply")
def apply_results(
    file: File,
    queue_url: QueueUrl = None,
    end: Annotated[str | None, typer.Option(help="branches, patches or bundles, whatever the file says.")] = None,
) -> int:
    """Make of every result what the file says: a branch, a patch, a bundle. What is there already stays."""
    with queue_problems(), _hall(queue_url) as hall:
        from workflows.campaigns.file import read
        from workflows.cli.campaign_run import bring_home

        campaign = read(file)
        if end not in (None, "branches", "patches", "bundles"):
            raise UsageProblem(f"--end {end}: branches, patches or bundles")
        return bring_home(hall, campaign, _jobs(hall, campaign), file, end)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group)
