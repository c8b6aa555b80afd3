"""`on_event`, `add_event_handler`, `on_startup=` become one lifespan function."""

import re
from dataclasses import dataclass, field

import libcst as cst

from agents.recipes import args
from agents.recipes.packages import python_floor
from agents.recipes.pyfile import PyFile, Unsure
from agents.recipes.recipe import Recipe
from agents.recipes.repo import Repo
from agents.recipes.walk import rewrite_files

_HINT = r"\.on_event\(|\.add_event_handler\(|\bon_startup\s*=|\bon_shutdown\s*="
_APPS = ("fastapi.FastAPI", "fastapi.applications.FastAPI")
_KINDS = ("startup", "shutdown")


@dataclass
class _Handlers:
    """What runs when the application starts and stops, in the order it is registered."""

    call: cst.Call
    statement: cst.CSTNode
    startup: list[cst.FunctionDef] = field(default_factory=list)
    shutdown: list[cst.FunctionDef] = field(default_factory=list)
    decorators: list[cst.Decorator] = field(default_factory=list)
    lines: list[cst.CSTNode] = field(default_factory=list)
    arguments: list[cst.Arg] = field(default_factory=list)


def rewrite(repo: Repo) -> None:
    """Rewrite applications whose handlers stand in their own file, unless handlers hang on something else somewhere."""
    places = repo.mentioning(_HINT, everywhere=True)
    foreign = [place for path in places if (place := _foreign(repo, path))]
    for place in foreign:
        repo.leave(*place, "these handlers are not on an application of this file; a lifespan may end them")
    if foreign:
        return
    watched = repo.first_line(r"\.router\.(?:on_)?(?:startup|shutdown)\b", repo.python)
    if watched:
        repo.leave(*watched, "the handlers are run by hand here")
        return
    home = "collections.abc" if python_floor(repo) >= (3, 9) else "typing"
    rewrite_files(repo, [path for path in repo.in_scope() if path in places], lambda file: _rewrite_file(file, home))


def _foreign(repo: Repo, path: str) -> tuple[str, int] | None:
    """The first handler of a file that is registered with something else than an application the file makes."""
    text = repo.texts[path]
    apps = re.findall(r"(?m)^(\w+)(?:\s*:[^=\n]+)?\s*=\s*(?:fastapi\.)?FastAPI\(", text)
    if re.search(r"\bon_(?:startup|shutdown)\s*=", text) and re.search(r"\bAPIRouter\(", text):
        return repo.first_line(r"\bon_(?:startup|shutdown)\s*=", [path])
    return repo.first_line(rf"\b(?!(?:{'|'.join(apps) or '0'})\b)\w+\.(?:on_event|add_event_handler)\(", [path])


def _rewrite_file(file: PyFile, home: str) -> None:
    apps = [statement for statement in file.tree.body if _app_of(file, statement)]
    if len(apps) != 1:
        node = file.find(cst.Call)[0]
        found = next((c for c in file.calls(*_APPS)), node)
        raise Unsure(found, "the application is not made once, at the top of the file")
    name, call = _app_of(file, apps[0]) or ("", cst.Call(cst.Name("_")))
    if args.keyword(call, "lifespan"):
        raise Unsure(call, "with a lifespan, the handlers of on_event are never run; say what is meant")
    if not args.is_plain(call):
        raise Unsure(call, "the arguments of the application are not all written out")
    handlers = _Handlers(call, apps[0])
    _from_arguments(file, handlers)
    for statement in file.tree.body:
        _from_statement(file, name, statement, handlers)
    _nothing_else(file, handlers)
    _write(file, handlers, home)


def _app_of(file: PyFile, statement: cst.CSTNode) -> tuple[str, cst.Call] | None:
    """Name and call when the statement is `app = FastAPI(...)`."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return None
    node = statement.body[0]
    target = node.targets[0].target if isinstance(node, cst.Assign) else getattr(node, "target", None)
    value = getattr(node, "value", None)
    if isinstance(target, cst.Name) and isinstance(value, cst.Call) and file.means(value.func, *_APPS):
        return target.value, value
    return None


def _from_arguments(file: PyFile, handlers: _Handlers) -> None:
    for kind in _KINDS:
        arg = args.keyword(handlers.call, f"on_{kind}")
        if arg is None:
            continue
        if not isinstance(arg.value, cst.List | cst.Tuple):
            raise Unsure(arg, f"on_{kind} is not a list written out")
        handlers.arguments.append(arg)
        for element in arg.value.elements:
            getattr(handlers, kind).append(_function(file, element.value))


def _from_statement(file: PyFile, app: str, statement: cst.CSTNode, handlers: _Handlers) -> None:
    if isinstance(statement, cst.FunctionDef):
        for decorator in statement.decorators:
            kind = _event(file, app, decorator.decorator, "on_event")
            if kind:
                getattr(handlers, kind).append(_function(file, statement.name))
                handlers.decorators.append(decorator)
    elif isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[0], cst.Expr):
        call = statement.body[0].value
        kind = _event(file, app, call, "add_event_handler")
        if kind and isinstance(call, cst.Call):
            getattr(handlers, kind).append(_function(file, call.args[1].value))
            handlers.lines.append(statement)


def _event(file: PyFile, app: str, call: cst.BaseExpression, method: str) -> str:
    """`startup` or `shutdown` when the call registers a handler with the application; else empty."""
    wanted = f"{file.module.rstrip('.')}.{app}.{method}"
    if not isinstance(call, cst.Call) or not call.args or not file.means(call.func, wanted):
        return ""
    kind = args.literal(call.args[0].value)
    return kind if isinstance(kind, str) and kind in _KINDS and args.is_plain(call) else ""


def _function(file: PyFile, name: cst.BaseExpression) -> cst.FunctionDef:
    found = [f for f in file.tree.body if isinstance(f, cst.FunctionDef) and f.name.value == file.code(name)]
    if len(found) != 1 or not isinstance(name, cst.Name):
        raise Unsure(name, "a handler that is not one function of this file")
    if any(p.default is None for p in (*found[0].params.params, *found[0].params.kwonly_params)):
        raise Unsure(name, "a handler with parameters")
    return found[0]


def _nothing_else(file: PyFile, handlers: _Handlers) -> None:
    """Every handler the text mentions has been understood."""
    known = len(handlers.decorators) + len(handlers.lines) + len(handlers.arguments)
    if known != len(re.findall(_HINT, file.text)):
        raise Unsure(handlers.call, "not every handler of this file is understood")
    for decorator in handlers.decorators:
        end = file.span(decorator)[1]
        rest = file.text[end : file.text.find("\n", end)]
        if rest.strip():
            raise Unsure(decorator, "a remark stands behind the decorator")


def _write(file: PyFile, handlers: _Handlers, home: str) -> None:
    for decorator in handlers.decorators:
        start, end = file.span(decorator)
        file.replace(file.line_start(start), file.text.find("\n", end) + 1, "")
    for line in handlers.lines:
        start, end = file.span(line)
        file.replace(file.line_start(start), file.text.find("\n", end - 1) + 1, "")
    manager = file.need("contextlib", "asynccontextmanager")
    iterator = file.need(home, "AsyncIterator")
    if "lifespan" in file.bound():
        raise Unsure(handlers.call, "`lifespan` already means something else in this file")
    owner = file.code(handlers.call.func)
    before = "".join(f"    {_run(one)}\n" for one in handlers.startup)
    after = "".join(f"        {_run(one)}\n" for one in handlers.shutdown)
    serve = f"    try:\n        yield\n    finally:\n{after}" if after else "    yield\n"
    text = (
        f"@{manager}\nasync def lifespan(_app: {owner}) -> {iterator}[None]:\n"
        f'    """What runs before the first request and after the last."""\n{before}{serve}\n\n'
    )
    start = file.line_start(file.span(handlers.statement)[0])
    file.replace(start, start, text)
    if handlers.arguments:
        kept = [arg for arg in handlers.call.args if arg not in handlers.arguments]
        new = cst.Arg(cst.Name("lifespan"), keyword=cst.Name("lifespan"), equal=cst.AssignEqual(
            cst.SimpleWhitespace(""), cst.SimpleWhitespace("")))  # fmt: skip
        file.edit(handlers.call, file.code(handlers.call.with_changes(args=[*kept, new])))
    else:
        args.add(file, handlers.call, "lifespan=lifespan")


def _run(function: cst.FunctionDef) -> str:
    return f"{'await ' if function.asynchronous else ''}{function.name.value}()"


RECIPE = Recipe("lifespan", rewrite, by="libcst")
