"""Small expressions a place may use: names, attributes, elements, lengths, constants, and conditions made of them."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from agents.repair.families.base import Place
from agents.repair.families.names import names_of
from agents.repair.ingredients import fitted, ingredients_of
from agents.repair.scope import Names, annotated, kind_of
from agents.repair.source import FUNCTIONS, called, names_in, within

NEAR, BESIDE, FAR = 1.0, 0.7, 0.4
"""Weight of what is mentioned in the same statement, in the ones around it, elsewhere in the function."""
MOST_ATOMS, MOST_CONDITIONS, LONGEST = 24, 90, 48
_SIZED = ("list", "str", "dict", "set", "tuple")
_HELD = ("list", "dict", "set", "tuple", "str")


class Atom(NamedTuple):
    """An expression. `kind` as in `scope.kind_of`; `weight`: 0 to 1, how near it is."""

    text: str
    kind: str
    weight: float


def atoms(node: ast.AST, at: Place) -> list[Atom]:
    """What may be written where the node stands, the nearest first; nothing outside of functions."""
    statement = at.source.statement(node)
    cache: dict[ast.AST | None, list[Atom]] = at.__dict__.setdefault("_atoms", {})
    if statement not in cache:
        names = names_of(node, at)
        cache[statement] = _atoms(statement, names, at) if statement is not None and names is not None else []
    return cache[statement]


def _atoms(statement: ast.stmt, names: Names, at: Place) -> list[Atom]:
    near, beside = names_in(_head(statement)), _beside(statement, at)
    bound = {*names.at(statement.lineno), "self", "cls"}
    found: dict[str, Atom] = {}

    def add(text: str, kind: str, factor: float, mentioned: set[str]) -> None:
        weight = NEAR if mentioned & near else BESIDE if mentioned & beside else FAR
        if text not in found and len(text) <= LONGEST:
            found[text] = Atom(text, kind, weight * factor)

    for name in names.at(statement.lineno):
        if name not in ("self", "cls", "_"):
            add(name, names.kinds[name], 1.0, {name})
    around, fields = at.source.function(statement), _fields(statement, at)
    for part in within(around) if around is not None else ():
        if not isinstance(part, ast.Attribute | ast.Subscript) or not _is_value(part, at):
            continue
        mentioned = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)}
        if mentioned <= bound:
            own = isinstance(part, ast.Attribute) and at.code(part.value) == "self"
            kind = fields.get(part.attr, "") if own and isinstance(part, ast.Attribute) else ""
            add(at.code(part), kind, 0.8, names_in(part) - {"self"})
    for part in ast.walk(_head(statement)):
        if isinstance(part, ast.Call) and len(part.args) == 1 and not part.keywords and at.parent(part) is not None:
            mentioned = {n.id for n in ast.walk(part.args[0]) if isinstance(n, ast.Name)}
            if mentioned <= bound and called(part)[:1].islower() and not isinstance(at.parent(part), ast.Expr):
                add(at.code(part), kind_of(part), 0.7, {next(iter(mentioned), "")})
    for field, kind in list(fields.items())[:10] if "self" in names.kinds else ():
        add(f"self.{field}", kind, 0.5, {field})
    for text, kind, weight in list(found.values()):
        if kind in _SIZED or text in _measured(around, at):
            found[f"len({text})"] = Atom(f"len({text})", "int", 0.6 * weight)
    ranked = sorted(found.values(), key=lambda one: -one.weight)
    return ranked[:MOST_ATOMS]


def _head(statement: ast.stmt) -> ast.AST:
    """What of a statement is its own: a loop's or condition's head."""
    for field in ("test", "iter"):
        if isinstance(value := getattr(statement, field, None), ast.expr):
            return value
    return ast.Pass() if isinstance(statement, (ast.Try, ast.With, *FUNCTIONS)) else statement


def _beside(statement: ast.stmt, at: Place) -> set[str]:
    block = at.source.block(statement)
    here = block.index(statement) if statement in block else 0
    found: set[str] = set()
    for other in block[max(0, here - 1) : here + 2]:
        found |= names_in(other)
    parent = at.parent(statement)
    return found | (names_in(_head(parent)) if isinstance(parent, ast.stmt) else set())


def _is_value(node: ast.Attribute | ast.Subscript, at: Place) -> bool:
    parent = at.parent(node)
    if not isinstance(node.ctx, ast.Load) or (isinstance(parent, ast.Call) and parent.func is node):
        return False
    return not isinstance(parent, ast.arg | ast.AnnAssign) and not (
        isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)
    )


def _fields(statement: ast.stmt, at: Place) -> dict[str, str]:
    """Attributes that the class around sets on itself, with their kinds."""
    owner = at.source.owner(statement)
    cache: dict[ast.AST | None, dict[str, str]] = at.__dict__.setdefault("_fields", {})
    if owner not in cache:
        found: dict[str, str] = {}
        for part in ast.walk(owner) if owner is not None else ():
            target, kind = _set_by(part)
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                found[target.attr] = found.get(target.attr) or kind
            elif isinstance(target, ast.Name) and isinstance(part, ast.AnnAssign) and at.parent(part) is owner:
                found[target.id] = found.get(target.id) or kind
        cache[owner] = found
    return cache[owner]


def _set_by(node: ast.AST) -> tuple[ast.AST | None, str]:
    if isinstance(node, ast.Assign):
        return node.targets[0], kind_of(node.value)
    if isinstance(node, ast.AnnAssign):
        return node.target, annotated(node.annotation) or kind_of(node.value)
    return (node.target, kind_of(node.value)) if isinstance(node, ast.AugAssign) else (None, "")


def _asking(node: ast.AST, at: Place) -> list[str]:
    """Functions of the file and methods of the class around that take one thing and answer something."""
    owner = at.source.owner(node)
    around, found = at.source.function(node), list[str]()
    for place, before, takes in ((at.source.tree, "", 1), (owner, "self.", 2)):
        for function in place.body if place is not None else ():
            if isinstance(function, ast.FunctionDef) and function is not around and not function.decorator_list:
                answers = any(isinstance(n, ast.Return) and n.value is not None for n in within(function))
                if answers and len(function.args.args) == takes and not function.name.startswith("__"):
                    found.append(f"{before}{function.name}")
    return found[:8]


def _measured(around: ast.AST | None, at: Place) -> set[str]:
    """What is gone through, indexed or measured in the function."""
    cache: dict[ast.AST | None, set[str]] = at.__dict__.setdefault("_measured", {})
    if around not in cache:
        found: set[str] = set()
        for part in within(around) if around is not None else ():
            if isinstance(part, ast.For | ast.comprehension) and isinstance(part.iter, ast.Name | ast.Attribute):
                found.add(at.code(part.iter))
            elif isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name | ast.Attribute):
                found.add(at.code(part.value))
            elif called(part) == "len" and isinstance(part, ast.Call) and part.args:
                found.add(at.code(part.args[0]))
        cache[around] = found
    return cache[around]


def kind_at(node: ast.expr, at: Place) -> str:
    """What kind of value stands there, by what it is or by its name."""
    return kind_of(node) or next((one.kind for one in atoms(node, at) if one.text == at.code(node)), "")


def constants(node: ast.AST, at: Place) -> list[Atom]:
    """Numbers and short texts of the function, and 0 and 1."""
    around = at.source.function(node)
    found = {"0": Atom("0", "int", 0.6), "1": Atom("1", "int", 0.5)}
    for part in within(around) if around is not None else ():
        if isinstance(part, ast.Constant) and type(part.value) in (int, float, str) and len(at.code(part)) <= 16:
            found.setdefault(at.code(part), Atom(at.code(part), kind_of(part), 0.5))
    return list(found.values())[:8]


def conditions(node: ast.AST, at: Place) -> list[Atom]:
    """Questions that may be asked where the node stands, the nearest first."""
    statement = at.source.statement(node)
    cache: dict[ast.AST | None, list[Atom]] = at.__dict__.setdefault("_conditions", {})
    if statement not in cache:
        found: dict[str, float] = {}
        for text, weight in _questions(node, at):
            found[text] = max(weight, found.get(text, 0.0))
        ranked = sorted(found.items(), key=lambda one: -one[1])
        cache[statement] = [Atom(text, "bool", weight) for text, weight in ranked[:MOST_CONDITIONS]]
    return cache[statement]


def _opposite(condition: str) -> str:
    if condition.startswith("not ") and " " not in condition[4:]:
        return condition[4:]
    return f"not ({condition})" if " " in condition else f"not {condition}"


def _questions(node: ast.AST, at: Place) -> Iterator[tuple[str, float]]:
    known, fixed = atoms(node, at), constants(node, at)
    for text, kind, weight in known:
        if kind != "int":
            yield text, 0.6 * weight
            yield f"not {text}", 0.6 * weight
        if kind in ("", "str"):
            yield f"{text} is None", 0.5 * weight
            yield f"{text} is not None", 0.5 * weight
    for question in _asking(node, at):
        for one in (o for o in known if o.weight >= BESIDE):
            yield f"{question}({one.text})", 0.45 * one.weight
            yield f"not {question}({one.text})", 0.45 * one.weight
    names = names_of(node, at)
    line = getattr(node, "lineno", 0)
    for piece in ingredients_of(at.repo).conditions if names is not None else ():
        if piece.path == at.source.path and len(piece.text) <= 2 * LONGEST and names is not None:
            for text, _ in fitted(piece, at.source, names, line):
                weight = BESIDE if piece.function == names.function else 0.5
                yield text, weight
                yield _opposite(text), weight
    numbers = [one for one in known if one.kind in ("", "int")]
    for index, one in enumerate(numbers):
        for other in numbers[index + 1 :]:
            if one.kind == other.kind or "int" in (one.kind, other.kind):
                weight = one.weight * other.weight
                for op, share in (("<", 0.8), (">", 0.8), ("==", 0.6), ("<=", 0.6), (">=", 0.6), ("!=", 0.5)):
                    yield f"{one.text} {op} {other.text}", share * weight
        for other in fixed:
            if other.kind == "int" and (one.kind == "int" or other.weight > 0.5):
                for op, share in (("<", 0.7), (">", 0.8), ("==", 0.6), ("<=", 0.5), (">=", 0.4), ("!=", 0.5)):
                    yield f"{one.text} {op} {other.text}", share * one.weight * (0.5 + other.weight / 2)
    for one in known:
        for other in known:
            if one is not other and other.kind in _HELD and one.kind not in ("list", "dict", "set"):
                yield f"{one.text} in {other.text}", 0.6 * one.weight * other.weight
                yield f"{one.text} not in {other.text}", 0.6 * one.weight * other.weight
        if one.kind in ("", "str") and one.text.isidentifier():
            for word in ("isdigit", "isalpha", "isspace", "isalnum"):
                yield f"{one.text}.{word}()", 0.25 * one.weight
                yield f"not {one.text}.{word}()", 0.35 * one.weight
        if one.kind == "str":
            for other in (o for o in known if o.kind == "str" and o is not one):
                yield f"{one.text}.startswith({other.text})", 0.3 * one.weight * other.weight
            for other in (c for c in fixed if c.kind == "str"):
                yield f"{one.text} == {other.text}", 0.4 * one.weight
                yield f"{one.text} != {other.text}", 0.4 * one.weight
