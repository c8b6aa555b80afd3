"""Which names a place may use, and what kind of value they seem to hold."""

import ast

from agents.repair.source import FUNCTIONS, Source, called, within

_LITERALS: dict[type[ast.AST], str] = {
    ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.Set: "set", ast.SetComp: "set",
    ast.JoinedStr: "str", ast.Tuple: "tuple", ast.Compare: "bool",
}  # fmt: skip
_CALLS = {
    "len": "int", "int": "int", "sum": "int", "ord": "int", "round": "int", "abs": "int", "str": "str", "float": "int",
    "list": "list", "sorted": "list", "dict": "dict", "set": "set", "bool": "bool", "split": "list", "join": "str",
    "lower": "str", "upper": "str", "strip": "str", "index": "int", "count": "int", "defaultdict": "dict",
    "Counter": "dict", "deque": "list", "range": "range", "all": "list", "keys": "list", "isinstance": "bool",
}  # fmt: skip
_ANNOTATIONS = {
    "int": "int", "float": "int", "str": "str", "bool": "bool", "list": "list", "List": "list", "Sequence": "list",
    "dict": "dict", "Dict": "dict", "Mapping": "dict", "set": "set", "Set": "set", "tuple": "tuple", "Decimal": "int",
}  # fmt: skip


def kind_of(value: ast.AST | None) -> str:
    """What an expression seems to be: int (any number), str, list, dict, set, bool; empty when nobody can tell."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, bool):
            return "bool"
        return {int: "int", float: "int", str: "str"}.get(type(value.value), "")
    if isinstance(value, ast.Call):
        return _CALLS.get(called(value), "")
    if isinstance(value, ast.BinOp):
        left, right = kind_of(value.left), kind_of(value.right)
        return left or right
    return _LITERALS.get(type(value), "") if value is not None else ""


def annotated(annotation: ast.expr | None) -> str:
    """The kind an annotation says."""
    if isinstance(annotation, ast.Subscript):
        return annotated(annotation.value)
    if isinstance(annotation, ast.BinOp):
        return annotated(annotation.left)
    return _ANNOTATIONS.get(annotation.id, "") if isinstance(annotation, ast.Name) else ""


class Names:
    """The names of one function: name -> kind, parameters first."""

    def __init__(self, source: Source, function: ast.AST) -> None:
        self.kinds: dict[str, str] = {}
        self.function: str = getattr(function, "name", "")
        self.parameters: list[str] = []
        self.first: dict[str, int] = {}
        """The line a name is bound on first."""
        self.used: dict[str, int] = {}
        """How often a name is read."""
        if isinstance(function, FUNCTIONS):
            self._read_parameters(function)
        for node in within(function):
            self._read(node)
        outer = source.function(function)
        if outer is not None:
            for name, kind in Names(source, outer).kinds.items():
                self.kinds.setdefault(name, kind)
                self.first.setdefault(name, 0)

    def _read_parameters(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        args = function.args
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        for arg in every:
            self.parameters.append(arg.arg)
            self.kinds[arg.arg] = annotated(arg.annotation)
            self.first[arg.arg] = function.lineno
        for extra in (args.vararg, args.kwarg):
            if extra is not None:
                self.kinds[extra.arg] = "list" if extra is args.vararg else "dict"
                self.first[extra.arg] = function.lineno

    def _read(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self.used[node.id] = self.used.get(node.id, 0) + 1
            elif isinstance(node.ctx, ast.Store):
                self.kinds.setdefault(node.id, "")
                self.first[node.id] = min(node.lineno, self.first.get(node.id, node.lineno))
        elif isinstance(node, ast.Assign):
            self._assigned(node.targets[0], node.value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            self.kinds[node.target.id] = annotated(node.annotation)
        elif isinstance(node, ast.For):
            self._loop(node)

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.kinds[target.id] = kind_of(value) or self.kinds.get(target.id, "")
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, part in zip(target.elts, value.elts, strict=True):
                self._assigned(one, part)

    def _loop(self, node: ast.For) -> None:
        if isinstance(node.target, ast.Name) and called(node.iter) == "range":
            self.kinds[node.target.id] = "int"
        elif isinstance(node.target, ast.Tuple) and called(node.iter) == "enumerate":
            counter = node.target.elts[0]
            if isinstance(counter, ast.Name):
                self.kinds[counter.id] = "int"

    def at(self, line: int) -> list[str]:
        """Names bound above a line or on it."""
        return [name for name in self.kinds if self.first.get(name, 0) <= line]

    def unused(self) -> list[str]:
        """Parameters and variables that nothing reads."""
        return [name for name in self.kinds if not self.used.get(name) and name not in ("self", "cls", "_")]


def alike(one: str, two: str) -> bool:
    """Whether two kinds may be the same."""
    return not one or not two or one == two
