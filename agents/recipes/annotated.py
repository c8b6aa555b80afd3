"""`x: T = Depends(f)` becomes `x: Annotated[T, Depends(f)]`; what was a default inside becomes the default."""

import ast

import libcst as cst

from agents.recipes.packages import allows, python_floor
from agents.recipes.pyfile import PyFile
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_INJECTED = ("Depends", "Security")
_FIELDS = ("Query", "Path", "Body", "Header", "Cookie", "File", "Form")
_HINT = rf"\b(?:{'|'.join((*_INJECTED, *_FIELDS))})\("


def rewrite(repo: Repo) -> None:
    """Rewrite the parameters of every function."""
    paths = repo.mentioning(_HINT)
    if not allows(repo, "fastapi", "0.95"):
        if paths:
            repo.leave(paths[0], 0, "the required fastapi is older than 0.95, which does not know Annotated")
        return
    home = "typing" if python_floor(repo) >= (3, 9) else "typing_extensions"
    calls = _positional_calls(repo)
    rewrite_files(repo, paths, lambda file: _rewrite_file(file, home, calls))


def _rewrite_file(file: PyFile, home: str, calls: dict[str, int]) -> None:
    for function in file.find(cst.FunctionDef):
        found = [(p, _marker(file, p)) for p in function.params.params]
        if any(kind for _, kind in found):
            _rewrite_function(file, function, home, calls)
        for param in function.params.kwonly_params:
            if _marker(file, param) and _reason(file, function, param) is None:
                _rewrite_param(file, param, home)


def _rewrite_function(file: PyFile, function: cst.FunctionDef, home: str, calls: dict[str, int]) -> None:
    """Rewrite parameters from the left; from the first that loses its default behind one that has it, by keyword."""
    star, defaults_before = None, False
    params = function.params.params
    most = calls.get(_called_as(file, function), 0)
    for index, param in enumerate(params):
        if not _marker(file, param):
            defaults_before = defaults_before or param.default is not None
            continue
        reason = _reason(file, function, param)
        bare = _default(file, param) is None
        if reason is None and bare and defaults_before and star is None:
            if isinstance(function.params.star_arg, cst.Param):
                reason = f"`{param.name.value}` would need a default before `*{function.params.star_arg.name.value}`"
            elif most > index - _is_method(file, function):
                reason = f"`{function.name.value}` is called with positional arguments elsewhere"
            elif not isinstance(function.params.star_arg, cst.ParamStar):
                star = param
            else:
                reason = f"`{param.name.value}` would stand without a default behind one with a default"
        if reason is not None:
            file.leave(param, reason)
            defaults_before = True
            continue
        _rewrite_param(file, param, home, star=_star(file, param) if star is param else "")
        defaults_before = defaults_before or not bare


def _marker(file: PyFile, param: cst.Param) -> str:
    """`Depends` and so on, when the parameter's default is such a call; else empty."""
    if not isinstance(param.default, cst.Call):
        return ""
    for name in (*_INJECTED, *_FIELDS):
        homes = ("fastapi", "fastapi.params", "fastapi.param_functions")
        if file.means(param.default.func, *(f"{home}.{name}" for home in homes)):
            return name
    return ""


def _reason(file: PyFile, function: cst.FunctionDef, param: cst.Param) -> str | None:
    """Why a parameter has to stay as it is."""
    call = cst.ensure_type(param.default, cst.Call)
    name = param.name.value
    if param.annotation is None:
        return f"`{name}` has no type to annotate"
    if isinstance(param.annotation.annotation, cst.SimpleString | cst.ConcatenatedString):
        return f"the type of `{name}` is a string, which is not looked up inside Annotated"
    if any(arg.star for arg in call.args) or len([a for a in call.args if a.keyword is None]) > 1:
        return f"the arguments of `{name}`'s default cannot be told apart"
    if any(arg.keyword and arg.keyword.value == "default_factory" for arg in call.args):
        return f"`{name}` has a default_factory"
    nested = file.around(function, cst.FunctionDef, cst.ClassDef) is not None
    if nested and "from __future__ import annotations" in file.text:
        return f"the type of `{name}` is looked up in the module, where names of this scope are not"
    if file.code(param.annotation.annotation).startswith(("Annotated[", "typing.Annotated[")):
        return f"`{name}` is Annotated already and has a default of the old kind too"
    return None


def _default(file: PyFile, param: cst.Param) -> str | None:
    """Source of the real default inside `Query(...)` and the like; None when the parameter is required."""
    call = cst.ensure_type(param.default, cst.Call)
    if _marker(file, param) in _INJECTED:
        return None
    found = _default_arg(call)
    if found is None or isinstance(found.value, cst.Ellipsis):
        return None
    code = file.code(found.value)
    return None if code.rpartition(".")[2] in ("Required", "Undefined", "PydanticUndefined") else code


def _default_arg(call: cst.Call) -> cst.Arg | None:
    first = [arg for arg in call.args if arg.keyword is None or arg.keyword.value == "default"]
    return first[0] if first else None


def _rewrite_param(file: PyFile, param: cst.Param, home: str, star: str = "") -> None:
    call = cst.ensure_type(param.default, cst.Call)
    annotation = cst.ensure_type(param.annotation, cst.Annotation)
    kind = _marker(file, param)
    value = file.code(call)
    default = None
    if kind in _FIELDS:
        default = _default(file, param)
        dropped = _default_arg(call)
        kept = [arg for arg in call.args if arg is not dropped]
        if dropped is not None:
            if kept:
                kept[-1] = kept[-1].with_changes(comma=call.args[-1].comma)
            value = file.code(call.with_changes(args=kept))
    annotated = file.need(home, "Annotated")
    type_ = file.code(annotation.annotation)
    new = f"{annotated}[{type_}, {value}]" + (f" = {default}" if default is not None else "")
    start, _ = file.span(param.name)
    file.replace(start, file.span(call)[1], f"{star}{param.name.value}: {new}")


def _star(file: PyFile, param: cst.Param) -> str:
    """`*,` before a parameter, on a line of its own where the parameter has one."""
    start = file.span(param.name)[0]
    before = file.text[file.line_start(start) : start]
    return "*, " if before.strip() else f"*,\n{before}"


def _is_method(file: PyFile, function: cst.FunctionDef) -> int:
    static = any(file.code(d.decorator) == "staticmethod" for d in function.decorators)
    return int(isinstance(file.around(function, cst.FunctionDef, cst.ClassDef), cst.ClassDef) and not static)


def _called_as(file: PyFile, function: cst.FunctionDef) -> str:
    owner = file.around(function, cst.FunctionDef, cst.ClassDef)
    is_init = function.name.value in ("__init__", "__new__") and isinstance(owner, cst.ClassDef)
    return owner.name.value if is_init and isinstance(owner, cst.ClassDef) else function.name.value


def _positional_calls(repo: Repo) -> dict[str, int]:
    """Last name of what is called -> the most positional arguments any call in the repository gives it."""
    most: dict[str, int] = {}
    for path in repo.python:
        try:
            tree = ast.parse(repo.texts[path])
        except (SyntaxError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                many = 99 if any(isinstance(arg, ast.Starred) for arg in node.args) else len(node.args)
                most[name] = max(most.get(name, 0), many)
    return most


RECIPE = Recipe("annotated", rewrite, by="libcst")
