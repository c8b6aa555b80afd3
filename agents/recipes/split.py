"""Module-level statements of a file: what each defines, what each uses, and files put together from them."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

import libcst as cst

from agents.recipes.pyfile import PyFile


@dataclass(frozen=True, slots=True)
class Piece:
    """One statement with the comments above it."""

    node: cst.CSTNode
    code: str
    defines: frozenset[str]
    uses: frozenset[str]

    @property
    def is_import(self) -> bool:
        """It is a plain line of imports."""
        return isinstance(self.node, cst.SimpleStatementLine) and all(
            isinstance(small, cst.Import | cst.ImportFrom) for small in self.node.body
        )

    @property
    def is_docstring(self) -> bool:
        """It is a text that stands alone."""
        small = self.node.body[0] if isinstance(self.node, cst.SimpleStatementLine) else None
        return isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString | cst.ConcatenatedString)


def pieces(file: PyFile) -> list[Piece]:
    """Every module-level statement in order."""
    found = []
    for node in file.tree.body:
        code = file.code(node)
        tree = ast.parse(code)
        found.append(Piece(node, code, frozenset(_defined(tree)), frozenset(_used(tree))))
    return found


def _defined(tree: ast.Module) -> set[str]:
    """Names bound at the level of the module, also inside `if` and `try`."""
    found: set[str] = set()
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        todo += list(ast.iter_child_nodes(node))
    return found


def _used(tree: ast.Module) -> set[str]:
    """Every name read anywhere in it, names in annotations that are text included."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
            found.add(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def joined(codes: Iterable[str]) -> str:
    """Statements as the text of a file, without blank lines at its top."""
    return "".join(codes).lstrip("\n")
