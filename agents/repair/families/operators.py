"""Operators: comparisons, arithmetic, assignments that count up, grouping."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family
from agents.repair.source import called

COMPARES: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.Is: "is",
    ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip
_OTHER_COMPARES = {
    "<": {"<=": 0.6, ">": 0.2, ">=": 0.15, "!=": 0.08, "==": 0.08},
    "<=": {"<": 0.6, ">=": 0.2, ">": 0.15, "==": 0.1},
    ">": {">=": 0.6, "<": 0.2, "<=": 0.15, "!=": 0.1, "==": 0.08},
    ">=": {">": 0.6, "<=": 0.2, "<": 0.15, "==": 0.1},
    "==": {"!=": 0.35, ">=": 0.25, "<=": 0.25, "in": 0.12, "<": 0.08, ">": 0.08},
    "!=": {"==": 0.35, "<": 0.15, ">": 0.15, "not in": 0.1},
    "is": {"is not": 0.4, "==": 0.3},
    "is not": {"is": 0.4, "!=": 0.3},
    "in": {"not in": 0.4, "==": 0.1},
    "not in": {"in": 0.4},
}
ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
    ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>", ast.MatMult: "@",
}  # fmt: skip
_OTHER_ARITHMETIC = {
    "+": {"-": 0.4, "*": 0.15, "|": 0.03},
    "-": {"+": 0.4, "*": 0.06, "/": 0.04, "%": 0.04},
    "*": {"/": 0.25, "+": 0.2, "**": 0.2, "//": 0.1, "-": 0.04},
    "/": {"//": 0.4, "*": 0.25, "%": 0.08, "-": 0.02},
    "//": {"/": 0.4, "%": 0.3, "*": 0.1},
    "%": {"//": 0.3, "/": 0.1, "+": 0.03},
    "**": {"*": 0.3, "+": 0.05},
    "&": {"|": 0.35, "^": 0.2, "-": 0.1, "and": 0.05},
    "|": {"&": 0.35, "^": 0.2, "or": 0.05},
    "^": {"|": 0.25, "&": 0.25, "**": 0.15},
    "<<": {">>": 0.4},
    ">>": {"<<": 0.4},
}
_LOOSE = ("+", "-")


def _between(at: Place, left: ast.AST, right: ast.AST, old: str) -> tuple[int, int] | None:
    """Offsets of an operator between two operands; None when it cannot be told from what is around it."""
    start, end = at.source.end(left), at.source.start(right)
    gap = at.source.text[start:end]
    if "#" in gap or " ".join(gap.replace("(", " ").replace(")", " ").replace("\\", " ").split()) != old:
        return None
    first = old.split()[0]
    begin = start + gap.index(first)
    return begin, start + gap.rindex(old.split()[-1]) + len(old.split()[-1])


@family(ast.Compare)
def comparison(node: ast.Compare, at: Place) -> Iterator[Change]:
    """Another comparison between the same operands."""
    left: ast.expr = node.left
    for op, right in zip(node.ops, node.comparators, strict=True):
        old = COMPARES[type(op)]
        none = isinstance(right, ast.Constant) and right.value is None
        where = _between(at, left, right, old)
        for new, prior in _OTHER_COMPARES[old].items() if where else ():
            if none and new not in ("is", "is not", "==", "!="):
                continue
            ordered = new in ("<", ">", "<=", ">=")
            if isinstance(right, ast.Constant) and isinstance(right.value, str) and ordered:
                continue
            if old in ("==", "!=") and ordered and isinstance(left, ast.Attribute) and called(at.parent(node) or node):
                prior *= 0.1  # columns of a query, which are looked up
            assert where is not None  # noqa: S101
            edge = new == {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}.get(old)
            prior *= 0.4 if none else 1.4 if edge and at.hints.by_one else 1.0
            yield at.span(*where, new, prior, f"`{old}` becomes `{new}`")
        left = right


@family(ast.Compare)
def comparison_turned_round(node: ast.Compare, at: Place) -> Iterator[Change]:
    """Operands changed places, where that is not what another comparison does."""
    if len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn):
        old = COMPARES[type(node.ops[0])]
        yield at.swap(node, f"{at.code(node.comparators[0])} {old} {at.code(node.left)}", 0.12)


@family(ast.BinOp)
def arithmetic(node: ast.BinOp, at: Place) -> Iterator[Change]:
    """Another operator, operands changed places, one operand alone."""
    old = ARITHMETIC[type(node.op)]
    if isinstance(node.right, ast.Constant) and node.right.value is None:
        return
    text = isinstance(node.left, ast.Constant | ast.JoinedStr) and not _is_number(node.left)
    where = _between(at, node.left, node.right, old)
    for new, prior in _OTHER_ARITHMETIC.get(old, {}).items() if where and not text else ():
        assert where is not None  # noqa: S101
        yield at.span(*where, new, prior, f"`{old}` becomes `{new}`")
    if old in ("-", "/", "//", "%", "**", "<<", ">>", "+"):
        prior = 0.05 if old == "+" else 0.25
        left, right = at.code(node.left), at.code(node.right)
        simple = isinstance(node.left, ast.Name | ast.Attribute | ast.Constant | ast.Call | ast.Subscript)
        if simple and not isinstance(node.right, ast.BinOp) and not (text and old == "%"):
            yield at.swap(node, f"{right} {old} {left}", prior)
    yield at.swap(node, at.code(node.left), 0.1)
    yield at.swap(node, at.code(node.right), 0.05)


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


@family(ast.AugAssign)
def counting(node: ast.AugAssign, at: Place) -> Iterator[Change]:
    """Another `+=`, or a plain assignment."""
    old = ARITHMETIC[type(node.op)] + "="
    where = _between(at, node.target, node.value, old)
    if where is None:
        return
    for new, prior in _OTHER_ARITHMETIC.get(old[:-1], {}).items():
        if new not in ("and", "or"):
            yield at.span(*where, f"{new}=", prior, f"`{old}` becomes `{new}=`")
    yield at.span(*where, "=", 0.25, f"`{old}` becomes `=`")


@family(ast.Assign)
def counting_forgotten(node: ast.Assign, at: Place) -> Iterator[Change]:
    """`=` that should add to what is there, most of all in a loop."""
    if len(node.targets) != 1 or isinstance(node.targets[0], ast.Tuple | ast.List):
        return
    where = _between(at, node.targets[0], node.value, "=")
    if where is None or at.source.function(node) is None:
        return
    inside = at.source.loop(node) is not None
    yield at.span(*where, "+=", 0.3 if inside else 0.06, "`=` becomes `+=`")
    target = at.code(node.targets[0])
    if inside and target not in at.code(node.value) and isinstance(node.targets[0], ast.Name):
        for wrap in ("max", "min"):
            edit = at.edit(
                at.source.start(node.value), at.source.end(node.value), f"{wrap}({target}, {at.code(node.value)})"
            )
            yield Change((edit,), 0.1, f"the {wrap}imum of `{target}` and the new value is kept")


@family(ast.BinOp)
def grouping(node: ast.BinOp, at: Place) -> Iterator[Change]:
    """Parentheses that are missing or too many: `a + b * c` and `(a + b) * c`."""
    old = ARITHMETIC[type(node.op)]
    source = at.source
    for side, child in (("left", node.left), ("right", node.right)):
        if not isinstance(child, ast.BinOp):
            continue
        inner = ARITHMETIC[type(child.op)]
        a, b = at.code(child.left), at.code(child.right)
        around = source.text[source.start(node) : source.end(node)]
        has = around.startswith("(") if side == "left" else around.endswith(")")
        if (old in _LOOSE) != (inner in _LOOSE) or has or (side == "left" and old in ("-", "/", "//", "%")):
            other = at.code(node.right if side == "left" else node.left)
            if side == "left":
                yield at.swap(node, f"{a} {inner} ({b} {old} {other})", 0.15)
            else:
                yield at.swap(node, f"({other} {old} {a}) {inner} {b}", 0.15)


@family(ast.UnaryOp)
def sign(node: ast.UnaryOp, at: Place) -> Iterator[Change]:
    """A sign or `not` taken away."""
    if isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        prior = 0.25 if isinstance(node.op, ast.Not) else 0.2
        yield at.swap(node, at.code(node.operand), prior)


@family(ast.Return, ast.keyword)
def sign_forgotten(node: ast.Return | ast.keyword, at: Place) -> Iterator[Change]:
    """A missing minus before a returned value or a sort key's value."""
    value = node.value
    if isinstance(value, ast.Name | ast.Call | ast.BinOp | ast.Attribute) and isinstance(node, ast.Return):
        yield at.swap(value, f"-{at.code(value)}" if not isinstance(value, ast.BinOp) else f"-({at.code(value)})", 0.03)
