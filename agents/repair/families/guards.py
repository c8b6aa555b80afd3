"""Things not asked for: None, emptiness, zero, base cases, keys that are missing, exceptions."""

import ast
import re
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.source import FUNCTIONS, called, is_docstring, within

_MADE_ONCE = ("list", "dict", "set", "now", "utcnow", "today", "time", "uuid4")
_TWINS = {
    "KeyError": ("IndexError", "LookupError", "ValueError", "AttributeError"),
    "IndexError": ("KeyError", "LookupError", "ValueError"),
    "ValueError": ("TypeError", "KeyError", "(ValueError, TypeError)", "LookupError"),
    "TypeError": ("ValueError", "AttributeError"),
    "AttributeError": ("KeyError", "TypeError"),
    "ZeroDivisionError": ("ArithmeticError", "ValueError"),
    "IntegrityError": ("SQLAlchemyError",),
    "NoResultFound": ("MultipleResultsFound",),
    "StopIteration": ("IndexError",),
}


@family(*FUNCTIONS)
def base_case(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A question at the beginning of a function: nothing given, zero, negative, a single item."""
    body = node.body[1:] if is_docstring(node.body[0]) and len(node.body) > 1 else node.body
    names = names_of(body[0], at)
    if names is None or any(isinstance(n, ast.Yield) for n in within(node)):
        return
    recursive = any(isinstance(n, ast.Call) and called(n) == node.name for n in within(node))
    crashed = at.hints.mentions(
        "IndexError", "ZeroDivision", "empty", "RecursionError", "NoneType", "ValueError: max", "ValueError: min"
    )
    scale = 2.0 if crashed or recursive else 1.0
    own = [p for p in names.parameters if p not in ("self", "cls")][:3]
    answers = list(dict.fromkeys([*_answers(node, at)[:4], *_by_annotation(node, at), *_said(at)]))[:9]
    for name in own:
        kind = names.kinds.get(name, "")
        tests = [f"not {name}"]
        if kind in ("", "int"):
            tests += [f"{name} <= 0", f"{name} == 0", f"{name} <= 1", f"{name} < 0"]
        if kind in ("", "list", "str"):
            tests += [f"len({name}) <= 1", f"{name} is None"]
        for test in tests:
            for answer in dict.fromkeys((*answers, name)):
                prior = (0.07 if test == f"not {name}" else 0.03) * scale
                yield at.before(body[0], f"if {test}:\n    return {answer}", prior, f"`{answer}` for `{test}`")
            for error in sorted(at.hints.errors & {"ValueError", "TypeError", "KeyError", "IndexError"}):
                text = f'if {test}:\n    raise {error}("{name} is not valid")'
                yield at.before(body[0], text, 0.12 * scale, f"`{error}` for `{test}`")


def _answers(node: ast.FunctionDef, at: Place) -> list[str]:
    found = [n.value for n in within(node) if isinstance(n, ast.Return) and n.value is not None]
    return [at.code(v) for v in found if isinstance(v, ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.UnaryOp)]


def _by_annotation(node: ast.FunctionDef, at: Place) -> list[str]:
    text = at.code(node.returns).lower() if node.returns is not None else ""
    if text.startswith(("list", "sequence")):
        return ["[]"]
    if text.startswith(("int", "float")):
        return ["0", "1", "0.0", "-1"]
    return {"bool": ["False", "True"], "str": ['""'], "dict": ["{}"]}.get(
        text.split("[")[0], ["[]", "0", "1", "None", "False", "True"]
    )


def _said(at: Place) -> list[str]:
    """Values that a failing test expected."""
    return [b for _, b in at.hints.swapped if re.fullmatch(r"-?[01]|True|False|None|\[\]|\{\}|''|\"\"", b)]


@family(ast.Assign, ast.AugAssign, ast.Expr, ast.Return)
def asked_first(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement done only when what it works on is there."""
    names = names_of(node, at)
    if names is None or is_docstring(node) or not at.source.is_alone(node):
        return
    none = at.hints.mentions("NoneType")
    tests: dict[str, float] = {}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.value, ast.Name):
            name = part.value.id
            if name in names.kinds and name not in ("self", "cls"):
                tests[f"{name} is not None"] = 0.25 if none else 0.05
            if isinstance(part, ast.Subscript) and name in names.kinds:
                key = at.code(part.slice)
                tests[f"{key} in {name}"] = 0.25 if at.hints.mentions("KeyError") else 0.06
                tests[f"{key} not in {name}"] = 0.08
        elif isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div | ast.FloorDiv | ast.Mod):
            tests[at.code(part.right)] = 0.25 if at.hints.mentions("ZeroDivision") else 0.03
    start, end = at.lines(node)
    for test, prior in list(tests.items())[:6]:
        text = f"if {test}:\n" + at.laid_out(at.text_of(node), "    ")
        if not isinstance(node, ast.Return):
            yield at.span(start, end, at.laid_out(text, at.source.indent(node)), prior, f"only if `{short(test)}`")
    if isinstance(node, ast.Assign | ast.Expr):
        yield from _membership(node, at)


def _membership(node: ast.Assign | ast.Expr, at: Place) -> Iterator[Change]:
    """`if x not in y` before something is added."""
    value = node.value
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute) or not value.args:
        return
    if value.func.attr in ("append", "add", "appendleft", "heappush"):
        owner, item = at.code(value.func.value), at.code(value.args[0])
        start, end = at.lines(node)
        text = f"if {item} not in {owner}:\n" + at.laid_out(at.text_of(node), "    ")
        yield at.span(start, end, at.laid_out(text, at.source.indent(node)), 0.06, f"only what is not in `{owner}` yet")


@family(ast.Return, ast.Assign)
def nothing_to_divide(node: ast.Return | ast.Assign, at: Place) -> Iterator[Change]:
    """Something else when there is nothing to divide by, or nothing at all."""
    value = node.value
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div | ast.FloorDiv | ast.Mod) and value is not None:
            if isinstance(part.right, ast.Constant):
                continue
            below = at.code(part.right)
            prior = 0.4 if at.hints.mentions("ZeroDivision") else 0.03
            for other in ("0", "0.0", "None"):
                yield at.swap(value, f"{at.code(value)} if {below} else {other}", prior)
    if isinstance(value, ast.Call) and called(value) in ("max", "min") and at.hints.mentions("empty", "iterable"):
        end = at.source.end(value) - 1
        for other in ("0", "None"):
            yield at.span(end, end, f", default={other}", 0.4, f"`{other}` when there is nothing")
    if isinstance(value, ast.Attribute) and at.hints.mentions("NoneType") and isinstance(value.value, ast.Name):
        yield at.swap(value, f"{at.code(value)} if {value.value.id} is not None else None", 0.3)


def _kept_default(arg: ast.arg, default: ast.expr, function: ast.AST, at: Place) -> Iterator[Change]:
    """Neither the default nor what a caller gives is shared with it."""
    wrap = {ast.List: "list", ast.Dict: "dict", ast.Set: "set"}.get(type(default), called(default))
    for part in within(function):
        value = part.value if isinstance(part, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Name) and value.id == arg.arg and wrap in ("list", "dict", "set"):
            edits = (
                at.edit(at.source.start(default), at.source.end(default), "None"),
                at.edit(at.source.start(value), at.source.end(value), f"{wrap}({arg.arg} or {at.code(default)})"),
            )
            yield Change(edits, 0.85, f"`{arg.arg}` is copied, and made anew when it is not given")


@family(ast.Return, ast.Assign, ast.AugAssign, ast.BinOp, ast.Compare)
def something_for_none(node: ast.AST, at: Place) -> Iterator[Change]:
    """A value that may be None, and what holds then."""
    none = at.hints.mentions("NoneType", "None ==", "== None", "null")
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [getattr(node, "value", None)]
    sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else sides
    for value in sides:
        if not isinstance(value, ast.Call | ast.Attribute | ast.Name | ast.Await | ast.Subscript):
            continue
        asked = called(value.value if isinstance(value, ast.Await) else value) in ("scalar", "get", "first", "pop")
        prior = (0.3 if asked else 0.08) if none else 0.06 if asked else 0.0
        for other, share in (("0", 1.0), ("[]", 0.5), ('""', 0.5), ("{}", 0.3)):
            if prior:
                text = f"{at.code(value)} or {other}"
                yield at.swap(value, text, prior * share, f"`{short(at.code(value))}` or {other}")


@family(ast.ExceptHandler)
def caught(node: ast.ExceptHandler, at: Place) -> Iterator[Change]:
    """Another exception is caught."""
    if node.type is None:
        return
    text = at.code(node.type)
    names = [n for n in (*_TWINS.get(text, ()), *sorted(at.hints.errors), "Exception") if n != text]
    known = (
        set(_imported_names(at))
        | set(_TWINS)
        | {"Exception", "(ValueError, TypeError)", "LookupError", "ArithmeticError"}
    )
    for name in dict.fromkeys(names):
        if name in known:
            prior = 0.05 if name == "Exception" else 0.45 if name in at.hints.errors else 0.2
            yield at.swap(node.type, name, prior)
            if not name.startswith("(") and not text.startswith("("):
                yield at.swap(node.type, f"({text}, {name})", prior * 0.7)
    if len(node.body) == 1 and isinstance(node.body[0], ast.Pass | ast.Return):
        yield at.swap(node.body[0], "raise", 0.2)


def _imported_names(at: Place) -> list[str]:
    return [
        alias.asname or alias.name for n in at.source.nodes if isinstance(n, ast.ImportFrom) for alias in n.names
    ] + [c.name for c in at.source.classes]


@family(ast.Raise)
def raised(node: ast.Raise, at: Place) -> Iterator[Change]:
    """Another exception is raised."""
    value = node.exc
    name = value.func if isinstance(value, ast.Call) else value
    if not isinstance(name, ast.Name) or name.id == "HTTPException":
        return
    local = [n for n in _imported_names(at) if n.endswith(("Error", "Exception", "NotFound", "Conflict", "Denied"))]
    for other in dict.fromkeys(
        (*_TWINS.get(name.id, ()), *sorted(at.hints.errors & (set(local) | set(_TWINS))), *local)
    ):
        if other != name.id and not other.startswith("("):
            yield at.swap(name, other, 0.5 if other in at.hints.errors else 0.12)


@family(ast.Try)
def clean_up(node: ast.Try, at: Place) -> Iterator[Change]:
    """What is returned or raised in a handler is swallowed; `else` for the end of `try`."""
    for handler in node.handlers:
        last = handler.body[-1]
        if not isinstance(last, ast.Raise | ast.Return | ast.Continue | ast.Break):
            yield at.behind(last, "raise", 0.15)


@family(ast.arguments)
def mutable_default(node: ast.arguments, at: Place) -> Iterator[Change]:
    """A default that all calls share."""
    function = at.parent(node)
    if not isinstance(function, FUNCTIONS):
        return
    every = [*node.posonlyargs, *node.args]
    pairs = [*zip(every[len(every) - len(node.defaults) :], node.defaults, strict=True)]
    pairs += [(a, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d is not None]
    for arg, default in pairs:
        text = at.code(default)
        if not isinstance(default, ast.List | ast.Dict | ast.Set) and called(default) not in _MADE_ONCE:
            continue
        yield from _kept_default(arg, default, function, at)
        body = function.body[1:] if is_docstring(function.body[0]) and len(function.body) > 1 else function.body
        into = at.source.line_start(body[0].lineno)
        guard = at.laid_out(f"if {arg.arg} is None:\n    {arg.arg} = {text}", at.source.indent(body[0]))
        edits = [at.edit(at.source.start(default), at.source.end(default), "None"), at.edit(into, into, guard)]
        if arg.annotation is not None and "None" not in at.code(arg.annotation):
            edits.append(at.edit(at.source.end(arg.annotation), at.source.end(arg.annotation), " | None"))
        yield Change(tuple(edits), 0.9, f"`{arg.arg}` is made anew for every call")
