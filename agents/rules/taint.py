"""What a client sends, followed from a handler's parameters to the calls it ends up in."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from agents.reading.modules import Found, Function
from agents.rules.ask import local_values
from agents.rules.params import Param, type_names
from agents.rules.project import Project
from agents.rules.routers import Endpoint
from agents.rules.scopes import Scope

Kind = Literal["text", "segment", "url", "model", "upload", "file name", "content", "request"]
_TEXT = {"str", "Any", "bytes", "dict", "Dict", "AnyStr"}
_URLS = {"HttpUrl", "AnyUrl", "AnyHttpUrl"}
_KEEPS = {
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "casefold", "replace", "split", "rsplit", "splitlines",
    "partition", "rpartition", "encode", "decode", "join", "format", "get", "pop", "copy", "items", "values", "keys",
    "removeprefix", "removesuffix", "model_dump", "dict", "getlist", "setdefault", "unicode_string", "resolve",
    "absolute", "expanduser", "joinpath", "with_suffix",
}  # fmt: skip
_RECEIVERS = {"read_text", "read_bytes", "write_text", "write_bytes", "open", "unlink"}
"""Methods of a path: what they are called on is followed as an argument named `self`."""
_PASSES = {
    "str", "list", "tuple", "set", "sorted", "dict", "bytes", "os.path.join", "os.path.abspath", "os.path.normpath",
    "os.path.expanduser", "os.fspath", "pathlib.Path", "pathlib.PurePath", "urllib.parse.urljoin", "json.loads",
    "urllib.parse.unquote", "textwrap.dedent", "anyio.Path", "aiopath.AsyncPath",
}  # fmt: skip
_REQUEST_TEXT = {"query_params", "headers", "cookies", "path_params"}
_TESTS = (ast.Compare, ast.BoolOp, ast.UnaryOp)
"""What a variable that a condition asks about may hold the result of."""
CHECKS = re.compile(
    r"(?i)valid|saniti[sz]|check(?!_output|_call)|verify|ensure|secure|clean|allow|safe|whitelist|guard|authori[sz]|is_relative"
)
_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Taint:
    """Something a client chooses."""

    kind: Kind
    source: str
    """Its name where it enters (`q`, `file.filename`)."""
    endpoint: Endpoint
    model: Found | None = None

    def named(self, kind: Kind, part: str) -> "Taint":
        return replace(self, kind=kind, source=f"{self.source}.{part}", model=None)


@dataclass(frozen=True, slots=True)
class Flow:
    """An argument of a call that a client chooses."""

    scope: Scope
    call: ast.Call
    name: str
    """Absolute name of what is called; `.execute` where only the attribute is known."""
    value: ast.expr
    place: int | str
    """Position or keyword of the argument."""
    taint: Taint
    env: dict[str, Taint]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler returns, when it holds something a client chooses."""

    scope: Scope
    value: ast.expr
    taint: Taint


@lru_cache(maxsize=2)
def flows(project: Project) -> list[Flow]:
    """Every call's argument that a client chooses and nothing has checked."""
    return _Tracer(project).all()


def answers(project: Project) -> list[Answer]:
    """What handlers return of what a client chooses."""
    tracer = _Tracer(project)
    found = []
    for handler, endpoint in project.handlers.items():
        env = tracer.env(handler, endpoint)
        for node in handler.own(ast.Return):
            taint = tracer.of(handler, node.value, env) if node.value is not None and env else None
            if taint and node.value is not None:
                found.append(Answer(handler, node.value, taint))
    return found


def begins_with(project: Project, flow: Flow) -> bool:
    """The client chooses how the text begins: a whole address rather than a part behind a fixed start."""
    return _begins(_Tracer(project), flow, flow.value, 8)


def _begins(tracer: "_Tracer", flow: Flow, node: ast.expr, hops: int) -> bool:
    match node:
        case ast.JoinedStr(values=[first, *_]):
            return _begins(tracer, flow, first.value if isinstance(first, ast.FormattedValue) else first, hops - 1)
        case ast.BinOp(left=left, op=ast.Add()):
            return _begins(tracer, flow, left, hops - 1)
        case ast.Call(func=ast.Attribute(value=ast.Constant())):
            return False
        case ast.Call(func=ast.Name(id="str"), args=[first, *_]):
            return _begins(tracer, flow, first, hops - 1)
        case ast.Name(id=name) if hops > 0 and (values := local_values(flow.scope, name)):
            return any(_begins(tracer, flow, value, hops - 1) for value in values)
    return tracer.of(flow.scope, node, flow.env) is not None


class _Tracer:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._names = project.names
        self._done = set[tuple[Scope, tuple[tuple[str, Kind], ...]]]()
        self._found: dict[tuple[ast.Call, int | str], Flow] = {}

    def all(self) -> list[Flow]:
        for handler, endpoint in self._project.handlers.items():
            self._trace(handler, self._inputs(endpoint), 0)
        return list(self._found.values())

    def env(self, handler: Scope, endpoint: Endpoint) -> dict[str, Taint]:
        """What a handler's variables hold of what a client chooses."""
        given = self._inputs(endpoint)
        return self._spread(handler, given) if given else {}

    def _inputs(self, endpoint: Endpoint) -> dict[str, Taint]:
        return {p.name: t for p in self._project.inputs(endpoint) if (t := self._source(p, endpoint))}

    def _source(self, param: Param, endpoint: Endpoint) -> Taint | None:
        if "Request" in param.names and param.kind == "special":
            return Taint("request", param.name, endpoint)
        if "UploadFile" in param.names:
            return Taint("upload", param.name, endpoint)
        is_model = param.type and param.type.found and self._project.is_schema(param.type.found)
        if is_model and param.type:
            return Taint("model", param.name, endpoint, param.type.found)
        if param.kind in ("depends", "special", "unknown") or param.limit("pattern", "regex") is not None:
            return None
        if param.names & _URLS:
            return Taint("url", param.name, endpoint)
        if param.annotation is not None and not (param.names & _TEXT and "Literal" not in param.names):
            return None
        plain = param.kind == "path" and f"{{{param.name}:path}}" not in endpoint.path
        return Taint("segment" if plain else "text", param.name, endpoint)

    def _trace(self, scope: Scope, given: dict[str, Taint], depth: int) -> None:
        key = (scope, tuple(sorted((name, taint.kind) for name, taint in given.items())))
        if not given or key in self._done:
            return
        self._done.add(key)
        env = self._spread(scope, given)
        self._calls(scope, env, depth)
        for inner in (s for s in scope.inner if not isinstance(s.node, ast.ClassDef)):
            hidden = inner.bound | _checked(inner)
            self._calls(inner, {name: taint for name, taint in env.items() if name not in hidden}, depth)

    def _calls(self, scope: Scope, env: dict[str, Taint], depth: int) -> None:
        for call in scope.own(ast.Call):
            tainted = {place: (v, t) for place, v in _arguments(call) if (t := self.of(scope, v, env))}
            if not tainted:
                continue
            name = self._names.absolute(scope, call.func)
            name = name or (f".{call.func.attr}" if isinstance(call.func, ast.Attribute) else "")
            for place, (value, taint) in tainted.items():
                self._found.setdefault((call, place), Flow(scope, call, name, value, place, taint, env))
            callee = self._names.callee(scope, call)
            if callee and depth < _MAX_DEPTH and not CHECKS.search(callee.function.name):
                self._trace(callee, _passed(callee, tainted), depth + 1)

    def _spread(self, scope: Scope, given: dict[str, Taint]) -> dict[str, Taint]:
        """What else is the client's after assignments; what is checked, or replaced by something else, is not."""
        checked = _checked(scope)
        env = {name: taint for name, taint in given.items() if name not in checked}
        for _ in range(3):
            size = len(env)
            for target, value in _bindings(scope):
                taint = self.of(scope, value, env)
                if taint and target not in checked:
                    env.setdefault(target, taint)
                elif not taint and target in given and not isinstance(value, ast.Constant):
                    checked.add(target)
                    env.pop(target, None)
            if len(env) == size:
                break
        return env

    def of(self, scope: Scope, node: ast.expr, env: dict[str, Taint]) -> Taint | None:
        """What of a client's is in a value, if anything."""
        match node:
            case ast.Name(id=name):
                return env.get(name)
            case ast.Attribute(value=value, attr=attr):
                return self._attribute(self.of(scope, value, env), attr)
            case ast.Await(value=value) | ast.Starred(value=value) | ast.FormattedValue(value=value):
                return self.of(scope, value, env)
            case ast.NamedExpr(value=value) | ast.Subscript(value=value):
                return self.of(scope, value, env)
            case ast.Call():
                return self._call(scope, node, env)
            case ast.IfExp(body=body, orelse=orelse):
                return self._first(scope, [body, orelse], env)
            case ast.BinOp(left=left, right=right):
                return self._first(scope, [left, right], env)
            case ast.JoinedStr(values=values) | ast.BoolOp(values=values) | ast.Dict(values=values):
                return self._first(scope, values, env)
            case ast.List(elts=values) | ast.Tuple(elts=values) | ast.Set(elts=values):
                return self._first(scope, values, env)
            case ast.ListComp(elt=elt, generators=[first, *_]) | ast.GeneratorExp(elt=elt, generators=[first, *_]):
                taint = self.of(scope, first.iter, env)
                inner = {**env, first.target.id: taint} if taint and isinstance(first.target, ast.Name) else env
                return None if first.ifs else self.of(scope, elt, inner)
        return None

    def _first(self, scope: Scope, nodes: list[ast.expr], env: dict[str, Taint]) -> Taint | None:
        return next((t for n in nodes if (t := self._plain(self.of(scope, n, env)))), None)

    def _plain(self, taint: Taint | None) -> Taint | None:
        """A request or a whole model in a text is nothing a client chooses word by word."""
        return None if taint and taint.kind in ("request", "upload") else taint

    def _attribute(self, taint: Taint | None, attr: str) -> Taint | None:
        if taint is None:
            return None
        if taint.kind == "request":
            return taint.named("text", attr) if attr in _REQUEST_TEXT else None
        if taint.kind == "upload":
            return taint.named("file name", attr) if attr == "filename" else None
        if taint.kind == "model" and taint.model:
            return self._field(taint, taint.model, attr)
        return taint if taint.kind == "url" else None

    def _field(self, taint: Taint, model: Found, attr: str) -> Taint | None:
        field = self._project.fields(model).get(attr)
        if field is None or _is_validated(self._project, model, attr):
            return None
        owner, node = field
        every = type_names(self._names, owner.module, node.annotation)
        inner = self._names.annotated(owner.module, node.annotation)
        if inner and inner.found and self._project.is_schema(inner.found):
            return replace(taint, source=f"{taint.source}.{attr}", model=inner.found)
        if isinstance(node.value, ast.Call) and any(k.arg in ("pattern", "regex") for k in node.value.keywords):
            return None
        if every & _URLS:
            return taint.named("url", attr)
        return taint.named("text", attr) if every & _TEXT and "Literal" not in every else None

    def _call(self, scope: Scope, call: ast.Call, env: dict[str, Taint]) -> Taint | None:
        if isinstance(call.func, ast.Attribute):
            taint = self.of(scope, call.func.value, env)
            if taint and taint.kind == "request":
                return taint.named("text", call.func.attr) if call.func.attr in ("json", "body", "form") else None
            if taint and taint.kind == "upload":
                return taint.named("content", "content") if call.func.attr == "read" else None
            if taint and call.func.attr in _KEEPS:
                return replace(taint, kind="text") if taint.kind == "model" else taint
            if isinstance(call.func.value, ast.Constant) and call.func.attr in ("format", "join"):
                return self._first(scope, [v for _, v in _arguments(call)], env)
        if self._names.absolute(scope, call.func) in _PASSES:
            return self._first(scope, [v for _, v in _arguments(call)], env)
        return None


def _arguments(call: ast.Call) -> Iterator[tuple[int | str, ast.expr]]:
    yield from enumerate(call.args)
    yield from ((k.arg or "**", k.value) for k in call.keywords)
    if isinstance(call.func, ast.Attribute) and call.func.attr in _RECEIVERS:
        yield "self", call.func.value


def _passed(callee: Scope, tainted: dict[int | str, tuple[ast.expr, Taint]]) -> dict[str, Taint]:
    arguments = callee.function.args
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    positional = positional[1:] if callee.class_scope and positional[:1] in (["self"], ["cls"]) else positional
    texts = {a.arg: a.annotation for a in (*arguments.args, *arguments.kwonlyargs)}
    passed = {}
    for place, (_, taint) in tainted.items():
        name = place if isinstance(place, str) else positional[place] if place < len(positional) else ""
        annotation = texts.get(name)
        if name in texts and not (
            annotation is not None and ast.unparse(annotation) in ("int", "UUID", "uuid.UUID", "bool")
        ):
            passed[name] = taint
    return passed


def _bindings(scope: Scope) -> Iterator[tuple[str, ast.expr]]:
    """Name and value of everything assigned in a function."""
    for node in scope.own(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        for target in targets if node.value is not None else ():
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from ((n.id, node.value) for n in names if isinstance(n, ast.Name) and node.value is not None)
    for loop in scope.own(ast.For, ast.AsyncFor):
        if isinstance(loop.target, ast.Name):
            yield loop.target.id, loop.iter


def _checked(scope: Scope) -> set[str]:
    """Names a condition asks about (`x in ALLOWED`, `x.isalnum()`) or that are given to something that checks."""
    found = set[str]()
    tests = [n.test for n in scope.own(ast.If, ast.IfExp, ast.Assert, ast.While)]
    named = {n.id for test in tests for n in ast.walk(test) if isinstance(n, ast.Name)}
    tests += [value for name in named for value in local_values(scope, name) if isinstance(value, _TESTS)]
    for test in tests:
        for node in ast.walk(test):
            if isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
                found |= _roots_in(node.left)
            elif isinstance(node, ast.Call) and not _is_presence(node):
                found |= {name for part in (node.func, *node.args) for name in _roots_in(part)}
    for call in scope.own(ast.Call):
        handed = [a for a in call.args if isinstance(a, ast.Name | ast.Attribute) and CHECKS.search(ast.unparse(a))]
        if CHECKS.search(ast.unparse(call.func)) or handed:
            found |= {name for part in call.args for name in _roots_in(part)}
    return found


def _is_presence(call: ast.Call) -> bool:
    """`len(x)`, `bool(x)`: says that something is there, not what."""
    return isinstance(call.func, ast.Name) and call.func.id in ("len", "bool", "isinstance", "any", "all", "hasattr")


def _roots_in(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _is_validated(project: Project, model: Found, field: str) -> bool:
    """A validator of the model looks at the field."""
    for ancestor in project.code.ancestry(model):
        for node in ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else ():
            for decorator in node.decorator_list if isinstance(node, Function) else ():
                text = ast.unparse(decorator)
                if "validator" in text and (repr(field) in text or "'*'" in text or "model_validator" in text):
                    return True
    return False
