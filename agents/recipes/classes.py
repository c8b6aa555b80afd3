"""Which classes of a repository descend from a given one, by absolute name, across files."""

import ast
from collections.abc import Iterable

from agents.blueprints.cst_imports import absolute
from agents.recipes.repo import Repo, module_name


def descendants(repo: Repo, roots: Iterable[str]) -> set[str]:
    """Absolute names of the roots and of every module-level class below them; re-exports are followed."""
    known = set(roots)
    bases: dict[str, set[str]] = {}
    for path in repo.python:
        try:
            tree = ast.parse(repo.texts[path])
        except (SyntaxError, ValueError, RecursionError):
            continue
        _read(tree, module_name(path), bases)
    before = -1
    while len(known) != before:
        before = len(known)
        known |= {name for name, above in bases.items() if above & known}
    return known


def _read(tree: ast.Module, module: str, bases: dict[str, set[str]]) -> None:
    """Add the classes of a module, and its imports as names that mean the same thing."""
    here, imports = module.rstrip("."), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            source = absolute("." * node.level + (node.module or ""), module)
            for alias in node.names:
                imports[alias.asname or alias.name] = f"{source}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                imports[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
    for local, origin in imports.items():
        bases.setdefault(f"{here}.{local}", set()).add(origin)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            above = {_absolute(base, imports, here) for base in node.bases}
            bases.setdefault(f"{here}.{node.name}", set()).update(above)


def _absolute(base: ast.expr, imports: dict[str, str], here: str) -> str:
    if isinstance(base, ast.Subscript):
        base = base.value
    head, _, rest = ast.unparse(base).partition(".")
    origin = imports.get(head, f"{here}.{head}")
    return f"{origin}.{rest}" if rest else origin
