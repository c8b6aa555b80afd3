"""Prompts are files, rendered strictly: a value that is missing is an error, never an empty string."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent / "prompts"


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - prompts are plain text, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def render(name: str, **values: object) -> str:
    """The prompt `prompts/<name>.md` with its values filled in.

    Raises:
        jinja2.UndefinedError: a value the prompt uses was not given.
        jinja2.TemplateNotFound: there is no such prompt.
    """
    return _environment().get_template(f"{name}.md").render(**values).strip()
