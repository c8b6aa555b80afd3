"""What a condition or a table lacks: one more case that is refused, one more constant, one more entry; asked late."""

import ast
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, short
from agents.repair.families.building import built
from agents.repair.families.names import names_of
from agents.repair.source import FUNCTIONS

_MOST = 12


@built(ast.If)
def case_missing(node: ast.If, at: Place) -> Iterator[Change]:
    """A guard that should refuse more: nothing given, negative numbers, two parameters in the wrong relation."""
    around, names = at.source.function(node), names_of(node, at)
    if around is None or names is None or not isinstance(node.body[-1], ast.Raise | ast.Return | ast.Continue):
        return
    own = at.code(node.test)
    whole = f"({own})" if isinstance(node.test, ast.BoolOp | ast.IfExp) and " and " in own else own
    for case in _cases([p for p in names.parameters if p not in ("self", "cls")][:4], names.kinds):
        if case not in own:
            yield at.swap(node.test, f"{whole} or {case}", 0.07, f"`{case}` is refused as well")


def _cases(parameters: list[str], kinds: dict[str, str]) -> Iterator[str]:
    for name in parameters:
        kind = kinds.get(name, "")
        if kind in ("", "int"):
            yield f"{name} < 0"
            yield f"{name} <= 0"
        if kind in ("", "str", "list", "dict"):
            yield f"not {name}"
        if kind == "str":
            yield f"not {name}.strip()"
    for one in parameters:
        for other in parameters:
            if one != other and kinds.get(one, "") == kinds.get(other, "") != "":
                yield f"{one} > {other}"
                if one < other:
                    yield f"{one} == {other}"


@built(ast.Compare)
def constant_missing(node: ast.Compare, at: Place) -> Iterator[Change]:
    """One of several constants for only one: others that the same file compares or lists."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
        return
    right = node.comparators[0]
    word = "in" if isinstance(node.ops[0], ast.Eq) else "not in"
    left, own = at.code(node.left), at.code(right)
    for other in _alternatives(right, at):
        if other != own:
            text, says = f"{left} {word} ({own}, {other})", f"`{other}` counts as well"
            if isinstance(at.parent(node), ast.BoolOp):
                yield at.span(at.source.start(node), at.source.end(node), text, 0.08, says)
            else:
                yield at.swap(node, text, 0.08, says)


def _alternatives(node: ast.expr, at: Place) -> list[str]:
    """Members of the same enumeration; texts of the file that are compared or listed too."""
    owner = _enumeration(node, at)
    if owner:
        return [f"{owner}.{member}" for member in at.repo.fields.get(owner, ())][:_MOST]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _listed_texts(at)[:_MOST]
    return []


def _enumeration(node: ast.expr, at: Place) -> str:
    plain = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and at.repo.is_enum(node.value.id)
    return at.code(node).split(".")[0] if plain else ""


def _listed_texts(at: Place) -> list[str]:
    cached: list[str] | None = at.__dict__.get("_listed_texts")
    if cached is None:
        found: dict[str, None] = {}
        for node in at.source.nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or not 0 < len(node.value) < 30:
                continue
            if isinstance(at.parent(node), ast.Compare | ast.Set | ast.Tuple | ast.List | ast.Dict):
                found.setdefault(at.code(node))
        cached = list(found)
        at.__dict__["_listed_texts"] = cached
    return cached


@built(ast.Set, ast.Tuple, ast.List)
def entry_missing(node: ast.Set | ast.Tuple | ast.List, at: Place) -> Iterator[Change]:
    """One more entry of its kind in a set or list of constants: of the enumeration, or a text of the same file."""
    if not node.elts or isinstance(getattr(node, "ctx", ast.Load()), ast.Store | ast.Del):
        return
    owner, last = _enumeration(node.elts[0], at), node.elts[-1]
    if not owner and (len(node.elts) < 2 or not all(_is_text(one) for one in node.elts)):
        return
    if at.source.function(node) is not None and isinstance(at.parent(node), FUNCTIONS):
        return
    own, end = {at.code(one) for one in node.elts}, at.source.end(last)
    for other in _alternatives(node.elts[0], at):
        if other not in own:
            says = f"`{short(other)}` is an entry as well"
            yield at.span(end, end, f", {other}", 0.12 if owner else 0.03, says)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@built(ast.Dict)
def key_missing(node: ast.Dict, at: Place) -> Iterator[Change]:
    """A member of an enumeration that a table of its members lacks, with what other members have."""
    keys = [key for key in node.keys if key is not None]
    owner = _enumeration(keys[0], at) if keys else ""
    if not owner or len(keys) != len(node.values):
        return
    own, end = {at.code(key) for key in keys}, at.source.end(node.values[-1])
    values = list(dict.fromkeys(at.code(value) for value in node.values))[:4]
    for member in at.repo.fields.get(owner, ()):
        for value in values if f"{owner}.{member}" not in own else ():
            text = f"{owner}.{member}: {value}"
            yield at.span(end, end, f", {text}", 0.12 if member in at.hints.said else 0.08, f"`{short(text)}` is added")
