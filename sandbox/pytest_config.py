"""The pytest settings a repository's own suite runs with: text from a trusted tree, never discovered by pytest.

Kept are the ini values (asyncio mode, python path, markers, warning filters ...) and, of the default options, those
that say which tests belong to the suite or how they are imported. What changes reporting is left out.
"""

import configparser
import shlex
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FILES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")
"""Where pytest looks, in its order; the first with a section of its own counts."""
_SECTIONS = {"tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_LEFT_OUT = ("addopts", "cache_dir", "console_output_style", "log_", "junit_", "faulthandler", "required_plugins",
             "minversion", "verbosity")  # fmt: skip
_KEPT_OPTIONS = ("-m", "-k", "--ignore", "--ignore-glob", "--deselect", "--import-mode", "--asyncio-mode")


@dataclass(frozen=True, slots=True)
class PytestConfig:
    """What `run_in_process` needs of a repository's settings."""

    ini: str = "[pytest]\n"
    """Text of the ini file the run gets."""
    options: tuple[str, ...] = ()
    """Command line options."""
    source: str = ""
    """The file they came from, empty when there is none."""


def own_config(read: Callable[[str], bytes | None]) -> PytestConfig:
    """The settings of a tree whose files `read` gives; a damaged file counts as one without settings."""
    for name in FILES:
        content = read(name)
        values = None if content is None else _values(name, content.decode("utf-8-sig", "replace"))
        if values is not None:
            return PytestConfig(_ini(values), _options(values.get("addopts", "")), name)
    return PytestConfig()


def _values(name: str, text: str) -> Mapping[str, Any] | None:
    """The file's pytest settings; None when it has no section for them."""
    try:
        if name.endswith(".toml"):
            return _toml_values(name, tomllib.loads(text))
        parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#", ";"))
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(text)
    except (tomllib.TOMLDecodeError, configparser.Error, RecursionError):
        return None
    section = _SECTIONS.get(name, "pytest")
    if parser.has_section(section):
        return dict(parser.items(section))
    return {} if name in ("pytest.ini", ".pytest.ini") else None


def _toml_values(name: str, data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if name != "pyproject.toml":
        return _table(data.get("pytest")) or {}
    native = _table(_table(data.get("tool")).get("pytest"))
    found = native.get("ini_options", native)
    return _table(found) or None


def _ini(values: Mapping[str, Any]) -> str:
    lines = ["[pytest]"]
    for name, value in sorted(values.items()):
        if name.isidentifier() and not name.startswith(_LEFT_OUT) and (text := _text(value)):
            rows = [row for row in text.splitlines() if row.strip()]
            lines.append(f"{name} = " + "\n    ".join(row.strip() for row in rows))
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "\n".join(_word(str(one)) for one in value)
    return str(value).strip()


def _word(text: str) -> str:
    """One entry of a list; ini lists of paths are split at spaces, so those need quotes."""
    return shlex.quote(text) if " " in text and not any(c in text for c in ":'\"") else text


def _options(addopts: object) -> tuple[str, ...]:
    words = iter(_words(addopts))
    kept: list[str] = []
    for word in words:
        name, equals, _ = word.partition("=")
        if name in _KEPT_OPTIONS:
            kept += [word] if equals and name.startswith("--") else [word, next(words, "")]
        elif word == "-p" and (plugin := next(words, "")).startswith("no:"):
            kept += ["-p", plugin]
    return tuple(kept)


def _words(addopts: object) -> Iterable[str]:
    if isinstance(addopts, list):
        return map(str, addopts)
    try:
        return shlex.split(str(addopts))
    except ValueError:
        return ()


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
