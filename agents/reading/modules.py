"""The Python files of a repository as syntax trees, and what a name in one of them means."""

import ast
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from agents.errors import EditRefused
from agents.profile import Place, Source

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr
Function = ast.FunctionDef | ast.AsyncFunctionDef

_SKIPPED_FOLDERS = {"tests", "test", "venv", "env", "node_modules", "site-packages", "versions", "build", "dist"}
_MAX_BYTES = 500_000
_MAX_HOPS = 8
_MAX_LITERALS = 200
_MAX_TEXT = 2000
_MAX_DEPTH = 100
_MAX_BASES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One parsed file."""

    file: str
    name: str
    """Dotted name from the repository's root, `src.` cut off."""
    tree: ast.Module
    imports: dict[str, tuple[str, str]]
    """Local name -> (absolute module, attribute; empty for the module itself)."""
    definitions: dict[str, Definition]
    """Module-level classes, functions and the values of assignments."""


@dataclass(frozen=True, slots=True)
class Found:
    """A definition inside the repository."""

    module: Module
    name: str
    node: Definition

    @property
    def place(self) -> Place:
        return Place(file=self.module.file, line=self.node.lineno, name=self.name)


@dataclass(slots=True)
class Code:
    """All application modules; `broken` lists files that could not be parsed."""

    modules: dict[str, Module] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    needs: dict[int, "list[Found]"] = field(default_factory=dict)
    """Dependencies of a function by its node's id, as far as they were worked out."""
    _index: dict[str, Module] = field(default_factory=dict)

    def module(self, dotted: str) -> Module | None:
        """The module of that dotted name; a longer path ending with it counts, the shortest wins."""
        if not self._index:
            for module in sorted(self.modules.values(), key=lambda m: len(m.name), reverse=True):
                parts = module.name.split(".")
                self._index |= {".".join(parts[start:]): module for start in range(1, len(parts))}
            self._index |= {module.name: module for module in self.modules.values()}
        return self._index.get(dotted)

    def find(self, module: Module, node: ast.expr | str) -> Found | None:
        """What a name or dotted expression means, followed through imports; None when it is not ours."""
        dotted = node if isinstance(node, str) else dotted_name(node)
        return self._find(module, dotted, _MAX_HOPS) if dotted else None

    def _find(self, module: Module, dotted: str, hops: int) -> Found | None:
        head, _, rest = dotted.partition(".")
        if not rest and head in module.definitions:
            return Found(module, head, module.definitions[head])
        if head not in module.imports or not hops:
            return None
        target, attribute = module.imports[head]
        path = ".".join(part for part in (target, attribute, rest) if part)
        owner, _, name = path.rpartition(".")
        found = self.module(owner)
        return self._find(found, name, hops - 1) if found else None

    def origin(self, module: Module, node: ast.expr) -> str:
        """The absolute dotted name of an expression as far as imports tell (`fastapi.APIRouter`); else empty."""
        dotted = dotted_name(node)
        head, _, rest = dotted.partition(".")
        if head not in module.imports:
            return dotted
        return ".".join(part for part in (*module.imports[head], rest) if part)

    def is_call_of(self, module: Module, node: ast.AST | None, *names: str) -> bool:
        """The node is a call of something whose last name is one of `names`, aliases resolved."""
        return isinstance(node, ast.Call) and self.origin(module, node.func).rpartition(".")[2] in names

    def text(self, module: Module, node: ast.expr | None) -> str | None:
        """The literal string an expression stands for: constants, names, settings defaults, f-strings, `+`."""
        return self._text(module, node, [_MAX_LITERALS])

    def _text(self, module: Module, node: ast.expr | None, budget: list[int]) -> str | None:
        budget[0] -= 1
        if budget[0] < 0:
            return None
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.JoinedStr(values=values):
                return self._joined(
                    module, [v.value if isinstance(v, ast.FormattedValue) else v for v in values], budget
                )
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined(module, [left, right], budget)
            case ast.Name():
                found = self.find(module, node)
                inner = found.node if found and isinstance(found.node, ast.expr) else None
                return self._text(found.module, inner, budget) if found else None
            case ast.Attribute(value=value, attr=attr):
                return self._setting(module, value, attr, budget)
        return None

    def _joined(self, module: Module, nodes: list[ast.expr], budget: list[int]) -> str | None:
        parts = [self._text(module, node, budget) for node in nodes]
        known = [part for part in parts if part is not None]
        return "".join(known) if len(known) == len(parts) and sum(map(len, known)) < _MAX_TEXT else None

    def _setting(self, module: Module, owner: ast.expr, attr: str, budget: list[int]) -> str | None:
        found = self.find(module, owner.func if isinstance(owner, ast.Call) else owner)
        if found and isinstance(found.node, ast.Call):
            found = self.find(found.module, found.node.func)
        if found and isinstance(found.node, Function):
            found = self.find(found.module, dotted_name(found.node.returns)) if found.node.returns else None
        if not found or not isinstance(found.node, ast.ClassDef):
            return None
        for name, value in class_values(found.node):
            if name == attr:
                return self._text(found.module, value, budget)
        return None

    def functions(self) -> list[tuple[Module, Function]]:
        """Every function of every module, nested ones included."""
        return [(m, n) for m in self.modules.values() for n in walked(m.tree) if isinstance(n, Function)]

    def classes(self) -> list[Found]:
        """Every module-level class."""
        return [
            Found(m, name, node)
            for m in self.modules.values()
            for name, node in m.definitions.items()
            if isinstance(node, ast.ClassDef)
        ]

    def ancestry(self, found: Found) -> list[Found]:
        """The class and the classes of ours it inherits from, nearest first."""
        line: list[Found] = []
        queue = [found]
        while queue and len(line) < 20:
            current = queue.pop(0)
            line.append(current)
            if isinstance(current.node, ast.ClassDef):
                bases = (self.find(current.module, base) for base in current.node.bases[:_MAX_BASES])
                queue += [
                    b for b in bases if b and b.node is not current.node and all(b.node is not a.node for a in line)
                ]
        return line


def read_code(source: Source) -> Code:
    """Parse every application file (tests, migrations and hidden folders left out)."""
    code = Code()
    for file in source.files():
        if not is_application_file(file):
            continue
        try:
            text = source.read(file)
            if len(text) > _MAX_BYTES:
                raise ValueError("file too large")
            code.modules[file] = _parse(file, text)
        except (EditRefused, SyntaxError, ValueError, RecursionError, MemoryError):
            code.broken.append(file)
    return code


@lru_cache(maxsize=512)
def _parse(file: str, text: str) -> Module:
    """Modules are read only, so an unchanged file is parsed once however often the application is read."""
    tree, name = ast.parse(text), module_name(file)
    is_package = PurePosixPath(file).name == "__init__.py"
    return Module(file, name, tree, _imports(_import_nodes(tree), name, is_package), _definitions(tree))


@lru_cache(maxsize=4096)
def walked(node: ast.AST) -> tuple[ast.AST, ...]:
    """`ast.walk` of a node of a module: what is below it does not change, and is asked for again and again."""
    return tuple(ast.walk(node))


def _import_nodes(tree: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """Every import statement, inner ones included.

    Raises:
        ValueError: the code is nested so deeply that reading it could not end well.
    """
    found: list[ast.Import | ast.ImportFrom] = []
    level: list[ast.AST] = [tree]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        found += [node for node in level if isinstance(node, ast.Import | ast.ImportFrom)]
        if not level:
            return found
    raise ValueError("nested too deeply")


def is_application_file(file: str) -> bool:
    """A Python file that can be part of the application: no test, no migration, nothing hidden or installed."""
    path = PurePosixPath(file)
    folders = path.parts[:-1]
    hidden = any(part.startswith(".") or part in _SKIPPED_FOLDERS for part in folders)
    test = path.name.startswith("test_") or path.name in ("conftest.py", "setup.py", "noxfile.py")
    return path.suffix == ".py" and not hidden and not test


def module_name(file: str) -> str:
    """`src/shop/api/__init__.py` -> `shop.api`."""
    parts = list(PurePosixPath(file).with_suffix("").parts)
    if parts[0] == "src" and len(parts) > 1:
        parts = parts[1:]
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def dotted_name(node: ast.AST | None) -> str:
    """`a.b.c` of a name or attribute chain, empty for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            owner = dotted_name(value)
            return f"{owner}.{attr}" if owner else ""
        case ast.Constant(value=str(name)) if name.replace(".", "").isidentifier():
            return name
    return ""


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def class_values(node: ast.ClassDef) -> list[tuple[str, ast.expr | None]]:
    """Names assigned or annotated in a class body with their values (None: annotated only)."""
    values: list[tuple[str, ast.expr | None]] = []
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            values.append((statement.target.id, statement.value))
        elif isinstance(statement, ast.Assign):
            values += [(t.id, statement.value) for t in statement.targets if isinstance(t, ast.Name)]
    return values


def _imports(nodes: list[ast.Import | ast.ImportFrom], name: str, is_package: bool) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0],
                    "",
                )
        else:
            base = _absolute(node, name, is_package)
            for alias in node.names:
                found[alias.asname or alias.name] = (base, alias.name)
    return found


def _absolute(node: ast.ImportFrom, name: str, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    keep = len(parts) - node.level + (1 if is_package else 0)
    return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])


def _definitions(tree: ast.Module) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for node in tree.body:
        for inner in _branches(node):
            if isinstance(inner, ast.ClassDef | Function):
                found[inner.name] = inner
            elif isinstance(inner, ast.Assign):
                found |= {t.id: inner.value for t in inner.targets if isinstance(t, ast.Name)}
            elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name) and inner.value:
                found[inner.target.id] = inner.value
    return found


def _branches(node: ast.stmt) -> list[ast.stmt]:
    if isinstance(node, ast.If):
        return [*node.body, *node.orelse]
    if isinstance(node, ast.Try):
        return [*node.body, *node.orelse]
    return [node]
