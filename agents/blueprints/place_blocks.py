"""A building block in an existing application: its module beside the main one, added where the application is made."""

import libcst as cst

from agents.blueprints.bench import Bench
from agents.blueprints.block_catalog import BLOCKS
from agents.blueprints.blocks import (
    Site,
    Subject,
    block_fragment,
    missing_names,
    model_fragment,
    model_module,
    module_of,
    phrase,
)
from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.fragments import Style
from agents.blueprints.names import int_literal, sentence, words
from agents.blueprints.place_app import after_making
from agents.blueprints.place_code import file_of, put
from agents.blueprints.place_register import register_model, register_router
from agents.blueprints.place_style import Layout, layout_of, symbol_of
from agents.blueprints.spec import BlockSpec
from agents.errors import NotUnderstood
from agents.reading.service import settings_class


def place_block(bench: Bench, block: BlockSpec) -> None:
    """Write the block's module and make it known.

    Raises:
        NotUnderstood: it is there already, or the place where the application is made is not found for certain.
    """
    kind, main, title = BLOCKS[block.name], bench.app.web.app, words(block.name)
    if main is None:
        raise NotUnderstood(title, "There is no application object to add it to.")
    layout = _layout(bench, kind.database)
    site, package = _site(bench, layout), bench.module(main.key.file).name.rpartition(".")[0]
    if kind.install or not layout.router_module:
        dotted = f"{package}.{module_of(block)}" if package else module_of(block)
    else:
        dotted = layout.router_module.format(name=module_of(block), plural=module_of(block))
    if kind.needs and not site.settings:
        raise NotUnderstood(title, "It is offered for applications with settings classes (pydantic-settings).")
    path = file_of(bench, dotted)
    if bench.has(path):
        _there_already(bench.edit(path), block)
        return
    if kind.model or block.name == "retention":
        _only_ours(bench, block, layout, site)
    if kind.model:
        _place_model(bench, block, layout)
    subject = _subject(bench, block, layout) if block.resource else None
    says = phrase(block, kind.says, subject.plural if subject else "")
    piece = block_fragment(block, site, subject)
    circle = f"from {bench.module(main.key.file).name} import "
    if any(line.startswith(circle) for line in piece.imports) or missing_names(piece, site, subject):
        offer = (
            f"What it needs stands in {main.key.file} beside the application; move models and session out of it first."
        )
        raise NotUnderstood(title, offer)
    put(bench, path, [piece], "end", says)
    edit = bench.edit(main.key.file)
    bench.edits[main.key.file].own |= {dotted.split(".")[0]}
    if not kind.install:
        register_router(bench, layout, dotted)
        return
    renamed = add_imports(edit, [f"from {dotted} import {kind.install}"])
    after_making(bench, f"{renamed.get(kind.install, kind.install)}({{app}})")


def _there_already(edit: FileEdit, block: BlockSpec) -> None:
    """What other blocks stand on may be there, and is made to do for them, too."""
    if block.name == "changes" and "add_changes" in edit.names():
        return
    if block.name == "body_limit":
        fields = [node for node in find_all(edit.tree, cst.AnnAssign) if code_of(node.target) == "max_body_bytes"]
        numbers = [number for field in fields for number in find_all(field, cst.Integer)][:1]
        for number in numbers:
            if number.evaluated_value < block.amount:
                edit.replace(number, cst.Integer(int_literal(block.amount)))
            return
    raise NotUnderstood(words(block.name), f"{edit.path} is there already.")


def _only_ours(bench: Bench, block: BlockSpec, layout: Layout, site: Site) -> None:
    """Sessions have to be asynchronous and on the application's state."""
    ours = "state.sessions" in bench.source.read(bench.profile.main_file) and site.problems
    if not ours or layout.style.database != "sqlalchemy_async" or not layout.style.model_module:
        offer = "It is offered for new applications and for those greenloop made."
        raise NotUnderstood(words(block.name), offer)


def _place_model(bench: Bench, block: BlockSpec, layout: Layout) -> None:
    """The ORM class of a block."""
    dotted = model_module(block, layout.style)
    if bench.has(file_of(bench, dotted)):
        raise NotUnderstood(words(block.name), f"{file_of(bench, dotted)} is there already; one resource has them.")
    piece = model_fragment(block, layout.style)
    put(bench, file_of(bench, dotted), [piece], "model", f"{sentence(BLOCKS[block.name].rows)} in the database.")
    register_model(bench, dotted, BLOCKS[block.name].model)


def _layout(bench: Bench, database: bool) -> Layout:
    """How the application is written; what needs no database goes into one without, too."""
    try:
        return layout_of(bench)
    except NotUnderstood:
        if database:
            raise
        return Layout(style=Style(), router_module="", router_file="", sibling=None, mount="")


def _site(bench: Bench, layout: Layout) -> Site:
    package = bench.module(bench.profile.main_file).name.rpartition(".")[0]
    errors = bench.app.code.module(f"{package}.errors") if package else None
    return Site(
        style=layout.style,
        package=package,
        problems=errors is not None and "problem" in errors.definitions,
        settings=settings_class(bench.app.code) is not None,
        login=layout.style.current_user is not None,
    )


def _subject(bench: Bench, block: BlockSpec, layout: Layout) -> Subject:
    """The resource as the application has it.

    Raises:
        NotUnderstood: it is not created and listed by itself, or its schemas are not found.
    """
    collection = bench.app.collection(block.resource)
    model = collection.model if collection else None
    table = block.name in ("csv", "jobs")
    if collection is None or model is None or (table and "{" in collection.resource.path):
        raise NotUnderstood(
            words(block.resource), "It needs a resource with a table that is created and listed by itself."
        )
    if table and (collection.create is None or collection.read is None):
        raise NotUnderstood(words(block.resource), "It has no models for what comes in and what goes out.")
    resource = collection.resource
    lists = tuple(model.many_to_many)
    return Subject(
        name=resource.name,
        plural=resource.plural,
        path=resource.path.removeprefix(layout.mount).rstrip("/"),
        table=model.table,
        model=symbol_of(bench, model.found.place),
        create=symbol_of(bench, collection.create.place) if collection.create else None,
        read=symbol_of(bench, collection.read.place) if collection.read else None,
        fields=tuple(f.name for f in resource.fields if f.name not in (*lists, "id", "created_at")),
        lists=lists,
        guarded=tuple(resource.guarded),
        soft=model.soft,
    )
