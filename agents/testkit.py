"""What every engine's acceptance tests stand on: a conftest with the fixtures `client` and `unique`."""

import re
from pathlib import Path
from pprint import pformat

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from sandbox.reports import Service

CONFTEST = "tests/acceptance/conftest.py"
"""Where the text belongs."""
_TEMPLATES = Path(__file__).parent / "templates"


def acceptance_conftest(service: Service) -> str:
    """Text of the acceptance tests' conftest.

    `client` is an `httpx.Client` on the service, `unique` a callable giving a short string that differs per call.
    The tests use the service at `APP_BASE_URL`; when that is not set they start `service` from a temporary copy of
    the project, its database in a temporary folder. The application is never imported.
    """
    return _template("acceptance_conftest.py.j2").render(
        argv=_python(list(service.argv)),
        prepare=_python([list(command) for command in service.prepare]),
        env=_python(dict(service.env)),
        ready_path=_python(service.ready_path),
        start_timeout=service.start_timeout_s,
    )


def in_process_conftest(service: Service) -> str | None:
    """A conftest with the same fixtures on the application itself, for a search; None when it is not known by name."""
    place = next((word for word in service.argv if re.fullmatch(r"[\w.]+:\w+", word)), None)
    if place is None:
        return None
    module, _, name = place.partition(":")
    return _template("search_conftest.py.j2").render(
        module=module,
        name=name,
        factory="--factory" in service.argv,
        prepare=_python([list(c) for c in service.prepare]),
    )


def _template(name: str) -> Template:
    environment = Environment(  # noqa: S701 - Python source, not HTML
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    return environment.get_template(name)


def _python(value: object) -> str:
    """The value as Python source with double quotes, as a formatter leaves it."""
    text = pformat(value, width=100)
    return text.replace("'", '"') if '"' not in text and "\\" not in text else text
