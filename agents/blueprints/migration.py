"""Alembic migrations written from the specification: named constraints, reversible, equal to the models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.blueprints.checks import check_resource
from agents.blueprints.fields import FieldCode
from agents.blueprints.fragments import Style
from agents.blueprints.names import literal
from agents.blueprints.relations import Links, Parent, links, target_named
from agents.blueprints.render import render_python
from agents.blueprints.spec import BlockName, FeatureSpec, LoginPart, ResourceSpec
from agents.blueprints.view import View, view


@dataclass(frozen=True, slots=True)
class _Steps:
    """What one table needs, and how to undo it."""

    up: list[str]
    down: list[str]


def migration(
    spec: FeatureSpec, style: Style, *, revision: str, down_revision: str | None, message: str, users: bool = False
) -> str:
    """The migration that brings a database to `spec`: new tables, columns added to existing ones, association tables.

    Args:
        users: also create the table of the login's accounts.

    Raises:
        NotUnderstood: the specification cannot be rendered.
    """
    steps = _users(spec.login_parts) if users else []
    steps += [make() for name, make in _BLOCK_TABLES.items() if any(block.name == name for block in spec.blocks)]
    for resource in by_dependency(spec):
        check_resource(resource, spec)
        shown = view(resource, spec, style)
        steps.append(_added_columns(shown) if resource.exists else _new_table(shown))
    for resource in spec.resources:
        table = target_named(resource.name, spec, style).table
        steps += [_association(resource, table, link) for link in links(resource, spec, style)]
    return render_python(
        "app/migration.py.j2",
        message=message,
        revision=revision,
        down_revision=down_revision,
        upgrade=[line for step in steps for line in step.up],
        downgrade=[line for step in reversed(steps) for line in step.down],
    )


def by_dependency(spec: FeatureSpec) -> list[ResourceSpec]:
    """Resources with the targets of their relations before them; circles keep the order given."""
    ordered: list[ResourceSpec] = []
    waiting = list(spec.resources)
    while waiting:
        names = {resource.name for resource in waiting}
        ready = [r for r in waiting if not _targets(r) & (names - {r.name})] or waiting[:1]
        ordered += ready
        waiting = [r for r in waiting if r not in ready]
    return ordered


def _targets(resource: ResourceSpec) -> set[str]:
    return {relation.target for relation in resource.relations}


def _new_table(v: View) -> _Steps:
    table = v.target.table
    lines = [_column("id", "Integer", nullable=False)]
    lines += [_field_column(f) for f in v.fields]
    lines += [_column("owner_id", "Integer", nullable=False)] if v.owned else []
    lines += [_column("version", "Integer", nullable=False)] if v.versioned else []
    lines += [_column("deleted_at", "DateTime(timezone=True)", nullable=True)] if v.soft else []
    lines += [_column(p.column, "Integer", nullable=p.nullable) for p in v.parents]
    if v.style.timestamps:
        lines.append(_column("created_at", "DateTime(timezone=True)", nullable=False, default="sa.func.now()"))
    lines += [_foreign_key(table, p) for p in v.parents]
    lines += [_owner_key(table, v.style.users_table)] if v.owned else []
    lines.append(f"sa.PrimaryKeyConstraint({literal('id')}, name=op.f({literal(f'pk_{table}')}))")
    owner = ("owner_id",) if v.owned else ()
    lines += [_unique(table, (*owner, f.name)) for f in v.fields if f.spec.unique]
    indexed = [f.name for f in v.fields if f.index] + [*owner, *(p.column for p in v.parents)]
    indexed += ["deleted_at"] if v.soft else []
    up, down = [_create_table(table, lines)], [f"op.drop_table({literal(table)})"]
    for name in indexed:
        up.append(_create_index(table, name))
        down.insert(0, _drop_index(table, name))
    return _Steps(up, down)


def _unique(table: str, columns: tuple[str, ...]) -> str:
    named = ", ".join(map(literal, columns))
    return f"sa.UniqueConstraint({named}, name=op.f({literal(f'uq_{table}_' + '_'.join(columns))}))"


def _owner_key(table: str, users: str) -> str:
    name = literal(f"fk_{table}_owner_id_{users}")
    return f'sa.ForeignKeyConstraint(["owner_id"], [{literal(f"{users}.id")}], name=op.f({name}), ondelete="CASCADE")'


def _added_columns(v: View) -> _Steps:
    """Plain `ADD COLUMN` where SQLite can do it, a batch where a foreign key comes along."""
    table, up, down = v.target.table, list[str](), list[str]()
    for field in v.fields:
        up.append(f"op.add_column({literal(table)}, {_field_column(field)})")
        if field.spec.unique or field.index:
            up.append(_create_index(table, field.name, unique=field.spec.unique))
        down.insert(0, _batch(table, [f"batch.drop_column({literal(field.name)})"]))
        if field.spec.unique or field.index:
            down.insert(0, _drop_index(table, field.name))
    for parent in v.parents:
        name = f"fk_{table}_{parent.column}_{parent.target.table}"
        key = f"op.f({literal(name)}), {literal(parent.target.table)}, [{literal(parent.column)}], [{literal('id')}]"
        add = f"batch.add_column({_column(parent.column, 'Integer', nullable=True)})"
        foreign = f"batch.create_foreign_key({key}, ondelete={literal(parent.on_delete)})"
        up += [_batch(table, [add, foreign]), _create_index(table, parent.column)]
        drop = f'batch.drop_constraint(op.f({literal(name)}), type_="foreignkey")'
        down.insert(0, _batch(table, [drop, f"batch.drop_column({literal(parent.column)})"]))
        down.insert(0, _drop_index(table, parent.column))
    return _Steps(up, down)


def _association(resource: ResourceSpec, table: str, link: Links) -> _Steps:
    left, right = f"{resource.name}_id", f"{link.target.name}_id"
    lines = [_column(left, "Integer", nullable=False), _column(right, "Integer", nullable=False)]
    for column, target in ((left, table), (right, link.target.table)):
        name = literal(f"fk_{link.table}_{column}_{target}")
        lines.append(
            f"sa.ForeignKeyConstraint([{literal(column)}], [{literal(f'{target}.id')}], name=op.f({name}), "
            'ondelete="CASCADE")'
        )
    lines.append(
        f"sa.PrimaryKeyConstraint({literal(left)}, {literal(right)}, name=op.f({literal(f'pk_{link.table}')}))"
    )
    return _Steps(
        [_create_table(link.table, lines), _create_index(link.table, right)],
        [_drop_index(link.table, right), f"op.drop_table({literal(link.table)})"],
    )


def _users(parts: Sequence[LoginPart]) -> list[_Steps]:
    lines = [
        _column("id", "Integer", nullable=False),
        _column("email", "String(320)", nullable=False),
        _column("password_hash", "String(255)", nullable=False),
        *([_column("role", "String(20)", nullable=False, default='"user"')] if "roles" in parts else []),
        *([_column("token_version", "Integer", nullable=False, default='"0"')] if "password" in parts else []),
        _column("created_at", "DateTime(timezone=True)", nullable=False, default="sa.func.now()"),
        'sa.PrimaryKeyConstraint("id", name=op.f("pk_users"))',
        'sa.UniqueConstraint("email", name=op.f("uq_users_email"))',
    ]
    users = _table("users", lines)
    return [users, _refresh_tokens()] if "refresh" in parts else [users]


def _refresh_tokens() -> _Steps:
    table = "refresh_tokens"
    foreign = 'op.f("fk_refresh_tokens_user_id_users")'
    lines = [
        _column("id", "Integer", nullable=False),
        _column("user_id", "Integer", nullable=False),
        _column("family", "String(32)", nullable=False),
        _column("digest", "String(64)", nullable=False),
        _column("expires_at", "DateTime(timezone=True)", nullable=False),
        _column("used_at", "DateTime(timezone=True)", nullable=True),
        f'sa.ForeignKeyConstraint(["user_id"], ["users.id"], name={foreign}, ondelete="CASCADE")',
        'sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_tokens"))',
        'sa.UniqueConstraint("digest", name=op.f("uq_refresh_tokens_digest"))',
    ]
    return _table(table, lines, "user_id", "family")


def _table(table: str, lines: list[str], *indexed: str) -> _Steps:
    """A table with an index on each of these columns."""
    up = [_create_table(table, lines), *(_create_index(table, name) for name in indexed)]
    return _Steps(up, [*(_drop_index(table, name) for name in reversed(indexed)), f"op.drop_table({literal(table)})"])


def _idempotency_keys() -> _Steps:
    table = "idempotency_keys"
    lines = [
        _column("name", "String(64)", nullable=False),
        _column("content", "String(64)", nullable=False),
        _column("status", "Integer", nullable=True),
        _column("content_type", "String(100)", nullable=True),
        _column("body", "LargeBinary", nullable=True),
        _column("created_at", "DateTime(timezone=True)", nullable=False),
        f'sa.PrimaryKeyConstraint("name", name=op.f("pk_{table}"))',
    ]
    return _table(table, lines, "created_at")


def _webhook_events() -> _Steps:
    table = "webhook_events"
    lines = [
        _column("id", "String(100)", nullable=False),
        _column("content", "Text", nullable=False),
        _column("received_at", "DateTime(timezone=True)", nullable=False),
        f'sa.PrimaryKeyConstraint("id", name=op.f("pk_{table}"))',
    ]
    return _table(table, lines, "received_at")


def _export_jobs() -> _Steps:
    table = "export_jobs"
    lines = [
        _column("id", "String(32)", nullable=False),
        _column("kind", "String(100)", nullable=False),
        _column("status", "String(10)", nullable=False),
        _column("attempts", "Integer", nullable=False),
        _column("due_at", "DateTime(timezone=True)", nullable=False),
        _column("created_at", "DateTime(timezone=True)", nullable=False),
        _column("content", "Text", nullable=True),
        f'sa.PrimaryKeyConstraint("id", name=op.f("pk_{table}"))',
    ]
    return _table(table, lines, "due_at")


def _scheduled_counts() -> _Steps:
    table = "scheduled_counts"
    lines = [
        _column("kind", "String(100)", nullable=False),
        _column("due_at", "DateTime(timezone=True)", nullable=False),
        _column("number", "Integer", nullable=False),
        f'sa.PrimaryKeyConstraint("kind", "due_at", name=op.f("pk_{table}"))',
    ]
    return _table(table, lines)


def _webhook_deliveries() -> _Steps:
    table = "webhook_deliveries"
    lines = [
        _column("id", "String(40)", nullable=False),
        _column("kind", "String(100)", nullable=False),
        _column("type", "String(120)", nullable=False),
        _column("content", "Text", nullable=False),
        _column("status", "String(10)", nullable=False),
        _column("attempts", "Integer", nullable=False),
        _column("due_at", "DateTime(timezone=True)", nullable=False),
        _column("created_at", "DateTime(timezone=True)", nullable=False),
        f'sa.PrimaryKeyConstraint("id", name=op.f("pk_{table}"))',
    ]
    return _table(table, lines, "due_at")


_BLOCK_TABLES: dict[BlockName, Callable[[], _Steps]] = {
    "idempotency": _idempotency_keys,
    "webhooks": _webhook_events,
    "jobs": _export_jobs,
    "schedule": _scheduled_counts,
    "outgoing_webhooks": _webhook_deliveries,
}


def _field_column(field: FieldCode) -> str:
    default = literal(field.server_default) if field.server_default is not None else ""
    return _column(field.name, field.column_type, nullable=field.nullable, default=default)


def _column(name: str, kind: str, *, nullable: bool, default: str = "") -> str:
    made = f"sa.{kind}" if kind.endswith(")") else f"sa.{kind}()"
    server = f", server_default={default}" if default else ""
    return f"sa.Column({literal(name)}, {made}{server}, nullable={nullable})"


def _foreign_key(table: str, parent: Parent) -> str:
    name = literal(f"fk_{table}_{parent.column}_{parent.target.table}")
    target = literal(f"{parent.target.table}.id")
    return (
        f"sa.ForeignKeyConstraint([{literal(parent.column)}], [{target}], name=op.f({name}), "
        f"ondelete={literal(parent.on_delete)})"
    )


def _create_table(table: str, lines: list[str]) -> str:
    return f"op.create_table(\n    {literal(table)},\n" + "".join(f"    {line},\n" for line in lines) + ")"


def _create_index(table: str, column: str, *, unique: bool = False) -> str:
    extra = ", unique=True" if unique else ""
    return f"op.create_index(op.f({literal(f'ix_{table}_{column}')}), {literal(table)}, [{literal(column)}]{extra})"


def _drop_index(table: str, column: str) -> str:
    return f"op.drop_index(op.f({literal(f'ix_{table}_{column}')}), table_name={literal(table)})"


def _batch(table: str, lines: list[str]) -> str:
    return f"with op.batch_alter_table({literal(table)}) as batch:\n" + "\n".join(f"    {line}" for line in lines)
