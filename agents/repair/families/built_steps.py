"""Statements built of what a place can see: a missing step, an answer at the end, another order."""

import ast
from collections.abc import Iterator

from agents.repair.atoms import Atom, atoms, conditions
from agents.repair.families.base import Change, Place, short
from agents.repair.families.building import EXITS, STEPS, built
from agents.repair.scope import alike
from agents.repair.source import COMPOUND, FUNCTIONS, LOOPS, is_docstring


@built(*FUNCTIONS)
def answer_at_the_end(node: ast.FunctionDef, at: Place) -> Iterator[Change]:
    """A function that ends without an answer gives one."""
    last = node.body[-1]
    if isinstance(last, (*EXITS, *COMPOUND)) and not isinstance(last, LOOPS):
        return
    for one in (*atoms(last, at), *conditions(last, at)[:40]):
        yield at.behind(last, f"return {one.text}", 0.05 * one.weight)


@built(*STEPS)
def neighbours_swapped(node: ast.stmt, at: Place) -> Iterator[Change]:
    """Two statements that follow each other change places."""
    block = at.source.block(node)
    here = block.index(node) if node in block else 0
    other = block[here - 1] if here else None
    if other is None or is_docstring(other) or (isinstance(node, ast.If) and at.source.is_elif(node)):
        return
    if at.source.function(node) is None or not isinstance(other, STEPS):
        return
    start, (begin, end) = at.lines(other)[0], at.lines(node)
    text = at.source.text[begin:end]
    text = text if text.endswith("\n") else f"{text}\n"
    yield at.span(start, end, text + at.source.text[start:begin], 0.05,
                  f"`{short(at.code(node))}` comes before `{short(at.code(other))}`")  # fmt: skip


@built(*STEPS)
def step_missing(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement that changes what the place knows: counted, added, set, taken away."""
    if at.source.function(node) is None or is_docstring(node) or not at.source.is_alone(node):
        return
    block = at.source.block(node)
    last = block[-1] is node and not isinstance(node, EXITS)
    for text, weight in _steps(node, at):
        if not (isinstance(node, ast.If) and at.source.is_elif(node)):
            yield at.before(node, text, 0.03 * weight)
        if last:
            yield at.behind(node, text, 0.03 * weight)


def _own_calls(node: ast.stmt, known: list[Atom], at: Place) -> dict[str, float]:
    """Methods of the same class, called with what is at hand, or only with what is kept already."""
    owner = at.source.owner(node)
    around, found = at.source.function(node), dict[str, float]()
    kept = [one.text for one in known if one.kind in ("dict", "set", "list") and one.text.startswith("self.")]
    for method in (m for m in (owner.body if owner is not None else ()) if isinstance(m, ast.FunctionDef)):
        takes = len(method.args.args) - 1
        if method is around or method.name.startswith("__") or method.decorator_list or takes not in (0, 1):
            continue
        for given in known if takes else [Atom("", "", 1.0)]:
            call = f"self.{method.name}({given.text})"
            found[call] = 0.5 * given.weight
            if takes and given.text.isidentifier():
                found |= {f"if {given.text} in {held}:\n    {call}": 0.5 * given.weight for held in kept}
    return found


def _steps(node: ast.stmt, at: Place) -> list[tuple[str, float]]:
    known = atoms(node, at)
    found = _own_calls(node, known, at)
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
