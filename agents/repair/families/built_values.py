"""Values built of what a place can see: further terms, elements, arguments, conversions, bounds."""

import ast
from collections.abc import Iterator

from agents.repair.atoms import atoms, constants, kind_at
from agents.repair.families.base import Change, Place, short
from agents.repair.families.building import built, is_operand
from agents.repair.scope import alike
from agents.repair.source import FUNCTIONS, called

_METHODS = {
    "str": (".strip()", ".lower()", ".split()", ".upper()"),
    "list": (".copy()",),
    "dict": (".copy()",),
    "": (".strip()", ".lower()", ".copy()"),
}
_AROUND = {
    "int": ("abs", "int", "round", "str"),
    "str": ("int", "len"),
    "list": ("sorted", "list", "set", "len", "sum"),
    "dict": ("len", "sorted", "list"),
    "set": ("sorted", "list", "len"),
    "": ("str", "int", "len", "list"),
}


@built(ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.BinOp)
def one_more_term(node: ast.expr, at: Place) -> Iterator[Change]:
    """Arithmetic with a further operand."""
    if not is_operand(node, at):
        return
    kind = kind_at(node, at)
    signs = {"int": "+ - * // %", "": "+ - *", "str": "+", "list": "+", "tuple": "+"}.get(kind, "")
    for other in (*atoms(node, at), *constants(node, at)):
        if alike(kind, other.kind) and other.text not in ("0", at.code(node)):
            for sign in signs.split():
                text = f"{at.code(node)} {sign} {other.text}"
                yield at.swap(
                    node, f"({text})" if isinstance(at.parent(node), ast.Attribute) else text, 0.03 * other.weight
                )
                if sign == "+" and kind in ("str", "list"):
                    yield at.swap(node, f"{other.text} + {at.code(node)}", 0.03 * other.weight)


@built(ast.Name, ast.Attribute, ast.Subscript, ast.Constant)
def something_else(node: ast.expr, at: Place) -> Iterator[Change]:
    """Any other value that is at hand."""
    if not is_operand(node, at) or (isinstance(node, ast.Constant) and isinstance(node.value, bool | None)):
        return
    kind = kind_at(node, at)
    for other in atoms(node, at):
        if alike(kind, other.kind) and other.text != at.code(node):
            yield at.swap(node, other.text, 0.05 * other.weight)


@built(ast.Name, ast.Attribute, ast.Subscript, ast.Call)
def converted(node: ast.expr, at: Place) -> Iterator[Change]:
    """A value goes through a conversion, or a function of the same file."""
    if not is_operand(node, at):
        return
    own = at.code(node)
    kind = kind_at(node, at)
    for method in _METHODS.get(kind, ()):
        yield at.swap(node, f"{own}{method}", 0.03)
    functions = [f.name for f in at.source.tree.body if isinstance(f, FUNCTIONS) and _takes_one(f)]
    for name in (*functions[:8], *_AROUND.get(kind, ("str", "list"))):
        if (
            called(node) != name
            and called(at.parent(node) or node) != name
            and (called(node), name) != ("sorted", "set")
        ):
            yield at.swap(node, f"{name}({own})", 0.04 if name in functions else 0.02)


@built(ast.Name, ast.Attribute)
def only_a_part(node: ast.Name | ast.Attribute, at: Place) -> Iterator[Change]:
    """A list or text without its beginning or its end."""
    kind = kind_at(node, at)
    if not is_operand(node, at) or kind not in ("", "list", "str", "tuple"):
        return
    own = at.code(node)
    for text, share in (("1:", 1.0), (":-1", 1.0), ("::-1", 0.6)):
        yield at.swap(node, f"{own}[{text}]", 0.03 * share)
    for other in atoms(node, at):
        if other.text != own and other.kind in ("", "int"):
            yield at.swap(node, f"{own}[{other.text}:]", 0.03 * other.weight)
            yield at.swap(node, f"{own}[:{other.text}]", 0.03 * other.weight)
            yield at.swap(node, f"{own}[{own}.index({other.text}):]", 0.02 * other.weight)


@built(ast.Tuple, ast.List)
def one_more_element(node: ast.Tuple | ast.List, at: Place) -> Iterator[Change]:
    """A row or list with a further value."""
    if not isinstance(node.ctx, ast.Load) or not node.elts or at.source.function(node) is None:
        return
    first, last = at.source.start(node.elts[0]), at.source.end(node.elts[-1])
    for other in (*atoms(node, at), *constants(node, at)):
        for text in (other.text, f"not {other.text}") if other.kind != "int" else (other.text, f"-{other.text}"):
            yield at.span(last, last, f", {text}", 0.03 * other.weight, f"`{text}` comes last")
            for element in node.elts:
                start = at.source.start(element)
                says = f"`{text}` comes {'first' if start == first else f'before `{short(at.code(element))}`'}"
                yield at.span(start, start, f"{text}, ", 0.02 * other.weight, says)


@built(ast.Call)
def one_more_argument(node: ast.Call, at: Place) -> Iterator[Change]:
    """A further argument, when the call may take one."""
    if any(isinstance(arg, ast.Starred) for arg in node.args) or node.keywords:
        return
    known = at.repo.signatures.get(called(node))
    if known is not None and len(known.names) <= len(node.args):
        return
    lacking = 4.0 if at.hints.mentions("missing", "positional argument") else 1.0
    end = at.source.end(node) - 1
    for other in (*atoms(node, at), *constants(node, at)):
        text = f", {other.text}" if node.args else other.text
        yield at.span(end, end, text, 0.03 * lacking * other.weight, f"`{other.text}` is passed as well")


@built(ast.Slice)
def other_bounds(node: ast.Slice, at: Place) -> Iterator[Change]:
    """A slice that begins or ends elsewhere."""
    lower = at.code(node.lower) if node.lower is not None else ""
    upper = at.code(node.upper) if node.upper is not None else ""
    parent = at.parent(node)
    if node.step is not None or not isinstance(parent, ast.Subscript):
        return
    for other in (*atoms(node, at), *constants(node, at)):
        if other.kind in ("", "int"):
            for text, share in (
                (other.text, 1.0),
                (f"{other.text} + 1", 0.7),
                (f"{other.text} - 1", 0.4),
                (f"-{other.text}", 0.4),
            ):
                for new in (f"{text}:{upper}", f"{lower}:{text}"):
                    yield _slice(parent, new, 0.04 * other.weight * share, at)


def _slice(parent: ast.Subscript, text: str, prior: float, at: Place) -> Change:
    start, end = at.source.end(parent.value), at.source.end(parent)
    inside = at.source.text[start:end]
    return at.span(start, end, f"[{text}]", prior, f"`{short(inside)}` becomes `[{short(text)}]`")


def _takes_one(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    args = function.args
    return isinstance(function, ast.FunctionDef) and 1 <= len(args.args) <= 1 + len(args.defaults)
