"""Whole modules from fragments: docstring, sorted imports, definitions."""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable

from agents.blueprints.fragments import Fragment


def module_source(docstring: str, fragments: Iterable[Fragment], own: frozenset[str] = frozenset({"app"})) -> str:
    """One module made of `fragments`; `own` are the application's top-level packages (imported last)."""
    parts = [fragment for fragment in fragments if fragment.body.strip()]
    header = import_block((line for part in parts for line in part.imports), own)
    bodies = "\n\n\n".join(part.body.strip("\n") for part in parts)
    opening = f'"""{docstring}"""\n' if docstring else ""
    gap = "\n\n" if bodies.startswith(("class ", "def ", "async def ", "@")) else "\n"
    return f"{opening}\n{header}{gap if header else ''}{bodies}\n".lstrip("\n")


def import_block(statements: Iterable[str], own: frozenset[str] = frozenset({"app"})) -> str:
    """Import statements merged and sorted as isort does: standard library, third party, the application's own."""
    plain: set[tuple[str, str]] = set()
    members: dict[str, set[str]] = defaultdict(set)
    for statement in dict.fromkeys(statements):
        node = ast.parse(statement).body[0]
        if isinstance(node, ast.Import):
            plain |= {(alias.name, alias.asname or "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            members[module] |= {f"{a.name} as {a.asname}" if a.asname else a.name for a in node.names}
    sections: dict[int, list[str]] = defaultdict(list)
    for name, alias in sorted(plain, key=lambda pair: pair[0].lower()):
        sections[_section(name, own)].append(f"import {name} as {alias}" if alias else f"import {name}")
    for module in sorted(members, key=lambda name: (name.startswith("."), name.lower())):
        names = ", ".join(sorted(members[module], key=_member_order))
        sections[_section(module, own)].append(_from_import(module, names))
    return "\n\n".join("\n".join(sections[key]) for key in sorted(sections)) + "\n" * bool(sections)


def _from_import(module: str, names: str) -> str:
    line = f"from {module} import {names}"
    if len(line) <= 88:
        return line
    members = "".join(f"    {name},\n" for name in names.split(", "))
    return f"from {module} import (\n{members})"


def _section(module: str, own: frozenset[str]) -> int:
    top = module.split(".")[0]
    if not top or top in own:
        return 3
    if top == "__future__":
        return 0
    return 1 if top in sys.stdlib_module_names else 2


def _member_order(name: str) -> tuple[int, str, str]:
    plain = name.split(" ")[0]
    kind = 0 if plain.isupper() and len(plain) > 1 else 1 if plain[:1].isupper() else 2
    return kind, plain.lower(), plain
