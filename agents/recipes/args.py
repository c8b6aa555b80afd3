"""Arguments of calls: found, added and taken away in the layout the call has."""

from collections.abc import Iterable

import libcst as cst

from agents.recipes.pyfile import PyFile


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """The argument given by that name."""
    return next((arg for arg in call.args if arg.keyword and arg.keyword.value == name), None)


def positional(call: cst.Call) -> list[cst.Arg]:
    """The arguments given by place."""
    return [arg for arg in call.args if arg.keyword is None and not arg.star]


def given(call: cst.Call, name: str, place: int) -> cst.Arg | None:
    """The argument of that name, else the one at that place."""
    by_place = positional(call)[place : place + 1]
    return keyword(call, name) or (by_place[0] if by_place else None)


def is_plain(call: cst.Call) -> bool:
    """No `*args` and no `**kwargs`."""
    return not any(arg.star for arg in call.args)


def literal(node: cst.CSTNode | None) -> object:
    """The value of a string, number, True, False or None; `...` when the node is something else."""
    if isinstance(node, cst.SimpleString | cst.ConcatenatedString):
        return node.evaluated_value
    if isinstance(node, cst.Integer | cst.Float):
        return node.evaluated_value
    if isinstance(node, cst.Name) and node.value in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[node.value]
    return ...


def add(file: PyFile, call: cst.Call, *texts: str) -> None:
    """Add arguments at the end of a call."""
    if not texts:
        return
    if not call.args:
        end = file.span(call)[1]
        file.replace(end - 1, end - 1, ", ".join(texts))
        return
    start, end = file.span(call.args[-1])
    margin = file.text[file.line_start(start) : start]
    between = f",\n{margin}" if not margin.strip() else ", "
    file.replace(end, end, "".join(between + text for text in texts))


def drop(file: PyFile, call: cst.Call, gone: Iterable[cst.Arg]) -> None:
    """Take arguments out of a call; nothing else of the call may be edited."""
    dropped = list(gone)
    kept = [arg for arg in call.args if arg not in dropped]
    if not dropped:
        return
    if kept and call.args[-1] in dropped:
        kept[-1] = kept[-1].with_changes(comma=call.args[-1].comma)
    file.edit(call, file.code(call.with_changes(args=kept)))
