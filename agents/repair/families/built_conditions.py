"""Conditions built of what a place can see: narrower, wider, around a statement, before a way out."""

import ast
from collections.abc import Iterator

from agents.repair.atoms import atoms, conditions, constants
from agents.repair.families.base import Change, Place, short
from agents.repair.families.building import STEPS, built
from agents.repair.ingredients import module_names
from agents.repair.source import is_docstring, within

CAUGHT = ("KeyError", "ValueError", "TypeError", "IndexError", "AttributeError", "LookupError", "OSError")


@built(ast.If, ast.While, ast.IfExp)
def narrower_or_wider(node: ast.If | ast.While | ast.IfExp, at: Place) -> Iterator[Change]:
    """A condition with a further part."""
    own = at.code(node.test)
    for text, _, weight in conditions(node, at):
        if text not in own:
            for word in ("and", "or"):
                whole = f"({own})" if isinstance(node.test, ast.BoolOp | ast.IfExp | ast.NamedExpr) else own
                yield at.span(at.source.start(node.test), at.source.end(node.test), f"{whole} {word} {text}",
                              0.05 * weight, f"`{short(own)}` {word} `{text}`")  # fmt: skip


@built(ast.comprehension)
def only_some(node: ast.comprehension, at: Place) -> Iterator[Change]:
    """A comprehension leaves something out."""
    end = at.source.end(node.ifs[-1] if node.ifs else node.iter)
    own = [n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)]
    asked = [(name, 0.8) for name in own] + [(f"not {name}", 0.3) for name in own]
    for name in own:
        for other in atoms(node, at):
            if other.text not in own and "(" not in other.text:
                asked += [
                    (f"{name} {op} {other.text}", 0.6 * other.weight) for op in ("!=", "==", "<", ">", "not in", "in")
                ]
        asked += [(f"{name} {op} {one.text}", 0.4) for one in constants(node, at) for op in (">", "!=", "<", "==")]
    for text, weight in sorted(asked, key=lambda one: -one[1])[:60]:
        word = " and" if node.ifs else " if"
        yield at.span(end, end, f"{word} {text}", 0.05 * weight, f"only where `{text}`")


@built(ast.Assign, ast.AugAssign, ast.Expr)
def only_when(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement done only under a condition."""
    if not at.source.is_alone(node) or is_docstring(node):
        return
    start, end = at.lines(node)
    for text, _, weight in conditions(node, at):
        laid = at.laid_out(f"if {text}:\n" + at.laid_out(at.text_of(node), "    "), at.source.indent(node))
        yield at.span(start, end, laid, 0.03 * weight, f"`{short(at.code(node))}` only if `{text}`")


@built(ast.Return, ast.Assign)
def either_or(node: ast.Return | ast.Assign, at: Place) -> Iterator[Change]:
    """A value, or only a part of it, by a condition."""
    if node.value is None or isinstance(node.value, ast.IfExp):
        return
    own = at.code(node.value)
    others = [at.code(part) for part in ast.iter_child_nodes(node.value) if isinstance(part, ast.expr)][:3]
    for text, _, weight in conditions(node, at)[:30]:
        for other in others:
            yield at.swap(node.value, f"{own} if {text} else {other}", 0.012 * weight)


@built(*STEPS)
def leaves_before(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A way out before a statement: return, raise, continue or break under a condition."""
    around = at.source.function(node)
    if around is None or is_docstring(node) or (isinstance(node, ast.If) and at.source.is_elif(node)):
        return
    exits = _exits(node, around, at)
    for text, _, weight in conditions(node, at):
        for leave, share in exits:
            yield at.before(node, f"if {text}:\n    {leave}", 0.03 * weight * share, f"`{short(leave)}` if `{text}`")


def _exits(node: ast.stmt, around: ast.AST, at: Place) -> list[tuple[str, float]]:
    found: dict[str, float] = {}
    if at.source.loop(node) is not None:
        found |= {"continue": 1.0, "break": 0.6}
    bound = {one.text for one in atoms(node, at)}
    for part in within(around):
        if isinstance(part, ast.Return) and part.value is not None:
            if {n.id for n in ast.walk(part.value) if isinstance(n, ast.Name)} <= bound:
                found.setdefault(f"return {at.code(part.value)}", 0.7)
        elif isinstance(part, ast.Raise) and part.exc is not None:
            found.setdefault(at.code(part), 0.6)
    plain = [one for one in ("[]", "0", "None", "False", "True", "1") if f"return {one}" not in found]
    for text in ([one.text for one in atoms(node, at) if one.weight == 1.0][:2] + plain)[:5]:
        found.setdefault(f"return {text}", 0.4)
    for error in sorted(
        at.hints.errors & {*CAUGHT, *(one.name for one in at.source.classes), *module_names(at.source)}
    ):
        found.setdefault(f'raise {error}("not valid")', 1.0)
    return list(found.items())[:9]


@built(ast.ExceptHandler)
def caught_too(node: ast.ExceptHandler, at: Place) -> Iterator[Change]:
    """Another of the usual exceptions is caught."""
    if node.type is not None:
        for name in CAUGHT:
            if name not in at.code(node.type):
                yield at.swap(node.type, name, 0.03)
