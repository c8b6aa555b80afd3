"""Damage to comparisons, conditions, arithmetic and constants."""

import ast
from collections.abc import Iterator

from sandbox.mutators_text import Edit, Text, name_of

_COMPARED: dict[type[ast.cmpop], tuple[bytes, bytes]] = {
    ast.Eq: (b"==", b"!="),
    ast.NotEq: (b"!=", b"=="),
    ast.Lt: (b"<", b"<="),
    ast.LtE: (b"<=", b"<"),
    ast.Gt: (b">", b">="),
    ast.GtE: (b">=", b">"),
    ast.In: (b"in", b"not in"),
    ast.NotIn: (b"not in", b"in"),
    ast.Is: (b"is", b"is not"),
    ast.IsNot: (b"is not", b"is"),
}
_BOUNDARIES = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_COUNTED: dict[type[ast.operator], tuple[bytes, bytes]] = {
    ast.Add: (b"+", b"-"),
    ast.Sub: (b"-", b"+"),
    ast.Mult: (b"*", b"//"),
    ast.Div: (b"/", b"*"),
    ast.FloorDiv: (b"//", b"*"),
    ast.Mod: (b"%", b"*"),
    ast.BitAnd: (b"&", b"|"),
    ast.BitOr: (b"|", b"&"),
}
_WAITING = ("timeout", "interval", "delay", "retries", "workers", "pool", "size", "port")


def comparison(node: ast.AST, text: Text) -> Iterator[Edit]:
    """`==` and the like turned round, `<` and the like moved by one."""
    if not isinstance(node, ast.Compare):
        return
    for left, operator, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
        word, other = _COMPARED[type(operator)]
        kind = "boundary moved" if isinstance(operator, _BOUNDARIES) else "comparison turned round"
        if (edit := text.operator(left, right, word, other, kind)) is not None:
            yield edit


def boolean(node: ast.AST, text: Text) -> Iterator[Edit]:
    """`and` for `or`, a `not` dropped."""
    if isinstance(node, ast.BoolOp):
        word, other = (b"and", b"or") if isinstance(node.op, ast.And) else (b"or", b"and")
        if isinstance(node.values[-1], ast.Constant):
            return
        if (edit := text.operator(node.values[0], node.values[1], word, other, "and/or exchanged")) is not None:
            yield edit
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield text.replaced(node, b"(" + text.of(node.operand) + b")", "not dropped")


def arithmetic(node: ast.AST, text: Text) -> Iterator[Edit]:
    """`+` for `-` and so on, where numbers are meant."""
    if isinstance(node, ast.BinOp) and type(node.op) in _COUNTED:
        sides = (node.left, node.right)
        if any(_is_text(n) for n in sides) or all(_is_fixed(n) for n in sides):
            return
        word, other = _COUNTED[type(node.op)]
        if (edit := text.operator(node.left, node.right, word, other, "arithmetic changed")) is not None:
            yield edit
    elif isinstance(node, ast.AugAssign) and type(node.op) in (ast.Add, ast.Sub) and not _is_text(node.value):
        word, other = _COUNTED[type(node.op)]
        edit = text.operator(node.target, node.value, word + b"=", other + b"=", "arithmetic changed")
        if edit is not None:
            yield edit


def _is_text(node: ast.AST) -> bool:
    if isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.ListComp | ast.Dict):
        return True
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _is_fixed(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        return _is_fixed(node.left) and _is_fixed(node.right)
    return isinstance(node, ast.Constant) or (isinstance(node, ast.UnaryOp) and _is_fixed(node.operand))


def constant(node: ast.AST, text: Text) -> Iterator[Edit]:
    """A number one larger, True for False: where it is an argument, a default, an operand or an answer."""
    if isinstance(node, ast.Call) and name_of(node.func) in ("range", "timedelta", "sleep"):
        return
    for child in _direct(node):
        value = child.value
        if isinstance(value, bool):
            yield text.replaced(child, b"False" if value else b"True", "constant changed", _label(node, child, text))
        elif isinstance(value, int) and not 100 <= value < 600 and abs(value) < 10**6:
            yield text.replaced(child, b"%d" % (value + 1), "constant changed", _label(node, child, text))


def default_value(node: ast.AST, text: Text) -> Iterator[Edit]:
    """A parameter's default: one larger, or the other truth."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield text.replaced(node, b"False" if node.value else b"True", "default changed")
    elif isinstance(node, ast.Constant) and isinstance(node.value, int) and abs(node.value) < 10**6:
        yield text.replaced(node, b"%d" % (node.value + 1), "default changed")


def _direct(node: ast.AST) -> Iterator[ast.Constant]:
    """Constants that are this node's own (not those of the expressions in it), and whose value can matter."""
    if isinstance(node, ast.keyword):
        if not any(word in (node.arg or "") for word in (*_WAITING, "status_code", "ge", "le", "gt", "lt", "length")):
            yield from _constants([node.value])
    elif isinstance(node, ast.Call):
        yield from _constants(node.args)
    elif isinstance(node, ast.Compare):
        yield from _constants(node.comparators)
    elif isinstance(node, ast.BinOp) and not (_is_fixed(node.left) and _is_fixed(node.right)):
        yield from _constants([node.left, node.right])
    elif isinstance(node, ast.Return | ast.Assign | ast.AugAssign | ast.AnnAssign) and node.value is not None:
        yield from _constants([node.value])
    elif isinstance(node, ast.Dict):
        yield from _constants(node.values)


def _constants(nodes: list[ast.expr]) -> Iterator[ast.Constant]:
    return (n for n in nodes if isinstance(n, ast.Constant))


def _label(node: ast.AST, child: ast.AST, text: Text) -> str:
    owner = text.of(node) if isinstance(node, ast.keyword | ast.Compare | ast.Return) else text.of(child)
    return " ".join(owner.decode("utf-8", "replace").split())[:80]


def turned_round(node: ast.AST, text: Text) -> Iterator[Edit]:
    """`if x` becomes `if not x`; comparisons have a damage of their own."""
    if not isinstance(node, ast.If) or not isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.Await):
        return
    yield text.replaced(node.test, b"not (" + text.of(node.test) + b")", "condition turned round")
