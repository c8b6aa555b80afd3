"""Sync SQLAlchemy sessions become async ones, together with every function that holds or hands on a session."""

import re

import libcst as cst

from agents.recipes import args, async_plan, async_tables
from agents.recipes.async_plan import Plan
from agents.recipes.finish import finish
from agents.recipes.packages import allows, require
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo, is_test
from agents.recipes.walk import parsed

_HOME = "sqlalchemy.ext.asyncio"
_DRIVERS = (
    (re.compile(r"^sqlite(?=:)"), "sqlite+aiosqlite", "aiosqlite>=0.20"),
    (re.compile(r"^postgres(?:ql)?(?:\+psycopg2)?(?=:)"), "postgresql+psycopg", "psycopg[binary]>=3.2"),
    (re.compile(r"^postgresql\+psycopg(?=:)"), "postgresql+psycopg", "psycopg[binary]>=3.2"),
)
_LAZY = r"\brelationship\((?![^)]*lazy\s*=\s*[\"'](?:selectin|joined|raise|noload)[\"'])|\bbackref\(|\bdeferred\("
_LATER = r"\bserver_onupdate\s*=|\bonupdate\s*=\s*(?:\w+\.)*func\."


def rewrite(repo: Repo) -> None:
    """Rewrite the whole repository, or nothing of it."""
    if not repo.mentioning(r"\bsessionmaker\("):
        return
    if not allows(repo, "sqlalchemy", "2.0"):
        repo.leave(repo.mentioning(r"\bsessionmaker\(")[0], 0, "the required sqlalchemy is older than 2.0")
        return
    if _stopped(repo):
        return
    files = [file for path in repo.python if not is_test(path) and (file := parsed(repo, path))]
    current = files[0] if files else None
    try:
        plan = async_plan.made(files)
        if _overridden(repo, plan):
            return
        drivers: set[str] = set()
        for current in files:
            async_plan.check_references(current, plan, async_tables.makes_tables)
        for current in files:
            async_tables.keep_making(current, plan)
            _rewrite_file(current, plan, drivers)
        if any(file.edited() != file.text and file.path not in set(repo.in_scope()) for file in files):
            raise Unsure(files[0].tree, "sessions are used outside the paths too")
        for current in files:
            finish(repo, current.path, current.edited(), current.needs)
            repo.notes += current.notes
    except Unsure as unsure:
        repo.undo()
        owner = next((file for file in files if file.knows(unsure.node)), current)
        if owner is not None:
            line = owner.line(unsure.node) if unsure.node is not owner.tree else 0
            repo.leave(owner.path, line, f"{unsure}, so sessions stay as they are")
        return
    for package in sorted({*drivers, "greenlet>=3"} if drivers else ()):
        require(repo, package)


def _stopped(repo: Repo) -> bool:
    """Name what loads from the database where nothing can wait, and tests that bring sessions of their own."""
    own = [path for path in repo.python if not is_test(path)]
    tests = [path for path in repo.python if is_test(path)]
    stops = (
        (_LAZY, own, "a relationship that loads when it is touched fails in async code"),
        (_LATER, own, "a column the database sets on update loads when it is touched"),
        (r"\bsessionmaker\(|\bcreate_engine\(|\bSessionLocal\b|sqlalchemy\.orm", tests,
         "tests bring sync sessions of their own"),
        (r"\bscoped_session\(|\bsqlmodel\b|\bevent\.listens?_for\(", own, "sessions of another kind, or their events"),
    )  # fmt: skip
    stopped = False
    for hint, paths, reason in stops:
        place = repo.first_line(hint, paths)
        if place:
            repo.leave(*place, f"{reason}, so sessions stay as they are")
            stopped = True
    return stopped


def _overridden(repo: Repo, plan: Plan) -> bool:
    """Name a test that puts something in the place of a dependency that turns async, or may do so."""
    for path in repo.python:
        if not is_test(path) or "dependency_overrides" not in repo.texts[path] or not (file := parsed(repo, path)):
            continue
        for node in file.find(cst.Attribute):
            if node.attr.value == "dependency_overrides" and _may_override(file, node, plan):
                repo.leave(
                    path, file.line(node), "tests bring sync sessions of their own, so sessions stay as they are"
                )
                return True
    return False


def _may_override(file: PyFile, node: cst.Attribute, plan: Plan) -> bool:
    """Whether what a test does with its overrides may be about a function that turns async."""
    parent = file.parent(node)
    if isinstance(parent, cst.Subscript) and isinstance(index := parent.slice[0].slice, cst.Index):
        names = file.names(index.value)
        return not names or bool(names & set(plan.functions))
    if isinstance(parent, cst.AssignTarget) and isinstance(assign := file.parent(parent), cst.Assign):
        return not (isinstance(assign.value, cst.Dict) and not assign.value.elements)
    return not (isinstance(parent, cst.Attribute) and parent.attr.value in ("clear", "pop"))


def _rewrite_file(file: PyFile, plan: Plan, drivers: set[str]) -> None:
    here = file.module.rstrip(".")
    for name, call in plan.engines.items():
        if name.rpartition(".")[0] == here:
            _engine(file, call, drivers)
    for name, call in plan.makers.items():
        if name.rpartition(".")[0] == here:
            _maker(file, call)
    for file_of, function in plan.functions.values():
        if file_of is file:
            _function(file, function, plan)
    for node in [n for n in file.find(cst.Name) if file.means(n, *async_plan.SESSION)]:
        if not file.around(node, cst.Import, cst.ImportFrom):
            file.edit(node, file.need(_HOME, "AsyncSession"))


def _engine(file: PyFile, call: cst.Call, drivers: set[str]) -> None:
    address = async_plan.url_of(file, call)
    for old, new, package in _DRIVERS:
        text = str(address.evaluated_value)
        if old.search(text):
            file.edit(address, f"{address.prefix}{address.quote}{old.sub(new, text)}{address.quote}")
            drivers.add(package)
            break
    else:
        raise Unsure(call, "no async driver is known for this database")
    file.edit(call.func, file.need(_HOME, "create_async_engine"))


def _maker(file: PyFile, call: cst.Call) -> None:
    if args.keyword(call, "class_") or not args.is_plain(call):
        raise Unsure(call, "sessions of a class of their own")
    file.edit(call.func, file.need(_HOME, "async_sessionmaker"))
    keep = args.keyword(call, "expire_on_commit")
    if keep is None:
        args.add(file, call, "expire_on_commit=False")
    elif args.literal(keep.value) is not False:
        raise Unsure(keep, "objects that are loaded again after a commit fail in async code")


def _function(file: PyFile, function: cst.FunctionDef, plan: Plan) -> None:
    names = async_plan.session_names(file, function, plan)
    if not function.asynchronous:
        start = file.span(function)[0]
        file.replace(start, start, "async ")
        if function.returns is not None and file.find(cst.Yield, function.body):
            _generator(file, function.returns.annotation)
    for call in file.find(cst.Call, function.body):
        func = call.func
        own = isinstance(func, cst.Attribute) and isinstance(func.value, cst.Name) and func.value.value in names
        if (own and isinstance(func, cst.Attribute) and func.attr.value in async_plan.AWAITED) or (
            file.means(func, *plan.functions) and not isinstance(file.parent(call), cst.Await)
        ):
            _await(file, call)
    for item in file.find(cst.WithItem, function.body):
        if isinstance(item.item, cst.Call) and file.means(item.item.func, *plan.makers):
            start = file.span(file.parent(item))[0]
            file.replace(start, start, "async ")


def _await(file: PyFile, call: cst.Call) -> None:
    start, end = file.span(call)
    parent = file.parent(call)
    if isinstance(parent, cst.Attribute | cst.Subscript) or (isinstance(parent, cst.Call) and parent.func is call):
        file.replace(start, start, "(await ")
        file.replace(end, end, ")")
    else:
        file.replace(start, start, "await ")


def _generator(file: PyFile, annotation: cst.BaseExpression) -> None:
    """`Generator[Session, None, None]` and `Iterator[Session]` by their async names."""
    if not isinstance(annotation, cst.Subscript):
        return
    kinds = {"Generator": "AsyncGenerator", "Iterator": "AsyncIterator", "Iterable": "AsyncIterator"}
    for old, new in kinds.items():
        if file.means(annotation.value, f"typing.{old}", f"collections.abc.{old}"):
            file.edit(annotation.value, file.need("collections.abc", new))
            if old == "Generator" and len(annotation.slice) == 3:
                end = file.span(annotation.slice[1])[1]
                file.replace(end, file.span(annotation.slice[2])[1], "")


RECIPE = Recipe("async-sessions", rewrite, by="libcst")
