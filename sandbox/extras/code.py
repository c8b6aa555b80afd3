"""What Python code says about servers: settings and their defaults, reads of the environment, addresses written out."""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sandbox.extras.addresses import SQLITE, Address, meaning_of, parse_url

State = Literal["required", "optional", "default", "computed"]
_READERS = {"getenv", "get", "env", "config", "str", "url", "db", "db_url", "Config", "dj_db_url", "pop", "cast"}
_SETTERS = {"setdefault", "setenv", "setitem"}
_CONNECTS = {"connect", "create_pool", "create", "from_url", "Redis", "StrictRedis", "RedisSettings", "ConnectionPool"}
_CREATES = re.compile(r"create\s+database|create_database\(|createdb", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable that code reads (or a test sets)."""

    name: str
    value: str
    """Its default, empty when there is none that can be read."""
    state: State
    path: str
    set_by_test: bool = False


@dataclass(slots=True)
class CodeSays:
    """What all Python files say."""

    variables: list[Variable]
    addresses: list[tuple[Address, str]]
    """(address, path): written into the code, not into a variable's default."""
    asynchronous: bool = False
    """SQLAlchemy's async engine is made somewhere."""
    tests_create: bool = False
    """Tests create databases themselves."""
    sqlite: bool = False
    """An address of SQLite is written somewhere."""


def is_test(path: str) -> bool:
    """A file of the tests."""
    parts = path.split("/")
    name = parts[-1]
    return (
        "tests" in parts
        or "test" in parts
        or name == "conftest.py"
        or name.startswith("test_")
        or name.endswith("_test.py")
    )


def is_setup(path: str) -> bool:
    """A file of the tests that holds for all of them: no test itself, which may set what it likes for a moment."""
    name = path.rpartition("/")[2]
    return is_test(path) and not name.startswith("test_") and not name.endswith("_test.py")


def read_python(files: Iterator[tuple[str, str]]) -> CodeSays:
    """Read (path, text) pairs; what does not parse says nothing."""
    says = CodeSays([], [])
    for path, text in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        says.asynchronous |= "create_async_engine" in text or "async_engine_from_config" in text
        says.tests_create |= is_test(path) and _CREATES.search(text) is not None
        says.sqlite |= "sqlite" in text and SQLITE.search(text) is not None
        _read_tree(says, path, tree)
    return says


def _read_tree(says: CodeSays, path: str, tree: ast.Module) -> None:
    used: set[ast.AST] = set()
    for node in ast.walk(tree):
        for variable, value in _variables(node, path):
            says.variables.append(variable)
            used.update(ast.walk(value) if value is not None else ())
        if isinstance(node, ast.Call) and (address := _connected(node)) is not None:
            says.addresses.append((address, path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in used:
            address = parse_url(node.value)
            if address is not None:
                says.addresses.append((address, path))


def _variables(node: ast.AST, path: str) -> Iterator[tuple[Variable, ast.expr | None]]:
    """Variables a node is about, each with the node of its default."""
    if isinstance(node, ast.ClassDef) and any(_last(base).endswith("Settings") for base in node.bases):
        yield from _fields(node, path)
    elif isinstance(node, ast.Subscript) and _last(node.value) == "environ" and (name := _text(node.slice)):
        if isinstance(node.ctx, ast.Load):
            yield Variable(name, "", "required", path), None
    elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        target = node.targets[0]
        if _last(target.value) == "environ" and (name := _text(target.slice)):
            yield from _set(name, node.value, path)
    elif isinstance(node, ast.Call) and node.args and (name := _text(node.args[0])) and meaning_of(name):
        called = _last(node.func)
        default = node.args[1] if len(node.args) > 1 else _keyword(node, "default")
        if called in _SETTERS and default is not None:
            yield from _set(name, default, path)
        elif called in _READERS:
            optional: State = "optional" if called in ("getenv", "get", "pop") else "required"
            yield (Variable(name, "", optional, path) if default is None else _told(name, default, path)), default


def _set(name: str, value: ast.expr, path: str) -> Iterator[tuple[Variable, ast.expr | None]]:
    """A variable that is set by what holds for all tests, or by the code itself."""
    if is_setup(path) or not is_test(path):
        yield _told(name, value, path, set_by_test=is_test(path)), value


def _fields(node: ast.ClassDef, path: str) -> Iterator[tuple[Variable, ast.expr | None]]:
    """Fields of a settings class."""
    prefix = _prefix(node)
    for item in node.body:
        if not isinstance(item, ast.AnnAssign) or not isinstance(item.target, ast.Name):
            continue
        default, alias, made = item.value, "", False
        if isinstance(default, ast.Call) and _last(default.func) == "Field":
            alias = next((t for k in ("validation_alias", "alias", "env") if (t := _text(_keyword(default, k)))), "")
            made = _keyword(default, "default_factory") is not None
            default = default.args[0] if default.args else _keyword(default, "default")
            if isinstance(default, ast.Constant) and default.value is Ellipsis:
                default = None
        name = alias or f"{prefix}{item.target.id}".upper()
        if default is None:
            yield Variable(name, "", "computed" if made else "required", path), None
        else:
            yield _told(name, default, path), default


def _prefix(node: ast.ClassDef) -> str:
    """`env_prefix`, wherever it stands in the class."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.keyword) and inner.arg == "env_prefix":
            return _text(inner.value)
        if isinstance(inner, ast.Assign) and _last(inner.targets[0]) == "env_prefix":
            return _text(inner.value)
    return ""


def _told(name: str, value: ast.expr, path: str, *, set_by_test: bool = False) -> Variable:
    if isinstance(value, ast.Call) and value.args and _last(value.func) not in _READERS:
        value = value.args[0]  # PostgresDsn("..."), SecretStr("...")
    if isinstance(value, ast.Constant) and isinstance(value.value, str | int) and value.value != "":
        return Variable(name, str(value.value), "default", path, set_by_test)
    empty = isinstance(value, ast.Constant)
    return Variable(name, "", "optional" if empty else "computed", path, set_by_test)


def _connected(call: ast.Call) -> Address | None:
    """The address in `connect(host=..., user=..., database=...)` and its like."""
    called = _last(call.func)
    given = {k.arg: k.value.value for k in call.keywords if k.arg and isinstance(k.value, ast.Constant)}
    if called not in _CONNECTS or not given:
        return None
    text = {k: v for k, v in given.items() if isinstance(v, str)}
    port = given.get("port")
    number = port if isinstance(port, int) and not isinstance(port, bool) else None
    if "Redis" in called or called == "ConnectionPool":
        return (
            Address("redis", text.get("host", ""), number, password=text.get("password", ""))
            if "host" in text
            else None
        )
    database = text.get("database") or text.get("dbname") or ""
    user = text.get("user") or text.get("username") or ""
    mine = "postgres" in text.get("drivername", "postgres")
    if not mine or not (user and database):
        return None
    return Address("postgresql", text.get("host", ""), number, user, text.get("password", ""), database)


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


def _last(node: ast.expr) -> str:
    """The last part of a dotted name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
