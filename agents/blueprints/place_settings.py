"""Settings that blocks bring, told where an existing application tells its own: `.env.example`, the compose file."""

import re
from collections.abc import Mapping, Sequence

import yaml

from agents.blueprints.blocks import block_env, block_needs
from agents.blueprints.spec import BlockSpec
from agents.profile import Source

_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env")
_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_KEY = re.compile(r"(?P<indent> *)(?P<name>[\w.-]+):(?P<rest>.*)")


def new_settings(source: Source, blocks: Sequence[BlockSpec], plurals: Mapping[str, str]) -> dict[str, str]:
    """Path -> new content of the files that name settings, where there are some and a block brings new ones.

    Args:
        plurals: of the resources the blocks are for.
    """
    files = set(source.files())
    found = {}
    for path in (p for p in _EXAMPLES if p in files):
        found[path] = _example(source.read(path), block_env(blocks, plurals))
    for path in (p for p in _COMPOSE if p in files):
        found[path] = with_variables(source.read(path), block_needs(blocks))
    return {path: text for path, text in found.items() if text != source.read(path)}


def _example(text: str, lines: Sequence[str]) -> str:
    """The lines of variables it does not have, each with the comment above it."""
    have = set(re.findall(r"^\s*#?\s*(?:export\s+)?(\w+)\s*=", text, re.MULTILINE))
    new: list[str] = []
    notes: list[str] = []
    for line in lines:
        if line.startswith("#"):
            notes = [line]
        elif line.partition("=")[0] not in have:
            new += [*notes, line]
            notes = []
    end = "\r\n" if "\r\n" in text else "\n"
    start = text if not text or text.endswith("\n") else text + end
    return start + "".join(line + end for line in new) if new else text


def with_variables(text: str, names: Sequence[str]) -> str:
    """A compose file whose services that are built here get the variables from outside; as it was where that is not
    plain: the environment is written in braces or taken from an anchor, or the file is no YAML."""
    rows = text.splitlines(keepends=True)
    end = "\r\n" if "\r\n" in text else "\n"
    builds = [n for n, row in enumerate(rows) if re.match(r" +build:", row)]
    for place in reversed(builds):
        rows = _into_service(rows, place, names, end)
    changed = "".join(rows)
    return changed if _only_more(text, changed, names) else text


def _into_service(rows: list[str], place: int, names: Sequence[str], end: str) -> list[str]:
    """The rows with the variables in the service whose `build:` stands there."""
    indent = len(rows[place]) - len(rows[place].lstrip())
    first, last = place, place + 1
    while first > 0 and _within(rows[first - 1], indent):
        first -= 1
    while last < len(rows) and _within(rows[last], indent):
        last += 1
    keys = {m["name"]: n for n in range(first, last) if (m := _KEY.match(rows[n])) and len(m["indent"]) == indent}
    have = set(re.findall(r"\w+", "".join(rows[first:last])))
    missing = [name for name in names if name not in have]
    if not missing or ("env_file" in keys and "environment" not in keys):
        return rows
    pad = " " * indent
    if "environment" not in keys:
        new = [f"{pad}environment:{end}", *(f"{pad}  {name}: {_asked(name)}{end}" for name in missing)]
        return [*rows[:place], *new, *rows[place:]]
    below = keys["environment"] + 1
    if below >= last or rows[keys["environment"]].split("#")[0].strip() != "environment:":
        return rows
    inner = rows[below]
    inside = len(inner) - len(inner.lstrip())
    listed = inner.lstrip().startswith("- ")
    stop = below
    while stop < last and rows[stop].strip() and _within(rows[stop], inside):
        sibling = re.match(rf" {{{inside}}}[^\s#-]", rows[stop])
        if listed and sibling:
            break
        stop += 1
    pad = " " * inside
    new = [f"{pad}- {name}={_asked(name)}{end}" if listed else f"{pad}{name}: {_asked(name)}{end}" for name in missing]
    return [*rows[:stop], *new, *rows[stop:]]


def _within(row: str, indent: int) -> bool:
    return not row.strip() or len(row) - len(row.lstrip()) >= indent


def _asked(name: str) -> str:
    return f"${{{name}:?set it in .env}}"


def _only_more(before: str, after: str, names: Sequence[str]) -> bool:
    """Both are YAML, nothing that was said before is said otherwise, and the names are read."""
    try:
        old, new = yaml.safe_load(before), yaml.safe_load(after)
    except yaml.YAMLError:
        return False
    return _holds(new, old) and all(name in str(new) for name in names)


def _holds(new: object, old: object) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and _holds(new[key], value) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return new[: len(old)] == old
    return new == old
