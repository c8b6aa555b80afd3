"""`sandbox build|list|prune`: the images tests run in."""

import time
from pathlib import Path
from typing import Annotated

import typer

from workflows.cli.common import UsageProblem, known_problems, load_settings

sandbox_app = typer.Typer(help="The images tests run in.", no_args_is_help=True, rich_markup_mode=None)
UNITS = {"k": 10**3, "m": 10**6, "g": 10**9}


@sandbox_app.command()
def build(
    repo: Annotated[Path | None, typer.Option(help="Also build the image of this repository's dependencies.")] = None,
) -> None:
    """Build the base image, and a repository's dependency image, ahead of the first run."""
    with known_problems():
        from workflows.engines import extras_of, images_for, manifest_of

        loaded = load_settings(repo)
        images = images_for(loaded, tell=typer.echo)
        typer.echo(f"base image: {images.base}")
        if repo is not None:
            extras, manifest = extras_of(repo, loaded.values), manifest_of(repo)
            for note in extras.notes:
                typer.echo(note)
            image = images.ensure(manifest, known=manifest, extras=extras)
            typer.echo(
                f"dependency image: {image.tag} ({'built' if image.built else 'there already'}, {image.seconds:.1f} s)"
            )


@sandbox_app.command("list")
def list_images() -> None:
    """List greenloop's images with their sizes."""
    with known_problems():
        from workflows.engines import images_for

        found = images_for(load_settings(), base="").list()
        for image in found:
            used = time.strftime("%Y-%m-%d %H:%M", time.localtime(image.last_used or image.created))
            typer.echo(f"{image.tag:<50} {image.own / 10**6:>6.0f} of {image.size / 10**6:.0f} MB its own  {used}")
        own = sum(image.own for image in found)
        typer.echo(f"{len(found)} images hold {own / 10**6:.0f} MB of their own, the rest they share")


@sandbox_app.command()
def prune(
    keep: Annotated[str, typer.Option(help="How much to keep, e.g. 5G; those used last stay.")] = "0",
) -> None:
    """Remove dependency images, longest unused first; the base image stays, and what is in use.

    When nothing is to be kept, the wheels that builds share go too.
    """
    with known_problems():
        from workflows.engines import images_for

        limit = _bytes(keep)
        images = images_for(load_settings(), base="")
        removed = images.prune(limit)
        wheels = " and the wheels that builds share" if not limit and images.forget_wheels() else ""
        typer.echo(f"removed {len(removed)} images{wheels}")


def _bytes(text: str) -> int:
    number, unit = (text[:-1], text[-1].lower()) if text[-1:].lower() in UNITS else (text, "")
    try:
        return int(float(number) * UNITS.get(unit, 1))
    except ValueError:
        raise UsageProblem(f"--keep {text}: not a size like 500M or 5G") from None


def register(app: typer.Typer) -> None:
    """Add the command group."""
    app.add_typer(sandbox_app, name="sandbox")
