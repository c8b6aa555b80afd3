"""Many-to-many links added to a resource the application has: table, relationship, schemas, and storing by name."""

import ast

import libcst as cst

from agents.blueprints.bench import Bench
from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of, with_keywords
from agents.blueprints.cst_imports import add_imports
from agents.blueprints.extend_handlers import creations, functions_of, owner_of
from agents.blueprints.extend_listing import LinkFilter
from agents.blueprints.extend_schemas import Lines, add_lines, extend_schemas, needed
from agents.blueprints.fragments import Fragment, Style
from agents.blueprints.names import literal, sentence, words
from agents.blueprints.relations import Links
from agents.errors import NotUnderstood
from agents.reading.modules import Found, walked
from agents.reading.orm import OrmClass
from agents.reading.resources import Collection

_VALIDATOR = '''
@field_validator("{name}", mode="before")
@classmethod
def {target}_keys(cls, value: list[Any]) -> list[str]:
    """{title} are answered by their {key}."""
    return sorted(item if isinstance(item, str) else item.{key} for item in value)
'''
_HELPER = '''
{a}def {plural}_named(session: {session}, keys: list[str]) -> list[{cls}]:
    """The {words} of those names; {unknown}."""
    rows = {w}session.scalars(select({cls}).where({cls}.{key}.in_(keys)))
    found = {{row.{key}: row for row in rows}}
'''
_MAKE = "    return [found.get(key) or {cls}({key}=key) for key in dict.fromkeys(keys)]\n"
_REFUSE = """    missing = [key for key in keys if key not in found]
    if missing:
        raise HTTPException(status_code=422, detail=f"Unknown {words}: {{', '.join(missing)}}")
    return list(found.values())
"""


def extend_links(bench: Bench, collection: Collection, link: Links, association: Fragment, style: Style) -> LinkFilter:
    """Add the links; how lists are filtered by them.

    Raises:
        NotUnderstood: a handler stores its fields in a way that cannot be extended with certainty.
    """
    model = needed(collection.model, collection, "ORM class")
    _extend_model(bench, collection, model, link, association, style)
    extend_schemas(bench, collection, _lines(link))
    store = _Store(bench, collection, model, link, style)
    store.on_create()
    store.on_update()
    module = link.target.model.module
    return LinkFilter(link.target.name, link.name, link.target.model.name, link.key,
                      f"from {module} import {link.target.model.name}" if module else "")  # fmt: skip


def _extend_model(
    bench: Bench, collection: Collection, model: OrmClass, link: Links, association: Fragment, style: Style
) -> None:
    edit = bench.edit(model.found.module.file)
    add_imports(edit, association.imports)
    edit.insert(edit.index_of(model.name), association.body)
    target = link.target.model
    other = next((c for c in bench.app.models if c.name == target.name), None)
    taken = other is not None and collection.resource.plural in other.many_to_many
    back = "" if style.foreign_keys or taken else f", backref={literal(collection.resource.plural)}"
    arguments = f'secondary={link.table}, lazy="selectin"{back}'
    line = f'{link.name} = relationship("{target.name}", {arguments})'
    if model.mapped_style:
        near = target.module in ("", edit.module) or _imports_back(bench, other, model)
        written = f'"{target.name}"' if near else target.name
        line = f"{link.name}: Mapped[list[{written}]] = relationship({arguments})"
        if not near:
            add_imports(edit, [f"from {target.module} import {target.name}"])
    add_lines(edit, model.name, line, blank=True)


def _imports_back(bench: Bench, other: OrmClass | None, model: OrmClass) -> bool:
    """The target's module imports the model's module, so importing it in return would be a circle."""
    if other is None:
        return False
    return model.found.module.name in {source for source, _ in other.found.module.imports.values()}


def _lines(link: Links) -> Lines:
    title, key = sentence(words(link.target.plural)), link.key
    return Lines(
        create=f"{link.name}: list[{link.item}] = Field(default_factory=list, max_length=50)",
        update=f"{link.name}: list[{link.item}] | None = Field(default=None, max_length=50)",
        read=f"{link.name}: list[str]",
        same=False,
        nullable=False,
        validator=_VALIDATOR.format(name=link.name, target=link.target.name, title=title, key=key).strip(),
    )


class _Store:
    """Makes create and update handlers turn names into rows."""

    def __init__(self, bench: Bench, collection: Collection, model: OrmClass, link: Links, style: Style) -> None:
        self.bench, self.collection, self.model, self.link, self.style = bench, collection, model, link, style

    def on_create(self) -> None:
        endpoint = self.collection.endpoints.get("create")
        if endpoint is None:
            return
        for function in functions_of(self.bench, endpoint):
            for call in creations(self.bench, function, self.model):
                self._created(function, call)
                return
        raise self._unclear(endpoint.module.file, endpoint.node)

    def _created(self, function: Found, call: cst.Call) -> None:
        edit = self.bench.edit(function.module.file)
        node = edit.function_named(function.name)
        statement = _statement_around(node, call)
        variable = _assigned_name(statement)
        dump = next((a.value for a in call.args if a.star == "**"), None)
        owner = _dumped(dump) if dump is not None else owner_of(call)
        if statement is None or not variable or not owner:
            raise edit.refuse(
                node, function.name, f"how it makes a {self.model.name} is not plain enough for {self.link.name}"
            )
        changed = statement.deep_replace(dump, self._without(dump)) if isinstance(dump, cst.Call) else statement
        line = f"{variable}.{self.link.name} = {self._call(function, f'{owner}.{self.link.name}')}"
        _follow(edit, statement, changed, line)
        self._helper(function)

    def on_update(self) -> None:
        endpoint = self.collection.endpoints.get("update")
        if endpoint is None:
            return
        for function in functions_of(self.bench, endpoint):
            if self._updated(function):
                return
        raise self._unclear(endpoint.module.file, endpoint.node)

    def _updated(self, function: Found) -> bool:
        edit = self.bench.edit(function.module.file)
        name = self.link.name
        loop = _setattr_loop(edit.function_named(function.name))
        if loop:
            dumps = [c for c in find_all(edit.function_named(function.name).body, cst.Call) if _dumped(c)]
            if len(dumps) != 1:
                return False
            owner = _dumped(dumps[0])
            edit.replace(dumps[0], self._without(dumps[0]))
            loop = _setattr_loop(edit.function_named(function.name))
        if not loop:
            return False
        item, statement = loop
        given = f"{owner}.{name}"
        line = f"if {given} is not None:\n    {item}.{name} = {self._call(function, given)}"
        _follow(edit, statement, statement, line)
        self._helper(function)
        return True

    def _without(self, dump: cst.CSTNode) -> cst.Call:
        call = cst.ensure_type(dump, cst.Call)
        given = next((a for a in call.args if a.keyword and a.keyword.value == "exclude"), None)
        if given is None:
            return with_keywords(call, {"exclude": f"{{{literal(self.link.name)}}}"})
        if not isinstance(given.value, cst.Set):
            raise NotUnderstood(self.link.name, f"`{code_of(call)}` excludes something that is no literal set.")
        elements = [*given.value.elements, cst.Element(cst.SimpleString(literal(self.link.name)))]
        return cst.ensure_type(call.deep_replace(given.value, given.value.with_changes(elements=elements)), cst.Call)

    def _call(self, function: Found, keys: str) -> str:
        session = session_of(function)
        if not session:
            raise self._unclear(function.module.file, function.node)
        wait = "await " if isinstance(function.node, ast.AsyncFunctionDef) and self._asynchronous else ""
        return f"{wait}{self.link.name}_named({session}, {keys})"

    @property
    def _asynchronous(self) -> bool:
        return self.style.database != "sqlalchemy_sync"

    def _helper(self, function: Found) -> None:
        edit = self.bench.edit(function.module.file)
        target, link = self.link.target, self.link
        if f"{link.name}_named" in edit.names():
            return
        kind = "AsyncSession" if self._asynchronous else "Session"
        text = _HELPER + (_MAKE if link.creatable else _REFUSE)
        body = text.format(
            a="async " if self._asynchronous else "", w="await " if self._asynchronous else "", plural=link.name,
            session=kind, cls=target.model.name, words=words(target.plural), key=link.key,
            unknown="unknown ones are made" if link.creatable else "unknown ones are refused",
        )  # fmt: skip
        source = "sqlalchemy.ext.asyncio" if self._asynchronous else "sqlalchemy.orm"
        imports = [f"from {source} import {kind}", "from sqlalchemy import select"]
        imports += [f"from {target.model.module} import {target.model.name}"] if target.model.module else []
        imports += [] if link.creatable else ["from fastapi import HTTPException"]
        add_imports(edit, imports)
        edit.insert(edit.index_of(function.name.partition(".")[0]), body)

    def _unclear(self, file: str, node: ast.AST) -> NotUnderstood:
        place = f"{file}:{getattr(node, 'lineno', 1)}"
        why = f"{place}: how it stores fields is not plain enough to add {words(self.link.name)} by rule."
        return NotUnderstood(words(self.link.name), why)


def session_of(function: Found) -> str:
    """The expression a function reaches its session by (`db`, `self._session`), empty when it uses none."""
    for node in walked(function.node):
        used = node.func if isinstance(node, ast.Call) else None
        if isinstance(used, ast.Attribute) and used.attr in ("add", "commit", "flush", "refresh"):
            return ast.unparse(used.value)
    return ""


def _dumped(node: cst.CSTNode | None) -> str:
    """`data` of `data.model_dump(...)`."""
    if (
        isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and node.func.attr.value in ("model_dump", "dict")
    ):
        return code_of(node.func.value)
    return ""


def _statement_around(function: cst.FunctionDef, node: cst.CSTNode) -> cst.SimpleStatementLine | None:
    lines = find_all(function.body, cst.SimpleStatementLine)
    for line in lines:
        if any(n is node for n in find_all(line, cst.Call)):
            return line
    return None


def _assigned_name(line: cst.SimpleStatementLine | None) -> str:
    small = line.body[0] if line else None
    if isinstance(small, cst.Assign) and isinstance(small.targets[0].target, cst.Name):
        return small.targets[0].target.value
    if isinstance(small, cst.AnnAssign) and isinstance(small.target, cst.Name):
        return small.target.value
    return ""


def _setattr_loop(function: cst.FunctionDef) -> tuple[str, cst.For] | None:
    """The loop that sets attributes, and the variable it sets them on."""
    for loop in find_all(function.body, cst.For):
        for call in find_all(loop, cst.Call):
            if code_of(call.func) == "setattr" and call.args:
                return code_of(call.args[0].value), loop
    return None


def _follow(edit: FileEdit, statement: cst.CSTNode, changed: cst.CSTNode, code: str) -> None:
    """Replace a statement and put another one after it."""
    new = cst.parse_statement(code, edit.tree.config_for_parsing)
    edit.replace(statement, cst.FlattenSentinel([changed, new]))
