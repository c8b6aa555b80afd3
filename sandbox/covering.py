"""What tests reach of a change: its statements, and conditions without an `else` that were never false."""

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

_NOTHING = (ast.Global, ast.Nonlocal, ast.Pass)


@dataclass(slots=True)
class Reached:
    """What ran of one file: where statements begin, and conditions without an `else` that were false."""

    lines: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)


def read_reached(told: bytes, root: str) -> dict[str, Reached]:
    """Path below `root` -> what was written of it; lines of another form are left out."""
    found: dict[str, Reached] = {}
    for row in told.decode("utf-8", "replace").splitlines():
        kind, *words = row.split("\t")
        if kind not in ("line", "else") or len(words) != 2 or not words[1].isdecimal():
            continue
        mine = found.setdefault(words[0].removeprefix(f"{root}/"), Reached())
        (mine.lines if kind == "line" else mine.passed).add(int(words[1]))
    return found


@dataclass(frozen=True, slots=True)
class Missed:
    """Something of the change that no test reaches."""

    line: int
    what: str


def missed(source: bytes, changed: Collection[int], reached: Reached) -> tuple[int, list[Missed]]:
    """How much of the changed lines can be reached, and what was not. A file that cannot be parsed has nothing."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return 0, []
    count, found, wanted = 0, list[Missed](), set(changed)
    for node in _statements(tree.body):
        own = _own_lines(node)
        if not wanted & own:
            continue
        count += 1
        if node.lineno not in reached.lines:
            found.append(Missed(node.lineno, "never ran"))
        if isinstance(node, ast.If) and not node.orelse:
            count += 1
            if node.lineno in reached.lines and node.lineno not in reached.passed:
                found.append(Missed(node.lineno, "its condition was never false"))
    return count, found


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those that do something, without what only a type checker reads."""
    for node in body:
        silent = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        bare = isinstance(node, ast.AnnAssign) and node.value is None
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if silent or bare or future or isinstance(node, _NOTHING) or _for_types(node):
            continue
        yield node
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(node, name, []))
        for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            yield from _statements(part.body)


def _for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _own_lines(node: ast.stmt) -> set[int]:
    """A simple statement's lines; of one with a body, those before it."""
    inner = [part for name in ("body", "handlers", "cases") for part in getattr(node, name, ())]
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    starts = [min([part.lineno, *(d.lineno for d in getattr(part, "decorator_list", ()))]) for part in inner
              if hasattr(part, "lineno")]  # fmt: skip
    last = max(node.lineno, min(starts) - 1) if starts else node.end_lineno or node.lineno
    return set(range(first, last + 1))


def merged(parts: Collection[Mapping[str, Reached]]) -> dict[str, Reached]:
    """What several runs reached together."""
    found: dict[str, Reached] = {}
    for part in parts:
        for path, one in part.items():
            mine = found.setdefault(path, Reached())
            mine.lines |= one.lines
            mine.passed |= one.passed
    return found
