"""One reading of a repository, shared by every rule; what a rule does not ask for is never worked out."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from agents.errors import EditRefused
from agents.profile import Source
from agents.reading.modules import Code, Found, read_code
from agents.reading.orm import OrmClass, orm_classes
from agents.rules.guards import Guards
from agents.rules.names import Meaning, Names
from agents.rules.params import Param, params_of
from agents.rules.routers import Endpoint, Web, WebReader
from agents.rules.scopes import Scope, View, view_of

_NOT_SERVED = {"testing", "fixtures", "mocks", "benchmarks"}
"""Folders of helpers for tests; those of tests themselves are never read."""


@dataclass(frozen=True, slots=True)
class Site:
    """One call: its absolute name as far as imports tell, and where it is."""

    name: str
    scope: Scope
    call: ast.Call


class Project:
    """A FastAPI repository as text."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.code: Code = read_code(source)
        self.code.modules = {f: m for f, m in self.code.modules.items() if not _NOT_SERVED & set(f.split("/")[:-1])}
        self.views: dict[str, View] = {file: view_of(module) for file, module in self.code.modules.items()}
        self.names = Names(self.code, self.views)
        self.guards = Guards(self.names)
        self._params: dict[tuple[ast.AST, str], list[Param]] = {}

    @cached_property
    def scopes(self) -> list[Scope]:
        """Every module, class, function and lambda."""
        return [scope for view in self.views.values() for scope in view.scopes]

    @cached_property
    def functions(self) -> list[Scope]:
        """Every function, methods and inner ones included."""
        return [scope for scope in self.scopes if scope.is_function]

    @cached_property
    def web(self) -> Web:
        """Applications, routers and operations."""
        return WebReader(self.names, self.views).read()

    @property
    def endpoints(self) -> list[Endpoint]:
        return self.web.endpoints

    @cached_property
    def handlers(self) -> dict[Scope, Endpoint]:
        """Each handler with (the first of) its operations."""
        found: dict[Scope, Endpoint] = {}
        for endpoint in self.endpoints:
            found.setdefault(endpoint.handler, endpoint)
        return found

    @cached_property
    def sites(self) -> dict[str, list[Site]]:
        """Every call whose absolute name is known, by that name."""
        found: dict[str, list[Site]] = {}
        for scope in self.scopes:
            for call in scope.own(ast.Call):
                name = self.names.absolute(scope, call.func)
                if name:
                    found.setdefault(name, []).append(Site(name, scope, call))
        return found

    @cached_property
    def methods(self) -> dict[str, list[Site]]:
        """Every call of an attribute, by the attribute's name (`execute`)."""
        found: dict[str, list[Site]] = {}
        for scope in self.scopes:
            for call in scope.own(ast.Call):
                if isinstance(call.func, ast.Attribute):
                    found.setdefault(call.func.attr, []).append(Site(call.func.attr, scope, call))
        return found

    @cached_property
    def dependencies(self) -> list[Scope]:
        """Functions that some `Depends` or `Security` names."""
        found: dict[Scope, None] = {}
        for call_name, sites in self.sites.items():
            if call_name.rpartition(".")[2] in ("Depends", "Security"):
                for site in sites:
                    for node in site.call.args[:1]:
                        target = self.names.own(site.scope, node)
                        scope = self.names.scope_of(target) if target else None
                        if scope and scope.is_function:
                            found[scope] = None
        return list(found)

    @cached_property
    def tables(self) -> list[OrmClass]:
        """Mapped classes of SQLAlchemy."""
        return orm_classes(self.code)

    @cached_property
    def schemas(self) -> dict[ast.AST, Found]:
        """Every pydantic model of ours, by its node."""
        return {found.node: found for found in self.code.classes() if self.is_schema(found)}

    def is_schema(self, found: Found | None) -> bool:
        """The class is a pydantic model (and no SQL table)."""
        if found is None or not isinstance(found.node, ast.ClassDef):
            return False
        line = self.code.ancestry(found)
        if any(k.arg == "table" for a in line if isinstance(a.node, ast.ClassDef) for k in a.node.keywords):
            return False
        return bool(self.bases(found) & {"BaseModel", "RootModel", "SQLModel"})

    def bases(self, found: Found) -> set[str]:
        """Last names of everything the class inherits from."""
        return {
            self.names.absolute(self.views[a.module.file].top, base).rpartition(".")[2] or ast.unparse(base)
            for a in self.code.ancestry(found)
            if isinstance(a.node, ast.ClassDef)
            for base in (b.value if isinstance(b, ast.Subscript) else b for b in a.node.bases)
        }

    def fields(self, found: Found) -> dict[str, tuple[Found, ast.AnnAssign]]:
        """Annotated fields of a class, inherited ones included; what is nearest wins."""
        fields: dict[str, tuple[Found, ast.AnnAssign]] = {}
        for ancestor in reversed(self.code.ancestry(found)):
            for node in ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else ():
                if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                    fields[node.target.id] = (ancestor, node)
        return fields

    def params(self, scope: Scope, path: str = "") -> list[Param]:
        """The parameters of a function as FastAPI reads them."""
        key = (scope.node, path)
        if key not in self._params:
            self._params[key] = params_of(self.names, scope, path)
        return self._params[key]

    def inputs(self, endpoint: Endpoint) -> list[Param]:
        """The parameters of a handler."""
        return self.params(endpoint.handler, endpoint.path)

    def type(self, scope: Scope, node: ast.AST) -> Meaning | None:
        """The type of a value."""
        return self.names.type_of(scope, node)

    def view(self, scope: Scope) -> View:
        """The file a scope is in."""
        return self.views[scope.module.file]

    def table_of(self, found: Found | None) -> OrmClass | None:
        """The mapped class a definition is."""
        return next((t for t in self.tables if found and t.found.node is found.node), None)

    def read(self, path: str) -> str:
        """A file's text, empty when it cannot be read."""
        try:
            return self._source.read(path)
        except (EditRefused, OSError, UnicodeDecodeError, KeyError):
            return ""

    @cached_property
    def files(self) -> list[str]:
        """Every file of the repository."""
        return self._source.files()

    def calls(self, *names: str) -> Iterator[Site]:
        """Calls of these absolute names."""
        for name in names:
            yield from self.sites.get(name, ())

    def uses(self, *roots: str) -> bool:
        """One of these packages is imported somewhere."""
        return any(
            target.partition(".")[0] in roots
            for module in self.code.modules.values()
            for target, _ in module.imports.values()
        )


def is_session(meaning: Meaning | None) -> bool:
    """A session of SQLAlchemy or SQLModel, synchronous or not."""
    return is_sync_session(meaning) or is_async_session(meaning)


def is_async_session(meaning: Meaning | None) -> bool:
    """An `AsyncSession`."""
    return meaning is not None and meaning.last in ("AsyncSession", "async_scoped_session")


def is_sync_session(meaning: Meaning | None) -> bool:
    """A blocking `Session`."""
    return (
        meaning is not None
        and meaning.last in ("Session", "scoped_session")
        and meaning.root in ("sqlalchemy", "sqlmodel")
    )
