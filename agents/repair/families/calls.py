"""Calls: sibling methods, calls that are missing or too many, sort keys, conversions."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.scope import kind_of
from agents.repair.source import called

_SIBLINGS = (
    ("append", "extend", "insert"), ("append", "appendleft"), ("pop", "popleft"), ("strip", "lstrip", "rstrip"),
    ("startswith", "endswith"), ("upper", "lower", "title", "capitalize", "casefold"), ("find", "rfind", "index"),
    ("split", "rsplit", "splitlines"), ("partition", "rpartition"), ("isdigit", "isalpha", "isalnum", "isnumeric"),
    ("add", "discard"), ("add", "update"), ("remove", "discard"), ("union", "intersection", "difference"),
    ("keys", "values", "items"), ("removeprefix", "removesuffix", "strip"), ("lstrip", "removeprefix"),
    ("rstrip", "removesuffix"),
    ("replace", "strip"), ("ljust", "rjust", "zfill", "center"), ("get", "setdefault", "pop"), ("islower", "isupper"),
    ("issubset", "issuperset", "isdisjoint"), ("match", "search", "fullmatch"), ("seconds", "total_seconds"),
    ("heappush", "heappop", "heappushpop"), ("bisect_left", "bisect_right"), ("asc", "desc"), ("floor", "ceil"),
    ("year", "month", "day"), ("minutes", "seconds", "hours", "days", "weeks"), ("date", "datetime"), ("sub", "subn"),
    ("first", "one_or_none", "one", "all"), ("scalar", "scalars", "scalar_one", "scalar_one_or_none"),
    ("dumps", "loads"),
    ("encode", "decode"), ("total_seconds", "microseconds"), ("isoformat", "timestamp"), ("weekday", "isoweekday"),
    ("ilike", "like"), ("is_", "is_not"), ("outerjoin", "join"), ("most_common", "elements"),
    ("add", "add_all", "merge"),
    ("lt", "le"), ("gt", "ge"), ("min_length", "max_length"), ("min", "max"), ("or_", "and_"), ("in_", "not_in"),
    ("startswith", "contains"), ("contains", "endswith"), ("commit", "flush", "rollback"), ("sum", "count", "avg"),
)  # fmt: skip

_PARTS = (
    "year",
    "month",
    "day",
    "minutes",
    "seconds",
    "hours",
    "days",
    "weeks",
    "microseconds",
    "max_length",
    "min_length",
)
_LIMITS = {"gt": ("ge", "lt"), "ge": ("gt",), "lt": ("le", "gt"), "le": ("lt",)}


def _siblings(name: str) -> list[str]:
    return list(dict.fromkeys(other for group in _SIBLINGS if name in group for other in group if other != name))


@family(ast.Attribute)
def sibling_method(node: ast.Attribute, at: Place) -> Iterator[Change]:
    """The method beside the one that is called."""
    lost = node.attr in at.hints.lacking
    call = at.parent(node)
    if at.source.function(node) is None and isinstance(at.parent(call or node), ast.FunctionDef | ast.AsyncFunctionDef):
        return  # a route's verb
    if (
        node.attr == "get"
        and isinstance(call, ast.Call)
        and len(call.args) == 2
        and at.code(call.args[0])[:1].isupper()
    ):
        return  # a session's
    for name in _siblings(node.attr):
        edit = at.edit(at.source.end(node.value), at.source.end(node), f".{name}")
        yield Change((edit,), 0.4 if lost else 0.2, f"`.{node.attr}` becomes `.{name}`")


@family(ast.Name, ast.keyword)
def sibling_function(node: ast.Name | ast.keyword, at: Place) -> Iterator[Change]:
    """The same for functions called by name and for keyword arguments (`minutes=`)."""
    if isinstance(node, ast.Name):
        parent = at.parent(node)
        if isinstance(parent, ast.Call) and parent.func is node:
            for name in _siblings(node.id):
                if name in at.source.text and name not in ("min", "max"):
                    yield at.swap(node, name, 0.3)
    elif node.arg:
        start = at.source.start(node)
        call = at.parent(node)
        given = {k.arg for k in call.keywords} if isinstance(call, ast.Call) else set()
        for name in (*_siblings(node.arg), *_LIMITS.get(node.arg, ())):
            if name not in given:
                yield at.span(start, start + len(node.arg), name, 0.25, f"`{node.arg}=` becomes `{name}=`")


@family(ast.Attribute, ast.Name)
def call_missing(node: ast.Attribute | ast.Name, at: Place) -> Iterator[Change]:
    """`x.lower` for `x.lower()`, a function for its result."""
    parent = at.parent(node)
    if not isinstance(node.ctx, ast.Load) or (isinstance(parent, ast.Call) and parent.func is node):
        return
    if isinstance(parent, ast.Attribute) or called(parent or node) in ("Depends", "map", "filter"):
        return
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    builtin = isinstance(node, ast.Attribute) and any(name in group for group in _SIBLINGS) and name not in _PARTS
    known = name in at.repo.signatures
    if any(name in fields for fields in at.repo.fields.values()):
        return
    if builtin or known:
        keyword = isinstance(parent, ast.keyword) and parent.arg in ("key", "default_factory")
        yield at.swap(node, f"{at.code(node)}()", 0.1 if keyword else 0.4)


@family(ast.Call)
def call_too_many(node: ast.Call, at: Place) -> Iterator[Change]:
    """A conversion or a wrapping call taken away; a method left out of a chain."""
    name = called(node)
    if isinstance(node.func, ast.Name) and len(node.args) == 1 and not isinstance(node.args[0], ast.Starred):
        near = name in (
            "sorted",
            "reversed",
            "set",
            "list",
            "int",
            "str",
            "float",
            "abs",
            "round",
            "bool",
            "tuple",
            "dict",
        )
        yield at.swap(node, at.code(node.args[0]), 0.2 if near else 0.06)
    elif (
        isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Call | ast.Name | ast.Attribute | ast.Subscript)
        and not isinstance(at.parent(node), ast.Expr)
    ):
        text = at.code(node.func.value)
        edit = at.edit(at.source.start(node), at.source.end(node), text)
        yield Change((edit,), 0.15 if kind_of(node) else 0.1, f"`.{name}(...)` is taken away")


_WRAPS = {
    "abs": 0.12, "int": 0.1, "str": 0.1, "list": 0.1, "sorted": 0.12, "set": 0.1, "len": 0.1, "float": 0.06,
    "round": 0.05,
    "reversed": 0.06, "bool": 0.04, "sum": 0.05, "max": 0.03, "tuple": 0.03,
}  # fmt: skip


@family(ast.Return, ast.Assign, ast.For, ast.keyword, ast.Call)
def conversion_missing(node: ast.AST, at: Place) -> Iterator[Change]:
    """A value that should have been converted, copied, sorted or counted first."""
    value = (
        node.iter if isinstance(node, ast.For) else node.args[0] if isinstance(node, ast.Call) and node.args else None
    )
    if isinstance(node, ast.Return | ast.Assign | ast.keyword):
        value = node.value
    if not isinstance(value, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.BinOp) or isinstance(
        value, ast.Starred
    ):
        return
    text, kind = at.code(value), kind_of(value)
    scale = 0.6 if isinstance(node, ast.Call | ast.keyword) else 1.0
    for wrap, prior in _WRAPS.items():
        if isinstance(node, ast.For) and wrap not in ("list", "sorted", "reversed", "set"):
            continue
        if called(value) == wrap or (kind == "int" and wrap in ("len", "list", "sorted", "set", "reversed", "sum")):
            continue
        if isinstance(node, ast.Call) and called(node) in ("len", "HTTPException", "Depends", "print", wrap):
            continue
        if wrap == "set" and isinstance(value, ast.Call) and called(value) == "sorted" and value.args:
            # a set around it would lose the order it is made for
            yield at.swap(value.args[0], f"set({at.code(value.args[0])})", prior * scale)
            continue
        kept = wrap == "list" and isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
        yield at.swap(value, f"{wrap}({text})", 0.15 if kept else prior * scale)
    if isinstance(value, ast.Call | ast.Name | ast.Attribute | ast.Subscript) and kind in ("", "str"):
        for method in ("strip", "lower", "copy", "upper"):
            yield at.swap(value, f"{text}.{method}()", 0.08 * scale)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div | ast.Mult | ast.Sub):
        yield at.swap(value, f"round({text}, 2)", 0.1)
        yield at.swap(value, f"max({text}, 0)", 0.1)


@family(ast.Compare)
def compared_in_another_case(node: ast.Compare, at: Place) -> Iterator[Change]:
    """Texts compared without regard to case or white space; types that differ."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
        return
    left, right = node.left, node.comparators[0]
    plain = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)
    if isinstance(left, plain) and isinstance(right, plain):
        for method in ("lower()", "strip()"):
            edits = (
                at.edit(at.source.end(left), at.source.end(left), f".{method}"),
                at.edit(at.source.end(right), at.source.end(right), f".{method}"),
            )
            yield Change(edits, 0.08, f"`{short(at.code(node))}` is compared after `.{method}`")
    for side in (left, right):
        if isinstance(side, plain):
            text = at.code(side)
            yield at.swap(side, f"{text}.lower()", 0.12)
            yield at.swap(side, f"len({text})", 0.08)
            yield at.swap(side, f"str({text})", 0.06)
            yield at.swap(side, f"int({text})", 0.06)


@family(ast.Call)
def sorting(node: ast.Call, at: Place) -> Iterator[Change]:
    """Another order or another key of `sorted`, `sort`, `min`, `max`."""
    name = called(node)
    if name not in ("sorted", "sort", "min", "max", "nlargest", "nsmallest"):
        return
    given = {k.arg: k for k in node.keywords}
    end = at.source.end(node) - 1
    comma = ", " if node.args or node.keywords else ""
    if name in ("sorted", "sort") and "reverse" not in given:
        yield at.span(end, end, f"{comma}reverse=True", 0.35, "sorted the other way round")
    if "key" not in given and (node.args or name == "sort"):
        for key in ("len", "str.lower", "lambda item: item[0]", "lambda item: item[1]", "abs", "int"):
            yield at.span(end, end, f"{comma}key={key}", 0.07, f"sorted by `{key}`")
    elif "key" in given:
        yield from _sort_key(given["key"].value, at)


def _sort_key(key: ast.expr, at: Place) -> Iterator[Change]:
    if isinstance(key, ast.Lambda):
        body = key.body
        text = at.code(body)
        if isinstance(body, ast.Tuple):
            parts = [at.code(part) for part in body.elts]
            for index, part in enumerate(parts):
                turned = part[1:] if part.startswith("-") else f"-{part}"
                yield at.swap(body, f"({', '.join([*parts[:index], turned, *parts[index + 1 :]])})", 0.3)
            yield at.swap(body, f"({', '.join(reversed(parts))})", 0.25)
        else:
            yield at.swap(body, text[1:] if text.startswith("-") else f"-{text}", 0.25)
            if isinstance(body, ast.Attribute) and isinstance(body.value, ast.Name):
                for name in [n for c in at.repo.fields for n in at.repo.fields[c] if body.attr in at.repo.fields[c]][
                    :8
                ]:
                    yield at.swap(body, f"({text}, {body.value.id}.{name})", 0.06)
            if isinstance(body, ast.Subscript) and isinstance(body.value, ast.Name):
                yield at.swap(body, f"({text}, {body.value.id}[0])", 0.15)
                yield at.swap(body, f"(-{text}, {body.value.id}[0])", 0.15)
    elif isinstance(key, ast.Name | ast.Attribute):
        yield at.swap(key, f"lambda item: (-{at.code(key)}(item), item)", 0.05)
        yield at.swap(key, f"lambda item: ({at.code(key)}(item), item)", 0.06)
