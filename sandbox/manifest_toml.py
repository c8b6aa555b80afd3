"""Reading pyproject.toml (PEP 621, PEP 735, poetry), setup.cfg and Pipfile."""

import configparser
import re
import tomllib
from typing import Any

from sandbox.errors import DependencyError
from sandbox.manifest_pip import GROUPS, Pile, normal


def load_toml(pile: Pile, path: str) -> dict[str, Any]:
    """Parse one TOML file.

    Raises:
        DependencyError: it is damaged.
    """
    try:
        return tomllib.loads(pile.text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as broken:
        raise DependencyError(f"{path} is not valid TOML: {broken}") from broken


def read_pyproject(pile: Pile, path: str) -> None:
    """Take dependencies, test extras and groups, and the Python version."""
    data = load_toml(pile, path)
    project = _table(data.get("project"))
    pile.own_name = normal(str(project.get("name", "")))
    if isinstance(project.get("requires-python"), str):
        pile.python = project["requires-python"]
    if "dependencies" in project.get("dynamic", ()):
        pile.note(f"{path}: dependencies are computed by the build and cannot be read")
    extras = {normal(name): lines for name, lines in _table(project.get("optional-dependencies")).items()}
    own = re.compile(rf"{re.escape(pile.own_name)}\[([^\]]+)\]") if pile.own_name else None

    def take(lines: object, seen: frozenset[str]) -> None:
        for line in lines if isinstance(lines, list) else ():
            match = own.match(normal(str(line))) if own else None
            if match is None:
                pile.add(str(line), path)
            else:
                names = {normal(name.strip()) for name in match[1].split(",")} - seen
                for name in sorted(names):
                    take(extras.get(name), seen | names)

    take(project.get("dependencies"), frozenset())
    for name in sorted(GROUPS & extras.keys()):
        take(extras[name], frozenset({name}))
    groups = {normal(name): lines for name, lines in _table(data.get("dependency-groups")).items()}
    for name in sorted(GROUPS & groups.keys()):
        _group(pile, path, groups, name, frozenset())
    _poetry(pile, path, _table(_table(data.get("tool")).get("poetry")))


def _group(pile: Pile, path: str, groups: dict[str, Any], name: str, seen: frozenset[str]) -> None:
    if name in seen:
        raise DependencyError(f"{path}: dependency group {name} includes itself")
    for line in groups.get(name, ()):
        if isinstance(line, dict) and "include-group" in line:
            _group(pile, path, groups, normal(str(line["include-group"])), seen | {name})
        elif isinstance(line, str):
            pile.add(line, path)


def _poetry(pile: Pile, path: str, poetry: dict[str, Any]) -> None:
    pile.own_name = pile.own_name or normal(str(poetry.get("name", "")))
    _specs(pile, path, _table(poetry.get("dependencies")))
    _specs(pile, path, _table(poetry.get("dev-dependencies")))
    for name, group in sorted(_table(poetry.get("group")).items()):
        if normal(name) in GROUPS:
            _specs(pile, path, _table(_table(group).get("dependencies")))


def _specs(pile: Pile, path: str, table: dict[str, Any]) -> None:
    """Take a table of name -> version, as poetry and pipenv write it."""
    for name, spec in table.items():
        variants = spec if isinstance(spec, list) else [spec]
        for one in variants:
            detail = one if isinstance(one, dict) else {"version": str(one)}
            if normal(name) == "python":
                pile.python = pile.python or versions(str(detail.get("version", "")), path) or None
            elif detail.get("path") or detail.get("file"):
                pile.note(f"{path}: the local package {name} is not installed")
            elif not detail.get("optional"):
                pile.add(_line(name, detail, path), path)


def _line(name: str, detail: dict[str, Any], path: str) -> str:
    extras = f"[{','.join(map(str, detail['extras']))}]" if detail.get("extras") else ""
    marker = f" ; {detail['markers']}" if detail.get("markers") else ""
    if git := detail.get("git"):
        ref = detail.get("rev") or detail.get("tag") or detail.get("branch") or detail.get("ref")
        return f"{name}{extras} @ git+{git}{f'@{ref}' if ref else ''}{marker}"
    if url := detail.get("url"):
        return f"{name}{extras} @ {url}{marker}"
    return f"{name}{extras}{versions(str(detail.get('version', '*')), path)}{marker}"


def versions(text: str, path: str) -> str:
    """Poetry's `^1.2`, `~1.2`, `1.2`, `1.*`, `*` as a standard specifier.

    Raises:
        DependencyError: alternatives (`||`), which have no such form.
    """
    if "|" in text:
        told = f"{path}: the version alternatives {text!r} cannot be expressed"
        raise DependencyError(told, advice="name one range")
    parts = (_one_version(part.strip()) for part in re.split(r",|\s+(?=[<>=!~^])", text))
    return ",".join(part for part in parts if part)


def _one_version(part: str) -> str:
    if part in ("", "*"):
        return ""
    if part[0] in "^~" and not part.startswith("~="):
        base = part[1:].strip()
        numbers = [int(n) for n in re.findall(r"\d+", re.split(r"[a-z]", base)[0])] or [0]
        fixed = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1) if part[0] == "^" else 0
        if part[0] == "~":
            fixed = min(1, len(numbers) - 1)
        upper = [*numbers[:fixed], numbers[fixed] + 1]
        return f">={base},<{'.'.join(map(str, upper))}"
    if part[0].isdigit():
        return f"=={part}"
    return re.sub(r"\s+", "", part)


def read_setup_cfg(pile: Pile, path: str) -> None:
    """Take `install_requires`, test extras and the Python version."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(pile.text(path))
    except configparser.Error as broken:
        raise DependencyError(f"{path} cannot be read: {broken}") from broken
    pile.own_name = pile.own_name or normal(parser.get("metadata", "name", fallback=""))
    lines = parser.get("options", "install_requires", fallback="").splitlines()
    pile.python = pile.python or parser.get("options", "python_requires", fallback="") or None
    if parser.has_section("options.extras_require"):
        for name, value in parser.items("options.extras_require"):
            lines += value.splitlines() if normal(name) in GROUPS else []
    for line in lines:
        plain = re.sub(r"(^|\s)#.*$", "", line).strip()
        if plain.startswith("file:"):
            pile.note(f"{path}: {plain} is not followed")
        elif plain:
            pile.add(plain, path)


def read_pipfile(pile: Pile, path: str) -> None:
    """Take both package tables and the Python version."""
    data = load_toml(pile, path)
    _specs(pile, path, _table(data.get("packages")))
    _specs(pile, path, _table(data.get("dev-packages")))
    version = _table(data.get("requires")).get("python_version")
    pile.python = pile.python or (f"=={version}.*" if version else None)


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
