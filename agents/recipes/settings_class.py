"""Variables read from `os.environ` while a module is imported become fields of a settings class in that module."""

from dataclasses import dataclass

import libcst as cst

from agents.recipes import args
from agents.recipes.packages import allows, require
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_HINT = r"\bos\.(?:environ|getenv)\b|\bfrom os import [^\n]*\b(?:environ|getenv)\b"
_GET = ("os.getenv", "os.environ.get")
_CASTS = {"builtins.int": "int", "builtins.float": "float"}


@dataclass(frozen=True, slots=True)
class _Read:
    """One variable and how it is read."""

    node: cst.BaseExpression
    """What becomes `settings.name`: the read, with the cast around it."""
    variable: str
    kind: str
    default: str | None
    """Source of the default; None when the variable has to be there."""


def rewrite(repo: Repo) -> None:
    """Rewrite the modules that read variables at their top, one settings class each."""
    paths = repo.mentioning(_HINT)
    if not paths:
        return
    if not allows(repo, "pydantic", "2.0") or repo.first_line(
        r"from pydantic import [^\n]*\bBaseSettings\b", repo.python
    ):
        repo.leave(paths[0], 0, "pydantic 1 has its settings inside; see pydantic-v2 first")
        return
    if rewrite_files(repo, paths, _rewrite_file):
        require(repo, "pydantic-settings>=2")


def _rewrite_file(file: PyFile) -> None:
    written = [n for n in file.find(cst.Subscript) if file.means(n.value, "os.environ") and _is_target(file, n)]
    if written:
        raise Unsure(written[0], "the environment is written here")
    found: list[_Read] = []
    first = None
    for line in file.tree.body:
        reads = _reads(file, line)
        if isinstance(line, cst.SimpleStatementLine):
            found += reads
            first = first or (line if reads else None)
        else:
            for read in reads:
                file.leave(read.node, f"`{read.variable}` is read when this code runs, a setting once at the start")
    if first is None:
        return
    if {"settings", "Settings"} & file.bound():
        raise Unsure(first, "this module has settings already; add the variables there")
    fields = _fields(found)
    for read in found:
        file.edit(read.node, f"settings.{read.variable.lower()}")
    base, config = file.need("pydantic_settings", "BaseSettings"), file.need("pydantic_settings", "SettingsConfigDict")
    lines = "".join(f"    {name}: {kind} = {file.need('pydantic', 'Field')}({default}validation_alias=\"{variable}\")\n"
                    for variable, (name, kind, default) in fields.items())  # fmt: skip
    text = (
        f'class Settings({base}):\n    """What the environment says."""\n\n'
        f"    model_config = {config}(case_sensitive=True)\n\n{lines}\n\nsettings = Settings()\n"
    )
    start = file.line_start(file.span(first)[0])
    file.replace(start, start, text)
    missing = [read for read in found if read.default is None]
    if missing:
        file.remark(missing[0].node, "when it is missing, a ValidationError names it in the place of a KeyError")


def _is_target(file: PyFile, node: cst.CSTNode) -> bool:
    return isinstance(file.parent(node), cst.AssignTarget | cst.Del | cst.AugAssign)


def _fields(found: list[_Read]) -> dict[str, tuple[str, str, str]]:
    """Variable -> (name, type, default with a comma); the same variable has to be read alike everywhere."""
    fields: dict[str, tuple[str, str, str]] = {}
    for read in found:
        name = read.variable.lower()
        default = "" if read.default is None else f"{read.default}, "
        field = (name, read.kind, default)
        if fields.setdefault(read.variable, field) != field:
            raise Unsure(read.node, f"`{read.variable}` is read in two ways")
        if not name.isidentifier() or name.startswith(("_", "model_")):
            raise Unsure(read.node, f"`{read.variable}` is no name for a field")
    return fields


def _reads(file: PyFile, below: cst.CSTNode) -> list[_Read]:
    found = []
    for node in file.find(cst.BaseExpression, below):  # type: ignore[type-abstract]
        read = _read(file, node)
        if read is None:
            continue
        if isinstance(file.around(node, cst.Lambda, cst.CompFor), cst.Lambda | cst.CompFor):
            raise Unsure(node, "a variable is read inside a lambda or a comprehension")
        found.append(_cast(file, read))
    return found


def _read(file: PyFile, node: cst.BaseExpression) -> _Read | None:
    if isinstance(node, cst.Subscript) and file.means(node.value, "os.environ") and len(node.slice) == 1:
        index = node.slice[0].slice
        name = args.literal(index.value) if isinstance(index, cst.Index) else ...
        return _Read(node, name, "str", None) if isinstance(name, str) else None
    if not isinstance(node, cst.Call) or not file.means(node.func, *_GET) or not args.is_plain(node):
        return None
    given = args.positional(node)
    name = args.literal(given[0].value) if given else ...
    default = args.given(node, "default", 1)
    value = args.literal(default.value) if default else None
    if not isinstance(name, str) or not (value is None or isinstance(value, str)):
        raise Unsure(node, "the name or the default of this variable is not written out")
    code = "None" if value is None or default is None else file.code(default.value)
    return _Read(node, name, "str | None" if value is None else "str", code)


def _cast(file: PyFile, read: _Read) -> _Read:
    """`int(os.getenv("PORT", "8000"))` is an int with a default of 8000."""
    arg = file.parent(read.node)
    call = file.parent(arg)
    if not isinstance(call, cst.Call) or len(call.args) != 1 or call.args[0] is not arg or read.kind == "str | None":
        return read
    kind = next((kind for name, kind in _CASTS.items() if file.means(call.func, name)), "")
    if not kind:
        return read
    if read.default is None:
        return _Read(call, read.variable, kind, None)
    try:
        value = {"int": int, "float": float}[kind](read.default.strip("\"'"))
    except ValueError:
        return read
    return _Read(call, read.variable, kind, repr(value))


RECIPE = Recipe("pydantic-settings", rewrite, by="libcst")
