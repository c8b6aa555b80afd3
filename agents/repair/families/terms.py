"""Parts of expressions that are missing: a summand, a factor, a limit, one more thing that must be equal."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.families.operators import COMPARES
from agents.repair.scope import Names
from agents.repair.source import called, within

_NO_NUMBER = ("list", "dict", "set", "str", "bool", "range", "tuple")


def _counts(name: str, names: Names) -> bool:
    return names.kinds.get(name, "") not in _NO_NUMBER and name not in ("self", "cls")


@family(ast.Name, ast.Attribute, ast.Subscript, ast.Call)
def operand_missing(node: ast.expr, at: Place) -> Iterator[Change]:
    """A number that should be added to or multiplied with another one at hand, one that nothing reads first."""
    parent, names = at.parent(node), names_of(node, at)
    if names is None or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
        return
    place = isinstance(parent, ast.Tuple | ast.Return | ast.GeneratorExp | ast.ListComp | ast.AugAssign | ast.BinOp)
    if not place and not (isinstance(parent, ast.Call) and node in parent.args):
        return
    text = at.code(node)
    if isinstance(node, ast.Name) and not _counts(node.id, names):
        return
    unused = set(names.unused())
    sibling = node.value.id if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    for other in list(at.repo.attributes.get(sibling) or ()) if sibling not in ("self", "") else ():
        if f"{sibling}.{other}" != text and not isinstance(parent, ast.BinOp):
            yield at.swap(node, f"{text} * {sibling}.{other}", 0.25 if isinstance(parent, ast.GeneratorExp) else 0.08)
    near = [n for n in names.at(node.lineno) if _counts(n, names) and n != text]
    for name in near[-8:]:
        free = name in unused
        if free or (isinstance(node, ast.Name) and isinstance(parent, ast.Tuple | ast.Return)):
            yield at.swap(node, f"{name} + {text}", 0.35 if free else 0.11)
            yield at.swap(node, f"{text} * {name}", 0.35 if free else 0.07)
            yield at.swap(node, f"{text} - {name}", 0.25 if free else 0.05)


@family(ast.Assign, ast.Return)
def limit_missing(node: ast.Assign | ast.Return, at: Place) -> Iterator[Change]:
    """The larger or smaller of the value and one it is compared with or that stood there before."""
    value = node.value
    parts = value.elts if isinstance(value, ast.Tuple) else [value]
    others = list(dict.fromkeys(_compared(node, at)))[:6]
    if isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Tuple):
        others = [*others, at.code(node.targets[0])]
    for part in parts:
        if part is None or not isinstance(part, ast.Name | ast.BinOp | ast.Attribute | ast.Subscript):
            continue
        text = at.code(part)
        for other in dict.fromkeys(others):
            if other not in text and text not in other:
                for pick in ("max", "min"):
                    yield at.swap(part, f"{pick}({other}, {text})", 0.15)


def _compared(node: ast.stmt, at: Place) -> Iterator[str]:
    """What the condition around a statement compares."""
    for parent in at.source.above(node):
        if isinstance(parent, ast.If | ast.While):
            for part in ast.walk(parent.test):
                if isinstance(part, ast.Compare):
                    yield from (at.code(side) for side in (part.left, *part.comparators))
            return
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (arg.arg for arg in parent.args.args if arg.arg not in ("self", "cls"))
            return


@family(ast.BoolOp)
def compared_one_by_one(node: ast.BoolOp, at: Place) -> Iterator[Change]:
    """`a.x < b.x or a.y < b.y` for pairs that are compared as a whole."""
    pairs = [v for v in node.values if isinstance(v, ast.Compare) and len(v.ops) == 1]
    if len(pairs) != len(node.values):
        return
    ops = {COMPARES[type(pair.ops[0])] for pair in pairs}
    if ops & {"<", ">", "<=", ">="} and len(ops - {"=="}) == 1:
        (op,) = ops - {"=="}
        left = ", ".join(at.code(pair.left) for pair in pairs)
        right = ", ".join(at.code(pair.comparators[0]) for pair in pairs)
        yield at.swap(node, f"({left}) {op} ({right})", 0.3)


@family(ast.Compare)
def one_more_must_be_equal(node: ast.Compare, at: Place) -> Iterator[Change]:
    """`x.name == name` where another parameter should be compared with its field as well."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    names = names_of(node, at)
    for side in (node.left, node.comparators[0]):
        if not isinstance(side, ast.Attribute) or not isinstance(side.value, ast.Name) or names is None:
            continue
        owner = side.value.id
        fields = {f for known in at.repo.fields.values() if side.attr in known for f in known}
        word, op = ("and", "==") if isinstance(node.ops[0], ast.Eq) else ("or", "!=")
        for name in names.parameters:
            if name in fields and name != side.attr:
                yield at.swap(node, f"{at.code(node)} {word} {owner}.{name} {op} {name}", 0.3)


@family(ast.Call)
def ties(node: ast.Call, at: Place) -> Iterator[Change]:
    """Sorted the other way round with equals in order: `reverse=True` becomes a key that counts down."""
    given = {k.arg: k for k in node.keywords}
    key, reverse = given.get("key"), given.get("reverse")
    if (
        called(node) not in ("sorted", "sort")
        or key is None
        or reverse is None
        or not isinstance(key.value, ast.Lambda)
    ):
        return
    body, args = at.code(key.value.body), ast.unparse(key.value.args)
    first, last = sorted((key, reverse), key=at.source.start)
    start, end = at.source.start(first), at.source.end(last)
    for tie in (f"{args}[0]", f"{args}[1]", args, f"{args}.name", f"{args}.id"):
        if tie != body:
            text = f"key=lambda {args}: (-{body}, {tie})"
            yield at.span(start, end, text, 0.2, f"equals are sorted by `{short(tie)}`")


@family(ast.Assign)
def replaced_for_added(node: ast.Assign, at: Place) -> Iterator[Change]:
    """What a key has already is kept: one more entry, one more counted."""
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Slice) or at.source.function(node) is None:
        return
    owner, key = at.code(target.value), at.code(target.slice)
    if isinstance(value, ast.List | ast.Set) and len(value.elts) == 1:
        empty, verb = ("[]", "append") if isinstance(value, ast.List) else ("set()", "add")
        text = f"{owner}.setdefault({key}, {empty}).{verb}({at.code(value.elts[0])})"
        yield at.swap(node, text, 0.4, f"`{short(at.code(value.elts[0]))}` comes to what `{owner}` has there")
    elif owner not in at.code(value) and not isinstance(value, ast.Dict | ast.List | ast.Set):
        yield at.swap(value, f"{owner}.get({key}, 0) + {at.code(value)}", 0.12)
        yield at.span(at.source.end(target), at.source.start(value), " += ", 0.15, f"`{owner}[{key}]` counts up")


@family(ast.Subscript, ast.Call)
def rows_copied_too(node: ast.expr, at: Place) -> Iterator[Change]:
    """A copy of rows that shares the rows themselves."""
    text = at.code(node)
    inner = text[:-3] if text.endswith("[:]") else ""
    if isinstance(node, ast.Call) and called(node) == "copy" and isinstance(node.func, ast.Attribute) and not node.args:
        inner = at.code(node.func.value)
    if isinstance(node, ast.Call) and called(node) in ("list", "dict") and len(node.args) == 1:
        inner = at.code(node.args[0])
    if inner and at.source.function(node) is not None:
        yield at.swap(node, f"[list(row) for row in {inner}]", 0.2, "the rows are copied as well")
        rows = f"{{key: value.copy() for key, value in {inner}.items()}}"
        yield at.swap(node, rows, 0.12, "the values are copied as well")


@family(ast.Call)
def kept_by_reference(node: ast.Call, at: Place) -> Iterator[Change]:
    """A list that is kept and goes on being changed: a copy is kept."""
    if (
        called(node) not in ("append", "add", "put", "insert")
        or not node.args
        or not isinstance(node.args[-1], ast.Name)
    ):
        return
    name = node.args[-1].id
    around = at.function(node)
    changes = {"append", "clear", "pop", "extend", "add", "remove", "insert", "update", "sort", "discard"}
    parts = within(around) if around is not None else ()
    if any(called(part) in changes and at.code(part).startswith(f"{name}.") for part in parts):
        yield at.swap(node.args[-1], f"list({name})", 0.5)
        yield at.swap(node.args[-1], f"{name}.copy()", 0.4)


@family(ast.keyword)
def made_for_each(node: ast.keyword, at: Place) -> Iterator[Change]:
    """A default made anew for every object."""
    if node.arg == "default_factory":
        for kind in ("list", "dict", "set"):
            if at.code(node.value) != kind:
                yield at.swap(node.value, kind, 0.4)
