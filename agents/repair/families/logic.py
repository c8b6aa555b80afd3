"""Conditions: `and`, `or`, `not`, conditions that are missing or too many."""

import ast
import textwrap
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, is_condition, short
from agents.repair.families.operators import COMPARES

_OPPOSITE = {
    "<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in",
    "not in": "in",
}  # fmt: skip


def negated(node: ast.expr, at: Place) -> str:
    """The opposite of a condition, as short as it can be said."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return at.code(node.operand)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        op = _OPPOSITE[COMPARES[type(node.ops[0])]]
        return f"{at.code(node.left)} {op} {at.code(node.comparators[0])}"
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript | ast.Constant)
    return f"not {at.code(node)}" if plain else f"not ({at.code(node)})"


@family(ast.BoolOp)
def boolean_operator(node: ast.BoolOp, at: Place) -> Iterator[Change]:
    """`and` for `or`, one operand less, one operand turned round."""
    word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
    texts = [_inner(value, at) for value in node.values]
    yield at.swap(node, f" {other} ".join(texts), 0.45, f"`{word}` becomes `{other}`")
    for index, value in enumerate(node.values):
        rest = [text for i, text in enumerate(texts) if i != index]
        says = f"`{short(at.code(value))}` is no longer asked"
        yield at.swap(node, f" {word} ".join(rest), 0.15, says)
        if not isinstance(value, ast.Compare):
            turned = [negated(value, at) if i == index else text for i, text in enumerate(texts)]
            yield at.swap(node, f" {word} ".join(turned), 0.2, f"`{short(at.code(value))}` is turned round")
    if len(node.values) > 2:
        yield at.swap(node, f"{texts[0]} {word} ({f' {other} '.join(texts[1:])})", 0.08)


def _inner(value: ast.expr, at: Place) -> str:
    return f"({at.code(value)})" if isinstance(value, ast.BoolOp | ast.IfExp | ast.Lambda) else at.code(value)


@family(ast.BoolOp)
def boolean_grouping(node: ast.BoolOp, at: Place) -> Iterator[Change]:
    """`a or b and c` read the other way."""
    outer = "and" if isinstance(node.op, ast.And) else "or"
    for index, value in enumerate(node.values):
        if isinstance(value, ast.BoolOp) and len(node.values) == 2:
            inner = "and" if outer == "or" else "or"
            parts = [_inner(part, at) for part in value.values]
            rest = _inner(node.values[1 - index], at)
            if index == 1:
                yield at.swap(node, f"({rest} {outer} {parts[0]}) {inner} {f' {inner} '.join(parts[1:])}", 0.25)
            else:
                yield at.swap(node, f"{f' {inner} '.join(parts[:-1])} {inner} ({parts[-1]} {outer} {rest})", 0.25)


@family(ast.If, ast.While, ast.IfExp)
def condition_turned_round(node: ast.If | ast.While | ast.IfExp, at: Place) -> Iterator[Change]:
    """The opposite condition."""
    if not isinstance(node.test, ast.Compare | ast.UnaryOp):
        yield at.swap(node.test, negated(node.test, at), 0.35)


@family(ast.comprehension)
def filter_turned_round(node: ast.comprehension, at: Place) -> Iterator[Change]:
    """The opposite filter of a comprehension, or none."""
    for test in node.ifs:
        if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield at.swap(test, negated(test, at), 0.25)
        start = at.source.text.rfind("if", 0, at.source.start(test))
        yield at.span(start, at.source.end(test), "", 0.12, f"the filter `{short(at.code(test))}` goes")


@family(ast.Return, ast.Assign)
def answer_turned_round(node: ast.Return | ast.Assign, at: Place) -> Iterator[Change]:
    """The opposite truth value of what is returned or kept."""
    value = node.value
    if isinstance(value, ast.Call) and at.code(value).startswith(("any(", "all(", "is_", "isinstance(")):
        yield at.swap(value, f"not {at.code(value)}", 0.15)
    elif isinstance(value, ast.BoolOp):
        yield at.swap(value, negated(value, at), 0.12)


@family(ast.If)
def condition_missing_a_part(node: ast.If, at: Place) -> Iterator[Change]:
    """Another question of the same function asked as well."""
    around = at.function(node)
    if around is None:
        return
    own = at.code(node.test)
    for other in _tests_of(around, at):
        if other == own or other in own:
            continue
        yield at.swap(node.test, f"{_safe(own, node.test)} and {other}", 0.06)
        yield at.swap(node.test, f"{_safe(own, node.test)} or {other}", 0.06)


@family(ast.If, ast.While)
def truth_for_presence(node: ast.If | ast.While, at: Place) -> Iterator[Change]:
    """`if x` for `if x is not None` and the other way round; emptiness asked first."""
    yield from _presence(node.test, at)
    if isinstance(node.test, ast.BoolOp):
        for value in node.test.values:
            yield from _presence(value, at)


@family(ast.IfExp)
def truth_for_presence_inline(node: ast.IfExp, at: Place) -> Iterator[Change]:
    """The same within a conditional expression."""
    yield from _presence(node.test, at)


@family(ast.BoolOp)
def default_for_falsy(node: ast.BoolOp, at: Place) -> Iterator[Change]:
    """`x or default`, which also replaces 0 and empty text."""
    if isinstance(node.op, ast.Or) and len(node.values) == 2 and not is_condition(node, at.parent(node)):
        first, second = node.values
        if isinstance(first, ast.Name | ast.Attribute | ast.Subscript):
            name = at.code(first)
            yield at.swap(node, f"{name} if {name} is not None else {at.code(second)}", 0.4)


def _presence(test: ast.expr, at: Place) -> Iterator[Change]:
    if isinstance(test, ast.Name | ast.Attribute):
        yield at.swap(test, f"{at.code(test)} is not None", 0.3)
    elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        if isinstance(test.operand, ast.Name | ast.Attribute):
            yield at.swap(test, f"{at.code(test.operand)} is None", 0.3)
    elif isinstance(test, ast.Compare) and len(test.ops) == 1:
        right = test.comparators[0]
        if isinstance(right, ast.Constant) and right.value is None and isinstance(test.ops[0], ast.Is | ast.IsNot):
            yes = isinstance(test.ops[0], ast.IsNot)
            yield at.swap(test, at.code(test.left) if yes else f"not {at.code(test.left)}", 0.25)


def _tests_of(around: ast.AST, at: Place) -> list[str]:
    found: dict[str, None] = {}
    for part in ast.walk(around):
        if isinstance(part, ast.If | ast.While | ast.IfExp):
            values = part.test.values if isinstance(part.test, ast.BoolOp) else [part.test]
            for value in values:
                if isinstance(value, ast.Compare | ast.Name | ast.UnaryOp | ast.Call):
                    found.setdefault(at.code(value))
    return list(found)[:8]


def _safe(text: str, node: ast.expr) -> str:
    return f"({text})" if isinstance(node, ast.BoolOp | ast.IfExp) else text


@family(ast.If)
def condition_dropped(node: ast.If, at: Place) -> Iterator[Change]:
    """What is done only under a condition is done always; `elif` and `if` for each other."""
    source = at.source
    start = source.start(node)
    if source.is_elif(node):
        yield at.span(start, start + 4, "if", 0.15, "`elif` becomes `if`")
        return
    body = at.source.text[at.source.line_start(node.body[0].lineno) : at.source.line_end(node.body[-1].end_lineno or 0)]
    if not node.orelse and source.line_start(node.body[0].lineno) > start:
        begin, end = at.lines(node)
        text = at.laid_out(textwrap.dedent(body), source.indent(node))
        yield at.span(begin, end, text, 0.1, f"`{short(at.code(node.test))}` is no longer asked")
    block = source.block(node)
    index = block.index(node)
    if index and isinstance(block[index - 1], ast.If) and not block[index - 1].orelse:  # type: ignore[attr-defined]
        yield at.span(start, start, "el", 0.15, "`if` becomes `elif`")
