"""What the rest of a repository offers a repair: names, fields, signatures, routes, statements to copy."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from agents.repair.source import FUNCTIONS, Function, Source, called

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket", "api_route"})


_SERVICE = ("fastapi", "starlette", "sqlalchemy", "sqlmodel", "pydantic", "datetime")


@dataclass(frozen=True, slots=True)
class Route:
    """One path operation."""

    source: Source
    function: Function
    decorator: ast.Call
    path: str
    """As written in the decorator, the router's own prefix not included."""
    verb: str

    @property
    def router(self) -> str:
        return ast.unparse(self.decorator.func.value) if isinstance(self.decorator.func, ast.Attribute) else ""


@dataclass(frozen=True, slots=True)
class Signature:
    """Parameters of a function by position, without `self` and `cls`."""

    names: tuple[str, ...]
    required: int
    keywords: tuple[str, ...]


class Repository:
    """An index over all sources of a repository."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self.sources = list(sources)
        self.is_service = any(word in s.text for s in self.sources for word in _SERVICE)
        """Whether it has to do with HTTP, a database or schemas at all."""
        self.fields: dict[str, dict[str, str]] = defaultdict(dict)
        """Class -> field -> its annotation as text."""
        self.relations: dict[str, list[str]] = defaultdict(list)
        self.bases: dict[str, list[str]] = {}
        self.methods: dict[str, list[str]] = defaultdict(list)
        self.signatures: dict[str, Signature] = {}
        self.asynchronous: set[str] = set()
        self.attributes: dict[str, Counter[str]] = defaultdict(Counter)
        """What is written before the dot -> what stands behind it, with how often."""
        self.constants: dict[str, dict[str, str]] = defaultdict(dict)
        """Path -> module-level name -> its value's text."""
        self.depends: Counter[str] = Counter()
        self.routes: list[Route] = []
        for source in self.sources:
            self._read(source)

    def _read(self, source: Source) -> None:
        for node in source.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                self.attributes[node.value.id][node.attr] += 1
            elif isinstance(node, ast.Call):
                if called(node) in ("Depends", "Security") and node.args:
                    self.depends[ast.unparse(node.args[0])] += 1
            elif isinstance(node, ast.ClassDef):
                self._class(node)
            elif isinstance(node, FUNCTIONS):
                self._function(source, node)
        for statement in source.tree.body:
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                self.constants[source.path][statement.targets[0].id] = ast.unparse(statement.value)

    def _class(self, node: ast.ClassDef) -> None:
        self.bases[node.name] = [ast.unparse(base) for base in node.bases]
        for item in node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                self.fields[node.name][item.target.id] = ast.unparse(item.annotation)
                if called(item.value) == "relationship" if item.value else False:
                    self.relations[node.name].append(item.target.id)
            elif isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name):
                self.fields[node.name][item.targets[0].id] = ""
                if called(item.value) == "relationship":
                    self.relations[node.name].append(item.targets[0].id)
            elif isinstance(item, FUNCTIONS):
                self.methods[node.name].append(item.name)
                for part in ast.walk(item):
                    if isinstance(part, ast.Attribute) and isinstance(part.ctx, ast.Store):
                        own = isinstance(part.value, ast.Name) and part.value.id == "self"
                        self.fields[node.name].setdefault(part.attr, "") if own else None

    def _function(self, source: Source, node: Function) -> None:
        if isinstance(node, ast.AsyncFunctionDef):
            self.asynchronous.add(node.name)
        args = node.args
        names = [arg.arg for arg in (*args.posonlyargs, *args.args)]
        skip = 1 if names[:1] in (["self"], ["cls"]) else 0
        required = len(names) - len(args.defaults) - skip
        keys = tuple(arg.arg for arg in args.kwonlyargs)
        self.signatures[node.name] = Signature(tuple(names[skip:]), max(required, 0), keys)
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr in VERBS:
                first = mark.args[0] if mark.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    self.routes.append(Route(source, node, mark, first.value, mark.func.attr))

    def is_enum(self, name: str) -> bool:
        """Whether a class is an enumeration."""
        return any("Enum" in base for base in self.bases.get(name, ()))

    def members(self, name: str) -> list[str]:
        """Fields of a class and of its bases in the repository."""
        found = list(self.fields.get(name, ()))
        for base in self.bases.get(name, ()):
            if base in self.fields and base != name:
                found += [field for field in self.fields[base] if field not in found]
        return found

    def is_table(self, name: str) -> bool:
        """Whether a class is a table of the ORM."""
        return "__tablename__" in self.fields.get(name, ())

    def route_of(self, function: ast.AST | None) -> Route | None:
        """The path operation a function is, if it is one."""
        return next((route for route in self.routes if route.function is function), None)
