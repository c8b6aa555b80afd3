"""A building block in an existing application: its module beside the main one, added where the application is made."""

import libcst as cst

from agents.blueprints.bench import Bench
from agents.blueprints.blocks import BLOCKS, block_fragment
from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.fragments import Style
from agents.blueprints.names import words
from agents.blueprints.place_code import file_of, put
from agents.blueprints.spec import BlockSpec
from agents.errors import NotUnderstood
from agents.reading.service import settings_class


def place_block(bench: Bench, block: BlockSpec) -> None:
    """Write the block's module and make it known.

    Raises:
        NotUnderstood: it is there already, or the place where the application is made is not found for certain.
    """
    kind, main = BLOCKS[block.name], bench.app.web.app
    if main is None:
        raise NotUnderstood(words(block.name), "There is no application object to add it to.")
    package = bench.module(main.key.file).name.rpartition(".")[0]
    dotted = f"{package}.{kind.module}" if package else kind.module
    path = file_of(bench, dotted)
    if bench.has(path):
        raise NotUnderstood(words(block.name), f"{path} is there already.")
    errors = bench.app.code.module(f"{package}.errors") if package else None
    settings = settings_class(bench.app.code) is not None
    problems = errors is not None and "problem" in errors.definitions
    put(
        bench,
        path,
        [block_fragment(block, Style(), package=package, problems=problems, settings=settings)],
        "end",
        kind.says,
    )
    edit = bench.edit(main.key.file)
    bench.edits[main.key.file].own |= {dotted.split(".")[0]}
    renamed = add_imports(edit, [f"from {dotted} import {kind.install}"])
    _after_making(edit, main.key.name, main.key.scope, f"{renamed.get(kind.install, kind.install)}({main.key.name})")


def _after_making(edit: FileEdit, name: str, scope: str, code: str) -> None:
    """A statement right after the one that makes the application."""
    if not scope:
        edit.insert_after(name, code)
        return
    function = edit.function_named(scope)
    made = [line for line in find_all(function, cst.SimpleStatementLine) if _makes(line, name)]
    if len(made) != 1:
        raise edit.refuse(function, scope, f"`{name}` is made in more than one place")
    edit.replace(made[0], cst.FlattenSentinel([made[0], cst.parse_statement(code)]))


def _makes(line: cst.SimpleStatementLine, name: str) -> bool:
    return any(
        isinstance(small, cst.Assign)
        and isinstance(small.value, cst.Call)
        and [code_of(target.target) for target in small.targets] == [name]
        for small in line.body
    )
