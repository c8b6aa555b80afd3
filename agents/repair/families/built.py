"""Edits built of what a place can see, asked when no known edit helps: many, each of them unlikely."""

import ast
from collections.abc import Callable, Iterator
from typing import Any

from agents.repair.atoms import atoms, conditions, constants
from agents.repair.families.base import Change, Place, short
from agents.repair.scope import alike, kind_of
from agents.repair.source import COMPOUND, FUNCTIONS, LOOPS, called, within

BUILT: dict[type[ast.AST], list[tuple[str, Callable[[Any, Place], Iterator[Change]]]]] = {}
CEILING = 0.12
"""No prior here is above it."""
_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr, ast.AnnAssign, ast.Return, ast.Raise, ast.Delete)
_EXITS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_CAUGHT = ("KeyError", "ValueError", "TypeError", "IndexError", "AttributeError", "LookupError", "OSError")
_METHODS = {"str": (".strip()", ".lower()", ".split()", ".upper()"), "list": (".copy()",), "dict": (".copy()",),
            "": (".strip()", ".lower()", ".copy()")}  # fmt: skip
_AROUND = {"int": ("abs", "int", "round", "str"), "str": ("int", "len"), "list": ("sorted", "list", "set", "len", "sum"),
           "dict": ("len", "sorted", "list"), "set": ("sorted", "list", "len"), "": ("str", "int", "len", "list")}  # fmt: skip


def built(*types: type[ast.AST]) -> Callable[[Callable[[Any, Place], Iterator[Change]]], Any]:
    """Register a family that is asked last."""

    def register(function: Callable[[Any, Place], Iterator[Change]]) -> Any:
        for kind in types:
            BUILT.setdefault(kind, []).append((f"built: {function.__name__.replace('_', ' ')}", function))
        return function

    return register


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
    if not at.source.is_alone(node) or _is_documentation(node):
        return
    start, end = at.lines(node)
    for text, _, weight in conditions(node, at):
        laid = at.laid_out(f"if {text}:\n" + at.laid_out(at.text_of(node), "    "), at.source.indent(node))
        yield at.span(start, end, laid, 0.03 * weight, f"`{short(at.code(node))}` only if `{text}`")


@built(ast.Return, ast.Assign)
def either_or(node: ast.Return | ast.Assign, at: Place) -> Iterator[Change]:
    """One of two values, by a condition."""
    if node.value is None or isinstance(node.value, ast.IfExp):
        return
    own = at.code(node.value)
    parts = [at.code(part) for part in ast.iter_child_nodes(node.value) if isinstance(part, ast.expr)][:3]
    others = [*parts, *(one.text for one in atoms(node, at)[:3] if one.text != own), "None", "0"]
    for text, _, weight in conditions(node, at)[:30]:
        for other in others:
            yield at.swap(node.value, f"{own} if {text} else {other}", 0.012 * weight)


@built(*_SIMPLE, *LOOPS, ast.If)
def leaves_before(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A way out before a statement: return, raise, continue or break under a condition."""
    around = at.source.function(node)
    if around is None or _is_documentation(node) or (isinstance(node, ast.If) and _is_elif(node, at)):
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
    for error in sorted(at.hints.errors & set(_CAUGHT)):
        found.setdefault(f'raise {error}("not valid")', 1.0)
    return list(found.items())[:9]


@built(ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.BinOp)
def one_more_term(node: ast.expr, at: Place) -> Iterator[Change]:
    """Arithmetic with a further operand."""
    if not _is_operand(node, at):
        return
    kind = kind_of(node) or next((one.kind for one in atoms(node, at) if one.text == at.code(node)), "")
    signs = {"int": "+ - * // %", "": "+ - *", "str": "+", "list": "+", "tuple": "+"}.get(kind, "")
    for other in (*atoms(node, at), *constants(node, at)):
        if alike(kind, other.kind) and other.text not in ("0", at.code(node)):
            for sign in signs.split():
                text = f"{at.code(node)} {sign} {other.text}"
                yield at.swap(node, f"({text})" if _binds(at.parent(node)) else text, 0.03 * other.weight)
                if sign == "+" and kind in ("str", "list"):
                    yield at.swap(node, f"{other.text} + {at.code(node)}", 0.03 * other.weight)


@built(ast.Name, ast.Attribute, ast.Subscript, ast.Constant)
def something_else(node: ast.expr, at: Place) -> Iterator[Change]:
    """Any other value that is at hand."""
    if not _is_operand(node, at) or (isinstance(node, ast.Constant) and isinstance(node.value, bool | None)):
        return
    kind = kind_of(node) or next((one.kind for one in atoms(node, at) if one.text == at.code(node)), "")
    for other in atoms(node, at):
        if alike(kind, other.kind) and other.text != at.code(node):
            yield at.swap(node, other.text, 0.05 * other.weight)


@built(ast.Name, ast.Attribute, ast.Subscript, ast.Call)
def converted(node: ast.expr, at: Place) -> Iterator[Change]:
    """A value goes through a conversion, or a function of the same file."""
    if not _is_operand(node, at):
        return
    own = at.code(node)
    kind = kind_of(node) or next((one.kind for one in atoms(node, at) if one.text == own), "")
    for method in _METHODS.get(kind, ()):
        yield at.swap(node, f"{own}{method}", 0.03)
    functions = [f.name for f in at.source.tree.body if isinstance(f, FUNCTIONS) and _takes_one(f)]
    for name in (*functions[:8], *_AROUND.get(kind, ("str", "list"))):
        if called(node) != name and called(at.parent(node) or node) != name:
            yield at.swap(node, f"{name}({own})", 0.04 if name in functions else 0.02)


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
    if node.step is not None:
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
                    yield _slice(node, new, 0.04 * other.weight * share, at)


def _slice(node: ast.Slice, text: str, prior: float, at: Place) -> Change:
    parent = at.parent(node)
    start, end = at.source.end(parent.value), at.source.end(parent)  # type: ignore[union-attr]
    inside = at.source.text[start:end]
    return at.span(start, end, f"[{text}]", prior, f"`{short(inside)}` becomes `[{short(text)}]`")


@built(*FUNCTIONS)
def answer_at_the_end(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A function that ends without an answer gives one."""
    last = node.body[-1]
    if isinstance(last, (*_EXITS, *COMPOUND)) and not isinstance(last, LOOPS):
        return
    for one in (*atoms(last, at), *conditions(last, at)[:40]):
        yield at.behind(last, f"return {one.text}", 0.05 * one.weight)


@built(*_SIMPLE, *LOOPS, ast.If)
def neighbours_swapped(node: ast.stmt, at: Place) -> Iterator[Change]:
    """Two statements that follow each other change places."""
    block = at.source.block(node)
    here = block.index(node) if node in block else 0
    other = block[here - 1] if here else None
    if other is None or _is_documentation(other) or (isinstance(node, ast.If) and _is_elif(node, at)):
        return
    if at.source.function(node) is None or not isinstance(other, (*_SIMPLE, *LOOPS, ast.If)):
        return
    start, (begin, end) = at.lines(other)[0], at.lines(node)
    text = at.source.text[begin:end]
    text = text if text.endswith("\n") else f"{text}\n"
    yield at.span(start, end, text + at.source.text[start:begin], 0.05,
                  f"`{short(at.code(node))}` comes before `{short(at.code(other))}`")  # fmt: skip


@built(ast.ExceptHandler)
def caught_too(node: ast.ExceptHandler, at: Place) -> Iterator[Change]:
    """Another of the usual exceptions is caught."""
    if node.type is not None:
        for name in _CAUGHT:
            if name not in at.code(node.type):
                yield at.swap(node.type, name, 0.03)


@built(*_SIMPLE, *LOOPS, ast.If)
def step_missing(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement that changes what the place knows: counted, added, set, taken away."""
    if at.source.function(node) is None or _is_documentation(node) or not at.source.is_alone(node):
        return
    block = at.source.block(node)
    last = block[-1] is node and not isinstance(node, _EXITS)
    for text, weight in _steps(node, at):
        if not (isinstance(node, ast.If) and _is_elif(node, at)):
            yield at.before(node, text, 0.03 * weight)
        if last:
            yield at.behind(node, text, 0.03 * weight)


def _steps(node: ast.stmt, at: Place) -> list[tuple[str, float]]:
    known, found = atoms(node, at), dict[str, float]()
    names = [one for one in known if _is_target(one.text)]
    for one in names:
        if one.kind in ("int", ""):
            found |= {f"{one.text} += 1": 0.8 * one.weight, f"{one.text} -= 1": 0.6 * one.weight}
        for other in (o for o in known if o.text != one.text):
            weight = one.weight * other.weight
            if alike(one.kind, other.kind):
                found[f"{one.text} = {other.text}"] = 0.8 * weight
            if one.kind == "int" and other.kind in ("int", ""):
                found |= {f"{one.text} += {other.text}": 0.7 * weight, f"{one.text} -= {other.text}": 0.5 * weight}
            if one.kind == "list":
                found |= {
                    f"{one.text}.append({other.text})": 0.8 * weight,
                    f"{one.text}.extend({other.text})": 0.3 * weight,
                }
            if one.kind == "set":
                found |= {
                    f"{one.text}.add({other.text})": 0.9 * weight,
                    f"{one.text}.discard({other.text})": 0.5 * weight,
                }
            if one.kind == "dict":
                found[f"{one.text}.pop({other.text}, None)"] = 0.6 * weight
                found[f"{one.text}[{other.text}] = {one.text}.pop({other.text})"] = 0.7 * weight
                for value in known[:8]:
                    if value.text not in (one.text, other.text):
                        found[f"{one.text}[{other.text}] = {value.text}"] = 0.6 * weight * value.weight
        if one.kind == "list":
            found |= {f"{one.text}.{word}()": 0.5 * one.weight for word in ("pop", "sort", "clear", "reverse")}
        for start, kind in (
            ("0", "int"),
            ("[]", "list"),
            ("{}", "dict"),
            ("set()", "set"),
            ('""', "str"),
            ("None", ""),
        ):
            if one.kind == kind:
                found[f"{one.text} = {start}"] = 0.6 * one.weight
    return sorted(found.items(), key=lambda one: -one[1])[:60]


def _is_target(text: str) -> bool:
    return "(" not in text and "[" not in text


def _is_documentation(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_elif(node: ast.If, at: Place) -> bool:
    return at.source.text.startswith("elif", at.source.start(node))


def _takes_one(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    args = function.args
    return isinstance(function, ast.FunctionDef) and 1 <= len(args.args) <= 1 + len(args.defaults)


def _binds(parent: ast.AST | None) -> bool:
    return isinstance(parent, ast.Attribute)


def _is_operand(node: ast.expr, at: Place) -> bool:
    """A value that is read and stands for itself."""
    parent = at.parent(node)
    if at.source.function(node) is None or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    if isinstance(parent, ast.Call) and parent.func is node:
        return False
    if isinstance(parent, ast.Attribute | ast.FormattedValue | ast.arg | ast.ExceptHandler | ast.Expr | ast.Await):
        return False
    if isinstance(parent, ast.Subscript) and parent.value is node:
        return False
    if isinstance(parent, ast.AnnAssign) and parent.annotation is node:
        return False
    return not isinstance(parent, (*FUNCTIONS, ast.Raise))


def changes_built(node: ast.AST, at: Place) -> Iterator[tuple[str, Change]]:
    """Everything of this kind at one node."""
    for name, function in BUILT.get(type(node), ()):
        for change in function(node, at):
            if change.prior > 0:
                yield name, change
