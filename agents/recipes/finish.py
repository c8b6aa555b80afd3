"""What every change of a file ends with: imports it needs, imports it no longer needs, the layout it had before."""

import ast
import re
from collections.abc import Iterable

import libcst as cst

from agents.blueprints.cst_edits import FileEdit
from agents.blueprints.cst_imports import absolute, add_imports
from agents.recipes import ruff
from agents.recipes.repo import Repo, module_name


def finish(repo: Repo, path: str, text: str, needs: Iterable[str] = ()) -> None:
    """Take the new text of a file into the repository, put in order."""
    before = repo.texts[path]
    if text == before:
        return
    edit = FileEdit.of(path, text, module_name(path), own_packages(repo))
    add_imports(edit, needs)
    gone = unused(edit.text) - unused(before)
    if gone:
        kept = kept_for_others(repo, path)
        gone = set() if "*" in kept else gone - kept
    new = without_imports(edit.text, gone)
    new = new if before.startswith(("\n", "\r")) else new.lstrip("\r\n")
    compile(new, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    repo.texts[path] = ruff.like(before, new, path, repo.texts.get("pyproject.toml", ""), own_packages(repo))


def own_packages(repo: Repo) -> frozenset[str]:
    """The repository's top-level import names."""
    return frozenset(module_name(path).partition(".")[0] for path in repo.python)


def kept_for_others(repo: Repo, path: str) -> set[str]:
    """Names other files take from this one, so its imports of them stay; `*` when all are."""
    module = module_name(path)
    here = module.rstrip(".")
    kept: set[str] = set(re.findall(r"[\"'](\w+)[\"']", _all_list(repo.texts[path])))
    tail = here.rpartition(".")[2]
    for other in repo.python:
        if other == path or tail not in repo.texts[other]:
            continue
        kept |= _taken(repo.texts[other], module_name(other), here)
    return kept


def _taken(text: str, module: str, source: str) -> set[str]:
    """Names a file takes from a module (`*` for all), and every attribute it reads of anything."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            origin = absolute("." * node.level + (node.module or ""), module)
            for alias in node.names:
                if origin == source:
                    found.add(alias.name)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


def _all_list(text: str) -> str:
    found = re.search(r"^__all__\s*(?::[^=]+)?\+?=\s*[\[(](.*?)[\])]", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def unused(text: str) -> set[str]:
    """Local names of imports at module level that nothing in the file uses."""
    tree = ast.parse(text)
    imported: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", "") != "__future__":
            imported |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return {name for name in imported - used if not any(re.search(rf"\b{name}\b", text) for text in texts)}


def without_imports(text: str, names: set[str]) -> str:
    """The file without these module-level imports."""
    return cst.parse_module(text).visit(_Drop(names)).code if names else text


class _Drop(cst.CSTTransformer):
    def __init__(self, names: set[str]) -> None:
        super().__init__()
        self.names = names

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:
        return False

    def visit_ClassDef(self, node: cst.ClassDef) -> bool:
        return False

    def visit_If(self, node: cst.If) -> bool:
        return False

    def visit_Try(self, node: cst.Try) -> bool:
        return False

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> cst.Import | cst.RemovalSentinel:
        kept = [alias for alias in updated_node.names if _local(alias) not in self.names]
        if not kept:
            return cst.RemoveFromParent()
        return updated_node.with_changes(names=_last(kept)) if len(kept) < len(updated_node.names) else updated_node

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        if isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        kept = [alias for alias in updated_node.names if _local(alias) not in self.names]
        if not kept:
            return cst.RemoveFromParent()
        if len(kept) == len(updated_node.names):
            return updated_node
        trailing = updated_node.names[-1].comma if updated_node.lpar else cst.MaybeSentinel.DEFAULT
        return updated_node.with_changes(names=[*kept[:-1], kept[-1].with_changes(comma=trailing)])


def _local(alias: cst.ImportAlias) -> str:
    return alias.evaluated_alias or alias.evaluated_name.split(".")[0]


def _last(kept: list[cst.ImportAlias]) -> list[cst.ImportAlias]:
    return [*kept[:-1], kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)]
