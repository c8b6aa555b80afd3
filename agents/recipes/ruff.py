"""ruff on one text through stdin, with no configuration but what is given here."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ruff import find_ruff_bin

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Complaint:
    """What ruff found at one place."""

    rule: str
    line: int
    message: str


def fixed(text: str, path: str, rules: Sequence[str], *, target: str = "py311", settings: Sequence[str] = ()) -> str:
    """The text with every safe fix of these rules."""
    extra = [part for setting in settings for part in ("--config", setting)]
    return _run(
        ["check", "--fix", "--select", ",".join(rules), "--target-version", target, "--quiet", *extra], text, path
    )


def complaints(text: str, path: str, rules: Sequence[str], *, target: str = "py311") -> list[Complaint]:
    """What these rules find."""
    found = _run(
        ["check", "--select", ",".join(rules), "--target-version", target, "--output-format", "json"], text, path
    )
    return [Complaint(str(c["code"]), int(c["location"]["row"]), str(c["message"])) for c in json.loads(found)]


def like(before: str, after: str, path: str, pyproject: str, own: Iterable[str] = ()) -> str:
    """The new text in the layout of the old one: sorted imports and ruff's format stay where they were.

    Args:
        own: the repository's top-level import names.
    """
    settings = [*_layout(pyproject), _first_party(own)]
    if fixed(before, path, ["I"], settings=settings) == before:
        after = fixed(after, path, ["I"], settings=settings)
    if _formatted(before, path, settings) == before:
        after = _formatted(after, path, settings)
    return after


def laid_out(text: str, path: str, pyproject: str, own: Iterable[str]) -> str:
    """A new file with its imports sorted, in ruff's format."""
    settings = [*_layout(pyproject), _first_party(own)]
    return _formatted(fixed(text, path, ["I"], settings=settings), path, settings)


def _formatted(text: str, path: str, settings: Sequence[str]) -> str:
    return _run(["format", *[part for setting in settings for part in ("--config", setting)]], text, path)


def _layout(pyproject: str) -> list[str]:
    """What a project says about the length of its lines and the order of its imports."""
    try:
        tools: dict[str, Any] = tomllib.loads(pyproject).get("tool", {})
    except tomllib.TOMLDecodeError:
        return []
    table = tools.get("ruff") if isinstance(tools.get("ruff"), dict) else {}
    black = tools.get("black") if isinstance(tools.get("black"), dict) else {}
    length = (table or {}).get("line-length") or (black or {}).get("line-length")
    return [f"line-length={length}"] if isinstance(length, int) and 40 <= length <= 320 else []


def _run(arguments: list[str], text: str, path: str) -> str:
    command = [
        find_ruff_bin(),
        *arguments,
        "--isolated",
        "--no-cache",
        "--stdin-filename",
        path.rpartition("/")[2],
        "-",
    ]
    if arguments[0] == "check":
        command.append("--exit-zero")
    done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_SECONDS, cwd="/", check=True)
    return done.stdout.decode()


def _first_party(own: Iterable[str]) -> str:
    return f"lint.isort.known-first-party={json.dumps(sorted(own))}"


def is_standard(module: str) -> bool:
    """The module is the standard library's."""
    return module in sys.stdlib_module_names
