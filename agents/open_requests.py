"""Requests that tests send without a login and that succeed, read from the tests' text, through their own helpers."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agents.errors import EditRefused
from agents.profile import Source
from agents.protection import is_test_file
from agents.trees import tree_or_nothing

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_REFUSED = frozenset({401, 403})
_LOGIN_WORDS = re.compile(r"(?i)authorization|bearer|token|cookie|\bauth\b|log_?(?:ged_)?in")
_CARRIERS = frozenset({"headers", "cookies", "auth"})
_OVERRIDES = "dependency_overrides"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Bound = Mapping[str, ast.expr]


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """One request of one test."""

    what: str
    """`POST /notes/{}`: ids and what is filled in as `{}`, no query."""
    path: str
    line: int
    test: str

    @property
    def where(self) -> str:
        """`tests/test_notes.py:9 (test_a_note_is_made)`."""
        return f"{self.path}:{self.line} ({self.test})"


def open_requests(source: Source) -> Iterator[OpenRequest]:
    """Those of every test file of a tree; a test that may be logged in, or expects a refusal, has none."""
    texts = {path: _text(source, path) for path in source.files() if is_test_file(path) and path.endswith(".py")}
    shared = [text for path, text in texts.items() if path.endswith("conftest.py")]
    if any(_OVERRIDES in text for text in shared):
        return
    fixtures = {n.name: n for text in shared for n in ast.walk(tree_or_nothing(text)) if isinstance(n, Function)}
    for path, text in texts.items():
        if not path.endswith("conftest.py"):
            yield from open_requests_of(path, text, fixtures)


def open_requests_of(path: str, text: str, fixtures: Mapping[str, Function] | None = None) -> list[OpenRequest]:
    """Those of one module; `fixtures`: functions that its tests may be given from elsewhere."""
    tree = tree_or_nothing(text)
    if _OVERRIDES in text or any(_gives_login(node) for node in ast.walk(tree)):
        return []
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, Function)}
    known = {**(fixtures or {}), **functions}
    logged_in = {name for name, node in known.items() if _LOGIN_WORDS.search(_code(node))}
    if any("autouse" in ast.unparse(row) for name in logged_in for row in known[name].decorator_list):
        return []
    found = []
    for name, node in functions.items():
        if name.startswith("test") and not any(_refusal(n) for n in ast.walk(node)):
            sent = _sent(node, functions, logged_in, {}, (name,))
            found += [OpenRequest(what, path, line, name) for what, line in dict.fromkeys(sent)]
    return found


def _sent(
    node: Function, functions: Mapping[str, Function], logged_in: set[str], bound: Bound, way: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """Requests of a function and of the helpers it calls, with the line in the function."""
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr.upper() in METHODS and call.args:
            path = _path(call.args[0], bound)
            who = function.value.id if isinstance(function.value, ast.Name) else ast.unparse(function.value)
            if path.startswith("/") and who not in logged_in and not _carries_login(call, who, bound):
                yield f"{function.attr.upper()} {path.partition('?')[0].rstrip('/')}", call.lineno
        elif isinstance(function, ast.Name) and function.id in functions and function.id not in way:
            helper = functions[function.id]
            given = _bind(helper, call, bound)
            inner = _sent(helper, functions, logged_in, given, (*way, function.id))
            yield from ((what, call.lineno) for what, _ in inner)


def _bind(helper: Function, call: ast.Call, bound: Bound) -> dict[str, ast.expr]:
    """What a helper's parameters stand for in this call, as far as its text tells."""
    names = [one.arg for one in (*helper.args.posonlyargs, *helper.args.args)]
    defaults = helper.args.defaults
    found: dict[str, ast.expr] = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    found |= {
        one.arg: default
        for one, default in zip(helper.args.kwonlyargs, helper.args.kw_defaults, strict=True)
        if default is not None
    }
    found |= dict(zip(names, call.args, strict=False))
    found |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg in {*names, *found}}
    return {name: _value(node, bound) for name, node in found.items()}


def _value(node: ast.expr, bound: Bound) -> ast.expr:
    return bound.get(node.id, node) if isinstance(node, ast.Name) else node


def _carries_login(call: ast.Call, who: str, bound: Bound) -> bool:
    """Whether a request may be logged in: only what is plainly without a login counts as open."""
    if _LOGIN_WORDS.search(who) or re.search(r"(?i)admin|user|owner|member", who):
        return True
    for keyword in call.keywords:
        value = _value(keyword.value, bound)
        if keyword.arg is None:
            return True
        if keyword.arg in _CARRIERS and not (isinstance(value, ast.Constant) and value.value is None):
            return True
    return False


def _gives_login(node: ast.AST) -> bool:
    """`client.headers[...] = ...`, `client.headers.update(...)`, `client.auth = ...`, `Client(headers=...)`."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name.endswith("Client"):
            return any(keyword.arg in _CARRIERS for keyword in node.keywords)
        owner = node.func.value if isinstance(node.func, ast.Attribute) and name in ("update", "set") else None
        return isinstance(owner, ast.Attribute) and owner.attr in _CARRIERS
    targets = node.targets if isinstance(node, ast.Assign) else ()
    plain = [target.value if isinstance(target, ast.Subscript) else target for target in targets]
    return any(isinstance(target, ast.Attribute) and target.attr in _CARRIERS for target in plain)


def _code(node: Function) -> str:
    """A function without its name, its docstring and what it clears."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    rows = [ast.unparse(row) for row in body]
    return "\n".join([ast.unparse(node.args), *(row for row in rows if "cookies.clear" not in row)])


def _refusal(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value in _REFUSED


def _path(node: ast.expr, bound: Bound) -> str:
    """A literal path, numbers and what is filled in as `{}`."""
    node = _value(node, bound)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    else:
        return ""
    return re.sub(r"(?<=/)\d+(?=/|$|\?)", "{}", text)


def _text(source: Source, path: str) -> str:
    try:
        return source.read(path)
    except EditRefused:
        return ""
