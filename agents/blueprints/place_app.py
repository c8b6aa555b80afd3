"""The place where the application is made, in a module or in a function: what is added there, and in which order."""

from collections.abc import Sequence

import libcst as cst

from agents.blueprints.bench import Bench
from agents.blueprints.cst_edits import FileEdit, lines_of
from agents.blueprints.cst_handlers import code_of
from agents.blueprints.cst_imports import bound_names
from agents.errors import NotUnderstood
from agents.reading.routes import Router

_Statements = Sequence[cst.BaseStatement]


def after_making(bench: Bench, code: str) -> None:
    """A statement right after the application is made; `code` calls it `{app}`.

    Raises:
        NotUnderstood: there is none, or it is made in ways that have no one place after them.
    """
    edit, main = _named(bench)
    code = code.replace("{app}", main.key.name)
    if not main.key.scope:
        edit.insert_after(main.key.name, code)
        return
    function = edit.function_named(main.key.scope)
    body = lines_of(function)
    inside = [line for line in _lines(body.body) if _makes(line, main.key.name)]
    around = [one for one in body.body if any(line in _lines([one]) for line in inside)]
    if len(inside) == 1:
        edit.replace(inside[0], cst.FlattenSentinel([inside[0], cst.parse_statement(code)]))
    elif len(around) == 1 and _always(around[0], main.key.name):
        edit.replace(around[0], cst.FlattenSentinel([around[0], cst.parse_statement(code)]))
    else:
        raise _refused(bench, main, f"`{main.key.name}` is made in more than one place")


def before_end(bench: Bench, code: str) -> None:
    """Statements after everything else that is done to the application; `code` calls it `{app}`.

    Raises:
        NotUnderstood: there is none, or its function ends in more than one way.
    """
    edit, main = _named(bench)
    code = code.replace("{app}", main.key.name)
    if not main.key.scope:
        edit.append(code)
        return
    function = edit.function_named(main.key.scope)
    ends = [line for line in _lines(lines_of(function).body) if isinstance(line.body[-1], cst.Return)]
    if len(ends) != 1 or code_of(ends[0]).strip() != f"return {main.key.name}":
        raise _refused(bench, main, f"it does not end with `return {main.key.name}`, once")
    added: list[cst.BaseStatement] = list(cst.parse_module(code + "\n", edit.tree.config_for_parsing).body)
    last: cst.BaseStatement = ends[0]
    if any(isinstance(one, cst.FunctionDef) for one in added):
        added[0], last = _apart(added[0]), _apart(last)
    edit.replace(ends[0], cst.FlattenSentinel([*added, last]))


def _named(bench: Bench) -> tuple[FileEdit, Router]:
    """The file and the application, which gets a name when its function returns it without."""
    main = bench.app.web.app
    if main is None:
        raise NotUnderstood(bench.profile.main_file or "application", "There is no application object to add it to.")
    edit = bench.edit(main.key.file)
    if main.returned:
        _name(bench, edit, main)
        main.returned = False
    return edit, main


def _refused(bench: Bench, main: Router, why: str) -> NotUnderstood:
    """The error that names the function, where it stood when it was read."""
    line = bench.module(main.key.file).definitions[main.key.scope].lineno
    return NotUnderstood(main.key.scope, f"{main.key.file}:{line}: {why}")


def _name(bench: Bench, edit: FileEdit, main: Router) -> None:
    """`return FastAPI(...)` becomes an assignment, with one `return` after it."""
    function = edit.function_named(main.key.scope)
    body, name = lines_of(function), main.key.name
    if body is not function.body:
        edit.replace(function, function.with_changes(body=body))
        function = edit.function_named(main.key.scope)
    made = [line for line in _lines(body.body) if _returned(edit, line)]
    if len(made) == 1:
        edit.replace(made[0], cst.FlattenSentinel([_assigned(made[0], name), _return(name)]))
        return
    new = _all_assigned(edit, body.body, name)
    if new is None:
        why = "the application is returned in more than one way; give it a variable and one `return`"
        raise _refused(bench, main, why)
    edit.replace(function, function.with_changes(body=body.with_changes(body=[*new, _return(name)])))


def _all_assigned(edit: FileEdit, body: _Statements, name: str) -> list[cst.BaseStatement] | None:
    """The statements with every way through them ending in an assignment; None where one does not, or could go on."""
    for index, one in enumerate(body):
        if not any(isinstance(line.body[-1], cst.Return) for line in _lines([one])):
            continue
        before, rest = list(body[:index]), list(body[index + 1 :])
        if isinstance(one, cst.SimpleStatementLine):
            return [*before, _assigned(one, name)] if _returned(edit, one) and not rest else None
        branch = _branch(edit, one, rest, name) if isinstance(one, cst.If) else None
        return None if branch is None else [*before, branch]
    return None


def _branch(edit: FileEdit, one: cst.If, rest: list[cst.BaseStatement], name: str) -> cst.If | None:
    """What stood behind an `if` that returned is its `else`."""
    then = _all_assigned(edit, lines_of(one).body, name)
    other: cst.If | cst.Else | None = None
    if isinstance(one.orelse, cst.If):
        other = _branch(edit, one.orelse, rest, name)
    else:
        left = [*(lines_of(one.orelse).body if one.orelse else ()), *rest]
        found = _all_assigned(edit, [_close(left[0]), *left[1:]], name) if left else None
        other = (
            None
            if found is None
            else (one.orelse or cst.Else(cst.IndentedBlock([]))).with_changes(body=cst.IndentedBlock(found))
        )
    if then is None or other is None:
        return None
    return one.with_changes(body=cst.IndentedBlock(then), orelse=other)


def _apart(one: cst.BaseStatement) -> cst.BaseStatement:
    """With one blank line before it."""
    return _close(one).with_changes(leading_lines=[cst.EmptyLine(indent=False), *_close(one).leading_lines])  # type: ignore[attr-defined]


def _close(one: cst.BaseStatement) -> cst.BaseStatement:
    """Without blank lines before it."""
    lines = list(getattr(one, "leading_lines", ()))
    while lines and lines[0].comment is None:
        lines.pop(0)
    return one.with_changes(leading_lines=lines)


def _assigned(line: cst.SimpleStatementLine, name: str) -> cst.SimpleStatementLine:
    last = line.body[-1]
    value = cst.ensure_type(last, cst.Return).value or cst.Name("None")
    target = cst.AssignTarget(cst.Name(name))
    return line.with_changes(body=[*line.body[:-1], cst.Assign([target], value)])


def _return(name: str) -> cst.SimpleStatementLine:
    return cst.SimpleStatementLine([cst.Return(cst.Name(name))])


def _returned(edit: FileEdit, line: cst.SimpleStatementLine) -> bool:
    last = line.body[-1]
    value = last.value if isinstance(last, cst.Return) else None
    if not isinstance(value, cst.Call):
        return False
    head, _, rest = code_of(value.func).partition(".")
    return f"{bound_names(edit).get(head) or head}.{rest}".rstrip(".").rpartition(".")[2] == "FastAPI"


def _makes(line: cst.SimpleStatementLine, name: str) -> bool:
    return any(
        isinstance(small, cst.Assign)
        and isinstance(small.value, cst.Call)
        and [code_of(target.target) for target in small.targets] == [name]
        for small in line.body
    )


def _always(one: cst.BaseStatement | cst.Else, name: str) -> bool:
    """Every way through the statement makes it."""
    if isinstance(one, cst.SimpleStatementLine):
        return _makes(one, name)
    if isinstance(one, cst.If):
        return one.orelse is not None and _in_all(one, name) and _always(one.orelse, name)
    return isinstance(one, cst.Else) and _in_all(one, name)


def _in_all(one: cst.If | cst.Else, name: str) -> bool:
    return any(_always(inner, name) for inner in lines_of(one).body)


def _lines(body: _Statements) -> list[cst.SimpleStatementLine]:
    """Every simple line, without those of functions and classes inside."""
    collector = _Lines()
    for one in body:
        one.visit(collector)
    return collector.found


class _Lines(cst.CSTVisitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[cst.SimpleStatementLine] = []

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> bool:
        self.found.append(node)
        return False

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False
