"""Steps that were forgotten: the last piece after a loop, a counter, an index out of range, a condition of the loop."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.source import LOOPS, called, names_in, within

_KEEPS = ("append", "add", "extend", "update", "put", "appendleft")
_STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.Raise)


@family(*LOOPS)
def last_piece(node: ast.For | ast.While, at: Place) -> Iterator[Change]:
    """What a loop does with a finished piece is done once more behind it, for the piece that is left."""
    for part in within(node):
        if not isinstance(part, ast.Expr | ast.AugAssign | ast.Assign) or not at.source.is_alone(part):
            continue
        value = part.value
        keeps = isinstance(part, ast.AugAssign) or called(value) in _KEEPS or isinstance(part, ast.Assign)
        if not keeps:
            continue
        text = at.text_of(part).rstrip()
        nested = at.parent(part) is not node
        prior = 0.3 if nested and called(value) in _KEEPS else 0.08
        yield at.behind(node, text, prior, f"`{short(text)}` once more behind the loop")
        for test in _asked(part, at):
            yield at.behind(
                node, f"if {test}:\n    " + text.replace("\n", "\n    "), prior, f"`{short(text)}` for what is left"
            )


def _asked(part: ast.stmt, at: Place) -> Iterator[str]:
    """Conditions under which something is left: its own, or that it is not empty."""
    parent = at.parent(part)
    if isinstance(parent, ast.If) and part in parent.body:
        yield at.code(parent.test)
    value = part.value if isinstance(part, ast.Expr) else None
    if isinstance(value, ast.Call) and value.args and isinstance(value.args[0], ast.Name | ast.Attribute):
        yield at.code(value.args[0])
        yield f"{at.code(value.args[0])} is not None"


@family(*_STATEMENTS)
def counter_forgotten(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A variable that goes on by one, or loses its last item, behind a statement of a loop or branch."""
    names = names_of(node, at)
    if names is None or not at.source.is_alone(node) or isinstance(node, ast.Raise):
        return
    inside = at.source.loop(node)
    parent = at.parent(node)
    if inside is None and not isinstance(parent, ast.If):
        return
    asked = names_in(inside.test) if isinstance(inside, ast.While) else set()
    stuck = at.hints.mentions("timeout", "timed out")
    for name in names.at(node.lineno):
        kind = names.kinds[name]
        if kind == "int":
            prior = 0.25 if name in asked and stuck else 0.15 if name in asked else 0.08
            yield at.behind(node, f"{name} += 1", prior)
            yield at.behind(node, f"{name} -= 1", prior * 0.7)
        elif kind == "list":
            yield at.behind(node, f"{name}.pop()", 0.15 if name in asked else 0.1)
            yield at.behind(node, f"{name}.clear()", 0.05)


@family(ast.Assign, ast.Return, ast.Expr, ast.AugAssign)
def index_out_of_range(node: ast.stmt, at: Place) -> Iterator[Change]:
    """An index that is behind the end: the last item, nothing, or the end of the loop."""
    names = names_of(node, at)
    if names is None or not at.source.is_alone(node) or not at.hints.mentions("IndexError", "out of range"):
        return
    for part in ast.walk(node):
        if not isinstance(part, ast.Subscript) or isinstance(part.slice, ast.Slice | ast.Constant):
            continue
        items, index = at.code(part.value), at.code(part.slice)
        answers = [f"return {items}[-1]", "return None", "return -1", "return False"]
        answers += ["break", "continue"] if at.source.loop(node) is not None else []
        for answer in answers:
            yield at.before(node, f"if {index} >= len({items}):\n    {answer}", 0.2, f"`{answer}` behind the end")


@family(ast.For, ast.While, ast.AugAssign, ast.Assign, ast.Expr)
def under_the_loops_condition(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A step of a loop that is only done while a part of the loop's condition still holds."""
    outer = at.source.loop(node)
    block = at.source.block(node)
    if (
        not isinstance(outer, ast.While)
        or not isinstance(outer.test, ast.BoolOp | ast.Compare)
        or node not in outer.body
    ):
        return
    start, end = at.lines(node)
    text = at.text_of(node)
    tests = outer.test.values if isinstance(outer.test, ast.BoolOp) else [outer.test]
    for test in tests if block.index(node) else ():
        asked = at.code(test)
        laid = at.laid_out(f"if {asked}:\n" + at.laid_out(text, "    "), at.source.indent(node))
        prior = 0.15 if isinstance(node, ast.For | ast.While) else 0.06
        yield at.span(start, end, laid, prior, f"only while `{short(asked)}`")
