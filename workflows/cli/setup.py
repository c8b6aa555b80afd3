"""`init` and `config`: writing a commented configuration, and saying where each value came from."""

from pathlib import Path
from typing import Annotated, Any

import typer

from workflows.cli.common import UsageProblem, known_problems, load_settings


def init(
    repo: Annotated[Path, typer.Option(help="The repository to configure.")] = Path(),
    user: Annotated[
        bool, typer.Option("--user", help="Write your own config file instead: keys, models, limits.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Write a commented configuration file; every line is a comment until you change it."""
    with known_problems():
        from workflows.settings import REPOSITORY_KEYS, Settings, user_config

        path = user_config() if user else repo / "greenloop.toml"
        if path.exists() and not force:
            raise UsageProblem(f"{path} is there already; --force replaces it")
        fields = {k: f for k, f in Settings.model_fields.items() if user or k in REPOSITORY_KEYS}
        head = "# greenloop: uncomment what you want to change. `greenloop config` shows what is in force.\n"
        body = "\n".join(
            f"# {f.description}\n# {key} = {_toml(f.default)}\n" for key, f in fields.items() if key != "state_dir"
        )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{head}\n{body}", encoding="utf-8")
        except OSError as error:
            raise UsageProblem(f"{path}: {error.strerror}") from None
        typer.echo(f"wrote {path}")


def config(
    repo: Annotated[Path, typer.Option(help="Whose configuration to read.")] = Path(),
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Print each setting, its value and where it came from."""
    with known_problems():
        import json

        loaded = load_settings(repo if repo.is_dir() else None)
        values = {k: _shown(getattr(loaded.values, k)) for k in type(loaded.values).model_fields}
        if json_lines:
            typer.echo(json.dumps({k: {"value": v, "from": loaded.origin[k]} for k, v in values.items()}, indent=1))
            return
        for key, value in values.items():
            typer.echo(f"{key:<18} {value!s:<32} {loaded.origin[key]}")


def _shown(value: Any) -> Any:
    if hasattr(value, "get_secret_value"):
        return "********" if value.get_secret_value() else ""
    return str(value) if isinstance(value, Path) else value


def _toml(value: Any) -> str:
    if value is None:
        return '""  # not set'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | list | dict):
        return str(value)
    return f'"{_shown(value)}"'


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (init, config):
        app.command()(command)
