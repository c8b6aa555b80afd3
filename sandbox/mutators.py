"""Where a file can be damaged and how: a walk over its syntax tree that knows what to leave alone."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from sandbox.mutators_fastapi import answers_itself, constraint, dependency_list, guards, query_call, status_code
from sandbox.mutators_logic import arithmetic, boolean, comparison, constant, default_value, turned_round
from sandbox.mutators_statements import raised, removed, returned
from sandbox.mutators_text import Edit, Text, name_of

Mutator = Callable[[ast.AST, Text], Iterator[Edit]]
EXPRESSIONS: tuple[Mutator, ...] = (
    comparison,
    boolean,
    arithmetic,
    constant,
    status_code,
    constraint,
    dependency_list,
    query_call,
)
STATEMENTS: tuple[Mutator, ...] = (turned_round, arithmetic, constant, removed, raised, returned)
_PARAMETERS = frozenset({"Query", "Path", "Field", "Body", "Form", "Header", "Cookie", "StringConstraints"})
"""Calls that say what is accepted; the only parts of an annotation that are looked at."""
_QUIET_CALLS = frozenset(
    {"Column", "mapped_column", "relationship", "ForeignKey", "String", "Index", "UniqueConstraint", "CheckConstraint"}
    | {"create_engine", "create_async_engine", "sessionmaker", "async_sessionmaker", "CORSMiddleware", "getenv"}
    | {"add_middleware", "add_exception_handler", "print", "warn", "lru_cache", "CapacityLimiter", "TypeVar"}
)
_LOGGERS = frozenset({"logger", "logging", "log", "_logger", "LOGGER"})
_QUIET_KEYWORDS = frozenset(
    {"responses", "description", "summary", "title", "tags", "example", "examples", "openapi_extra", "deprecated"}
    | {"include_in_schema", "index", "timezone", "autoflush", "autocommit", "echo", "expire_on_commit", "future"}
    | {"pool_pre_ping", "check_same_thread", "detail", "response_description", "operation_id", "name", "limiter"}
)
_QUIET_FUNCTIONS = frozenset({"__repr__", "__str__", "__init__", "main", "lifespan"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk is."""

    group: str = "module"
    function: bool = False
    handler: frozenset[str] = frozenset()
    """Status words raised elsewhere in the function, while inside an `except`."""


def edits(tree: ast.Module, source: bytes) -> Iterator[Edit]:
    """Every damage to a file that is worth doing, in the order of the text."""
    text = Text(source)
    for statement in tree.body:
        if not _is_main(statement):
            yield from _statement(statement, text, _Place())


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}


def _statement(node: ast.stmt, text: Text, place: _Place) -> Iterator[Edit]:
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Global | ast.Nonlocal | ast.Assert) or _is_docstring(node):
        return
    if isinstance(node, ast.ClassDef):
        yield from _class(node, text, place)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _function(node, text, place)
    elif place.function or _has_dependencies(node):
        yield from _plain(node, text, place)


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _has_dependencies(node: ast.stmt) -> bool:
    """Statements outside functions are set-up, but for what they guard."""
    return any(isinstance(n, ast.keyword) and n.arg == "dependencies" for n in ast.walk(node))


def _class(node: ast.ClassDef, text: Text, place: _Place) -> Iterator[Edit]:
    if any(name_of(base) in ("BaseSettings", "Enum", "StrEnum", "Protocol") for base in node.bases):
        return
    for child in node.body:
        if isinstance(child, ast.AnnAssign | ast.Assign):
            yield from _expression(child, text, _Place(f"{node.name}.{_target(child)}"))
        elif not isinstance(child, ast.Expr):
            inner = node.name if place.group == "module" else f"{place.group}.{node.name}"
            yield from _statement(child, text, _Place(inner))


def _target(node: ast.AnnAssign | ast.Assign) -> str:
    return name_of(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, text: Text, place: _Place) -> Iterator[Edit]:
    if node.name in _QUIET_FUNCTIONS or any(name_of(d).endswith("contextmanager") for d in node.decorator_list):
        return
    if any(isinstance(n, ast.Call) and name_of(n.func) == "FastAPI" for n in ast.walk(node)):
        return
    group = node.name if place.group == "module" else f"{place.group}.{node.name}"
    here = _Place(group, function=True)
    yield from (replace(edit, group=group) for edit in guards(node, text))
    for decorator in node.decorator_list:
        found = _expression(decorator, text, here)
        yield from (edit for edit in found if edit.kind != "status changed" or not answers_itself(node))
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    for annotation in (a.annotation for a in arguments):
        if annotation is not None:
            yield from _expression(annotation, text, here, annotation=True)
    for default in (*node.args.defaults, *node.args.kw_defaults):
        if default is not None:
            yield from (replace(edit, group=group) for edit in default_value(default, text))
            yield from _expression(default, text, here)
    for child in node.body:
        yield from _statement(child, text, here)


def _plain(node: ast.stmt, text: Text, place: _Place) -> Iterator[Edit]:
    """A statement inside a function: itself, its expressions, its blocks."""
    if _is_quiet(node):
        return
    for mutate in STATEMENTS if place.function else ():
        yield from (replace(e, group=place.group) for e in mutate(node, text) if not _is_spare(node, place))
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.stmt):
                yield from _statement(child, text, place)
            elif isinstance(child, ast.ExceptHandler):
                inner = replace(place, handler=_raised_words(node.body if isinstance(node, ast.Try) else []))
                for part in child.body:
                    yield from _statement(part, text, inner)
            elif isinstance(child, ast.AST) and not _is_spare(node, place):
                yield from _expression(child, text, place, annotation=name == "annotation")


def _is_quiet(node: ast.stmt) -> bool:
    """Logging, printing and the like."""
    value = node.value if isinstance(node, ast.Expr) else None
    value = value.value if isinstance(value, ast.Await) else value
    if not isinstance(value, ast.Call):
        return False
    root = value.func.value if isinstance(value.func, ast.Attribute) else None
    return name_of(value.func) in _QUIET_CALLS or (root is not None and name_of(root) in _LOGGERS)


def _raised_words(nodes: list[ast.stmt]) -> frozenset[str]:
    """What the block says about statuses: constants and names of the exceptions it raises itself."""
    found = (n for node in nodes for n in ast.walk(node) if isinstance(n, ast.Raise) and n.exc is not None)
    return frozenset(ast.dump(part) for n in found for part in ast.walk(n.exc or n) if _is_status(part))


def _is_status(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr.startswith("HTTP_")
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and 400 <= node.value < 600


def _is_spare(node: ast.stmt, place: _Place) -> bool:
    """An `except` that answers what the block above it has answered already: only a race would show a difference."""
    return bool(place.handler) and isinstance(node, ast.Raise) and bool(_raised_words([node]) & place.handler)


def _expression(node: ast.AST, text: Text, place: _Place, *, annotation: bool = False) -> Iterator[Edit]:
    """An expression and what is in it. Inside an annotation only calls that say what is accepted."""
    if isinstance(node, ast.JoinedStr | ast.Lambda | ast.Constant) and annotation:
        return
    if isinstance(node, ast.Call) and name_of(node.func) in _QUIET_CALLS:
        return
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.keyword) and node.arg in _QUIET_KEYWORDS):
        return
    if isinstance(node, ast.Call) and name_of(node.func) in _PARAMETERS:
        annotation = False
    if not annotation:
        for mutate in EXPRESSIONS:
            yield from (replace(edit, group=place.group) for edit in mutate(node, text))
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not (isinstance(node, ast.Dict) and name == "keys"):
                yield from _expression(child, text, place, annotation=annotation or name == "annotation")
