"""Making new modules known: the router included beside its siblings, the model imported where models are."""

import libcst as cst

from agents.blueprints.bench import Bench
from agents.blueprints.cst_edits import FileEdit, find_all
from agents.blueprints.cst_handlers import code_of
from agents.blueprints.cst_imports import add_imports, bound_names
from agents.blueprints.place_app import before_end
from agents.blueprints.place_style import Layout
from agents.errors import NotUnderstood


def register_router(bench: Bench, layout: Layout, dotted: str) -> None:
    """Include the `router` of a new module the way its siblings are.

    Raises:
        NotUnderstood: no application object or include to put it beside.
    """
    main, include = bench.app.web.app, layout.sibling
    if main is None:
        raise NotUnderstood(dotted, "There is no application object to include the router in.")
    if include is None:
        _first_include(bench, dotted)
        return
    edit = bench.edit(include.module.file)
    code = code_of(_statement_at(edit, include.line))
    call = _include_call(cst.parse_statement(code.strip("\n").lstrip())) if "for " not in code.lstrip()[:4] else None
    if call is None or not call.args:
        _grow_loop(edit, _statement_at(edit, include.line), dotted)
        return
    name = _import_router(edit, dotted, code_of(call.args[0].value))
    statement = next(n for n in _lines(edit) if code_of(n) == code)
    mounted = bool(include.prefix) and layout.mount.endswith(include.prefix or "")
    edit.replace(statement, cst.FlattenSentinel([statement, _copied(statement, name, mounted)]))


def _copied(statement: cst.CSTNode, name: str, mounted: bool) -> cst.CSTNode:
    """The include statement for another router: same prefix where it is the application's, no tags."""
    call = _include_call(statement)
    if call is None:
        return statement
    kept = [
        a for a in call.args[1:] if a.keyword and (a.keyword.value != "prefix" or mounted) and a.keyword.value != "tags"
    ]
    args = [call.args[0].with_changes(value=cst.parse_expression(name)), *kept]
    args[-1] = args[-1].with_changes(comma=call.args[-1].comma)
    new = statement.with_deep_changes(call, args=args)
    return new.with_changes(leading_lines=(), trailing_whitespace=cst.TrailingWhitespace())


def _lines(edit: FileEdit) -> list[cst.CSTNode]:
    return list(find_all(edit.tree, cst.SimpleStatementLine))


def _first_include(bench: Bench, dotted: str) -> None:
    main = bench.app.web.app
    if main is None:
        raise NotUnderstood(dotted, "There is no application object to include the router in.")
    edit = bench.edit(main.key.file)
    edit.own |= {dotted.split(".")[0]}
    name = _import_router(edit, dotted, "")
    before_end(bench, f"{{app}}.include_router({name})")


def _import_router(edit: FileEdit, dotted: str, sibling: str) -> str:
    """Import the new router as its sibling is imported; the expression that names it."""
    parent, _, stem = dotted.rpartition(".")
    origin = bound_names(edit).get(sibling.partition(".")[0], "")
    if sibling.endswith(".router") or not sibling:
        if sibling.count(".") > 1 or (parent and origin == parent):
            return f"{sibling.partition('.')[0]}.{stem}.router"
        renamed = add_imports(edit, [f"from {parent} import {stem}" if parent else f"import {stem}"])
        return f"{renamed.get(stem, stem)}.router"
    alias = f"{stem}_router"
    del origin
    add_imports(edit, [f"from {dotted} import router as {alias}"])
    return alias


def _statement_at(edit: FileEdit, line: int) -> cst.CSTNode:
    """The statement at a line of the file as it was read; edits above it so far are none."""
    hits: list[cst.CSTNode] = [*edit.at_line(line, cst.SimpleStatementLine)]
    hits = hits or [loop for loop in find_all(edit.tree, cst.For) if "include_router" in code_of(loop.body)]
    if not hits:
        raise NotUnderstood(edit.path, f"{edit.path}:{line}: the include_router call could not be found again.")
    return hits[0]


def _include_call(statement: cst.CSTNode) -> cst.Call | None:
    if not isinstance(statement, cst.SimpleStatementLine):
        return None
    calls = find_all(statement, cst.Call)
    return next((c for c in calls if code_of(c.func).endswith(".include_router")), None)


def _grow_loop(edit: FileEdit, statement: cst.CSTNode, dotted: str) -> None:
    """`for router in (a.router, b.router)`: one more element."""
    loop = statement if isinstance(statement, cst.For) else None
    items = loop.iter if loop else None
    if not isinstance(items, cst.Tuple | cst.List) or not items.elements:
        raise edit.refuse(statement, dotted, "routers are included here in a way that cannot be extended by rule")
    before = code_of(items.elements[-1].value)
    name = _import_router(edit, dotted, before)
    elements = [*items.elements, cst.Element(cst.parse_expression(name))]
    edit.replace(items, items.with_changes(elements=elements))


def register_model(bench: Bench, dotted: str, name: str) -> None:
    """Import a new model where its siblings are imported to be known: the models package, Alembic's env."""
    siblings = {c.found.module.name for c in bench.app.models}
    package = dotted.rpartition(".")[0]
    init = next(
        (f for f, mod in bench.app.code.modules.items() if mod.name == package and f.endswith("__init__.py")), None
    )
    candidates = [init] if init else []
    if bench.profile.alembic:
        env = bench.profile.alembic.rpartition("/")[0] + "/env.py"
        candidates += [env] if env in bench.source.files() else []
    for path in candidates:
        edit = bench.edit(path)
        known = [origin.rpartition(".")[0] for origin in bound_names(edit).values()]
        direct = set(bound_names(edit).values())
        if siblings & set(known):
            add_imports(edit, [f"from {dotted} import {name}"])
            _export(edit, name)
            return
        if siblings & direct:
            add_imports(edit, [f"from {package} import {dotted.rpartition('.')[2]}"])
            return


def _export(edit: FileEdit, name: str) -> None:
    """Add to `__all__`, sorted if it was."""
    for assign in (a for a in find_all(edit.tree, cst.Assign) if code_of(a.targets[0].target) == "__all__"):
        value = assign.value
        if isinstance(value, cst.List | cst.Tuple):
            names = [code_of(e.value) for e in value.elements]
            new = cst.Element(cst.SimpleString(f'"{name}"'))
            index = sum(n < f'"{name}"' for n in names) if names == sorted(names) else len(names)
            code = ", ".join([*names[:index], code_of(new), *names[index:]])
            edit.replace(value, cst.parse_expression(f"[{code}]" if isinstance(value, cst.List) else f"({code})"))
            return
