"""Refusing an edit that breaks a file which could be parsed before (Python, TOML, JSON)."""

import ast
import json
import tomllib
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import tree_sitter_python
from tree_sitter import Language, Node, Parser

from agents.errors import EditRefused

CONTEXT_LINES = 3
"""Lines shown on each side of an error."""
NEWER = frozenset({"type_alias_statement", "type_parameter"})
"""Syntax younger than the oldest interpreter we run on; the sandbox may have a newer one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text cannot be parsed, and on which line (1-based)."""

    line: int
    reason: str


def check_syntax(path: str, before: str, after: str) -> None:
    """Refuse to turn a file that parses (or is new: `before` empty) into one that does not.

    Raises:
        EditRefused: with the error, how the place would look and how it is now.
    """
    find = _FINDERS.get(path.rpartition(".")[2].lower())
    if find is None:
        return
    fault = find(after)
    if fault is None or (before and find(before) is not None):
        return
    parts = [
        f"The edit of {path} is refused, the file is unchanged: line {fault.line}: {fault.reason}.",
        f"It would have become:\n{_excerpt(after, fault.line)}",
    ]
    if before:
        parts.append(f"It is now:\n{_excerpt(before, fault.line)}")
    raise EditRefused("\n".join([*parts, "Do not repeat the same edit: correct it first."]))


def check_python(path: str, before: str, after: str) -> None:
    """`check_syntax` under the name of its main use."""
    check_syntax(path, before, after)


def _excerpt(text: str, line: int) -> str:
    lines = text.splitlines()
    first = max(0, min(line, len(lines)) - 1 - CONTEXT_LINES)
    shown = lines[first : line + CONTEXT_LINES]
    return "\n".join(f"{first + number + 1:>5}  {content[:200]}" for number, content in enumerate(shown))


def _python_fault(text: str) -> Fault | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return None if _is_newer_syntax(text) else Fault(error.lineno or 1, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return Fault(1, f"not parsable: {error or type(error).__name__}")
    return None


def _is_newer_syntax(text: str) -> bool:
    tree = Parser(Language(tree_sitter_python.language())).parse(text.encode("utf-8", "replace"))
    return not tree.root_node.has_error and _contains_newer(tree.root_node)


def _contains_newer(root: Node) -> bool:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.type in NEWER:
            return True
        waiting += node.children
    return False


def _toml_fault(text: str) -> Fault | None:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return Fault(_line_in(str(error)) or len(text.splitlines()), str(error) or "nested too deeply")
    return None


def _line_in(message: str) -> int:
    _, found, rest = message.partition("at line ")
    digits = rest.split(",")[0]
    return int(digits) if found and digits.isdigit() else 0


def _json_fault(text: str) -> Fault | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return Fault(error.lineno, error.msg)
    except (ValueError, RecursionError) as error:
        return Fault(1, str(error) or "nested too deeply")
    return None


_FINDERS: dict[str, Callable[[str], Fault | None]] = {
    "py": _python_fault,
    "pyi": _python_fault,
    "toml": _toml_fault,
    "json": _json_fault,
}
