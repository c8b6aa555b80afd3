"""From templates to Python source: strict rendering, line breaking."""

import ast
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agents.blueprints.names import (
    article,
    class_name,
    dashes,
    int_literal,
    listing,
    literal,
    local,
    sentence,
    tuple_literal,
    words,
)
from agents.blueprints.wrap import wrap_lines

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Python source, not HTML; values are names checked by the spec or literals
    )
    environment.filters.update(
        literal=literal,
        tuple_literal=tuple_literal,
        int_literal=int_literal,
        dashes=dashes,
        local=local,
        cls=class_name,
        words=words,
        article=article,
        sentence=sentence,
        listing=listing,
    )
    return environment


def render_text(template: str, **values: object) -> str:
    """A template as it stands, ending in one newline."""
    return _environment().get_template(template).render(**values).strip("\n") + "\n"


def render_python(template: str, **values: object) -> str:
    """A template as Python source: long calls broken one argument a line, blank lines normalised.

    Raises:
        SyntaxError: the template is wrong (a bug of ours, found before anything is written).
    """
    source = wrap_lines(render_text(template, **values))
    ast.parse(source)
    return source
