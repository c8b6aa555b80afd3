"""Numbers, texts and other constants: off by one, another constant, a start value."""

import ast
import difflib
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.source import called


def _is_int(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


@family(ast.Constant)
def off_by_one(node: ast.Constant, at: Place) -> Iterator[Change]:
    """A whole number one more or less, zero, its opposite."""
    value = node.value
    if not isinstance(value, int) or isinstance(value, bool) or _is_status(node, at):
        return
    parent = at.parent(node)
    edge = isinstance(parent, ast.Slice | ast.Subscript | ast.Compare | ast.BinOp) or called(_call(parent)) == "range"
    near = (0.5 if edge else 0.3) * (1.5 if at.hints.by_one else 1.0) * (1.0 if value < 10 else 0.4)
    negative = isinstance(parent, ast.UnaryOp)
    yield at.swap(node, str(value + 1), near if value < 3 else near * 0.7)
    if value > 0:
        yield at.swap(node, str(value - 1), near if value < 3 else near * 0.7)
    elif not negative:
        yield at.swap(node, "-1", 0.2)
    if value == 1 and not negative:
        yield at.swap(node, "-1", 0.08)
    if value > 2:
        yield at.swap(node, "1", 0.06)
        yield at.swap(node, "0", 0.06)


def _call(node: ast.AST | None) -> ast.AST:
    return node if node is not None else ast.Pass()


def _is_status(node: ast.Constant, at: Place) -> bool:
    parent = at.parent(node)
    if isinstance(parent, ast.keyword) and parent.arg == "status_code":
        return True
    return isinstance(parent, ast.Call) and called(parent) == "HTTPException"


@family(ast.Constant)
def constant_from_elsewhere(node: ast.Constant, at: Place) -> Iterator[Change]:
    """A number that the tests, the report or the same file mention."""
    value = node.value
    if not isinstance(value, int | float) or isinstance(value, bool) or _is_status(node, at):
        return
    here = _numbers(at)
    said = set(at.hints.numbers[:40])
    for text in dict.fromkeys((*at.hints.numbers[:25], *here)):
        if text == str(value) or len(text) > 9 or text in (str(value + 1), str(value - 1)):
            continue
        prior = 0.08 if text in here else 0.07
        prior *= 1.5 if text in said and text in here else 1.0
        if text not in here and at.source.function(node) is not None:
            if _is_special_case(at.parent(node)):
                continue
            prior *= 0.4 if isinstance(at.parent(node), ast.Compare | ast.BinOp) else 1.0
        yield at.swap(node, text, prior)
    for text in _scaled(value):
        yield at.swap(node, text, 0.12)


def _is_special_case(parent: ast.AST | None) -> bool:
    """Whether a number there would only make an exception of what a test happens to ask for."""
    if isinstance(parent, ast.Compare):
        return isinstance(parent.ops[0], ast.Eq | ast.NotEq)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mod)


def _scaled(value: int | float) -> Iterator[str]:
    if value in (60, 100, 1000, 24, 3600, 1024):
        yield from (t for t in ("60", "100", "1000", "24", "3600") if t != str(value))
    if isinstance(value, int) and value >= 10 and value % 10 == 0:
        yield str(value // 10)
        yield str(value * 10)
    if isinstance(value, float):
        yield repr(1 - value) if 0 < value < 1 else repr(value * 10)
        yield repr(round(value / 10, 6))


def _numbers(at: Place) -> list[str]:
    cached = getattr(at, "_numbers", None)
    if cached is None:
        found = [str(n.value) for n in at.source.nodes if isinstance(n, ast.Constant) and type(n.value) in (int, float)]
        cached = list(dict.fromkeys(found))[:30]
        at._numbers = cached  # type: ignore[attr-defined]
    result: list[str] = cached
    return result


@family(ast.Constant)
def truth_value(node: ast.Constant, at: Place) -> Iterator[Change]:
    """`True` for `False`, something else for `None`."""
    if isinstance(node.value, bool):
        yield at.swap(node, str(not node.value), 0.4 if at.source.function(node) else 0.2)
    elif node.value is None and isinstance(at.parent(node), ast.Return | ast.Assign | ast.keyword):
        for text in ("[]", "0", "{}", '""', "False", "True"):
            yield at.swap(node, text, 0.08)


@family(ast.Constant)
def text_from_elsewhere(node: ast.Constant, at: Place) -> Iterator[Change]:
    """Another text: similar ones of tests and file first, fields of the repository's classes, other cases."""
    value = node.value
    parent = at.parent(node)
    if not isinstance(value, str) or isinstance(parent, ast.Expr | ast.JoinedStr) or len(value) > 60:
        return
    if value in ("utf-8", "__main__"):
        return
    quote = "'" if at.code(node).startswith("'") else '"'
    key = isinstance(parent, ast.Subscript | ast.Dict) or called(_call(parent)) in ("get", "pop", "getattr")
    for text in _texts(at):
        if text == value or quote in text or "\\" in text:
            continue
        near = difflib.SequenceMatcher(None, value, text).ratio() if value and text else 0.5
        said = text in at.hints.strings
        prior = (0.15 if near > 0.6 else 0.07 if said and key else 0.04 if said or key else 0.02) * (1.5 if said else 1)
        if value.startswith("/") or text.startswith("/"):
            prior *= 0.2 if value.startswith("/") == text.startswith("/") else 0.02
        elif text in at.hints.lacking or f"'{text}'" in at.hints.said:
            prior *= 2
        yield at.swap(node, f"{quote}{text}{quote}", prior)
    yield from _letters(node, value, quote, at)


def _letters(node: ast.Constant, value: str, quote: str, at: Place) -> Iterator[Change]:
    changed = {value.strip(): 0.1, value.lower(): 0.15, value.upper(): 0.1, value.title(): 0.05}
    if value.startswith("/"):
        changed |= {value.rstrip("/"): 0.3, value + "/": 0.15}
    if value in ("", " ", ",", ", ", "\n", "-", "_", ":", ".", "/"):
        changed |= dict.fromkeys(("", " ", ",", ", ", "-", "_", ".", "\n"), 0.12)
    if "%" in value and len(value) < 30:
        for one, two in (
            ("%m", "%M"),
            ("%M", "%m"),
            ("%d", "%D"),
            ("%H", "%I"),
            ("%I", "%H"),
            ("%y", "%Y"),
            ("%Y", "%y"),
        ):
            changed[value.replace(one, two)] = 0.25
        changed |= {f"%{value}": 0.1, value.strip("%"): 0.1}
    for text, prior in changed.items():
        if text != value and quote not in text:
            yield at.swap(node, quote + text.replace("\n", "\\n") + quote, prior)


def _texts(at: Place) -> list[str]:
    cached = getattr(at, "_texts", None)
    if cached is None:
        here = [
            n.value
            for n in at.source.nodes
            if isinstance(n, ast.Constant)
            and isinstance(n.value, str)
            and 0 < len(n.value) < 40
            and "\n" not in n.value
        ]
        cached = list(dict.fromkeys((*at.hints.strings, *here)))[:60]
        at._texts = cached  # type: ignore[attr-defined]
    result: list[str] = cached
    return result


@family(ast.Assign, ast.AnnAssign)
def start_value(node: ast.Assign | ast.AnnAssign, at: Place) -> Iterator[Change]:
    """Another value to begin with: numbers, infinity, the first item, a container of another kind."""
    value = node.value
    if value is None or at.source.function(node) is None:
        return
    if _is_int(value) or isinstance(value, ast.UnaryOp) or at.code(value).startswith(("float(", "math.inf", "-math")):
        options = ["0", "1", "-1", 'float("inf")', 'float("-inf")']
        options += [f"{name}[0]" for name in _lists(node, at)] + [f"len({name})" for name in _lists(node, at)]
        options += [f"len({name}) - 1" for name in _lists(node, at)]
        for text in options:
            if text != at.code(value):
                yield at.swap(value, text, 0.18, f"`{at.code(node)}` begins with `{text}`")
    elif isinstance(value, ast.List | ast.Dict | ast.Set | ast.Call) and at.code(value) in (
        "[]",
        "{}",
        "set()",
        "dict()",
        "list()",
    ):
        for text in ("[]", "{}", "set()"):
            if text != at.code(value):
                yield at.swap(value, text, 0.08)


def _lists(node: ast.AST, at: Place) -> list[str]:
    around = at.source.function(node)
    return [arg.arg for arg in around.args.args if arg.arg not in ("self", "cls")][:3] if around is not None else []


@family(ast.Name, ast.Call, ast.Subscript, ast.Attribute)
def one_more_or_less(node: ast.expr, at: Place) -> Iterator[Change]:
    """One added to or taken from an expression where that is usual: indexes, bounds, lengths, returned counts."""
    if isinstance(getattr(node, "ctx", None), ast.Store | ast.Del) or at.source.function(node) is None:
        return
    if at.code(node)[:1].isupper():
        return
    prior = _edge(node, at) * (1.5 if at.hints.by_one else 1.0)
    if prior:
        yield at.swap(node, f"{at.code(node)} + 1", prior)
        begins = isinstance(parent := at.parent(node), ast.Slice) and parent.lower is node
        yield at.swap(node, f"{at.code(node)} - 1", 0.5 * prior if begins else prior)


def _edge(node: ast.expr, at: Place) -> float:
    parent = at.parent(node)
    if isinstance(parent, ast.Call) and node in parent.args:
        return (
            0.45 if called(parent) in ("range",) else 0.03 if called(parent) in ("limit", "offset", "sleep") else 0.02
        )
    if isinstance(parent, ast.Slice):
        return 0.35
    if isinstance(parent, ast.Subscript) and parent.slice is node:
        return 0.25
    if isinstance(parent, ast.Compare):
        numeric = any(isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE) for op in parent.ops)
        return 0.12 if numeric or called(node) == "len" else 0.04
    if isinstance(parent, ast.BinOp) and called(node) == "len":
        return 0.2
    if isinstance(parent, ast.Assign | ast.AugAssign | ast.Return) and parent.value is node:
        return 0.15 if isinstance(node, ast.Name) or called(node) == "len" else 0.05
    if isinstance(parent, ast.BinOp):
        return 0.08
    return 0.0


@family(ast.BinOp)
def whole_off_by_one(node: ast.BinOp, at: Place) -> Iterator[Change]:
    """A computed whole one off: `end - start` for `end - start + 1`, rounded up for rounded down."""
    outer = isinstance(node.op, ast.Sub | ast.Add | ast.FloorDiv | ast.Mult) and not isinstance(
        at.parent(node), ast.BinOp
    )
    if outer and not (_is_int(node.right) and isinstance(node.op, ast.Add | ast.Sub)):
        yield at.swap(node, f"{at.code(node)} + 1", 0.25)
        yield at.swap(node, f"{at.code(node)} - 1", 0.15)
    if isinstance(node.op, ast.FloorDiv):
        left, right = at.code(node.left), at.code(node.right)
        yield at.swap(
            node,
            f"-(-{left} // {right})" if left.isidentifier() else f"-(-({left}) // {right})",
            0.45 if at.hints.by_one else 0.2,
        )
        yield at.swap(
            node,
            f"({left} + {right} - 1) // {right}",
            0.45 if at.hints.by_one else 0.15,
            f"`{short(at.code(node))}` is rounded up",
        )
