"""Putting rendered pieces into files: at their place in an existing one, or as a new module."""

import ast
from collections.abc import Sequence

import libcst as cst

from agents.blueprints.assemble import module_source
from agents.blueprints.bench import Bench
from agents.blueprints.cst_edits import find_all
from agents.blueprints.cst_handlers import code_of
from agents.blueprints.cst_imports import absolute, add_imports, bound_names, relative, rename_names, uses_relative
from agents.blueprints.fragments import Fragment
from agents.errors import NotUnderstood
from agents.reading.modules import Module
from agents.reading.schemas import is_schema


def file_of(bench: Bench, dotted: str) -> str:
    """The file of a module, existing or to be made (`app.models.tag` -> `app/models/tag.py`)."""
    module = bench.app.code.module(dotted)
    if module and module.name == dotted:
        return module.file
    return _root(bench) + dotted.replace(".", "/") + ".py"


def _root(bench: Bench) -> str:
    """What stands before the dotted path in file names (`src/`)."""
    main = bench.module(bench.profile.main_file)
    tail = main.name.replace(".", "/")
    stem = main.file.removesuffix(".py").removesuffix("/__init__")
    return stem.removesuffix(tail) if stem.endswith(tail) else ""


def put(bench: Bench, path: str, fragments: Sequence[Fragment], where: str, docstring: str) -> None:
    """Put pieces into a file.

    Args:
        where: `model`, `schema` or `end`: after the last of that kind.
        docstring: of the module, when it has to be made.

    Raises:
        NotUnderstood: a name of the new code is taken in that file.
    """
    if not bench.has(path):
        _new_module(bench, path, fragments, docstring)
        return
    edit = bench.edit(path)
    for fragment in fragments:
        defined = {
            n.name
            for n in ast.parse(fragment.body).body
            if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        }
        taken = sorted(defined & set(bound_names(edit)))
        if taken:
            line = edit.line(edit.tree.body[edit.index_of(taken[0])]) if taken[0] in edit.names() else 1
            raise NotUnderstood(
                taken[0], f"{path}:{line}: `{taken[0]}` is something else already; choose another name."
            )
        body = rename_names(fragment.body, add_imports(edit, fragment.imports))
        last = _last(bench, path, where)
        if last:
            edit.insert_after(last, body)
        else:
            _insert_without_sibling(bench, path, where, body)


def _last(bench: Bench, path: str, where: str) -> str:
    """The last definition of that kind in the file as it is now."""
    classes = [n for n in bench.edit(path).tree.body if isinstance(n, cst.ClassDef)]
    if where == "model":
        tables = [n.name.value for n in classes if any(x.value == "__tablename__" for x in find_all(n, cst.Name))]
        return tables[-1] if tables else ""
    if where == "schema":
        module = bench.app.code.modules.get(path)
        known = {f.name for f in bench.app.code.classes() if f.module is module and is_schema(bench.app.code, f)}
        bases = {n.name.value: [code_of(base.value) for base in n.bases] for n in classes}
        found = [name for name in bases if name in known or any(_is_model_base(base) for base in bases[name])]
        return found[-1] if found else ""
    return ""


def _is_model_base(code: str) -> bool:
    return code.rpartition(".")[2] in ("BaseModel", "SQLModel")


def _insert_without_sibling(bench: Bench, path: str, where: str, body: str) -> None:
    """Models and schemas before the application object and the routes; routes at the end."""
    edit = bench.edit(path)
    if where == "end":
        edit.append(body)
        return
    starts = ("Base.metadata.create_all", "app = FastAPI", "@app.", "app.include_router")
    index = edit.first_index(lambda code: code.lstrip().startswith(starts))
    if index is None:
        edit.append(body)
    else:
        edit.insert(index, body)


def _new_module(bench: Bench, path: str, fragments: Sequence[Fragment], docstring: str) -> None:
    edit = bench.create(path, "")
    name = edit.module.rstrip(".")
    like = _neighbour(bench, path)
    written = []
    for fragment in fragments:
        imports = fragment.imports
        if like and uses_relative(bench.source.read(like.file)):
            imports = tuple(_relative_import(line, name, bench.own) for line in imports)
        written.append(Fragment(imports, fragment.body))
    bench.create(path, module_source(docstring, written, bench.own))


def _neighbour(bench: Bench, path: str) -> Module | None:
    folder = path.rpartition("/")[0]
    near = [m for f, m in bench.app.code.modules.items() if f.rpartition("/")[0] == folder]
    return next((m for m in near if any(isinstance(n, ast.ImportFrom) for n in m.tree.body)), None)


def _relative_import(line: str, module: str, own: frozenset[str]) -> str:
    node = ast.parse(line).body[0]
    if not isinstance(node, ast.ImportFrom) or node.level or (node.module or "").split(".")[0] not in own:
        return line
    source = absolute(node.module or "", module)
    names = ", ".join(f"{a.name} as {a.asname}" if a.asname else a.name for a in node.names)
    return f"from {relative(source, module)} import {names}"
