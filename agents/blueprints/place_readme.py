"""The README's table of endpoints, kept up to date in an application whose README is ours."""

import re

from agents.blueprints.blocks import block_endpoints, block_needs
from agents.blueprints.fragments import Style
from agents.blueprints.names import article, words
from agents.blueprints.spec import FeatureSpec
from agents.blueprints.summary import login_endpoints, resource_endpoints
from agents.profile import Source

README = "README.md"
_TABLE = re.compile(
    r"^## Endpoints\n\n\| method \| path \| purpose \|\n\|---\|---\|---\|\n"
    r"(?P<rows>(?:\| [A-Z]+ \| `[^`\n]+` \| [^|\n]+ \|\n)+)",
    re.MULTILINE,
)
_OURS = "| GET | `/health` | is the service up |\n"
_CONTAINERS = "With containers, on PostgreSQL:"
_GUARDED = " (login needed)"


def new_readme(source: Source, spec: FeatureSpec, style: Style, *, login: bool) -> dict[str, str]:
    """The README with a row for every new endpoint; nothing when its table is not the one we wrote.

    Args:
        login: accounts are new in this application.
    """
    text = source.read(README) if README in source.files() else ""
    table = _TABLE.search(text)
    if table is None or _OURS not in table["rows"]:
        return {}
    rows = _guarded(table["rows"], spec, style)
    for method, path, purpose in _added(spec, style, login=login):
        if f"| {method} | `{path}` |" not in rows:
            rows += f"| {method} | `{path}` | {purpose} |\n"
    told = "".join(
        f"The service does not start without `{name}`: see `.env.example`.\n\n"
        for name in block_needs(spec.blocks)
        if f"`{name}`" not in text
    )
    head = text[: table.start("rows")].replace(_CONTAINERS, told + _CONTAINERS, 1)
    changed = head + rows + text[table.end("rows") :]
    return {README: changed} if changed != text else {}


def _added(spec: FeatureSpec, style: Style, *, login: bool) -> list[tuple[str, str, str]]:
    found = login_endpoints(style, spec.login_parts) if login else []
    found += block_endpoints(spec, style)
    for resource in spec.resources:
        found += [] if resource.exists else resource_endpoints(resource, spec, style)
    return found


def _guarded(rows: str, spec: FeatureSpec, style: Style) -> str:
    """Rows of what was there and needs a login now say so."""
    for guard in (g for g in spec.guards if g.resource in style.known):
        for action in guard.actions:
            one, many = words(guard.resource), words(style.known[guard.resource].plural)
            what = many if action == "list" else article(one)
            rows = rows.replace(f" | {action} {what} |\n", f" | {action} {what}{_GUARDED} |\n")
    return rows
