"""Python source as text: literals, keyword arguments, names that are never too long, long calls over several lines."""

import ast
import hashlib
import symtable
from collections.abc import Sequence
from keyword import iskeyword

LINE = 88
_ESCAPED = {'"': '\\"', "\\": "\\\\"}


def _inside(text: str) -> str:
    return "".join(_ESCAPED.get(c) or (c if c.isprintable() else c.encode("unicode_escape").decode()) for c in text)


def quoted(text: str) -> str:
    """The string as a literal in double quotes."""
    return f'"{_inside(text)}"'


def path_before(path: str, key: str, after: str = "") -> str:
    """An f-string: the path, a slash, what `key` is then, and `after`."""
    start, end = (_inside(part).replace("{", "{{").replace("}", "}}") for part in (path.rstrip("/"), after))
    return f'f"{start}/{{{key}}}{end}"'


def docstring(text: str) -> str:
    """One line in triple quotes, whatever the text holds."""
    plain = " ".join(text.split())
    harmless = plain.isprintable() and "\\" not in plain and '"""' not in plain
    return f'"""{plain if harmless else _inside(plain)}"""'


def argument(name: str, value: str) -> str:
    """`title=value`, or `**{"class": value}` where the name cannot be written so."""
    return f"**{{{quoted(name)}: {value}}}" if iskeyword(name) else f"{name}={value}"


def short(name: str, limit: int) -> str:
    """The name, or its start and a digest that keeps it apart from others."""
    return name if len(name) <= limit else f"{name[: limit - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def names_in(text: str) -> set[str]:
    """Variables the statements read or set, functions they define included."""
    found: set[str] = set()
    waiting = [symtable.symtable(text, "<tests>", "exec")]
    while waiting:
        scope = waiting.pop()
        found |= set(scope.get_identifiers())
        waiting += scope.get_children()
    return found


def wrap(row: str) -> list[str]:
    """A long call of the client over several lines; a formatter's job done well enough."""
    if len(row) + 4 <= LINE or (call := _client_call(row)) is None:
        return [row]
    given = [*call.args, *(k.value for k in call.keywords)]
    parts = [ast.get_source_segment(row, node) or "" for node in given]
    plain = len(call.args)
    parts = parts[:plain] + [f"{k.arg}={part}" for k, part in zip(call.keywords, parts[plain:], strict=True)]
    data = row.encode()
    head, tail = data[: given[0].col_offset].decode(), data[given[-1].end_col_offset :].decode()
    return _over_lines(head, parts, tail)


def _over_lines(head: str, parts: Sequence[str], tail: str) -> list[str]:
    inside = ", ".join(parts)
    if len(inside) + 8 <= LINE:
        return [head, f"    {inside}", tail]
    return [head, *(f"    {part}," for part in parts), tail]


def _client_call(row: str) -> ast.Call | None:
    """The first call of a method of `client` in the statement, None when there is none with plain arguments."""
    try:
        tree = ast.parse(row)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="client"))):
                return node if node.args and all(k.arg for k in node.keywords) else None
    return None
