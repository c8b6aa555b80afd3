"""Which functions of a repository hold a database session, and who calls them: what turns async together."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import libcst as cst

from agents.recipes import args
from agents.recipes.pyfile import PyFile, Unsure

SESSION = ("sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session")
ENGINE = ("sqlalchemy.create_engine", "sqlalchemy.engine.create_engine")
MAKER = ("sqlalchemy.orm.sessionmaker",)
AWAITED = {"execute", "scalars", "scalar", "get", "get_one", "commit", "refresh", "flush", "rollback", "delete",
           "close", "merge"}  # fmt: skip
PLAIN = {"add", "add_all", "expunge", "expunge_all", "new", "dirty", "deleted"}
_BLOCKS = re.compile(
    r"\brequests\.\w+\(|\btime\.sleep\(|(?<![\w.])open\(|\bsubprocess\.\w+\(|\.(?:verify|hash|hashpw|checkpw)\(|\bhttpx\.\w+\("
)


@dataclass
class Plan:
    """Everything that changes, by absolute name or node."""

    files: list[PyFile]
    makers: dict[str, cst.Call] = field(default_factory=dict)
    engines: dict[str, cst.Call] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    """Names for `Annotated[Session, ...]`."""
    functions: dict[str, tuple[PyFile, cst.FunctionDef]] = field(default_factory=dict)
    """Absolute name -> a function that turns async."""


def made(files: list[PyFile]) -> Plan:
    """Work out the plan.

    Raises:
        Unsure: something that holds a session cannot turn async for certain.
    """
    plan = Plan(files)
    for file in files:
        _find_makers(file, plan)
    if not plan.makers:
        return plan
    for file in files:
        for function in file.find(cst.FunctionDef):
            if session_names(file, function, plan):
                _take(plan, file, function)
    _callers(plan)
    for file, function in plan.functions.values():
        _check(file, function, plan)
    return plan


def absolute(file: PyFile, name: str) -> str:
    """Absolute name of something at the level of the module."""
    return f"{file.module.rstrip('.')}.{name}"


def _find_makers(file: PyFile, plan: Plan) -> None:
    for line in file.tree.body:
        small = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
        value = getattr(small, "value", None)
        target = small.targets[0].target if isinstance(small, cst.Assign) else getattr(small, "target", None)
        if not isinstance(target, cst.Name) or value is None:
            continue
        if isinstance(value, cst.Call) and file.means(value.func, *MAKER):
            plan.makers[absolute(file, target.value)] = value
        elif isinstance(value, cst.Call) and file.means(value.func, *ENGINE):
            plan.engines[absolute(file, target.value)] = value
        elif isinstance(value, cst.Subscript) and is_session_type(file, value, plan):
            plan.aliases.add(absolute(file, target.value))


def is_session_type(file: PyFile, node: cst.BaseExpression, plan: Plan) -> bool:
    """The annotation is a session: by itself, inside Annotated, or by a name for that."""
    if isinstance(node, cst.Subscript) and file.means(node.value, "typing.Annotated", "typing_extensions.Annotated"):
        index = node.slice[0].slice
        return isinstance(index, cst.Index) and is_session_type(file, index.value, plan)
    return file.means(node, *SESSION, *plan.aliases)


def session_names(file: PyFile, function: cst.FunctionDef, plan: Plan) -> set[str]:
    """Local names that hold a session: parameters, what a maker gave, `with maker() as name`."""
    params = [*function.params.params, *function.params.kwonly_params]
    found = {p.name.value for p in params if p.annotation and is_session_type(file, p.annotation.annotation, plan)}
    for assign in file.find(cst.Assign, function.body):
        target = assign.targets[0].target
        if isinstance(assign.value, cst.Call) and file.means(assign.value.func, *plan.makers):
            if not isinstance(target, cst.Name):
                raise Unsure(assign, "a session is kept somewhere it cannot be followed to")
            found.add(target.value)
    for item in file.find(cst.WithItem, function.body):
        if isinstance(item.item, cst.Call) and file.means(item.item.func, *plan.makers) and item.asname:
            found.add(file.code(item.asname.name))
    return found


def _take(plan: Plan, file: PyFile, function: cst.FunctionDef) -> None:
    if not isinstance(file.parent(function), cst.Module):
        raise Unsure(function, "a method or an inner function holds a session")
    plan.functions[absolute(file, function.name.value)] = (file, function)


def _callers(plan: Plan) -> None:
    """Add whoever calls a function that turns async, until there is nobody more."""
    before = -1
    while len(plan.functions) != before:
        before = len(plan.functions)
        for file in plan.files:
            for call in file.calls(*plan.functions):
                owner = file.around(call, cst.FunctionDef, cst.Lambda, cst.GeneratorExp)
                if not isinstance(owner, cst.FunctionDef):
                    raise Unsure(call, "a function that would turn async is called where nothing can wait for it")
                if absolute(file, owner.name.value) not in plan.functions:
                    _take(plan, file, owner)


def _check(file: PyFile, function: cst.FunctionDef, plan: Plan) -> None:
    """Every use of the session and of other functions that turn async is one that can wait."""
    names = session_names(file, function, plan)
    for node in file.find(cst.Name, function.body):
        if node.value in names:
            _check_use(file, node, plan)
    if not function.asynchronous and (found := _BLOCKS.search(file.code(function))):
        raise Unsure(function, f"`{found[0]}...)` would block the event loop")
    if any(
        file.means(d.decorator, "builtins.property", "functools.lru_cache", "functools.cache")
        for d in function.decorators
    ):
        raise Unsure(function, "a property or a cached function cannot turn async")


def _check_use(file: PyFile, node: cst.Name, plan: Plan) -> None:
    parent = file.parent(node)
    if isinstance(parent, cst.AssignTarget | cst.Yield | cst.AsName):
        return
    if isinstance(parent, cst.Attribute) and parent.value is node:
        call = file.parent(parent)
        known = parent.attr.value in AWAITED | PLAIN and (isinstance(call, cst.Call) or parent.attr.value in PLAIN)
        if known and not isinstance(
            file.around(node, cst.Lambda, cst.GeneratorExp, cst.FunctionDef), cst.Lambda | cst.GeneratorExp
        ):
            return
        raise Unsure(node, f"`{file.code(parent)}` has no async equal (see sqlalchemy-select for queries)")
    if isinstance(parent, cst.Arg):
        call = file.parent(parent)
        if isinstance(call, cst.Call) and file.means(call.func, *plan.functions):
            return
    raise Unsure(node, "the session is handed to something that cannot be followed")


def check_references(file: PyFile, plan: Plan, tables: Callable[[PyFile, cst.CSTNode], bool]) -> None:
    """Functions, makers and engines are only called, depended on or imported.

    Raises:
        Unsure: one is used in another way.
    """
    for node in file.find(cst.Name) + file.find(cst.Attribute):
        if file.around(node, cst.Import, cst.ImportFrom) or isinstance(
            file.parent(node), cst.FunctionDef | cst.AssignTarget
        ):
            continue
        parent = file.parent(node)
        if isinstance(parent, cst.Attribute) and (parent.attr is node or file.means(parent, *plan.functions)):
            continue
        call = file.parent(parent) if isinstance(parent, cst.Arg) else parent
        if file.means(node, *plan.engines):
            if not (isinstance(call, cst.Call) and file.means(call.func, *MAKER)) and not tables(file, node):
                raise Unsure(node, "the engine is used by itself, which is another thing async")
        elif file.means(node, *plan.functions) and not (isinstance(call, cst.Call) and _may_name(file, call, node)):
            raise Unsure(node, f"`{file.code(node)}` is passed on, and nobody may wait for it there")
        elif file.means(node, *plan.makers) and not (isinstance(call, cst.Call) and call.func is node):
            raise Unsure(node, "what makes sessions is passed on")


def _may_name(file: PyFile, call: cst.Call, node: cst.CSTNode) -> bool:
    return call.func is node or file.means(
        call.func, *(f"{home}.{name}" for home in ("fastapi", "fastapi.params") for name in ("Depends", "Security"))
    )


def url_of(file: PyFile, call: cst.Call) -> cst.SimpleString:
    """The literal address of an engine, in the call or behind a name of the module.

    Raises:
        Unsure: it is not written out.
    """
    given = args.given(call, "url", 0)
    if given is not None and isinstance(given.value, cst.SimpleString):
        return given.value
    if given is not None and isinstance(given.value, cst.Name):
        values = [
            assign.value
            for assign in file.find(cst.Assign)
            if file.code(assign.targets[0].target) == given.value.value
            and isinstance(file.parent(file.parent(assign)), cst.Module)
        ]
        uses = [n for n in file.find(cst.Name) if n.value == given.value.value]
        if len(values) == 1 and isinstance(values[0], cst.SimpleString) and len(uses) == 2:
            return values[0]
    raise Unsure(call, "the database's address is not written out, so its async driver is not certain")
