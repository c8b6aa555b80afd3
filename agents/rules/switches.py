"""Switching rules off: for a line by a comment, for files or altogether by the repository's configuration."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from agents.errors import EditRefused
from agents.findings import Finding
from agents.profile import Source

_COMMENT = re.compile(r"#\s*greenloop:\s*ignore\[([A-Za-z0-9, ]+)\]")


@dataclass(frozen=True, slots=True)
class Switches:
    """Rules that are off; a rule is named by its id or by the beginning of one (`GL9`)."""

    off: tuple[str, ...] = ()
    by_path: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Pattern of a path (`app/legacy/*`) -> rules that are off there."""

    def allows(self, rule: str, path: str) -> bool:
        """The rule is on in that file."""
        listed = [*self.off, *(r for pattern, rules in self.by_path if fnmatch(path, pattern) for r in rules)]
        return not any(rule.startswith(r) for r in listed if r)


def read_switches(source: Source) -> Switches:
    """`rules_off` and `rules_ignore` of `greenloop.toml`, else of `[tool.greenloop]`; what is malformed is absent."""
    own = _toml(source, "greenloop.toml")
    tool = _toml(source, "pyproject.toml").get("tool", {})
    table = {**(tool.get("greenloop", {}) if isinstance(tool, dict) else {}), **own}
    return switches_of(table.get("rules_off", []), table.get("rules_ignore", {}))


def switches_of(off: Any, by_path: Any) -> Switches:
    """The switches two configuration values stand for."""
    paths = by_path.items() if isinstance(by_path, dict) else ()
    return Switches(_names(off), tuple((str(pattern), _names(rules)) for pattern, rules in paths))


def _names(value: Any) -> tuple[str, ...]:
    return tuple(str(v).strip() for v in value) if isinstance(value, list | tuple) else ()


def _toml(source: Source, path: str) -> dict[str, Any]:
    if path not in source.files():
        return {}
    try:
        return tomllib.loads(source.read(path))
    except (EditRefused, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return {}


def without_ignored(findings: Iterable[Finding], texts: dict[str, str]) -> list[Finding]:
    """Findings without those a comment on one of their lines switches off."""
    lines = {path: text.splitlines() for path, text in texts.items() if "greenloop:" in text}
    return [f for f in findings if not _is_ignored(f, lines.get(f.path, []))]


def _is_ignored(finding: Finding, lines: list[str]) -> bool:
    for line in lines[finding.line - 1 : finding.end_line]:
        for listed in _COMMENT.findall(line):
            if finding.rule in [name.strip() for name in listed.split(",")]:
                return True
    return False
