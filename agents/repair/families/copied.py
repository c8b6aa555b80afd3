"""Pieces copied from elsewhere in the repository: guards, statements, conditions, keyword arguments."""

import ast
import re
from collections.abc import Iterator

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.ingredients import fitted, ingredients_of, module_names
from agents.repair.source import FUNCTIONS, Source, called, names_in

_CONVERTS = ("as_", "to_", "plain_", "clean_", "normal", "parse_", "canonical_", "fold_", "strip_", "tidy_")
_KEEPS = re.compile(r"\w+(\.\w+)+ = ")
"""What an object keeps is seldom set once more."""
_TEXT_METHODS = ("strip", "lower", "upper", "casefold", "title")
_STATEMENTS = (ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.Return, ast.AnnAssign)


@family(*_STATEMENTS)
def guard_as_elsewhere(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A guard that other functions have, put behind a statement that makes what it asks about, or before a return."""
    names = names_of(node, at)
    if names is None or not at.source.is_alone(node):
        return
    made = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own = at.code(at.function(node) or node)
    for piece in ingredients_of(at.repo).guards:
        near = piece.path == at.source.path
        for text, about in fitted(piece, at.source, names, (node.end_lineno or node.lineno) + 1):
            if text in own or (("continue" in text or "break" in text) and at.source.loop(node) is None):
                continue
            scale = _wanted(text, at) * (0.2 if "return " in text and piece.function != names.function else 1.0)
            if isinstance(node, ast.Assign | ast.AnnAssign) and made & about:
                yield at.behind(node, text, (0.25 if near else 0.18) * scale)
            elif isinstance(node, ast.Return | ast.Expr | ast.AugAssign) and about & names_in(node):
                yield at.before(node, text, (0.15 if near else 0.1) * scale)


def _wanted(text: str, at: Place) -> float:
    """More for a guard whose status code or exception the tests expect."""
    codes = [code for code in at.hints.statuses if code in text]
    wanted = codes or any(error in text for error in at.hints.errors - {"HTTPException"})
    return 2.0 if wanted else 0.2 if "status_code" in text and at.hints.messages else 0.6


@family(*_STATEMENTS)
def statement_as_elsewhere(node: ast.stmt, at: Place) -> Iterator[Change]:
    """A statement that other functions have, put before or behind one."""
    names = names_of(node, at)
    if names is None or not at.source.is_alone(node):
        return
    own = at.code(at.function(node) or node)
    block = at.source.block(node)
    last = block[-1] is node and not isinstance(node, ast.Return)
    whole = at.text_of(node).rstrip()
    for piece in ingredients_of(at.repo).statements:
        near = piece.path == at.source.path
        if not near and (piece.text in own or not _is_call(piece.text)):
            continue
        for text, about in list(fitted(piece, at.source, names, node.lineno))[:2]:
            prior = (0.06 if near else 0.03) * (1.4 if text == piece.text and near else 0.8)
            if text in own:
                prior = 0.05 if piece.function == names.function else 0.0
            if _KEEPS.match(text):
                prior *= 0.35
            if prior and about & names.kinds.keys() and text != whole:
                yield at.before(node, text, prior)
                if last:
                    yield at.behind(node, text, prior)


def _is_call(text: str) -> bool:
    return text.rstrip().endswith(")") and "=" not in text.split("(")[0]


@family(ast.Name, ast.Attribute)
def converted_as_elsewhere(node: ast.Name | ast.Attribute, at: Place) -> Iterator[Change]:
    """What goes through a conversion where it is used elsewhere: `as_card(card)`, `name.strip().lower()`."""
    if not isinstance(node.ctx, ast.Load) or at.source.function(node) is None:
        return
    parent = at.parent(node)
    if isinstance(parent, ast.Attribute | ast.FormattedValue) or (isinstance(parent, ast.Call) and parent.func is node):
        return
    own, last = at.code(node), _last(node)
    named = [(f"{name}(", ")") for name in _made_for(last, at)]
    for before, behind in (*_conversions(at).get(last, ()), *named):
        is_done = before and isinstance(parent, ast.Call) and at.code(parent).startswith(before)
        if not is_done:
            yield at.swap(node, f"{before}{own}{behind}", 0.22)


def _made_for(last: str, at: Place) -> list[str]:
    """Functions at hand that take one thing and are called after it: `as_card` for `card`."""
    known = module_names(at.source)
    return [
        name for name, signature in at.repo.signatures.items()
        if name.endswith(f"_{last}") and len(signature.names) == 1 and name in known and name.startswith(_CONVERTS)
    ]  # fmt: skip


def _conversions(at: Place) -> dict[str, list[tuple[str, str]]]:
    """By the last name of what is converted: what stands before and behind it."""
    cached: dict[str, list[tuple[str, str]]] | None = at.repo.__dict__.get("_conversions")
    if cached is None:
        cached = {}
        for source in at.repo.sources:
            for call in (n for n in source.nodes if isinstance(n, ast.Call)):
                for given, before, behind in _converted(call, source, at):
                    known = cached.setdefault(given, [])
                    if (before, behind) not in known:
                        known.append((before, behind))
        at.repo.__dict__["_conversions"] = cached
    return cached


def _converted(call: ast.Call, source: Source, at: Place) -> Iterator[tuple[str, str, str]]:
    arg = call.args[0] if len(call.args) == 1 and not call.keywords else None
    if isinstance(arg, ast.Name | ast.Attribute) and isinstance(call.func, ast.Name | ast.Attribute):
        signature = at.repo.signatures.get(called(call))
        if signature is not None and len(signature.names) == 1 and called(call)[:1].islower():
            yield _last(arg), f"{source.code(call.func)}(", ")"
    if isinstance(call.func, ast.Attribute) and not call.args and call.func.attr in _TEXT_METHODS:
        inner = call.func.value
        while isinstance(inner, ast.Call) and called(inner) in _TEXT_METHODS and isinstance(inner.func, ast.Attribute):
            inner = inner.func.value
        if isinstance(inner, ast.Name | ast.Attribute):
            yield _last(inner), "", source.text[source.end(inner) : source.end(call)]


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


@family(ast.If, ast.While)
def condition_as_elsewhere(node: ast.If | ast.While, at: Place) -> Iterator[Change]:
    """A condition that is asked elsewhere in the file, in place of this one."""
    names = names_of(node, at)
    if names is None:
        return
    own = at.code(node.test)
    for piece in ingredients_of(at.repo).conditions:
        if piece.path == at.source.path and piece.text != own and len(piece.text) < 100:
            for text, about in fitted(piece, at.source, names, node.lineno):
                if names_in(node.test) & about:
                    yield at.swap(node.test, text, 0.08)


@family(ast.Call)
def keyword_as_elsewhere(node: ast.Call, at: Place) -> Iterator[Change]:
    """A keyword argument that other calls of the same name have: added, or with their value."""
    others = ingredients_of(at.repo).keywords.get(at.code(node.func), {})
    if not others or len(others) > 40:
        return
    given = {k.arg: k for k in node.keywords}
    names = names_of(node, at)
    known = module_names(at.source) | (set(names.at(node.lineno)) if names is not None else set())
    end = at.source.end(node) - 1
    comma = ", " if (node.args or node.keywords) and not at.source.text[:end].rstrip().endswith((",", "(")) else ""
    for text, value in others.items():
        name = text.split("=", 1)[0].strip()
        if value.needs - known or len(text) > 80:
            continue
        if name in given:
            if at.code(given[name].value) != value.text:
                yield at.swap(given[name].value, value.text, 0.12)
        elif not isinstance(at.parent(node), FUNCTIONS):
            yield at.span(end, end, f"{comma}{text}", 0.15, f"`{short(text)}` is passed as well")


@family(ast.Assign, ast.AnnAssign)
def value_as_elsewhere(node: ast.Assign | ast.AnnAssign, at: Place) -> Iterator[Change]:
    """What a variable of the same name gets elsewhere."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    names = names_of(node, at)
    if not isinstance(target, ast.Name) or node.value is None or names is None:
        return
    for piece in ingredients_of(at.repo).statements:
        name, _, value = piece.text.partition(" = ")
        known = not piece.needs - set(names.at(node.lineno)) - module_names(at.source)
        if name == target.id and value and value != at.code(node.value) and known:
            yield at.swap(node.value, value, 0.12)
