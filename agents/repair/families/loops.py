"""Loops: bounds of `range`, what is gone through, slices and indexes."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.source import called


@family(ast.Call)
def range_bounds(node: ast.Call, at: Place) -> Iterator[Change]:
    """Another beginning, end or step of `range`; `enumerate` from one."""
    name = called(node)
    if name == "enumerate" and node.args:
        end = at.source.end(node) - 1
        if len(node.args) == 1 and not node.keywords:
            yield at.span(end, end, ", 1", 0.25, "counted from 1")
        else:
            yield at.swap(node, f"enumerate({at.code(node.args[0])})", 0.25)
    if name != "range" or not 1 <= len(node.args) <= 3:
        return
    args = [at.code(arg) for arg in node.args]
    if len(args) == 1:
        yield at.swap(node, f"range(1, {args[0]})", 0.25)
        yield at.swap(node, f"range(1, {args[0]} + 1)", 0.3)
        yield at.swap(node, f"range({args[0]} - 1, -1, -1)", 0.12)
    elif len(args) == 2:
        yield at.swap(node, f"range({args[1]})", 0.2)
        yield at.swap(node, f"range({args[0]} + 1, {args[1]} + 1)", 0.15)
        yield at.swap(node, f"range({args[1]}, {args[0]}, -1)", 0.08)
        yield at.swap(node, f"range({args[1]} - 1, {args[0]} - 1, -1)", 0.08)
        for step in ("2", "-1"):
            yield at.swap(node, f"range({args[0]}, {args[1]}, {step})", 0.08)
    else:
        yield at.swap(node, f"range({args[0]}, {args[1]})", 0.1)
        yield at.swap(node, f"range({args[1]}, {args[0]}, {args[2]})", 0.06)


@family(ast.For, ast.AsyncFor)
def iterated(node: ast.For, at: Place) -> Iterator[Change]:
    """Another collection is gone through: backwards, a copy, without its first item, keys with values."""
    text = at.code(node.iter)
    if not isinstance(node.iter, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        return
    if called(node.iter) not in ("range", "enumerate", "zip"):
        yield at.swap(node.iter, f"reversed({text})", 0.12)
        yield at.swap(node.iter, f"list({text})", 0.15)
        yield at.swap(node.iter, f"{text}[1:]", 0.12)
        yield at.swap(node.iter, f"{text}[:-1]", 0.08)
        if isinstance(node.target, ast.Tuple) and called(node.iter) != "items":
            yield at.swap(node.iter, f"{text}.items()", 0.3)
            yield at.swap(node.iter, f"enumerate({text})", 0.25)
        elif isinstance(node.iter, ast.Name | ast.Attribute):
            yield at.swap(node.iter, f"{text}.values()", 0.1)
    elif called(node.iter) == "range" and isinstance(node.iter, ast.Call):
        yield at.swap(node.iter, f"reversed({text})", 0.12)


@family(ast.Slice)
def slice_bounds(node: ast.Slice, at: Place) -> Iterator[Change]:
    """A slice without one of its bounds, or with its bounds moved."""
    lower, upper, step = (at.code(part) if part is not None else "" for part in (node.lower, node.upper, node.step))
    subscript = at.parent(node)
    bracket = isinstance(subscript, ast.Subscript)
    start, end = (at.source.start(node), at.source.end(node)) if bracket else (0, 0)
    tail = f":{step}" if step else ""
    options: dict[str, float] = {}
    if lower and upper:
        options |= {f"{lower}:": 0.15, f":{upper}": 0.15, f"{upper}:{lower}": 0.05}
    elif lower:
        options |= {f":{lower}": 0.25, f"{lower}:-1": 0.1, ":": 0.1, f"-{lower}:": 0.15}
    elif upper:
        options |= {f"{upper}:": 0.25, f"1:{upper}": 0.08, ":": 0.08, f"-{upper}:": 0.15}
    else:
        options |= {"1:": 0.2, ":-1": 0.2, "::-1": 0.25}
    for text, prior in options.items():
        yield at.span(start, end, text + tail, prior, f"`[{short(at.code(node))}]` becomes `[{text}{tail}]`")
    if step:
        yield at.span(start, end, f"{lower}:{upper}", 0.1, "every item is taken")
        if not step.startswith("-"):
            yield at.span(start, end, f"{lower}:{upper}:-{step}", 0.08, "taken backwards")


@family(ast.Subscript)
def index(node: ast.Subscript, at: Place) -> Iterator[Change]:
    """The last for the first, a slice for an item, `get` for a key that may be missing."""
    inside = node.slice
    if isinstance(inside, ast.Slice) or isinstance(node.ctx, ast.Del):
        if isinstance(inside, ast.Slice) and isinstance(node.ctx, ast.Load):
            yield at.swap(node, at.code(node.value), 0.12)
        return
    text, whole = at.code(inside), at.code(node.value)
    if isinstance(inside, ast.Constant | ast.UnaryOp) and text in ("0", "-1", "1"):
        for other in ("0", "-1", "1"):
            if other != text:
                yield at.swap(inside, other, 0.2)
    if isinstance(node.ctx, ast.Load) and not isinstance(at.parent(node), ast.Subscript | ast.AugAssign):
        missing = 0.4 if at.hints.mentions("KeyError") else 0.08
        if text not in ("0", "-1", "1") and not at.source.text[: at.source.start(node)].endswith((": ", "-> ", "del ")):
            for default in ("", ", 0", ", []", ', ""'):
                yield at.swap(node, f"{whole}.get({text}{default})", missing * (1 if default else 0.8))
    if isinstance(inside, ast.Name | ast.Attribute) and at.source.function(node) is not None:
        wrong = 0.3 if at.hints.mentions("KeyError", "indices must be") else 0.06
        for kind in ("int", "str"):
            yield at.swap(inside, f"{kind}({text})", wrong)
    swapped = node.value
    if isinstance(swapped, ast.Subscript) and not isinstance(swapped.slice, ast.Slice):
        yield at.swap(node, f"{at.code(swapped.value)}[{text}][{at.code(swapped.slice)}]", 0.25)


@family(ast.Call)
def default_of_get(node: ast.Call, at: Place) -> Iterator[Change]:
    """Another default of `get`, or the key itself demanded."""
    if (
        called(node) == "get"
        and isinstance(node.func, ast.Attribute)
        and 1 <= len(node.args) <= 2
        and not node.keywords
    ):
        owner, key = at.code(node.func.value), at.code(node.args[0])
        if key[:1].isupper() or at.source.function(node) is None:
            return
        for default in ("0", "[]", "None", '""', "1", "{}"):
            yield at.swap(node, f"{owner}.get({key}, {default})", 0.15)
        names = ("db", "session", "client", "s")
        if owner.split(".")[-1] not in names:
            yield at.swap(node, f"{owner}[{key}]", 0.15)


@family(ast.While)
def loop_condition(node: ast.While, at: Place) -> Iterator[Change]:
    """A loop that also ends when something runs out."""
    around = at.source.function(node)
    if around is None or isinstance(node.test, ast.Constant):
        return
    text = at.code(node.test)
    loose = isinstance(node.test, ast.BoolOp)
    for arg in around.args.args[:4]:
        if arg.arg not in ("self", "cls") and arg.arg not in text:
            yield at.swap(node.test, f"{arg.arg} and {f'({text})' if loose else text}", 0.05)
    other = [n for n in ast.walk(node) if isinstance(n, ast.While) and n is not node]
    for inner in other[:2]:
        yield at.swap(node.test, at.code(inner.test), 0.05)
