"""The order of things: returns, early exits, statements at the wrong depth or place, too many or missing."""

import ast
import textwrap
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.source import FUNCTIONS, LOOPS, first_line, is_docstring, within

_SIMPLE = (
    ast.Expr,
    ast.Assign,
    ast.AugAssign,
    ast.Return,
    ast.Raise,
    ast.Break,
    ast.Continue,
    ast.AnnAssign,
    ast.Delete,
)


@family(*_SIMPLE, ast.If, ast.For, ast.While)
def depth(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement moved out of the block it ends, or into the block above it."""
    source = at.source
    if not source.is_alone(node) and not isinstance(node, ast.If | ast.For | ast.While):
        return
    block, parent = source.block(node), at.parent(node)
    start, end = at.lines(node)
    text = at.text_of(node)
    is_last = block[-1] is node and len(block) > 1
    if is_last and isinstance(parent, (*LOOPS, ast.If, ast.With, ast.Try)) and getattr(parent, "body", None) is block:
        orelse = getattr(parent, "orelse", None)
        free = not orelse and not getattr(parent, "handlers", None)
        same_loop = source.loop(parent) is source.loop(node)
        if free and (same_loop or not isinstance(node, ast.Break | ast.Continue)):
            moved = at.laid_out(text, source.indent(parent))
            prior = 0.5 if isinstance(node, ast.Return) and isinstance(parent, LOOPS) else 0.25
            yield at.span(start, end, moved, prior, f"`{short(at.code(node))}` moves out of the block")
    position = block.index(node)
    above = block[position - 1] if position else None
    if isinstance(above, (*LOOPS, ast.If, ast.With)) and not getattr(above, "orelse", None):
        inner = above.body[-1]
        if not isinstance(inner, ast.Return | ast.Raise | ast.Break | ast.Continue):
            moved = at.laid_out(text, source.indent(inner))
            rest = "" if len(block) > 1 else f"{source.indent(node)}pass\n"
            yield at.span(start, end, moved + rest, 0.15, f"`{short(at.code(node))}` moves into the block above")


@family(*_SIMPLE)
def order(node: ast.stmt, at: Place) -> Iterator[Change]:
    """Two statements changed places, one moved to the beginning of its block."""
    block = at.source.block(node)
    position = block.index(node)
    if isinstance(node, ast.Return | ast.Raise) or not position:
        return
    for other, prior in ((block[position - 1], 0.25), (block[0], 0.08)):
        if other is block[0] and other is block[position - 1] and prior < 0.1:
            continue
        if is_docstring(other) or not at.source.is_alone(node) or isinstance(other, ast.Import | ast.ImportFrom):
            continue
        start, _ = at.lines(other)
        begin, end = at.lines(node)
        between = at.source.text[start:begin]
        text = at.source.text[begin:end]
        if not text.endswith("\n"):
            text += "\n"
        says = f"`{short(at.code(node))}` moves before `{short(at.code(other))}`"
        yield at.span(start, end, text + between, prior, says)


@family(*_SIMPLE)
def too_many(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement taken out."""
    if at.source.function(node) is None or is_docstring(node):
        return
    prior = {ast.Continue: 0.3, ast.Break: 0.35, ast.Return: 0.15, ast.Raise: 0.06, ast.Expr: 0.1}.get(type(node), 0.12)
    change = at.remove(node, prior)
    if change is not None:
        yield change


@family(ast.Break, ast.Continue)
def exit_of_a_loop(node: ast.Break | ast.Continue, at: Place) -> Iterator[Change]:
    """`break`, `continue` and `return` for each other."""
    other = "continue" if isinstance(node, ast.Break) else "break"
    yield at.swap(node, other, 0.4)
    names = names_of(node, at)
    if names is not None:
        yield at.swap(node, "return", 0.1)


@family(ast.If, ast.Expr, ast.Assign, ast.AugAssign)
def exit_missing(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A `break`, `continue` or `return` that should follow."""
    block, parent = at.source.block(node), at.parent(node)
    if at.source.function(node) is None or is_docstring(node):
        return
    last = block[-1] is node
    if isinstance(node, ast.If) or not last:
        return
    if at.source.loop(node) is not None and isinstance(parent, ast.If):
        yield at.behind(node, "break", 0.3)
        yield at.behind(node, "continue", 0.2)
    if isinstance(parent, ast.If):
        yield at.behind(node, "return", 0.12)


@family(ast.Expr)
def return_missing(node: ast.Expr, at: Place) -> Iterator[Change]:
    """A value that is computed and thrown away is returned, or kept under the name it came from."""
    if at.source.function(node) is None or is_docstring(node) or isinstance(node.value, ast.Yield | ast.YieldFrom):
        return
    start = at.source.start(node)
    function = at.function(node)
    calls_itself = isinstance(node.value, ast.Call) and function is not None and f"{function.name}(" in at.code(node)
    last = at.source.block(node)[-1] is node
    pure = not isinstance(node.value, ast.Call | ast.Await)
    yield at.span(
        start, start, "return ", 0.55 if calls_itself or pure else 0.3 if last else 0.1, "the value is returned"
    )
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        owner = value.func.value
        if isinstance(owner, ast.Name | ast.Attribute):
            text = at.code(owner)
            kept = value.func.attr in (
                "strip",
                "replace",
                "lower",
                "upper",
                "where",
                "filter",
                "order_by",
                "union",
                "sort",
            )
            kept = kept or value.func.attr in ("limit", "offset", "options", "replace", "difference", "join", "options")
            yield at.span(start, start, f"{text} = ", 0.55 if kept else 0.12, f"the result is kept in `{text}`")


@family(*FUNCTIONS)
def last_return_missing(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A function that ends without returning what it worked on."""
    last = node.body[-1]
    if isinstance(last, ast.Return | ast.Raise) or node.name == "__init__":
        return
    if any(isinstance(n, ast.Yield | ast.YieldFrom) for n in within(node)):
        return
    returns = [n for n in within(node) if isinstance(n, ast.Return) and n.value is not None]
    boost = 0.2 if returns or (node.returns is not None and at.code(node.returns) != "None") else 0.0
    names = dict.fromkeys(
        n.id
        for s in reversed(node.body)
        for n in ast.walk(s)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    )
    for text in [
        *list(names)[:4],
        *dict.fromkeys(at.code(r.value) for r in returns if r.value),
        "False",
        "True",
        "None",
        "[]",
        "0",
    ]:
        yield at.behind(last, f"return {text}", (0.3 if text in names else 0.12) + boost)


@family(ast.Return)
def other_answer(node: ast.Return, at: Place) -> Iterator[Change]:
    """Another variable is returned; a plain `return` gets a value."""
    names = names_of(node, at)
    if names is None:
        return
    if node.value is None:
        for name in [*names.at(node.lineno)[-5:], "[]", "0", "False", "True", "{}", '""']:
            if name not in ("self", "cls"):
                yield at.swap(node, f"return {name}", 0.25)
        return
    text = at.code(node.value)
    for name in names.at(node.lineno):
        if name != text and name not in ("self", "cls") and not isinstance(node.value, ast.Name):
            yield at.swap(node.value, name, 0.05)
    around = at.function(node)
    others = [r for r in within(around) if isinstance(r, ast.Return) and r.value is not None] if around else []
    for other in dict.fromkeys(at.code(r.value) for r in others if r.value is not None):
        if other != text and len(other) < 60:
            yield at.swap(node.value, other, 0.12)
    for literal in ("[]", "0", "None", "True", "False", "-1", "1", '""', "{}"):
        if literal != text and (isinstance(node.value, ast.Constant | ast.List | ast.Dict | ast.Name)):
            yield at.swap(node.value, literal, 0.08)


@family(ast.Assign, ast.AugAssign)
def assignment_repeated(node: ast.Assign | ast.AugAssign, at: Place) -> Iterator[Change]:
    """The start value of a variable set again where a loop begins, or where its value was used up."""
    loops = [n for n in at.source.block(node) if isinstance(n, LOOPS) and n.lineno > node.lineno]
    if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name) or not loops:
        return
    loop = loops[0]
    name = node.targets[0].id
    start, end = at.lines(node)
    if not at.source.is_alone(node):
        return
    text = at.laid_out(at.text_of(node), at.source.indent(loop.body[0]))
    into = at.source.line_start(first_line(loop.body[0]))
    edits = (at.edit(start, end, ""), at.edit(into, into, text))
    yield Change(edits, 0.2, f"`{name}` begins anew in every turn")
    for deeper in [n for n in loop.body if isinstance(n, LOOPS)][:1]:
        yield at.before(deeper, at.text_of(node), 0.1, f"`{name}` begins anew before the inner loop")
    for inner in [n for n in ast.walk(loop) if isinstance(n, ast.If)][:3]:
        if any(isinstance(p, ast.Name) and p.id == name for p in ast.walk(inner)):
            yield at.behind(inner.body[-1], at.text_of(node), 0.1, f"`{name}` begins anew there")


@family(*FUNCTIONS)
def step_into_loop(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A start value moved out of the loop that sets it in every turn."""
    for loop in [n for n in within(node) if isinstance(n, LOOPS)]:
        for statement in loop.body[:2]:
            begins = isinstance(statement, ast.Assign) and isinstance(
                statement.value, ast.Constant | ast.List | ast.Dict
            )
            if begins and at.source.is_alone(statement) and len(loop.body) > 1:
                start, end = at.lines(statement)
                into = at.source.line_start(loop.lineno)
                text = at.laid_out(textwrap.dedent(at.text_of(statement)), at.source.indent(loop))
                edits = (at.edit(into, into, text), at.edit(start, end, ""))
                yield Change(edits, 0.4, f"`{short(at.code(statement))}` moves before the loop")
