"""Traps of the language: text that should be formatted, methods that answer None, names that belong to the object."""

import ast
import re
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.source import FUNCTIONS, called

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_IN_PLACE = {"sort": "sorted({})", "reverse": "list(reversed({}))"}
_ANSWER_NOTHING = ("append", "extend", "add", "update", "clear", "insert", "remove", "sort", "reverse", "discard")


@family(ast.Constant)
def not_formatted(node: ast.Constant, at: Place) -> Iterator[Change]:
    """`"{name}"` without its f."""
    if (
        not isinstance(node.value, str)
        or node.value.startswith("/")
        or isinstance(at.parent(node), ast.JoinedStr | ast.Expr)
    ):
        return
    names = names_of(node, at)
    found = re.findall(r"{(\w+)[^{}]*}", node.value)
    start = at.source.start(node)
    plain = at.source.text[start] in "\"'" and not at.source.text[at.source.end(node) :].startswith(".format")
    if names is not None and plain and found and all(n in names.kinds or n == "self" for n in found):
        yield at.span(start, start, "f", 0.6, "the text is formatted")


@family(ast.Assign, ast.Return)
def answers_nothing(node: ast.Assign | ast.Return, at: Place) -> Iterator[Change]:
    """The None of a method that changes something in place is kept or returned."""
    value = node.value
    if (
        not isinstance(value, ast.Call)
        or not isinstance(value.func, ast.Attribute)
        or called(value) not in _ANSWER_NOTHING
    ):
        return
    owner = at.code(value.func.value)
    if called(value) in _IN_PLACE and not value.args:
        inside = at.source.text[at.source.end(value.func) + 1 : at.source.end(value) - 1]
        new = _IN_PLACE[called(value)].format(f"{owner}, {inside}" if inside else owner)
        yield at.swap(value, new, 0.8)
    elif isinstance(node, ast.Assign) and at.code(node.targets[0]) == owner:
        yield at.span(at.source.start(node), at.source.start(value), "", 0.8, f"`{owner}` stays what it is")
    if isinstance(node, ast.Return) and at.source.is_alone(node):
        start, end = at.lines(node)
        both = f"{at.code(value)}\nreturn {owner}"
        yield at.span(start, end, at.laid_out(both, at.source.indent(node)), 0.5, f"`{owner}` is returned")


@family(ast.Lambda)
def bound_too_late(node: ast.Lambda, at: Place) -> Iterator[Change]:
    """A function made in a loop that reads the loop's variable when it is called keeps that of its own turn."""
    loop = at.source.loop(node) or next((n for n in at.source.above(node) if isinstance(n, COMPREHENSIONS)), None)
    if loop is None or node.args.vararg or node.args.kwarg:
        return
    targets = [loop.target] if isinstance(loop, ast.For | ast.AsyncFor) else []
    targets += [one.target for one in getattr(loop, "generators", ())]
    turning = {n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    stored = (n for s in getattr(loop, "body", ()) for n in ast.walk(s) if isinstance(n, ast.Name))
    turning |= {n.id for n in stored if isinstance(n.ctx, ast.Store)}
    read = [n.id for n in ast.walk(node.body) if isinstance(n, ast.Name)]
    own = {arg.arg for arg in node.args.args}
    kept = ", ".join(f"{name}={name}" for name in dict.fromkeys(read) if name in turning - own)
    if kept:
        given = ast.unparse(node.args)
        text = f"lambda {given}, {kept}: " if given else f"lambda {kept}: "
        yield at.span(at.source.start(node), at.source.start(node.body), text, 0.7, f"`{kept}` is kept for each")


@family(ast.Assign)
def used_up(node: ast.Assign, at: Place) -> Iterator[Change]:
    """A generator that is gone through twice: a list."""
    value, target, around = node.value, node.targets[0], at.source.function(node)
    made = isinstance(value, ast.GeneratorExp) or called(value) in (
        "map",
        "filter",
        "zip",
        "reversed",
        "iter",
        "enumerate",
    )
    if not made or not isinstance(target, ast.Name) or around is None:
        return
    read = [
        n for n in ast.walk(around) if isinstance(n, ast.Name) and n.id == target.id and isinstance(n.ctx, ast.Load)
    ]
    if len(read) > 1:
        inner = at.code(value)
        text = f"[{inner[1:-1]}]" if isinstance(value, ast.GeneratorExp) else f"list({inner})"
        yield at.swap(value, text, 0.7, f"`{target.id}` is a list, which can be gone through again")


@family(ast.Expr, ast.Return)
def error_not_raised(node: ast.Expr | ast.Return, at: Place) -> Iterator[Change]:
    """An exception that is made or returned, not raised."""
    value, start = node.value, at.source.start(node)
    name = called(value) if value is not None else ""
    if value is not None and name[:1].isupper() and name.endswith(("Error", "Exception")):
        yield at.span(start, at.source.start(value), "raise ", 0.9, f"`{name}` is raised")


@family(ast.BinOp)
def same_row_many_times(node: ast.BinOp, at: Place) -> Iterator[Change]:
    """`[[0] * n] * m`, whose rows are one and the same."""
    inner = node.left.elts[0] if isinstance(node.left, ast.List) and len(node.left.elts) == 1 else None
    made = isinstance(inner, ast.List | ast.Dict | ast.Set | ast.Call) or (
        isinstance(inner, ast.BinOp) and isinstance(inner.left, ast.List)
    )
    if isinstance(node.op, ast.Mult) and inner is not None and made:
        yield at.swap(node, f"[{at.code(inner)} for _ in range({at.code(node.right)})]", 0.9)


@family(ast.Name)
def belongs_to_the_object(node: ast.Name, at: Place) -> Iterator[Change]:
    """`count` for `self.count`."""
    owner = at.source.owner(node)
    function = at.source.function(node)
    if owner is None or function is None or not function.args.args or function.args.args[0].arg != "self":
        return
    if node.id not in at.repo.fields.get(owner.name, ()) and node.id not in at.repo.methods.get(owner.name, ()):
        return
    missing = node.id in at.hints.lacking or at.hints.mentions("UnboundLocalError", "NameError")
    yield at.swap(node, f"self.{node.id}", 0.8 if missing else 0.2)


@family(*FUNCTIONS)
def declared_elsewhere(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A variable of the module or of the function around that is assigned without saying so."""
    outer = at.source.function(node)
    names = names_of(node.body[0], at)
    if names is None or not at.hints.mentions("UnboundLocalError", "cannot access local", "referenced before"):
        return
    for name in names.kinds:
        if name in names.parameters:
            continue
        if outer is None and name in at.repo.constants.get(at.source.path, {}):
            yield at.before(node.body[0], f"global {name}", 0.8, f"`{name}` is the module's")
        elif outer is not None:
            yield at.before(node.body[0], f"nonlocal {name}", 0.6, f"`{name}` is that of the function around")


@family(*FUNCTIONS)
def kind_of_method(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A method that should be a property, or one of the class; the base class's beginning."""
    owner = at.parent(node)
    if not isinstance(owner, ast.ClassDef):
        return
    indent = at.source.indent(node)
    start, _ = at.lines(node)
    first = node.args.args[0].arg if node.args.args else ""
    bound = at.hints.mentions("bound method", "not subscriptable", "'method'")
    if first == "self" and len(node.args.args) == 1 and not node.decorator_list:
        yield at.span(start, start, f"{indent}@property\n", 0.5 if bound else 0.05, f"`{node.name}` is a property")
    if first == "cls" and not node.decorator_list:
        yield at.span(start, start, f"{indent}@classmethod\n", 0.8, f"`{node.name}` is a method of the class")
    if first not in ("self", "cls") and not node.decorator_list:
        yield at.span(start, start, f"{indent}@staticmethod\n", 0.6, f"`{node.name}` is static")
    for mark in node.decorator_list:
        if at.code(mark) == "property" and at.hints.mentions("not callable"):
            begin = at.source.line_start(mark.lineno)
            yield at.span(begin, at.source.line_end(mark.lineno), "", 0.6, f"`{node.name}` is called")
    if node.name == "__init__" and owner.bases and "super()" not in at.code(node):
        yield at.before(node.body[0], "super().__init__()", 0.3, f"what `{short(at.code(owner.bases[0]))}` begins with")
