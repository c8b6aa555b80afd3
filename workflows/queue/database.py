"""One database for the queue, whatever it is: SQLite on one machine, PostgreSQL for several."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

T = TypeVar("T")
AWAY_S = 60.0
"""How long a database that does not answer is waited for."""


class BadQueueUrl(ValueError):
    """Not the URL of a database greenloop can use."""


def sqlite_url(path: Path) -> str:
    """The URL of a file."""
    return f"sqlite:///{path.absolute()}"


class Database:
    """The queue's database. Every transaction that writes is repeated while the database is away."""

    def __init__(self, url: str) -> None:
        """`url`: `postgresql://...`, or `sqlite:////path`.

        Raises:
            BadQueueUrl: anything else.
        """
        try:
            parsed = make_url(url)
        except ArgumentError:
            raise BadQueueUrl("the queue's URL is none: postgresql://user@host/database, or sqlite:////path") from None
        kind = parsed.get_backend_name()
        if kind not in ("postgresql", "sqlite"):
            raise BadQueueUrl(f"the queue cannot be kept in {kind}: use postgresql:// or sqlite:///")
        self.tell: Callable[[str], None] = lambda _: None
        """Who hears, once, that the database is waited for."""
        self._waits = False
        self._told = parsed.render_as_string(hide_password=True)
        self.shared = kind == "postgresql"
        """Whether several machines can use it."""
        if self.shared and "client_encoding" not in parsed.query:
            # a database made in the locale C has no encoding, and its texts would be bytes
            parsed = parsed.update_query_dict({"client_encoding": "utf8"})
        self.url = parsed.render_as_string(hide_password=False) if self.shared else url
        if not self.shared:
            Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.engine: Engine = (
            create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                connect_args={"connect_timeout": 5, "application_name": "greenloop"},
            )
            if self.shared
            else create_engine(parsed.set(drivername="sqlite+pysqlite"))
        )
        if not self.shared:
            _prepare_sqlite(self.engine)

    def shown(self) -> str:
        """The URL without its password."""
        return self._told

    def now(self, conn: Connection) -> float:
        """Seconds since the epoch by the database's own clock, which all machines share."""
        if not self.shared:
            return time.time()
        return float(conn.execute(text("select extract(epoch from clock_timestamp())")).scalar_one())

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read from."""
        with self.engine.connect() as conn:
            yield conn.execution_options(greenloop_reads=True)

    def write(self, work: Callable[[Connection], T], *, away_s: float = AWAY_S) -> T:
        """Do `work` in one transaction; again when the database went away, so `work` must bear being repeated."""
        return self.patiently(lambda: self._once(work), away_s)

    def read(self, work: Callable[[Connection], T], *, away_s: float = AWAY_S) -> T:
        """The same for work that changes nothing."""

        def once() -> T:
            with self.reading() as conn:
                return work(conn)

        return self.patiently(once, away_s)

    def patiently(self, work: Callable[[], T], away_s: float) -> T:
        """Do `work`, and again while the database is away, at most `away_s` seconds."""
        deadline = time.monotonic() + away_s
        pause = 0.05
        while True:
            try:
                return work()
            except DBAPIError as error:
                if not is_away(error) or time.monotonic() > deadline:
                    raise
                if not self._waits and pause >= 0.4:
                    self._waits = True
                    self.tell(f"the queue's database does not answer; trying for {away_s:.0f} s")
                time.sleep(pause)
                pause = min(pause * 2, 1.0)

    def close(self) -> None:
        """Drop the connections."""
        self.engine.dispose()

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as conn:
            return work(conn)


def insert_missing(conn: Connection, table: Table, **values: Any) -> None:
    """Insert a row unless one with its key is there, whoever else does so at the same time."""
    make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    conn.execute(make(table).values(**values).on_conflict_do_nothing())


def is_away(error: DBAPIError) -> bool:
    """Whether the database did not answer (or was locked too long), as against refused what it was asked."""
    if isinstance(error.orig, sqlite3.Error):
        return "locked" in str(error.orig)
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _prepare_sqlite(engine: Engine) -> None:
    """Writers queue up for the lock instead of failing; readers do not wait for them."""

    @event.listens_for(engine, "connect")
    def connected(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute("pragma busy_timeout=30000")
        connection.execute("pragma journal_mode=wal")
        connection.execute("pragma synchronous=normal")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        if not connection.get_execution_options().get("greenloop_reads"):
            connection.exec_driver_sql("begin immediate")
