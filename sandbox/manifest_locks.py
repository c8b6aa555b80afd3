"""Exact versions out of lock files. They constrain what the manifest asks for: a stale lock never hides a new need."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from packaging.version import InvalidVersion, Version

from sandbox.errors import DependencyError
from sandbox.manifest_pip import Pile, normal
from sandbox.manifest_toml import load_toml


def constraints_of(pile: Pile) -> list[str]:
    """`name==version` for every package a lock file pins to one version.

    Raises:
        DependencyError: a lock file is damaged.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for path in ("uv.lock", "poetry.lock", "pdm.lock"):
        if path in pile.present:
            for name, version in _toml_packages(load_toml(pile, path)):
                found[name].add(version)
    if "Pipfile.lock" in pile.present:
        for name, version in _pipenv_packages(pile):
            found[name].add(version)
    return [f"{name}=={next(iter(v))}" for name, v in sorted(found.items()) if len(v) == 1 and name != pile.own_name]


def _toml_packages(data: dict[str, Any]) -> Iterable[tuple[str, str]]:
    packages = data.get("package")
    for package in packages if isinstance(packages, list) else ():
        source = package.get("source", {}) if isinstance(package, dict) else {}
        local = isinstance(source, dict) and (
            {"editable", "virtual", "directory", "path", "git"} & source.keys()
            or source.get("type") in ("directory", "git", "file", "url")
        )
        if isinstance(package, dict) and not local and _is_version(package.get("version")):
            yield normal(str(package["name"])), str(package["version"])


def _pipenv_packages(pile: Pile) -> Iterable[tuple[str, str]]:
    try:
        data = json.loads(pile.text("Pipfile.lock"))
        for section in ("default", "develop"):
            for name, detail in data.get(section, {}).items():
                version = str(detail.get("version", "")).removeprefix("==")
                if _is_version(version):
                    yield normal(name), version
    except (ValueError, AttributeError, RecursionError) as broken:
        raise DependencyError(f"Pipfile.lock cannot be read: {broken}") from broken


def _is_version(text: object) -> bool:
    try:
        Version(str(text))
    except InvalidVersion:
        return False
    return text is not None
