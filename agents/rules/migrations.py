"""Tables and columns that no migration makes."""

import ast
import re
from collections.abc import Iterator

from agents.reading.orm import Column, OrmClass
from agents.rules.project import Project
from agents.rules.reach import served_code, started_code
from agents.rules.rule import Hit, Rule, hit

_QUOTED = re.compile(r"[\"']([A-Za-z_][A-Za-z0-9_.]*)[\"']")


def _revisions(project: Project) -> str:
    """The text of every Alembic revision; empty when there are none, or when one makes all tables from the models."""
    folders = {f.rpartition("/")[0] for f in project.files if f.endswith("script.py.mako")}
    texts = [
        project.read(f)
        for f in project.files
        if f.endswith(".py") and any(f.startswith(f"{d}/" if d else "") for d in folders)
    ]
    revisions = [t for t in texts if re.search(r"^down_revision\b", t, re.MULTILINE)]
    joined = "\n".join(revisions)
    return "" if "create_all" in joined or "read_text" in joined or ".sql" in joined else joined


def not_migrated(project: Project) -> Iterator[Hit]:
    """A mapped class or column whose name is in no revision."""
    text = _revisions(project) if project.tables else ""
    if not text:
        return
    known = {name.rpartition(".")[2] for name in _QUOTED.findall(text)}
    if not any(table.table in known for table in project.tables):
        return
    for table in project.tables:
        if table.table and table.table not in known:
            scope = project.views[table.found.module.file].by_node[table.found.node]
            yield hit(
                scope,
                table.found.node,
                f"No migration makes the table `{table.table}`: after a deployment every query on {table.name} fails. "
                "Run `alembic revision --autogenerate`.",
            )
        elif table.table:
            yield from _columns(project, table, known)


def _columns(project: Project, table: OrmClass, known: set[str]) -> Iterator[Hit]:
    for column in table.columns:
        name = _name(column)
        if name in known:
            continue
        for ancestor in project.code.ancestry(table.found):
            for node in ancestor.node.body if isinstance(ancestor.node, ast.ClassDef) else ():
                target = (
                    node.target
                    if isinstance(node, ast.AnnAssign)
                    else node.targets[0]
                    if isinstance(node, ast.Assign)
                    else None
                )
                if isinstance(target, ast.Name) and target.id == column.name and ancestor.node is table.found.node:
                    scope = project.views[ancestor.module.file].by_node[ancestor.node]
                    yield hit(
                        scope,
                        node,
                        f"No migration adds the column `{table.table}.{name}`: after a deployment every query on "
                        f"{table.name} fails. Run `alembic revision --autogenerate`.",
                    )


def _name(column: Column) -> str:
    """The name in the database: given as text, else the attribute's."""
    first = column.call.args[0] if column.call and column.call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else column.name


def made_beside(project: Project) -> Iterator[Hit]:
    """`create_all` in a project that has migrations."""
    if not any(f.endswith("script.py.mako") for f in project.files) or not _revisions(project):
        return
    running = [*started_code(project), *served_code(project), *(view.top for view in project.views.values())]
    for scope in dict.fromkeys(running):
        for node in scope.own(ast.Attribute):
            if (
                node.attr == "create_all"
                and ast.unparse(node.value).endswith("metadata")
                and not _is_script(scope.module.file)
            ):
                yield hit(
                    scope,
                    node,
                    "`create_all` makes tables that the migrations do not know: the next `alembic upgrade` fails "
                    "because they exist, and changes to existing tables are never made. Leave the tables to Alembic.",
                )


def _is_script(file: str) -> bool:
    return bool(re.search(r"(^|/)(scripts?|tools|seed|cli|fixtures|examples?)(/|\.py$)|conftest|test", file))


RULES = (
    Rule("GL414", "model-without-migration", "error", not_migrated),
    Rule("GL415", "tables-made-beside-migrations", "warning", made_beside),
)
