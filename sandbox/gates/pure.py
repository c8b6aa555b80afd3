"""Functions that can be called by themselves: typed parameters, nothing of the world outside. Read as text."""

import ast
from collections.abc import Iterator
from typing import Any

from sandbox.reports import Frozen

Spec = dict[str, Any]
"""What values a parameter takes, for `probe/inputs.py`: `{"kind": "list", "of": [{"kind": "int"}]}`."""
PLAIN = frozenset({"int", "float", "str", "bool", "bytes", "Decimal", "date", "datetime", "timedelta", "UUID", "None"})
LISTS = frozenset({"list", "List", "Sequence", "Iterable", "Collection"})
SETS = {"set": "set", "Set": "set", "frozenset": "frozenset", "FrozenSet": "frozenset", "AbstractSet": "set"}
DICTS = frozenset({"dict", "Dict", "Mapping"})
OUTSIDE = frozenset({
    "open", "input", "exec", "eval", "compile", "__import__", "globals", "locals", "vars", "exit", "quit", "id",
})  # fmt: skip
OUTSIDE_MODULES = frozenset({
    "os", "sys", "random", "secrets", "time", "uuid", "socket", "subprocess", "requests", "httpx", "shutil", "pathlib",
    "asyncio", "threading", "session", "db",
})  # fmt: skip
NOW = frozenset({"now", "utcnow", "today"})
HARMLESS_DECORATORS = frozenset({"cache", "lru_cache"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Pure(Frozen):
    """One function."""

    name: str
    specs: tuple[Spec, ...]
    """Of its positional parameters."""
    constants: tuple[str, ...] = ()
    """Python source of numbers and texts in its body: what is near them is worth trying."""
    line: int = 0


def pure_functions(source: bytes) -> dict[str, Pure]:
    """Public or not, at the top of a module, by name."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found = (_pure(node) for node in body if isinstance(node, ast.FunctionDef))
    return {one.name: one for one in found if one is not None}


def _pure(node: ast.FunctionDef) -> Pure | None:
    arguments = node.args
    decorators = {_last(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or decorators - HARMLESS_DECORATORS:
        return None
    if any(_is_outside(inner) for inner in ast.walk(ast.Module(body=node.body, type_ignores=[]))):
        return None
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = len(positional) - len(arguments.defaults)
    specs: list[Spec] = []
    for number, one in enumerate(positional):
        spec = spec_of(one.annotation)
        if spec is None and number >= needed:
            break
        if spec is None:
            return None
        specs.append(spec)
    if not specs:
        return None
    return Pure(name=node.name, specs=tuple(specs), constants=tuple(dict.fromkeys(_constants(node))), line=node.lineno)


def _is_outside(node: ast.AST) -> bool:
    """It waits, keeps state, or reaches for something that is not the same every time."""
    if isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.Global | ast.Nonlocal | ast.With | ast.AsyncWith):
        return True
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Attribute):
        root = node.value
        while isinstance(root, ast.Attribute):
            root = root.value
        return node.attr in NOW or (isinstance(root, ast.Name) and root.id in OUTSIDE_MODULES)
    return isinstance(node, ast.Name) and node.id in OUTSIDE


def _constants(node: ast.FunctionDef) -> Iterator[str]:
    for inner in ast.walk(ast.Module(body=node.body, type_ignores=[])):
        if isinstance(inner, ast.Constant) and type(inner.value) in (int, float, str) and len(repr(inner.value)) < 80:
            yield repr(inner.value)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def spec_of(annotation: ast.expr | None) -> Spec | None:
    """The values of a type, None when rules cannot make them up."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return spec_of(ast.parse(annotation.value, mode="eval").body)
        except SyntaxError:
            return None
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return {"kind": "None"}
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _all("union", [annotation.left, annotation.right])
    if isinstance(annotation, ast.Name | ast.Attribute):
        name = _last(annotation)
        if name in PLAIN:
            return {"kind": name}
        bare = {**dict.fromkeys(LISTS, "list"), **SETS, **dict.fromkeys(DICTS, "dict")}
        text = {"kind": "str"}
        return {"kind": bare[name], "of": [text, text] if bare[name] == "dict" else [text]} if name in bare else None
    return _subscript(annotation) if isinstance(annotation, ast.Subscript) else None


def _subscript(node: ast.Subscript) -> Spec | None:
    name = _last(node.value)
    inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Literal":
        values = [one.value for one in inner if isinstance(one, ast.Constant)]
        return {"kind": "literal", "values": [repr(value) for value in values]} if len(values) == len(inner) else None
    if name == "Annotated":
        return spec_of(inner[0])
    if name in ("Optional", "Union"):
        return _all("union", [*inner, *([ast.Constant(None)] if name == "Optional" else [])])
    if name in LISTS and len(inner) == 1:
        return _all("list", inner)
    if name in SETS and len(inner) == 1:
        return _all(SETS[name], inner)
    if name in DICTS and len(inner) == 2:
        return _all("dict", inner)
    if name in ("tuple", "Tuple"):
        if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is Ellipsis:
            return _all("tuple of any length", inner[:1])
        return _all("tuple", inner)
    return None


def _all(kind: str, inner: list[ast.expr]) -> Spec | None:
    specs = [spec_of(one) for one in inner]
    return {"kind": kind, "of": specs} if all(spec is not None for spec in specs) else None
