"""Tables that are made when a module is imported, or at the start: that goes on over a sync connection."""

import re

import libcst as cst

from agents.recipes import args, async_plan
from agents.recipes.async_plan import Plan
from agents.recipes.pyfile import PyFile, Unsure

_MAKES = ("create_all", "drop_all")
_IN_MEMORY = re.compile(r"^sqlite(?:\+\w+)?:(?:/{2,3}$|.*(?::memory:|mode=memory))")


def makes_tables(file: PyFile, engine: cst.CSTNode) -> bool:
    """The engine is handed to `metadata.create_all` or its like, and to nothing else here."""
    call = file.parent(file.parent(engine))
    if not isinstance(file.parent(engine), cst.Arg) or not isinstance(call, cst.Call):
        return False
    func = call.func
    if not isinstance(func, cst.Attribute) or func.attr.value not in _MAKES:
        return False
    return file.code(func.value).rpartition(".")[2].strip() == "metadata"


def keep_making(file: PyFile, plan: Plan) -> None:
    """Give `create_all` an engine of its own, at the address there was, that holds no connection afterwards.

    Raises:
        Unsure: the database is only there for who opened it, or the engine needs what is not known here.
    """
    for node in [*file.find(cst.Name), *file.find(cst.Attribute)]:
        name = next((one for one in plan.engines if file.means(node, one)), None)
        if name is not None and makes_tables(file, node):
            file.edit(node, _sync_engine(file, node, plan, name))


def _sync_engine(file: PyFile, node: cst.CSTNode, plan: Plan, name: str) -> str:
    owner = next(one for one in plan.files if one.knows(plan.engines[name]))
    call = plan.engines[name]
    address = async_plan.url_of(owner, call)
    if _IN_MEMORY.search(str(address.evaluated_value)):
        raise Unsure(node, "a database in memory is another one for each engine")
    others = [one for one in call.args if one is not args.given(call, "url", 0)]
    if any(one.keyword is None or not _constant(owner, one.value) for one in others):
        raise Unsure(node, "the engine is made with values of its module, and tables are made by it")
    given = [owner.code(address), *(owner.code(one.with_changes(comma=cst.MaybeSentinel.DEFAULT)) for one in others)]
    if not args.keyword(call, "poolclass"):
        given.append(f"poolclass={file.need('sqlalchemy.pool', 'NullPool')}")
    return f"{file.need('sqlalchemy', 'create_engine')}({', '.join(given)})"


def _constant(file: PyFile, node: cst.CSTNode) -> bool:
    return all(name.value in ("True", "False", "None") for name in file.find(cst.Name, node))
