# mypy: ignore-errors
"""Runs inside the container as the service's user: takes the database up and down, empty and with rows in it."""

import datetime
import decimal
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
REVISION_TABLE = "alembic_version"
USUAL = (
    "fastapi", "pydantic_settings", "sqlmodel", "sqlalchemy.ext.asyncio",
    "aiosqlite", "asyncpg", "psycopg", "psycopg2",
    "sqlalchemy.dialects.sqlite.aiosqlite", "sqlalchemy.dialects.postgresql.asyncpg",
)  # fmt: skip
"""What models and their settings import, when it is installed: every step would do so again."""


def tell(**record):
    sys.stdout.write("%s %s\n" % (task["nonce"], json.dumps(record)))
    sys.stdout.flush()


def preload():
    """Import what every step needs once; whether copies of this process can be the steps."""
    try:
        for name in ("sqlalchemy", "alembic.command", "alembic.config", "alembic.autogenerate"):
            importlib.import_module(name)
    except Exception:  # noqa: BLE001 - whatever it is, a step of its own tells it
        return False
    for name in USUAL:
        if name not in sys.modules and not is_ours(name.partition(".")[0]):
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001 - a step that needs it tells it
                continue
    return hasattr(os, "fork") and len(os.listdir("/proc/self/task")) == 1


def is_ours(name):
    """The repository has a module of that name."""
    return any(os.path.exists(os.path.join(folder, name + end)) for folder in (".", "src") for end in ("", ".py"))


def alembic(*arguments):
    """Exit code and the end of what it printed."""
    if not preload():
        done = subprocess.run(
            [sys.executable, "-m", "alembic", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=task["step_s"], errors="replace", check=False,
        )  # fmt: skip
        return done.returncode, (done.stdout + "\n" + done.stderr).strip()[-3000:]
    with tempfile.TemporaryFile() as said:
        pid = os.fork()
        if not pid:
            child(arguments, said.fileno())
        code = waited(pid)
        said.seek(0)
        return code, said.read().decode("utf-8", "replace").strip()[-3000:]


def child(arguments, target):
    """A copy of this process becomes one step, and ends."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(target, 1)
        os.dup2(target, 2)
        import alembic.config

        sys.path[:0] = [os.getcwd(), os.path.join(os.getcwd(), "src")]
        sys.argv = ["alembic", *arguments]
        alembic.config.main(argv=list(arguments), prog="alembic")
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            sys.stderr.write(leaving.code + "\n")
    except BaseException:  # noqa: BLE001 - as an interpreter of its own would end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def waited(pid):
    """The exit code of a step.

    Raises:
        subprocess.TimeoutExpired: it took too long.
    """
    deadline = time.monotonic() + task["step_s"]
    while time.monotonic() < deadline:
        gone, status = os.waitpid(pid, os.WNOHANG)
        if gone:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise subprocess.TimeoutExpired("alembic", task["step_s"])


def step(name, *arguments):
    code, said = alembic(*arguments)
    tell(step=name, ok=code == 0, said=said)
    return code == 0


def with_engine(work):
    """Do `work(connection)` in one transaction, over whatever kind of driver the address names."""
    import sqlalchemy

    url = sqlalchemy.engine.make_url(task["url"])
    if not getattr(url.get_dialect(), "is_async", False):
        engine = sqlalchemy.create_engine(url)
        try:
            with engine.begin() as connection:
                return work(connection)
        finally:
            engine.dispose()
    import asyncio

    from sqlalchemy.ext.asyncio import create_async_engine

    async def run():
        engine = create_async_engine(url)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def tables_of(connection):
    import sqlalchemy

    metadata = sqlalchemy.MetaData()
    metadata.reflect(bind=connection)
    return [table for table in metadata.sorted_tables if table.name != REVISION_TABLE]


def value_of(column, number):
    """A value for a column, another one in every row."""
    import sqlalchemy.types as types

    kind = column.type
    if getattr(kind, "enums", None):
        return kind.enums[number % len(kind.enums)]
    if isinstance(kind, types.Boolean):
        return bool(number % 2)
    if isinstance(kind, types.Integer):
        return number + 1
    if isinstance(kind, types.Float):
        return number + 0.5
    if isinstance(kind, types.Numeric):
        return decimal.Decimal(number + 1)
    if isinstance(kind, types.DateTime):
        zone = datetime.timezone.utc if getattr(kind, "timezone", False) else None
        return datetime.datetime(2030, 1, 1 + number, 12, tzinfo=zone)
    if isinstance(kind, types.Date):
        return datetime.date(2030, 1, 1 + number)
    if isinstance(kind, types.Time):
        return datetime.time(12, number)
    if isinstance(kind, types.Uuid):
        return uuid.UUID(int=number + 1)
    if isinstance(kind, types.LargeBinary):
        return b"x%d" % number
    if isinstance(kind, types.JSON):
        return {"x": number}
    if isinstance(kind, types.ARRAY):
        return []
    return ("row-%d" % number)[: getattr(kind, "length", None) or 100]


def fill(connection):
    """Two rows in every table; references lead to rows that are there."""
    filled = []
    for table in tables_of(connection):
        for number in range(2):
            row = {}
            for column in table.columns:
                if column.computed is not None or column.identity is not None:
                    continue
                if column.foreign_keys:
                    if not column.nullable or number == 0:
                        row[column.name] = 1 + number if column.type.python_type is int else value_of(column, number)
                elif not column.nullable or number == 0 or column.primary_key:
                    row[column.name] = value_of(column, number)
            try:
                with connection.begin_nested():
                    connection.execute(table.insert().values(**row))
                filled.append(table.name)
            except Exception as refused:  # noqa: BLE001 - a check of the table refuses made-up values: fewer rows then
                tell(note="no row was put into %s: %s" % (table.name, str(refused).split("\n")[0][:200]))
    return sorted(set(filled))


def counts(connection):
    import sqlalchemy

    return {
        table.name: connection.execute(sqlalchemy.select(sqlalchemy.func.count()).select_from(table)).scalar()
        for table in tables_of(connection)
    }


def main():
    shutil.copytree(task["source"], task["tree"], symlinks=True, dirs_exist_ok=True)
    os.chdir(task["tree"])
    empty = (
        step("an empty database comes up to head", "upgrade", "head")
        and step("models and migrations agree", "check")
        and step("it goes down to nothing", "downgrade", "base")
        and step("and up again", "upgrade", "head")
    )
    if not empty or not task["previous"]:
        return
    if not step("back to where the change began", "downgrade", task["previous"]):
        return
    filled = with_engine(fill)
    before = with_engine(counts)
    if step("a database with rows comes up to head", "upgrade", "head"):
        after = with_engine(counts)
        lost = [name for name in filled if name in after and after[name] < before[name]]
        tell(step="no row is lost on the way up", ok=not lost, said="rows are gone from %s" % ", ".join(lost))
        if step("it goes down again with its rows", "downgrade", task["previous"]):
            kept = with_engine(counts)
            there = {name: min(before[name], after.get(name, before[name])) for name in filled}
            lost = [name for name in filled if kept.get(name, 0) < there[name]]
            tell(step="no row is lost on the way down", ok=not lost, said="rows are gone from %s" % ", ".join(lost))


try:
    main()
    tell(step="end", ok=True, said="")
except Exception as broken:  # noqa: BLE001 - whatever it is, it is told and ends here
    tell(step="end", ok=False, said="%s: %s" % (type(broken).__name__, str(broken)[:1000]))
sys.stdout.flush()
os._exit(0)
