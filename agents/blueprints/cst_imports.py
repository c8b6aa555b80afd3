"""Merging import statements into a file: existing lines grow, new lines go where their kind stands."""

import ast
import sys
from collections.abc import Iterable

import libcst as cst

from agents.blueprints.cst_edits import FileEdit

_WIDE = 88


def add_imports(edit: FileEdit, statements: Iterable[str]) -> dict[str, str]:
    """Add what is missing of `statements`; names that mean something else in the file already get an alias.

    `statements` are absolute; the application's own packages are imported relatively where the file does so.

    Returns:
        name -> alias for every name that had to be renamed.
    """
    renamed: dict[str, str] = {}
    for statement in dict.fromkeys(statements):
        node = ast.parse(statement).body[0]
        if isinstance(node, ast.Import):
            for alias in node.names:
                _add_plain(edit, alias, renamed)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            if source == edit.module.rstrip("."):
                continue
            for alias in node.names:
                _add_member(edit, source, alias, renamed)
    return renamed


def rename_names(code: str, names: dict[str, str]) -> str:
    """The code with free-standing names replaced (attributes and keywords stay)."""
    if not names:
        return code
    return cst.parse_module(code).visit(_Rename(names)).code


class _Rename(cst.CSTTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        self.names = names
        self.kept: cst.Name | None = None

    def visit_Attribute_attr(self, node: cst.Attribute) -> None:
        self.kept = node.attr

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.Name:
        if original_node is self.kept:
            return updated_node
        return updated_node.with_changes(value=self.names.get(original_node.value, original_node.value))

    def visit_Arg_keyword(self, node: cst.Arg) -> None:
        self.kept = node.keyword


def bound_names(edit: FileEdit) -> dict[str, str]:
    """Every module-level name and what it is: the absolute origin of an import, the empty string for a definition."""
    found = dict.fromkeys(edit.names(), "")
    for line in edit.tree.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(small, cst.Import):
                for alias in small.names:
                    name = alias.evaluated_name
                    found[alias.evaluated_alias or name.split(".")[0]] = name
            elif isinstance(small, cst.ImportFrom) and not isinstance(small.names, cst.ImportStar):
                source = absolute(_source_of(small), edit.module)
                found |= {a.evaluated_alias or a.evaluated_name: f"{source}.{a.evaluated_name}" for a in small.names}
    return found


def absolute(source: str, module: str) -> str:
    """`..db` seen from `api.routers.books` -> `api.db`."""
    level = len(source) - len(source.lstrip("."))
    if not level:
        return source
    parts = module.split(".")
    kept = parts[: max(len(parts) - level, 0)]
    return ".".join([*kept, *([source[level:]] if source[level:] else [])])


def relative(source: str, module: str) -> str:
    """`api.db` seen from `api.routers.books` -> `..db`."""
    target, here = source.split("."), module.split(".")[:-1]
    shared = 0
    while shared < min(len(target), len(here)) and target[shared] == here[shared]:
        shared += 1
    return "." * (len(here) - shared + 1) + ".".join(target[shared:])


def _is_relative(edit: FileEdit) -> bool:
    lines = (small for line in edit.tree.body if isinstance(line, cst.SimpleStatementLine) for small in line.body)
    return any(isinstance(small, cst.ImportFrom) and small.relative for small in lines)


def uses_relative(text: str) -> bool:
    """The file imports its own package relatively."""
    return any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(ast.parse(text)))


def _add_plain(edit: FileEdit, alias: ast.alias, renamed: dict[str, str]) -> None:
    name = alias.asname or alias.name.split(".")[0]
    bound = bound_names(edit)
    if bound.get(name) == alias.name:
        return
    if name in bound:
        fresh = _fresh(name, bound)
        renamed[name] = fresh
        _insert(edit, f"import {alias.name} as {fresh}", alias.name)
        return
    _insert(edit, f"import {alias.name} as {alias.asname}" if alias.asname else f"import {alias.name}", alias.name)


def _add_member(edit: FileEdit, source: str, alias: ast.alias, renamed: dict[str, str]) -> None:
    module = edit.module
    name = alias.asname or alias.name
    bound = bound_names(edit)
    origin = f"{absolute(source, module)}.{alias.name}"
    if bound.get(name) == origin:
        return
    same = next((n for n, o in bound.items() if o == origin), None)
    if same:
        renamed[name] = same
        return
    member = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
    if name in bound:
        renamed[name] = _fresh(name, bound)
        member = f"{alias.name} as {renamed[name]}"
    if _extend(edit, origin.rpartition(".")[0], member):
        return
    ours = source.split(".")[0] in edit.own
    written = relative(source, module) if ours and _is_relative(edit) else source
    _insert(edit, f"from {written} import {member}", written)


def _fresh(name: str, bound: dict[str, str]) -> str:
    fresh = f"{name}_" if name[:1].islower() else f"{name}Type"
    while fresh in bound:
        fresh += "_"
    return fresh


def _extend(edit: FileEdit, source: str, member: str) -> bool:
    """Add a member to an existing `from source import ...`; False when there is none."""
    for line in edit.tree.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if not isinstance(small, cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
                continue
            if absolute(_source_of(small), edit.module) == source:
                edit.replace(small, _with_member(small, member, len(edit.tree.code_for_node(line).strip())))
                return True
    return False


def _source_of(node: cst.ImportFrom) -> str:
    return "." * len(node.relative) + (cst.Module([]).code_for_node(node.module) if node.module else "")


def _with_member(node: cst.ImportFrom, member: str, length: int) -> cst.ImportFrom:
    if isinstance(node.names, cst.ImportStar):
        return node
    parsed = cst.parse_statement(f"from x import {member}")
    new = parsed.body[0].names[0]  # type: ignore[union-attr, index]
    names = list(node.names)
    keys = [cst.Module([]).code_for_node(n.name) for n in names]
    is_sorted = keys == sorted(keys, key=_order)
    index = sum(_order(k) < _order(member) for k in keys) if is_sorted else len(names)
    trailing = names[-1].comma
    between = names[0].comma if len(names) > 1 else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    names.insert(index, new)
    names = [n.with_changes(comma=between if i < len(names) - 1 else trailing) for i, n in enumerate(names)]
    if node.lpar is None and length + len(member) + 2 > max(_WIDE, length):
        return _parenthesised(node, names)
    return node.with_changes(names=names)


def _parenthesised(node: cst.ImportFrom, names: list[cst.ImportAlias]) -> cst.ImportFrom:
    line = cst.ParenthesizedWhitespace(indent=True, last_line=cst.SimpleWhitespace("    "))
    last = cst.ParenthesizedWhitespace(indent=True)
    spaced = [n.with_changes(comma=cst.Comma(whitespace_after=line if i < len(names) - 1 else last))
              for i, n in enumerate(names)]  # fmt: skip
    return node.with_changes(names=spaced, lpar=cst.LeftParen(whitespace_after=line), rpar=cst.RightParen())


def _order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name.lower())


def _section(source: str, own: frozenset[str]) -> int:
    top = source.split(".")[0]
    if top == "__future__":
        return 0
    if source.startswith(".") or top in own:
        return 3
    return 1 if top in sys.stdlib_module_names else 2


def _insert(edit: FileEdit, statement: str, source: str) -> None:
    """A new import line: after its neighbours of the same kind, sorted; else a block of its own."""
    own = edit.own
    block = _import_block(edit)
    section = _section(source, own)
    before = [(i, s) for i, s in block if _section(s, own) <= section]
    same = [(i, s) for i, s in before if _section(s, own) == section]
    kinds = {i: isinstance(_small(edit, i), cst.ImportFrom) for i, _ in same}
    key = (statement.startswith("from "), source.lower())
    smaller = [(i, s) for i, s in same if (kinds[i], s.lower()) < key]
    line = cst.parse_statement(statement, edit.tree.config_for_parsing)
    body = list(edit.tree.body)
    if smaller or (same and not smaller):
        index = smaller[-1][0] + 1 if smaller else same[0][0]
        if not smaller:
            old = body[index]
            line = line.with_changes(leading_lines=old.leading_lines)
            body[index] = old.with_changes(leading_lines=())
    elif before:
        index = before[-1][0] + 1
        line = line.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    else:
        index = block[0][0] if block else _after_docstring(body)
        blank = [cst.EmptyLine(indent=False)]
        lead = blank if index else ()
        line = line.with_changes(leading_lines=lead)
        if index < len(body):
            rest = list(getattr(body[index], "leading_lines", ()))
            body[index] = body[index].with_changes(leading_lines=rest or blank)
    edit.tree = edit.tree.with_changes(body=[*body[:index], line, *body[index:]])


def _small(edit: FileEdit, index: int) -> cst.CSTNode | None:
    line = edit.tree.body[index]
    return line.body[0] if isinstance(line, cst.SimpleStatementLine) else None


def _after_docstring(body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement]) -> int:
    if body and isinstance(body[0], cst.SimpleStatementLine) and isinstance(body[0].body[0], cst.Expr):
        return 1
    return 0


def _import_block(edit: FileEdit) -> list[tuple[int, str]]:
    """(index, source) of the import lines at the top of the file, one run without other code between."""
    found: list[tuple[int, str]] = []
    for index in range(len(edit.tree.body)):
        small = _small(edit, index)
        if isinstance(small, cst.ImportFrom):
            found.append((index, _source_of(small)))
        elif isinstance(small, cst.Import):
            found.append((index, cst.Module([]).code_for_node(small.names[0].name)))
        elif found and not (isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString)):
            break
    return found
