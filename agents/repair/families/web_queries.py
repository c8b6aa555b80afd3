"""Queries: filters that are dropped, order, pages, patterns."""

import ast
import re
from collections.abc import Iterator

from agents.repair.candidate import Edit
from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.names import names_of
from agents.repair.ingredients import CHAINED, ingredients_of, module_names
from agents.repair.scope import Names
from agents.repair.source import called, within

_PAGE = ("page", "page_number", "page_no")


@family(ast.Call)
def filter_dropped(node: ast.Call, at: Place) -> Iterator[Change]:
    """A query limited by a parameter: one nothing reads first, then the filters of other queries."""
    parent = at.parent(node)
    names = names_of(node, at)
    inner_chain = isinstance(parent, ast.Attribute) and parent.attr in CHAINED
    if called(node) not in ({"select", "query"} | CHAINED) or names is None or inner_chain:
        return
    whole = at.code(node)
    unused = set(names.unused())
    for clause, name in _clauses(whole, names, node.lineno, at):
        yield _chain(node, f".where({clause})", at, 0.85 if name in unused else 0.15)
    known = module_names(at.source) | set(names.at(node.lineno))
    for method, every in ingredients_of(at.repo).chained.items():
        for text, piece in list(every.items())[:25]:
            if piece.needs - known or (text and text in whole) or f".{method}({text})" in whole:
                continue
            if all(model in whole for model in at.repo.fields if model in piece.needs):
                yield _chain(node, f".{method}({text})", at, 0.5 if unused & piece.needs else 0.2)


def _clauses(whole: str, names: Names, line: int, at: Place) -> Iterator[tuple[str, str]]:
    """Conditions between columns of the tables of a query and names of the function, with that name."""
    for model in (m for m in at.repo.fields if at.repo.is_table(m) and re.search(rf"\b{m}\b", whole)):
        columns = [c for c in at.repo.fields[model] if f"{model}.{c}" not in whole]
        for column in columns:
            if "bool" in at.repo.fields[model][column]:
                yield f"{model}.{column}", ""
                yield f"{model}.{column}.is_(False)", ""
        for name in names.parameters:
            for column in (name, f"{name}_id", f"{name}s"):
                if column in columns:
                    yield f"{model}.{column} == {name}", name
                elif name.endswith(f"_{column}") or (name.startswith(("min_", "max_")) and name[4:] in columns):
                    yield f"{model}.{name[4:]} {'>=' if name.startswith('min') else '<='} {name}", name
        for name in names.at(line):
            for column in columns:
                if column == f"{name}_id" or (column.endswith("_id") and ("user" in name or "owner" in name)):
                    yield f"{model}.{column} == {name}.id", name


@family(ast.Assign)
def optional_filter_dropped(node: ast.Assign, at: Place) -> Iterator[Change]:
    """A filter by a parameter nothing reads, only when the parameter is given."""
    target, names = node.targets[0], names_of(node, at)
    if not isinstance(target, ast.Name) or names is None or not at.source.is_alone(node):
        return
    unused = [name for name in names.unused() if name in names.parameters]
    whole = at.code(node.value)
    for name in unused:
        if "select(" in whole or "query(" in whole:
            for clause, asked in _clauses(whole, names, node.lineno, at):
                if asked == name:
                    text = f"if {name} is not None:\n    {target.id} = {target.id}.where({clause})"
                    yield at.behind(node, text, 0.9, f"only those with `{clause}`, when `{name}` is given")
        elif names.kinds[target.id] in ("", "list"):
            for item in (f"item.{name}", f'item["{name}"]'):
                text = f"if {name} is not None:\n    {target.id} = [item for item in {target.id} if {item} == {name}]"
                yield at.behind(node, text, 0.6, f"only those of `{name}`, when it is given")


def _chain(node: ast.Call, text: str, at: Place, prior: float) -> Change:
    end = at.source.end(node)
    return at.span(end, end, text, prior, f"`{short(text)}` is asked as well")


@family(ast.Call)
def clause_too_many(node: ast.Call, at: Place) -> Iterator[Change]:
    """A clause of a query taken away, one of several conditions dropped."""
    if called(node) not in CHAINED or not isinstance(node.func, ast.Attribute):
        return
    start = at.source.end(node.func.value)
    prior = 0.2 if node.func.attr in ("limit", "offset", "where", "filter", "distinct") else 0.1
    yield at.span(start, at.source.end(node), "", prior, f"`{short('.' + node.func.attr)}(...)` is taken away")
    if node.func.attr == "order_by":
        for arg in node.args:
            text = at.code(arg)
            if text.endswith((".desc()", ".asc()")):
                yield at.swap(arg, text.rsplit(".", 1)[0], 0.25)
            else:
                yield at.swap(arg, f"{text}.desc()", 0.25)


@family(ast.Call)
def pattern(node: ast.Call, at: Place) -> Iterator[Change]:
    """A search for a part: `%` around what is looked for."""
    if called(node) in ("like", "ilike") and len(node.args) == 1:
        arg = node.args[0]
        text = at.code(arg)
        if isinstance(arg, ast.Name | ast.Attribute):
            yield at.swap(arg, f'f"%{{{text}}}%"', 0.7)
            yield at.swap(arg, f'f"{{{text}}}%"', 0.2)
        elif isinstance(arg, ast.JoinedStr) and "%" in text:
            inner = text[2:-1].strip("%")
            for new in (f"%{inner}%", f"{inner}%", f"%{inner}"):
                if new != text[2:-1]:
                    yield at.swap(arg, f'f"{new}"', 0.4)


@family(ast.BinOp)
def page_to_offset(node: ast.BinOp, at: Place) -> Iterator[Change]:
    """Pages counted from one for those counted from zero, and the other way round."""
    if not isinstance(node.op, ast.Mult):
        return
    for side, other in ((node.left, node.right), (node.right, node.left)):
        text = at.code(side)
        if text in _PAGE or (isinstance(side, ast.Name) and "page" in side.id and "size" not in side.id):
            yield at.swap(node, f"({text} - 1) * {at.code(other)}", 0.7)
        elif isinstance(side, ast.BinOp) and at.code(side.left) in _PAGE:
            for new in (at.code(side.left), f"({at.code(side.left)} - 1)", f"({at.code(side.left)} + 1)"):
                yield at.swap(node, f"{new} * {at.code(other)}", 0.4)


@family(ast.Call)
def nothing_summed(node: ast.Call, at: Place) -> Iterator[Change]:
    """A sum over no rows is None, and a join leaves out what has none."""
    name, start, end = called(node), at.source.start(node), at.source.end(node)
    if (
        name in ("sum", "max", "min", "avg")
        and at.code(node).startswith("func.")
        and "coalesce" not in at.code(at.source.statement(node) or node)
    ):
        edit = at.edit(start, end, f"func.coalesce({at.code(node)}, 0)")
        yield Change((edit,), 0.35, "a sum of nothing is 0")
        for join in _joins(node, at):
            yield Change(tuple(sorted((edit, join))), 0.2, "a sum of nothing is 0, and rows without any are kept")
    elif name in ("join", "outerjoin") and isinstance(node.func, ast.Attribute):
        other = "outerjoin" if name == "join" else "join"
        word = at.source.end(node.func.value)
        if at.source.text[word : at.source.end(node.func)].strip() == f".{name}" and not _is_text(node.func.value):
            yield Change((_method(node.func, other, at),), 0.25, f"`.{name}` becomes `.{other}`")


def _joins(node: ast.Call, at: Place) -> Iterator[Edit]:
    around = at.source.function(node)
    for part in within(around) if around is not None else ():
        method = part.func if isinstance(part, ast.Call) else None
        if isinstance(method, ast.Attribute) and method.attr == "join" and not _is_text(method.value):
            yield _method(method, "outerjoin", at)


def _method(node: ast.Attribute, name: str, at: Place) -> Edit:
    return at.edit(at.source.end(node.value), at.source.end(node), f".{name}")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr)


@family(ast.Slice)
def page_of_a_list(node: ast.Slice, at: Place) -> Iterator[Change]:
    """`[start:size]` for `[start:start + size]`."""
    if node.lower is not None and node.upper is not None:
        lower, upper = at.code(node.lower), at.code(node.upper)
        if not lower.isdigit() and lower not in upper:
            yield at.swap(node.upper, f"{lower} + {upper}", 0.5)
        elif isinstance(node.upper, ast.BinOp) and at.code(node.upper.left) == lower:
            yield at.swap(node.upper, at.code(node.upper.right), 0.15)


@family(ast.Call)
def counted(node: ast.Call, at: Place) -> Iterator[Change]:
    """A total taken of the page for a total of everything."""
    names = names_of(node, at)
    if called(node) == "len" and len(node.args) == 1 and names is not None:
        own = at.code(node.args[0])
        for name in names.at(node.lineno):
            if name != own and names.kinds[name] in ("", "list") and name not in ("self", "cls"):
                yield at.swap(node.args[0], name, 0.25)
        yield at.swap(node.args[0], f"set({own})", 0.08)
