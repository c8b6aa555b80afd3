"""Unused imports and variables go, where ruff finds them and nothing but the name is lost."""

import ast
import re

import libcst as cst

from agents.recipes import ruff
from agents.recipes.finish import finish, kept_for_others, own_packages, without_imports
from agents.recipes.pyfile import PyFile
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import parsed

_PURE = (cst.SimpleString, cst.Integer, cst.Float, cst.Name, cst.FormattedString)


def rewrite(repo: Repo) -> None:
    """Take out what nothing uses, file by file."""
    for path in list(repo.in_scope()):
        found = _found(repo, path)
        file = parsed(repo, path) if found else None
        if file is None:
            continue
        for one in found:
            if one.rule == "ERA001":
                repo.leave(path, one.line, "looks like code that was commented out; a person should say so")
        _variables(repo, file, [one for one in found if one.rule == "F841"])
        gone = _imports(repo, file, [one.message for one in found if one.rule == "F401"])
        finish(repo, path, without_imports(file.edited(), gone))


def _found(repo: Repo, path: str) -> list[ruff.Complaint]:
    try:
        ast.parse(repo.texts[path])
    except (SyntaxError, ValueError):
        repo.leave(path, 0, "does not parse")
        return []
    return ruff.complaints(repo.texts[path], path, ["F401", "F841", "ERA001"])


def _imports(repo: Repo, file: PyFile, messages: list[str]) -> set[str]:
    """Unused imports at module level; modules of the repository and whole packages may be imported for what they do."""
    if file.path.endswith("__init__.py") or not messages:
        return set()
    kept = kept_for_others(repo, file.path)
    every = [alias.evaluated_alias or alias.evaluated_name for alias in file.find(cst.ImportAlias)]
    gone: set[str] = set()
    for line in file.tree.body:
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        if not isinstance(small, cst.Import | cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
            continue
        for alias in small.names:
            local = alias.evaluated_alias or alias.evaluated_name.split(".")[0]
            if not _is_reported(alias, messages) or every.count(local) > 1:
                continue
            if "*" in kept or local in kept:
                file_note = f"`{local}` is unused here, and another file may take it from here"
                repo.leave(file.path, file.line(small), file_note)
            elif _works_by_import(repo, file, small, local):
                repo.leave(file.path, file.line(small), f"`{local}` is unused, and importing it may be what it is for")
            else:
                gone.add(local)
    return gone


def _is_reported(alias: cst.ImportAlias, messages: list[str]) -> bool:
    name = re.escape(alias.evaluated_name)
    return any(re.match(rf"`(?:[\w.]+\.)?{name}(?: as \w+)?` imported but unused", m) for m in messages)


def _works_by_import(repo: Repo, file: PyFile, small: cst.Import | cst.ImportFrom, local: str) -> bool:
    """The module is the repository's own or a package's as a whole, so that its import may register something."""
    origin = file.imports().get(local, local)
    top = origin.split(".")[0]
    if isinstance(small, cst.ImportFrom) and small.relative:
        return True
    if top in own_packages(repo):
        return True
    return isinstance(small, cst.Import) and not ruff.is_standard(top)


def _variables(repo: Repo, file: PyFile, found: list[ruff.Complaint]) -> None:
    """Local variables that get a value nothing reads; the value goes only where working it out does nothing."""
    for one in found:
        name = re.search(r"`(\w+)`", one.message)
        hits = [a for a in file.find(cst.Assign) if file.line(a) == one.line and name and _is(a, name[1])]
        line = file.parent(hits[0]) if len(hits) == 1 else None
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
            repo.leave(file.path, one.line, one.message)
        elif not isinstance(hits[0].value, _PURE) or _is_alone(file, line):
            repo.leave(file.path, one.line, f"{one.message}; working its value out may do something")
        else:
            start, end = file.span(line)
            file.replace(file.line_start(start), file.text.find("\n", end - 1) + 1, "")


def _is(assign: cst.Assign, name: str) -> bool:
    return len(assign.targets) == 1 and isinstance(assign.targets[0].target, cst.Name) and (
        assign.targets[0].target.value == name
    )  # fmt: skip


def _is_alone(file: PyFile, line: cst.SimpleStatementLine) -> bool:
    block = file.parent(line)
    return not isinstance(block, cst.IndentedBlock) or len(block.body) == 1


RECIPE = Recipe("dead-code", rewrite, by="ruff")
