"""Database drivers used without an ORM: which calls give connections and cursors that block."""

from typing import Protocol

CONNECTIONS = {
    "sqlite3.connect": "sqlite3.Connection",
    "sqlite3.dbapi2.connect": "sqlite3.Connection",
    "psycopg.connect": "psycopg.Connection",
    "psycopg.Connection.connect": "psycopg.Connection",
    "psycopg2.connect": "psycopg2.extensions.connection",
    "pymysql.connect": "pymysql.connections.Connection",
    "pyodbc.connect": "pyodbc.Connection",
    "oracledb.connect": "oracledb.Connection",
}
"""Call -> what it gives."""
CURSORS = {
    "sqlite3.Connection": "sqlite3.Cursor",
    "psycopg.Connection": "psycopg.Cursor",
    "psycopg2.extensions.connection": "psycopg2.extensions.cursor",
    "pymysql.connections.Connection": "pymysql.cursors.Cursor",
    "pymysql.Connection": "pymysql.cursors.Cursor",
    "pyodbc.Connection": "pyodbc.Cursor",
    "oracledb.Connection": "oracledb.Cursor",
}
"""Connection -> its cursor."""
BLOCKING = frozenset(CURSORS) | frozenset(CURSORS.values())
"""Types all of whose work waits for the database."""
WORK = frozenset({
    "execute", "executemany", "executescript", "fetchone", "fetchall", "fetchmany", "commit", "rollback", "copy_expert",
    "callproc",
})  # fmt: skip


class Typed(Protocol):
    """A type by its absolute name."""

    @property
    def name(self) -> str: ...


def given_by(owner: Typed | None, method: str) -> str:
    """The type a method of such a value gives, empty when it is none of these: a cursor, or itself."""
    name = owner.name if owner else ""
    if method in ("cursor", "execute", "executemany") and name in CURSORS:
        return CURSORS[name]
    return name if method in ("execute", "executemany") and name in BLOCKING else ""
