"""Variables for the services of a compose file that are built here, added where the file has its environment.

The file is read as YAML, changed as text at the places where the nodes stand, and read again: comments and layout stay,
and what could not be added is told, never left out in silence.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import yaml

from agents.profile import Source

COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_MERGE = "tag:yaml.org,2002:merge"
_DEPTH = 8


@dataclass(frozen=True, slots=True)
class _Found:
    """A key's value in a service, its own or one that is merged in."""

    key: yaml.Node
    value: yaml.Node
    own: bool

    @property
    def alias(self) -> bool:
        """The value is written elsewhere: the parser gives the node where its anchor stands."""
        return self.value.start_mark.index < self.key.start_mark.index


@dataclass(slots=True)
class _Edits:
    """Replacements in a text: where from, where to, by what."""

    text: str
    found: dict[tuple[int, int], str] = field(default_factory=dict)

    def result(self) -> str:
        text = self.text
        for (start, stop), new in sorted(self.found.items(), reverse=True):
            text = text[:start] + new + text[stop:]
        return text

    @property
    def end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def row(self, index: int) -> int:
        """Where the row begins in which a place is."""
        return self.text.rfind("\n", 0, index) + 1

    def rows_from(self, start: int) -> Iterator[tuple[int, str]]:
        """Rows with the places where they begin."""
        for row in self.text[start:].splitlines(keepends=True):
            yield start, row
            start += len(row)


def with_variables(text: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """A compose file whose services that are built here get the variables from outside.

    Returns:
        The new text, and one sentence for each service that somebody has to give variables by hand.
    """
    try:
        services = dict(_services(yaml.compose(text, Loader=yaml.SafeLoader)))
    except (yaml.YAMLError, RecursionError):
        return text, ("it cannot be read as YAML: the application needs " + _listed(names),) if names else ()
    edits = _Edits(text)
    for service in services.values():
        _add(edits, service, names)
    changed = edits.result()
    if not _only_more(text, changed):
        changed = text
    told = []
    for name, service in services.items():
        missing = _missing(changed, name, names)
        file = _find(service, "env_file")
        if missing:
            where = f" in {_plain(file.value)}, where it takes its environment from" if file else ""
            told.append(f"service `{name}` needs {_listed(missing)}{where or ' in its environment'}")
    return changed, tuple(told)


def notes(source: Source, names: Sequence[str]) -> tuple[str, ...]:
    """What the user has to add to the compose files by hand once the variables are needed, a sentence each."""
    files = set(source.files())
    found = [(path, note) for path in COMPOSE if path in files for note in with_variables(source.read(path), names)[1]]
    return tuple(f"{path} has to be completed by hand: {note}." for path, note in found)


def _services(root: yaml.Node | None) -> Iterator[tuple[str, yaml.MappingNode]]:
    """Those with a `build`, by name."""
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        for name, service in value.value if key.value == "services" and isinstance(value, yaml.MappingNode) else ():
            if isinstance(service, yaml.MappingNode) and _find(service, "build"):
                yield str(name.value), service


def _find(mapping: yaml.Node, name: str, depth: int = _DEPTH) -> _Found | None:
    """A key's value: the mapping's own, else of what is merged into it, the first first."""
    pairs = mapping.value if isinstance(mapping, yaml.MappingNode) else []
    for key, value in pairs:
        if key.value == name:
            return _Found(key, value, own=depth == _DEPTH)
    for key, value in pairs if depth else ():
        for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            found = _find(merged, name, depth - 1) if key.tag == _MERGE else None
            if found:
                return found
    return None


def _add(edits: _Edits, service: yaml.MappingNode, names: Sequence[str]) -> None:
    found = _find(service, "environment")
    missing = [name for name in names if name not in _names(found.value if found else None)]
    if not missing or (found is None and _find(service, "env_file")):
        return
    if found is None:
        _new_environment(edits, service, missing)
    elif found.alias and found.own and isinstance(found.value, yaml.MappingNode):
        _beside_alias(edits, found, missing)
    elif isinstance(found.value, yaml.CollectionNode) and found.value.flow_style:
        _in_brackets(edits, found.value, missing)
    elif isinstance(found.value, yaml.CollectionNode) and found.value.value:
        _in_rows(edits, found.value, missing)


def _names(environment: yaml.Node | None, depth: int = _DEPTH) -> set[str]:
    """Variables that are set or passed on."""
    if isinstance(environment, yaml.SequenceNode):
        return {str(one.value).partition("=")[0] for one in environment.value}
    found: set[str] = set()
    for key, value in environment.value if isinstance(environment, yaml.MappingNode) and depth else ():
        found.add(str(key.value))
        for merged in value.value if isinstance(value, yaml.SequenceNode) else [value]:
            found |= _names(merged, depth - 1) if key.tag == _MERGE else set()
    return found


def _new_environment(edits: _Edits, service: yaml.MappingNode, names: Sequence[str]) -> None:
    """Before `build`, or the first key when that is merged in."""
    if service.flow_style:
        return
    own = next((key for key, _ in service.value if key.value == "build"), service.value[0][0])
    start = edits.row(own.start_mark.index)
    pad = edits.text[start : own.start_mark.index]
    if pad.strip():
        return
    rows = [f"{pad}environment:", *(f"{pad}  {name}: {_asked(name)}" for name in names)]
    edits.found[start, start] = "".join(row + edits.end for row in rows)


def _beside_alias(edits: _Edits, found: _Found, names: Sequence[str]) -> None:
    """`environment: *common` takes what is in common by a merge, and has more of its own."""
    start = found.key.end_mark.index
    written = re.compile(r"\s*:[ \t]*(\*[^\s,\]}]+)").match(edits.text, start)
    pad = edits.text[edits.row(start) : found.key.start_mark.index]
    if written is None or pad.strip():
        return
    rows = [f"<<: {written[1]}", *(f"{name}: {_asked(name)}" for name in names)]
    edits.found[start, written.end()] = ":" + "".join(f"{edits.end}{pad}  {row}" for row in rows)


def _in_brackets(edits: _Edits, environment: yaml.CollectionNode, names: Sequence[str]) -> None:
    """`{A: b}` and `[A=b]`."""
    stop = environment.end_mark.index - 1
    items = [part for one in environment.value for part in (one if isinstance(one, tuple) else (one,))]
    last = max((one.end_mark.index for one in items), default=stop)
    comma = not items or "," in edits.text[last:stop].split("#")[0]
    mapping = isinstance(environment, yaml.MappingNode)
    new = ", ".join(f'{name}: "{_asked(name)}"' if mapping else f'"{name}={_asked(name)}"' for name in names)
    if "\n" in edits.text[last:stop] and items:
        place = last if not comma else edits.text.index(",", last) + 1
        edits.found[place, place] = ("" if comma else ",") + " " + new
    else:
        place = len(edits.text[:stop].rstrip())
        edits.found[place, place] = ("" if not items else " " if comma else ", ") + new


def _in_rows(edits: _Edits, environment: yaml.CollectionNode, names: Sequence[str]) -> None:
    """After the last row of a block, before the blank rows behind it."""
    first = environment.value[0]
    node = first[0] if isinstance(first, tuple) else first
    start = edits.row(node.start_mark.index)
    row = edits.text[start : node.start_mark.index]
    listed = isinstance(environment, yaml.SequenceNode)
    inside, stop = len(row) - len(row.lstrip()) if listed else len(row), start
    for place, line in edits.rows_from(start):
        bare = line.strip()
        if not bare or len(line) - len(line.lstrip()) < inside or (listed and _sibling(line, inside)):
            break
        stop = place + len(line)
    pad = " " * inside
    rows = [f"{pad}- {name}={_asked(name)}" if listed else f"{pad}{name}: {_asked(name)}" for name in names]
    before = "" if edits.text[:stop].endswith("\n") else edits.end
    edits.found[stop, stop] = before + "".join(one + edits.end for one in rows)


def _sibling(line: str, inside: int) -> bool:
    """A key at the indent of a list is the next one of the service."""
    return re.match(rf" {{{inside}}}[^\s#-]", line) is not None


def _asked(name: str) -> str:
    return f"${{{name}:?set it in .env}}"


def _missing(text: str, service: str, names: Sequence[str]) -> list[str]:
    found = dict(_services(yaml.compose(text, Loader=yaml.SafeLoader))).get(service)
    environment = _find(found, "environment") if found else None
    return [name for name in names if name not in _names(environment.value if environment else None)]


def _only_more(before: str, after: str) -> bool:
    """Both are YAML, and nothing that was said before is said otherwise."""
    try:
        return _holds(yaml.safe_load(after), yaml.safe_load(before))
    except (yaml.YAMLError, RecursionError):
        return False


def _holds(new: object, old: object) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return all(key in new and _holds(new[key], value) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return new[: len(old)] == old
    return new == old


def _plain(node: yaml.Node) -> str:
    """`env_file` in its forms: a path, a list of paths or of mappings with one."""
    if isinstance(node, yaml.SequenceNode):
        return " or ".join(_plain(one) for one in node.value)
    path = _find(node, "path")
    return _plain(path.value) if path else f"`{node.value}`"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)
