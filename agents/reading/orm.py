"""ORM classes, the declarative base, the session dependency and the kind of database."""

import ast
from dataclasses import dataclass

from agents.profile import Database
from agents.reading.modules import Code, Found, Function, Module, class_values, dotted_name, keyword, walked

_OTHER = {
    "sqlmodel", "tortoise", "peewee", "pony", "beanie", "mongoengine", "motor", "pymongo", "odmantic", "ormar",
    "databases", "asyncpg", "psycopg", "psycopg2", "sqlite3", "aiosqlite", "aiomysql", "pymysql", "edgedb", "gino",
}  # fmt: skip
_SESSION_TYPES = {"Session", "AsyncSession"}
_COLUMN_CALLS = ("Column", "mapped_column")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an ORM class."""

    name: str
    call: ast.Call | None
    unique: bool
    foreign_table: str
    """Table of a foreign key, else empty."""
    nullable: bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class OrmClass:
    """One mapped class."""

    found: Found
    table: str
    columns: tuple[Column, ...]
    many_to_many: dict[str, str]
    """Relationship name -> name of the class on the other side, where an association table is used."""
    mapped_style: bool
    """Columns are written `x: Mapped[int] = mapped_column()`; False: `x = Column(Integer)`."""

    @property
    def name(self) -> str:
        return self.found.name

    @property
    def soft(self) -> bool:
        """Deleted rows stay, marked by a moment in `deleted_at`."""
        column = self.column("deleted_at")
        return column is not None and column.nullable

    def column(self, name: str) -> Column | None:
        """The column of that attribute name."""
        return next((c for c in self.columns if c.name == name), None)


def find_base(code: Code) -> Found | None:
    """The declarative base: a subclass of `DeclarativeBase` or what `declarative_base()` gave."""
    for module in code.modules.values():
        for name, node in module.definitions.items():
            found = Found(module, name, node)
            if isinstance(node, ast.ClassDef):
                if any(code.origin(module, b).endswith("sqlalchemy.orm.DeclarativeBase") for b in node.bases):
                    return found
            elif isinstance(node, ast.expr) and code.is_call_of(module, node, "declarative_base"):
                return found
    return None


def orm_classes(code: Code) -> list[OrmClass]:
    """Every mapped class with a table of its own."""
    found = []
    for candidate in code.classes():
        line = code.ancestry(candidate)
        values = [(c, name, value) for c in line for name, value in _class_items(c)]
        table = next((v for _, name, v in values if name == "__tablename__"), None)
        columns = [_column(code, c.module, name, node) for c, name, node in values if isinstance(node, ast.stmt)]
        real = tuple(c for c in columns if c)
        if isinstance(table, ast.expr) and real:
            found.append(_orm_class(code, candidate, line, code.text(candidate.module, table) or "", real))
    return found


def _class_items(found: Found) -> list[tuple[str, ast.AST | None]]:
    if not isinstance(found.node, ast.ClassDef):
        return []
    items: list[tuple[str, ast.AST | None]] = []
    for name, value in class_values(found.node):
        items.append((name, value) if name.startswith("__") else (name, _statement(found.node, name)))
    return items


def _statement(node: ast.ClassDef, name: str) -> ast.stmt | None:
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return statement
    return None


def _orm_class(code: Code, found: Found, line: list[Found], table: str, columns: tuple[Column, ...]) -> OrmClass:
    many: dict[str, str] = {}
    mapped = False
    for owner in line:
        for name, statement in _class_items(owner):
            value: ast.expr | None = getattr(statement, "value", None)
            if not isinstance(value, ast.Call) or not code.is_call_of(owner.module, value, "relationship"):
                pass
            elif keyword(value, "secondary"):
                many[name] = _related(value, getattr(statement, "annotation", None))
            mapped = mapped or code.is_call_of(owner.module, value, "mapped_column")
    return OrmClass(found, table, columns, many, mapped)


def _related(call: ast.Call, annotation: ast.expr | None) -> str:
    if call.args:
        return dotted_name(call.args[0]).rpartition(".")[2]
    names = [n.id for n in walked(annotation) if isinstance(n, ast.Name)] if annotation else []
    quoted = [n.value for n in walked(annotation) if isinstance(n, ast.Constant)] if annotation else []
    return next((str(n) for n in [*quoted, *reversed(names)]), "")


def _column(code: Code, module: Module, name: str, statement: ast.stmt | None) -> Column | None:
    value = getattr(statement, "value", None)
    annotation = getattr(statement, "annotation", None)
    is_mapped = annotation is not None and "Mapped[" in ast.unparse(annotation)
    if code.is_call_of(module, value, "relationship") or (annotation and "relationship" in ast.unparse(annotation)):
        return None
    if not code.is_call_of(module, value, *_COLUMN_CALLS) and not is_mapped:
        return None
    call = value if isinstance(value, ast.Call) else None
    text = f"{ast.unparse(annotation) if annotation else ''} {ast.unparse(call) if call else ''}"
    nullable = keyword(call, "nullable") if call else None
    primary = "primary_key=True" in text
    if isinstance(nullable, ast.Constant):
        is_nullable = bool(nullable.value)
    else:
        is_nullable = ("None" in text or "Optional" in text) if is_mapped else not primary
    return Column(
        name=name,
        call=call,
        unique="unique=True" in text.replace(" ", ""),
        foreign_table=_foreign_table(code, module, call),
        nullable=is_nullable,
        is_text="String" in text or "Text" in text or "str" in text,
    )


def _foreign_table(code: Code, module: Module, call: ast.Call | None) -> str:
    for node in walked(call) if call else ():
        if isinstance(node, ast.Call) and code.is_call_of(module, node, "ForeignKey") and node.args:
            return (code.text(module, node.args[0]) or dotted_name(node.args[0])).rpartition(".")[0]
    return ""


def database_kind(code: Code, has_base: bool) -> Database:
    """What the application stores its data with."""
    roots, calls = set(), set()
    for module in code.modules.values():
        roots |= {target.split(".")[0] for target, _ in module.imports.values()}
        calls |= {name for _, name in module.imports.values()}
    if "sqlmodel" in roots:
        return "other"
    if "sqlalchemy" in roots and (has_base or calls & {"create_engine", "create_async_engine"}):
        if not has_base:
            return "other"
        return "sqlalchemy_async" if calls & {"create_async_engine", "async_sessionmaker"} else "sqlalchemy_sync"
    return "other" if roots & _OTHER else "none"


def session_dependencies(code: Code) -> list[Found]:
    """Functions that yield a session, then `Annotated` aliases made of them."""
    functions = [
        Found(module, node.name, node)
        for module in code.modules.values()
        for node in module.tree.body
        if isinstance(node, Function) and _yields_session(code, module, node)
    ]
    nodes = [f.node for f in functions]
    aliases = []
    for module in code.modules.values():
        for name, value in module.definitions.items():
            target = depends_target(code, module, value) if isinstance(value, ast.expr) else None
            if target and target.node in nodes:
                aliases.append(Found(module, name, value))
    return [*functions, *aliases]


def _yields_session(code: Code, module: Module, node: Function) -> bool:
    if not any(isinstance(n, ast.Yield) for n in walked(node)):
        return False
    if node.returns and any(t in ast.unparse(node.returns) for t in _SESSION_TYPES):
        return True
    for call in (n for n in walked(node) if isinstance(n, ast.Call)):
        found = code.find(module, call.func)
        if found and isinstance(found.node, ast.expr):
            makes = code.is_call_of(found.module, found.node, "sessionmaker", "async_sessionmaker", "scoped_session")
            if makes:
                return True
        if code.origin(module, call.func).rpartition(".")[2] in _SESSION_TYPES:
            return True
    return False


def depends_target(code: Code, module: Module, node: ast.expr | None, depth: int = 8) -> Found | None:
    """What `Depends(x)`, `Security(x)` or an annotation carrying one points at; aliases followed."""
    if node is None or not depth:
        return None
    if isinstance(node, ast.Name | ast.Attribute):
        found = code.find(module, node)
        if not found or found.node is node or not isinstance(found.node, ast.Subscript):
            return None
        return depends_target(code, found.module, found.node, depth - 1)
    for inner in walked(node):
        if isinstance(inner, ast.Call) and code.is_call_of(module, inner, "Depends", "Security") and inner.args:
            target = inner.args[0]
            return code.find(module, target.func if isinstance(target, ast.Call) else target)
    return None
