"""`print` becomes a logger's method."""

import libcst as cst

from agents.recipes import args
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_HINT = r"\bprint\("
_PROGRAM = r"(?m)^\s*(?:import|from)\s+(?:typer|click|argparse|fire|rich)\b|^if __name__\s*==|\bsys\.argv\b"
_CAPTURED = r"\bcap(?:sys|fd|sysbinary)\b|\bredirect_stdout\b|builtins\.print"


def rewrite(repo: Repo) -> None:
    """Rewrite the prints of modules that are no programs, unless tests read what is printed."""
    paths = [path for path in repo.mentioning(_HINT) if "/migrations/" not in path and "/alembic/" not in f"/{path}"]
    read = repo.first_line(_CAPTURED, repo.python)
    if read and paths:
        repo.leave(*read, "what is printed is read here")
        return
    programs = set(repo.mentioning(_PROGRAM, everywhere=True))
    for path in [path for path in paths if path in programs]:
        place = repo.first_line(_PROGRAM, [path])
        repo.leave(path, place[1] if place else 0, "this file is a program, whose output is for its user")
    changed = rewrite_files(repo, [path for path in paths if path not in programs], _rewrite_file)
    if changed and not repo.first_line(r"\b(?:basicConfig|dictConfig|fileConfig)\(|\bloguru\b", repo.python):
        repo.remark(
            changed[0], 0, "nothing sets logging up: lines of level info appear once the root logger's level is"
        )


def _rewrite_file(file: PyFile) -> None:
    logger = ""
    for call in file.calls("builtins.print"):
        reason = _reason(file, call)
        if reason:
            file.leave(call, reason)
            continue
        logger = logger or _logger(file)
        level = "error" if file.around(call, cst.ExceptHandler) or args.keyword(call, "file") else "info"
        file.edit(call, f"{logger}.{level}({_message(file, call)})")


def _reason(file: PyFile, call: cst.Call) -> str:
    if not args.is_plain(call):
        return "what is printed is not written out"
    if not isinstance(file.parent(call), cst.Expr):
        return "print is used as a value"
    if not args.positional(call):
        return "an empty line says nothing in a log"
    for arg in call.args:
        name = arg.keyword.value if arg.keyword else ""
        if name == "file" and not file.means(arg.value, "sys.stderr", "sys.stdout"):
            return "what is printed goes into a file"
        if name == "end" and args.literal(arg.value) != "\n":
            return "a line is put together from several prints"
        if name == "sep" and args.literal(arg.value) != " ":
            return "the values are joined by something else than a blank"
    return ""


def _logger(file: PyFile) -> str:
    """The logger the file has, else a new one of the module's name.

    Raises:
        Unsure: the file logs by a library that formats otherwise.
    """
    if {"loguru.logger", "structlog"} & set(file.imports().values()):
        raise Unsure(file.tree, "this file logs by a library that puts values into a text in its own way")
    for assign in file.find(cst.Assign):
        target, value = assign.targets[0].target, assign.value
        if isinstance(target, cst.Name) and isinstance(value, cst.Call) and file.means(value.func, "logging.getLogger"):
            return target.value
    name = "logger" if "logger" not in file.bound() else "module_logger"
    line = f"{name} = {file.need('logging')}.getLogger(__name__)\n"
    head = _head(file)
    if head is None:
        file.replace(0, 0, line)
    else:
        at = file.text.find("\n", file.span(head)[1] - 1) + 1
        file.replace(at, at, f"\n{line}")
    return name


def _head(file: PyFile) -> cst.SimpleStatementLine | None:
    """The last line of the docstring and the imports at the top."""
    last = None
    for line in file.tree.body:
        if not isinstance(line, cst.SimpleStatementLine) or not (
            _is_import(line) or (last is None and file.tree.get_docstring() is not None)
        ):
            break
        last = line
    return last


def _is_import(line: cst.SimpleStatementLine) -> bool:
    return isinstance(line.body[0], cst.Import | cst.ImportFrom)


def _message(file: PyFile, call: cst.Call) -> str:
    """One text as it is; several values through `%s`, so that they are formatted only where the line is written."""
    values = [arg.value for arg in args.positional(call)]
    if len(values) == 1:
        code = file.code(values[0])
        return code if isinstance(values[0], cst.SimpleString | cst.FormattedString) else f'"%s", {code}'
    first = values[0]
    if isinstance(first, cst.SimpleString) and isinstance(first.evaluated_value, str) and not first.prefix:
        quote, inner = first.quote, first.raw_value.replace("%", "%%")
        text = f"{quote}{inner}{' %s' * (len(values) - 1)}{quote}"
        return ", ".join([text, *(file.code(value) for value in values[1:])])
    return ", ".join([f'"{" ".join(["%s"] * len(values))}"', *(file.code(value) for value in values)])


RECIPE = Recipe("logging", rewrite, by="libcst")
