"""Settings an application asks for and does not get."""

import ast
import re
from collections.abc import Sequence

from agents.bugs.report import Frame
from agents.errors import EditRefused
from agents.profile import Source
from agents.troubles.trouble import Trouble

REASON = "missing setting"
_FIELD = re.compile(r"^(?P<name>\w+)\s*\n\s+Field required", re.MULTILINE)


def missing_settings(text: str, said: str, own: Sequence[Frame], source: Source) -> Trouble | None:
    """The reason when a settings class or `os.environ[...]` lacks values."""
    if "ValidationError" in text and "Field required" in said:
        names = list(dict.fromkeys(match["name"] for match in _FIELD.finditer(said)))
        path, line, code = _where(names, source)
        if path:
            listed = ", ".join(name.upper() for name in names)
            return _trouble(listed, len(names), path, line, code, text)
    last = own[-1] if own else None
    found = re.fullmatch(r"KeyError: '?(\w+)'?", text)
    if found and last and "environ" in _line(source, last.file, last.line):
        return _trouble(found[1], 1, last.file, last.line, _line(source, last.file, last.line), text)
    return None


def _trouble(listed: str, count: int, path: str, line: int, code: str, text: str) -> Trouble:
    what = f"It does not start without {listed} in its environment."
    change = (
        f"Set {'it' if count == 1 else 'them'} (a line in `.env`, named in `.env.example`), or give a default here."
    )
    return Trouble(reason=REASON, what=what, change=change, path=path, line=line, code=code, shown=text[:300])


def _where(names: Sequence[str], source: Source) -> tuple[str, int, str]:
    """The first of the fields in a settings class."""
    for path in source.files():
        if not path.endswith(".py"):
            continue
        try:
            text = source.read(path)
            tree = ast.parse(text) if "BaseSettings" in text else None
        except (EditRefused, SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree) if tree else ():
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id in names:
                return path, node.lineno, text.splitlines()[node.lineno - 1].strip()
    return "", 0, ""


def _line(source: Source, path: str, line: int) -> str:
    try:
        lines = source.read(path).splitlines()
    except EditRefused:
        return ""
    return lines[line - 1].strip() if 0 < line <= len(lines) else ""
