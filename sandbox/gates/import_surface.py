"""What other code can import from a tree: modules, public names, how functions are called. Read as text only."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from pydantic import Field

from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.tables import module_name
from sandbox.listing import Listing
from sandbox.reports import Frozen, Gate
from sandbox.trust import kind_of

NAME = "preserved: import surface"
INJECTED = frozenset({"Depends", "Security", "Query", "Path", "Body", "Header", "Cookie", "Form", "File"})
"""Defaults that FastAPI fills in: written as a default or inside `Annotated`, a caller sees no difference."""
ROUTE = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route", "websocket"})
VALIDATORS = frozenset({"validator", "root_validator", "field_validator", "model_validator"})
CONFIGURATION = frozenset({"Config", "model_config"})
_LEFT_OUT = re.compile(r"(^|/)(alembic|migrations|versions|docs|scripts|examples|benchmarks)/|(^|/)setup\.py$")
VALUE, HANDLER, EVENT, FILLED_IN = "value", "route handler", "event handler", "validator"
LOOSE = frozenset({VALUE, FILLED_IN, EVENT})
"""What a name of this kind is to a caller cannot be read from text, or only the framework calls it."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Surface(Frozen):
    """One tree."""

    names: dict[str, str] = Field(default_factory=dict)
    """`app.books.price` -> what it is to a caller (`def (book, *, tax=?)`, `class`, `value`)."""
    reachable: frozenset[str] = frozenset()
    """Names that can be imported from where they are, those a module has from elsewhere included."""
    modules: frozenset[str] = frozenset()


def surface(tree: Listing) -> Surface:
    """The public names of the application's own modules; files that do not parse have none."""
    paths = [p for p in tree.keys if p.endswith(".py") and kind_of(p) is None and not _LEFT_OUT.search(p)]
    parsed = {path: body for path, content in tree.read(paths).items() if (body := _body(content)) is not None}
    aliases = {name for body in parsed.values() for name in _aliases(body)}
    names: dict[str, str] = {}
    reachable: set[str] = set()
    for path, body in parsed.items():
        module = module_name(path)
        defined = dict(_defined(body))
        imported = set(_imported(body))
        listed = _listed(body)
        public = listed if listed is not None else {name for name in defined if not name.startswith("_")}
        if listed is None and path.endswith("__init__.py"):
            public |= {name for name in imported if not name.startswith("_")}
        for name in public:
            for inner, told in _members(name, defined.get(name), aliases):
                names[f"{module}.{inner}"] = told
        reachable |= {f"{module}.{name}" for name in {*defined, *imported}}
    return Surface(names=names, reachable=frozenset(reachable), modules=frozenset(module_name(path) for path in parsed))


def _body(content: bytes) -> list[ast.stmt] | None:
    try:
        return ast.parse(content).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _aliases(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Names for types that FastAPI fills in (`SessionDep = Annotated[Session, Depends(get_db)]`)."""
    for name, node in _defined(body):
        value = getattr(node, "value", None)
        if isinstance(value, ast.expr) and any(_injected(one) for one in _metadata(value)):
            yield name


def same_surface(before: Surface, after: Surface, *, named: Collection[str] = (), awaited: bool = False) -> GateResult:
    """Everything that could be imported and called before can be so after.

    `named`: names the request is about (the last part is enough). `awaited`: functions may become `async`.
    """
    rows = [
        row for name, told in sorted(before.names.items()) if (row := _worse(name, told, before, after)) is not None
    ]
    free = {name.rpartition(".")[2] for name in named}
    asked = [row for row in rows if free & set(row.code.split(".")) or (awaited and _only_awaited(row, after))]
    wrong = [row for row in rows if row not in asked]
    new = len([name for name in after.names if name not in before.names])
    modules = "1 module" if len(before.modules) == 1 else f"{len(before.modules)} modules"
    good = f"{len(before.names)} public names in {modules} are as they were"
    good += f"; {new} are new" if new else ""
    good += f"; asked for: {evidence(asked, '')}" if asked else ""
    gate = Gate(
        name=NAME, passed=not wrong, evidence=evidence(wrong, good), command="compare modules, public names, parameters"
    )
    return GateResult(gate=gate, findings=tuple(wrong))


def _worse(name: str, told: str, before: Surface, after: Surface) -> GateFinding | None:
    now = after.names.get(name)
    if now is None:
        now = _elsewhere(name, told, before, after)
    if now is None:
        return GateFinding(gate=NAME, code=name, text="is gone")
    if now == told or LOOSE & {now, told}:
        return None
    return GateFinding(gate=NAME, code=name, text=f"was `{told}`, is `{now}`", source=told)


def _only_awaited(row: GateFinding, after: Surface) -> bool:
    now = after.names.get(row.code, "")
    return now != row.source and now.replace("async def", "def") == row.source


def _elsewhere(name: str, told: str, before: Surface, after: Surface) -> str | None:
    """What a name that is not defined in its module any more is now, None when nobody finds it where it was.

    Handlers are called by the framework alone, wherever they are; those of events may become part of something else.
    """
    module = max((m for m in before.modules if name.startswith(f"{m}.")), key=len)
    inside = name.removeprefix(f"{module}.")
    moved = next((now for other, now in after.names.items() if other.endswith(f".{inside}")), None)
    if told == EVENT:
        return told
    if told == HANDLER:
        return moved if moved == HANDLER else None
    return (moved or told) if f"{module}.{inside.partition('.')[0]}" in _imported_into(module, after) else None


def _imported_into(module: str, tree: Surface) -> set[str]:
    """Names a module has from elsewhere."""
    own = {name for name in tree.reachable if name.rpartition(".")[0] == module}
    return own - set(tree.names)


def _defined(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names a block defines, those inside `if`, `try` and `with` included."""
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield from ((one.id, node) for one in ast.walk(target) if isinstance(one, ast.Name))
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _defined(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from _defined(handler.body)


def _imported(body: Iterable[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.If | ast.Try):
            for part in ("body", "orelse"):
                yield from _imported(getattr(node, part, []))


def _listed(body: Iterable[ast.stmt]) -> set[str] | None:
    """The names of a literal `__all__`."""
    for node in body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            try:
                return {str(name) for name in ast.literal_eval(node.value)}
            except (ValueError, TypeError):
                return None
    return None


def _members(name: str, node: ast.stmt | None, aliases: Collection[str]) -> Iterator[tuple[str, str]]:
    """The name itself and, of a class, its public methods and attributes."""
    if not isinstance(node, ast.ClassDef):
        yield name, _called(node, aliases) if isinstance(node, Function) else VALUE
        return
    yield name, "class"
    for inner, one in _defined(node.body):
        if not inner.startswith("_") and inner not in CONFIGURATION:
            yield f"{name}.{inner}", _called(one, aliases) if isinstance(one, Function) else VALUE


def _decorators(node: Function) -> set[str]:
    """Last names of its decorators."""
    found = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    return {one.attr if isinstance(one, ast.Attribute) else getattr(one, "id", "") for one in found}


def _called(node: Function, aliases: Collection[str]) -> str:
    """How it is called: parameters and whether they may be left out."""
    decorators = _decorators(node)
    calls = {d.func.attr for d in node.decorator_list if isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute)}
    if calls & ROUTE:
        return HANDLER
    if calls & {"on_event"}:
        return EVENT
    if decorators & VALIDATORS:
        return FILLED_IN
    kinds = sorted({"property", "classmethod", "staticmethod", "cached_property"} & decorators)
    head = "".join(f"@{kind} " for kind in kinds) + ("async " if isinstance(node, ast.AsyncFunctionDef) else "")
    return f"{head}def ({', '.join(_parameters(node.args, aliases))})"


def _parameters(arguments: ast.arguments, aliases: Collection[str]) -> list[str]:
    """In order; those that FastAPI fills in stand last, as their place among the others means nothing."""
    positional = [*arguments.posonlyargs, *arguments.args]
    blank: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = zip(positional, [*blank, *arguments.defaults], strict=True)
    rows = [_parameter(one, default, aliases) for one, default in pairs]
    if arguments.posonlyargs:
        rows.insert(len(arguments.posonlyargs), "/")
    if arguments.vararg or arguments.kwonlyargs:
        rows.append(f"*{arguments.vararg.arg}" if arguments.vararg else "*")
    rows += [_parameter(o, d, aliases) for o, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    rows += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    plain = [row for row in rows if not row.startswith("<")]
    return [*plain, *sorted(row for row in rows if row.startswith("<"))]


def _parameter(argument: ast.arg, default: ast.expr | None, aliases: Collection[str]) -> str:
    annotation = argument.annotation
    last = annotation.attr if isinstance(annotation, ast.Attribute) else getattr(annotation, "id", "")
    if _injected(default) or last in aliases or any(_injected(one) for one in _metadata(annotation)):
        return f"<{argument.arg}>"
    return argument.arg if default is None else f"{argument.arg}={ast.unparse(default)}"


def _metadata(annotation: ast.expr | None) -> list[ast.expr]:
    """What stands behind the type in `Annotated[...]`."""
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).rpartition(".")[2] == "Annotated":
        inner = annotation.slice
        return inner.elts[1:] if isinstance(inner, ast.Tuple) else []
    return []


def _injected(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    function = value.func
    return (function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")) in INJECTED
