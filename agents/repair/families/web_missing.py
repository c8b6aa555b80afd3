"""What is not there: an HTTP error instead of None that is taken apart."""

import ast
import keyword
import re
from collections.abc import Iterator
from http import HTTPStatus

from agents.repair.families.base import Change, Place, family, short
from agents.repair.families.web_session import imported
from agents.repair.source import Function, Source, called, within

_LOOKS = (".get(", "scalar", "first(", "one_or_none", "next(", "find", "get_", "fetchone(")
_PLAIN = frozenset({"row", "record", "result", "res", "found", "item", "obj", "data", "entry", "value", "it"})
_VERBS = re.compile(r"^_*(?:get|read|show|fetch|load|find|delete|update|patch|remove|change|edit)_")
_OPENED = ("dict", "list", "tuple", "set", "iter", "next")
_NOT_ALWAYS = (ast.Lambda, ast.IfExp, ast.BoolOp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Assigned = ast.Assign | ast.AnnAssign


@family(ast.Assign, ast.AnnAssign)
def nothing_found(node: Assigned, at: Place) -> Iterator[Change]:
    """404 when nothing was found."""
    name, function = _target(node), at.source.function(node)
    if not name or function is None or node.value is None:
        return
    looks = any(word in at.code(node.value) for word in _LOOKS)
    crashed = _is_none_seen(at) and name in {_opened(part) for part in within(function)}
    if looks or (crashed and _may_be_none(node.value)):
        yield from _refusals(node, name, function, at, crashed=crashed)


@family(ast.Subscript, ast.Attribute, ast.Call, ast.Assign)
def nothing_to_take_apart(node: ast.AST, at: Place) -> Iterator[Change]:
    """The same from the line that came upon None: what it takes apart was assigned before."""
    name, function = _opened(node), at.source.function(node)
    if not name or function is None or not _is_none_seen(at):
        return
    line = getattr(node, "lineno", 0)
    before = [
        part for part in within(function)
        if isinstance(part, Assigned) and _target(part) == name and (part.end_lineno or 0) < line
    ]  # fmt: skip
    last = max(before, key=lambda part: part.lineno, default=None)
    if last is not None and last.value is not None and _may_be_none(last.value):
        yield from _refusals(last, name, function, at, crashed=True)


@family(ast.Call, ast.Await)
def nothing_to_answer_with(node: ast.expr, at: Place) -> Iterator[Change]:
    """The same where nothing was assigned: `db.get(Book, number).title`, `return books.get(number)`."""
    parent, function, statement = at.parent(node), at.source.function(node), at.source.statement(node)
    if function is None or not isinstance(statement, ast.Return | ast.Assign | ast.AnnAssign | ast.Expr):
        return
    taken = isinstance(parent, ast.Subscript | ast.Attribute) and parent.value is node and _is_none_seen(at)
    above = at.parent(parent) if isinstance(parent, ast.Attribute) else None
    if isinstance(above, ast.Call) and above.func is parent and not _is_look(node):
        return  # one step of a chain
    refused = "404" in at.hints.statuses or ("404" in at.hints.named and at.hints.mentions("ResponseValidation"))
    looks = any(word in at.code(node) for word in _LOOKS) and at.repo.route_of(function) is not None
    answered = isinstance(parent, ast.Return) and refused and looks
    inner = any(isinstance(one, _NOT_ALWAYS) for one in _up_to(node, at))
    if not (taken or answered) or inner or not _may_be_none(node) or not at.source.is_alone(statement):
        return
    used = {getattr(one, part) for one in at.source.nodes for part in ("id", "arg", "name") if hasattr(one, part)}
    noun = _noun("found", function).replace(" ", "_")
    name = noun if noun.isidentifier() and noun not in used and not keyword.iskeyword(noun) else "found"
    if name in used:
        return
    start, indent = at.source.line_start(statement.lineno), at.source.indent(statement)
    for code, prior in _codes(at, crashed=bool(taken)):
        first = f"{name} = {at.code(node)}\nif {name} is None:\n    raise {_error(code, name, function, at)}"
        edits = (
            at.edit(start, start, at.laid_out(first, indent)),
            at.edit(at.source.start(node), at.source.end(node), name),
            *imported(at, "fastapi", "HTTPException"),
        )
        yield Change(edits, prior if taken else min(prior, 0.9), f"{code} when `{short(at.code(node))}` is None")


def _is_look(node: ast.expr) -> bool:
    name = called(node.value if isinstance(node, ast.Await) else node)
    return any(word.strip(".(") in name for word in _LOOKS)


def _up_to(node: ast.AST, at: Place) -> Iterator[ast.AST]:
    """What is around an expression within its statement."""
    for above in at.source.above(node):
        if isinstance(above, ast.stmt):
            return
        yield above


def _is_none_seen(at: Place) -> bool:
    return at.hints.mentions("NoneType")


def _target(node: Assigned) -> str:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    return target.id if isinstance(target, ast.Name) else ""


def _may_be_none(value: ast.expr) -> bool:
    call = value.value if isinstance(value, ast.Await) else value
    return isinstance(call, ast.Call) and not called(call)[:1].isupper()


def _opened(node: ast.AST) -> str:
    """The variable whose parts a node takes: `row[0]`, `row.id`, `a, b = row`, `dict(row)`, `**row`."""
    value: ast.AST | None = None
    unpacked = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple | ast.List)
    if isinstance(node, ast.Subscript | ast.Attribute | ast.Assign):
        value = node.value if unpacked or not isinstance(node, ast.Assign) else None
    elif isinstance(node, ast.Call):
        spread = [one.value for one in node.keywords if one.arg is None]
        value = next(iter(spread or (node.args if called(node) in _OPENED else ())), None)
    return value.id if isinstance(value, ast.Name) else ""


def _is_asked(name: str, function: Function) -> bool:
    """Whether the function asks for the variable's presence somewhere."""
    for part in within(function):
        tests: list[ast.AST] = []
        if isinstance(part, ast.If | ast.IfExp | ast.While | ast.Assert):
            tests = [part.test]
        elif isinstance(part, ast.BoolOp):
            tests = list(part.values)
        elif isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
            tests = [part.operand]
        elif isinstance(part, ast.Compare) and any(isinstance(op, ast.Is | ast.IsNot) for op in part.ops):
            tests = [part.left]
        if any(isinstance(test, ast.Name) and test.id == name for test in tests):
            return True
    return False


def _refusals(node: Assigned, name: str, function: Function, at: Place, *, crashed: bool) -> Iterator[Change]:
    if _is_asked(name, function):
        return
    raises_here = "HTTPException" in at.source.text
    if not (raises_here or at.repo.route_of(function) is not None or crashed):
        return
    for code, prior in _codes(at, crashed=crashed):
        prior *= 1.0 if raises_here or at.repo.route_of(function) is not None else 0.6
        guard = f"if {name} is None:\n    raise {_error(code, name, function, at)}"
        said = at.behind(node, guard, prior, f"{code} when `{name}` is None")
        if said.prior:
            yield Change((*said.edits, *imported(at, "fastapi", "HTTPException")), said.prior, said.says)


def _codes(at: Place, *, crashed: bool) -> Iterator[tuple[str, float]]:
    """Statuses that may be meant, with their priors: those that the failing tests ask for first."""
    missed = at.hints.statuses
    named = missed or (at.hints.named if crashed or at.hints.mentions("ResponseValidation") else [])
    for code in dict.fromkeys(("404", *(one for one in named if one.startswith("4") and one != "422"))):
        if crashed:
            yield code, 0.95 if code in named or not named else 0.5
        else:
            yield code, 0.9 if code in named else 0.09 if at.hints.messages else 0.3


def _error(code: str, name: str, function: Function, at: Place) -> str:
    """The error as others of the repository word it, those of the same file first; else with the status's phrase."""
    mine = _noun(name, function)
    sources = [at.source, *(one for one in at.repo.sources if one is not at.source)]
    for source in sources:
        for call, detail, theirs in _worded(source, code):
            text = str(detail.value)
            if re.search(rf"\b{re.escape(theirs)}\b", text, re.IGNORECASE):
                text = re.sub(rf"\b{re.escape(theirs)}\b", lambda old: _like(old[0], mine), text, flags=re.IGNORECASE)
            elif not re.search(rf"\b{re.escape(mine)}\b", text, re.IGNORECASE):
                continue
            if source is not at.source:
                return f"HTTPException(status_code={code}, detail={_quoted(text)})"
            begin, end, whole = source.start(detail), source.end(detail), source.start(call)
            return source.text[whole:begin] + _quoted(text) + source.text[end : source.end(call)]
    return f"HTTPException(status_code={code}, detail={_quoted(HTTPStatus(int(code)).phrase)})"


def _worded(source: Source, code: str) -> Iterator[tuple[ast.Call, ast.Constant, str]]:
    """Errors of that status on one line: the call, its text, and what they say it of."""
    for node in source.nodes:
        call = node.exc if isinstance(node, ast.Raise) else None
        if not isinstance(call, ast.Call) or called(call) != "HTTPException" or call.lineno != call.end_lineno:
            continue
        given = {one.arg: one.value for one in call.keywords}
        status = given.get("status_code") or next(iter(call.args), None)
        details = [*(given[name] for name in ("detail",) if name in given), *call.args[1:2]]
        around, above = source.function(call), source.parents.get(node)
        if status is None or code not in source.code(status) or around is None or not isinstance(above, ast.If):
            continue
        for detail in details:
            if isinstance(detail, ast.Constant) and isinstance(detail.value, str):
                asked = [one.id for one in ast.walk(above.test) if isinstance(one, ast.Name)]
                yield call, detail, _noun(asked[0] if asked else "", around)


def _noun(name: str, function: Function) -> str:
    """What a variable holds, in words: its name, or where that says nothing, what the function is asked for."""
    if name.endswith("_id"):
        name = name[:-3]
    if name not in _PLAIN:
        return name.replace("_", " ").strip()
    args = [arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)]
    asked = next((arg[:-3] for arg in args if arg.endswith("_id")), "") or _VERBS.sub("", function.name)
    return asked.replace("_", " ").strip()


def _like(old: str, new: str) -> str:
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def _quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text and "\\" not in text and text.isprintable() else repr(text)
