"""Files that judge a change later or elsewhere: lock files, what CI runs, what coverage counts, pytest's plugins.

They run as the change left them; what the change did to them is a finding.
"""

import configparser
import json
import re
import tomllib
from typing import Any, Literal

Watched = Literal["lock", "ci", "coverage"]
_LOCKS = frozenset({"uv.lock", "poetry.lock", "pdm.lock", "pipfile.lock", "requirements.lock", "pylock.toml"})
_CI = re.compile(
    r"\.github/(?:workflows|actions)/.+|\.gitlab-ci\.ya?ml|\.circleci/.+|\.travis\.yml|azure-pipelines\.ya?ml"
    r"|bitbucket-pipelines\.yml|\.drone\.yml|jenkinsfile|noxfile\.py|\.pre-commit-config\.yaml"
)
_COVERAGE = frozenset({".coveragerc", ".coveragerc.toml", "codecov.yml", ".codecov.yml"})


def watched(path: str) -> Watched | None:
    """What a file decides, None when nothing of this kind."""
    low = path.lower()
    name = low.rpartition("/")[2]
    if name in _LOCKS:
        return "lock"
    if _CI.fullmatch(low):
        return "ci"
    return "coverage" if name in _COVERAGE else None


def judging_settings(path: str, content: bytes) -> str:
    """The coverage settings and the pytest plugins that a settings file of many tools declares; empty without any."""
    text = content.decode("utf-8-sig", "replace")
    try:
        found = _of_toml(tomllib.loads(text)) if path.endswith(".toml") else _of_ini(text)
    except (tomllib.TOMLDecodeError, configparser.Error, RecursionError):
        return ""
    return json.dumps(found, sort_keys=True, default=str) if found else ""


def _of_toml(data: dict[str, Any]) -> dict[str, Any]:
    tools, project = _table(data.get("tool")), _table(data.get("project"))
    plugins = _table(project.get("entry-points")).get("pytest11") or _table(
        _table(tools.get("poetry")).get("plugins")
    ).get("pytest11")
    return {k: v for k, v in (("coverage", tools.get("coverage")), ("pytest11", plugins)) if v}


def _of_ini(text: str) -> dict[str, Any]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    found: dict[str, Any] = {s: dict(parser.items(s)) for s in parser.sections() if s.startswith("coverage:")}
    entries = parser.get("options.entry_points", "pytest11", fallback="")
    return found | ({"pytest11": entries} if entries.strip() else {})


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
