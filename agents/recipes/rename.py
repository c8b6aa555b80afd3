"""One name of a module becomes another wherever the repository means it."""

import keyword
import re
from dataclasses import dataclass

import libcst as cst

from agents.recipes.finish import finish
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe, WrongArgument
from agents.recipes.repo import Repo, module_name
from agents.recipes.walk import parsed

_SHAPE = "rename:package.module.old_name=new_name"


@dataclass(frozen=True, slots=True)
class _Job:
    old: str
    new: str
    places: frozenset[str]
    """Absolute names the thing has: where it is defined, and everywhere it is imported to under its own name."""


def with_argument(argument: str) -> Recipe:
    """The recipe for one renaming.

    Raises:
        WrongArgument: it is not written as it has to be.
    """
    origin, _, new = argument.partition("=")
    module, _, old = origin.strip().rpartition(".")
    new = new.strip()
    if not module or not all(part.isidentifier() for part in (*module.split("."), old, new)) or keyword.iskeyword(new):
        raise WrongArgument(f"rename wants {_SHAPE}, got {argument!r}")
    return Recipe(
        RECIPE.name, lambda repo: _rename(repo, module, old, new), RECIPE.by, RECIPE.openapi, True, argument=argument
    )


def rewrite(repo: Repo) -> None:
    """Refuse: what is to be renamed has to be said."""
    raise WrongArgument(f"rename wants {_SHAPE}")


def _rename(repo: Repo, module: str, old: str, new: str) -> None:
    files: dict[str, PyFile] = {}
    for path in repo.python:
        file = parsed(repo, path) if re.search(rf"\b{old}\b", repo.texts[path]) else None
        if file is not None:
            files[path] = file
    homes = [path for path in repo.python if module_name(path).rstrip(".") == module]
    if not homes:
        raise WrongArgument(f"no module {module} in this repository")
    home = files.get(homes[0])
    if home is None or not _defines(home, old):
        if re.search(rf"\b{new}\b", repo.texts[homes[0]]):
            return
        raise WrongArgument(f"{homes[0]} defines no {old} at module level")
    job = _Job(old, new, _places(files, f"{module}.{old}"))
    try:
        for file in files.values():
            _check(file, job)
            _rename_in(file, job)
        allowed = set(repo.in_scope())
        outside = [path for path, file in files.items() if file.edited() != file.text and path not in allowed]
        if outside:
            raise WrongArgument(f"{outside[0]} uses {old} too and is not among the paths")
        for path, file in files.items():
            finish(repo, path, file.edited())
            repo.notes += file.notes
    except Unsure as unsure:
        repo.undo()
        repo.leave(str(unsure).partition(":")[0], 0, str(unsure).partition(": ")[2])
        return
    for path, text in repo.given.items():
        if path not in repo.python and (found := re.search(rf"\b{old}\b", text)):
            repo.leave(
                path, text.count("\n", 0, found.start()) + 1, f"mentions `{old}`, which may mean what was renamed"
            )


def _defines(file: PyFile, name: str) -> bool:
    for node in file.tree.body:
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.name.value == name:
            return True
        for small in node.body if isinstance(node, cst.SimpleStatementLine) else ():
            targets = [t.target for t in small.targets] if isinstance(small, cst.Assign) else []
            targets += [small.target] if isinstance(small, cst.AnnAssign) else []
            if any(isinstance(t, cst.Name) and t.value == name for t in targets):
                return True
    return False


def _places(files: dict[str, PyFile], origin: str) -> frozenset[str]:
    """The definition, and every module that imports it under its own name, transitively."""
    old = origin.rpartition(".")[2]
    places, before = {origin}, 0
    while len(places) != before:
        before = len(places)
        for file in files.values():
            if file.imports().get(old) in places:
                places.add(f"{file.module.rstrip('.')}.{old}")
    return frozenset(places)


def _check(file: PyFile, job: _Job) -> None:
    """The new name is free where the old one is known, and nothing takes the name with a star."""
    modules = {place.rpartition(".")[0] for place in job.places}
    for node in file.find(cst.ImportFrom):
        if isinstance(node.names, cst.ImportStar) and file.source(node) in modules:
            raise Unsure(node, f"{file.path}: takes everything of {file.source(node)}, `{job.old}` with it")
    known = f"{file.module.rstrip('.')}.{job.old}" in job.places
    if known and job.new in file.bound():
        raise Unsure(file.tree, f"{file.path}: `{job.new}` already means something here")


def _rename_in(file: PyFile, job: _Job) -> None:
    for node in file.find(cst.Name):
        if node.value == job.old and _is_meant(file, node, job):
            file.edit(node, job.new)
    for string in file.find(cst.SimpleString):
        _rename_string(file, string, job)


def _is_meant(file: PyFile, node: cst.Name, job: _Job) -> bool:
    parent = file.parent(node)
    if isinstance(parent, cst.Arg) and parent.keyword is node:
        return False
    if isinstance(parent, cst.Attribute) and parent.attr is node:
        return file.means(parent, *job.places)
    if isinstance(parent, cst.ImportAlias):
        statement = file.parent(parent)
        return isinstance(statement, cst.ImportFrom) and f"{file.source(statement)}.{job.old}" in job.places
    if isinstance(parent, cst.FunctionDef | cst.ClassDef) and parent.name is node:
        return isinstance(file.parent(parent), cst.Module) and f"{file.module.rstrip('.')}.{job.old}" in job.places
    return file.means(node, *job.places)


def _rename_string(file: PyFile, string: cst.SimpleString, job: _Job) -> None:
    """Dotted names in strings (`patch("app.crud.get")`, `"main:app"`), `__all__`, and `setattr(module, "name")`."""
    text = file.code(string)
    if not re.search(rf"\b{job.old}\b", text):
        return
    new = text
    for place in job.places:
        module = re.escape(place.rpartition(".")[0])
        new = re.sub(rf"(?<![\w.])({module}[.:]){job.old}(?!\w)", rf"\g<1>{job.new}", new)
    if string.raw_value == job.old and (_in_all(file, string, job) or _is_attribute(file, string, job)):
        new = text.replace(job.old, job.new)
    if new != text:
        file.edit(string, new)
    elif string.raw_value == job.old:
        file.leave(string, f"the text `{job.old}` may mean what was renamed")


def _in_all(file: PyFile, string: cst.SimpleString, job: _Job) -> bool:
    statement = file.statement_of(string)
    listed = file.code(statement).lstrip().startswith("__all__")
    return listed and f"{file.module.rstrip('.')}.{job.old}" in job.places


def _is_attribute(file: PyFile, string: cst.SimpleString, job: _Job) -> bool:
    call = file.around(string, cst.Call)
    if not isinstance(call, cst.Call) or len(call.args) < 2 or call.args[1].value is not string:
        return False
    return file.means(call.args[0].value, *(place.rpartition(".")[0] for place in job.places))


RECIPE = Recipe(
    "rename",
    rewrite,
    by="libcst",
    openapi="ids of operations and names of schemas follow the names in the code",
    tests=True,
    argument="package.module.old_name=new_name",
)
