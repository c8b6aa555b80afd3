"""The queue's tables, and how they come to be: whoever comes first makes or migrates them."""

from collections.abc import Callable, Mapping

from sqlalchemy import (
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

METADATA = MetaData()

meta = Table("gl_meta", METADATA, Column("key", String(40), primary_key=True), Column("value", Text, nullable=False))

campaigns = Table(
    "gl_campaigns",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("file", Text, nullable=False),  # the campaign as JSON
    Column("state", String(16), nullable=False),  # running, stopped, ended
    Column("reason", Text, nullable=False, default=""),
    Column("created", Float, nullable=False),
)

jobs = Table(
    "gl_jobs",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("campaign", String(80), ForeignKey("gl_campaigns.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("wave", Integer, nullable=False, default=0),
    Column("name", Text, nullable=False),
    Column("key", String(64), nullable=False),  # equal keys mean equal work
    Column("version", String(40), nullable=False),  # of greenloop
    Column("spec", Text, nullable=False),
    Column("run", String(16), nullable=False),
    Column("state", String(16), nullable=False),  # held, queued, running, ended
    Column("token", Integer, nullable=False, default=0),  # grows whenever the job changes hands
    Column("tries", Integer, nullable=False, default=0),  # workers that took it since it was last asked for
    Column("worker", String(80), nullable=False, default=""),
    Column("lease_until", Float),
    Column("asked_to_stop", Integer, nullable=False, default=0),
    Column("ending", String(24), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("result", Text, nullable=False, default="{}"),
    Column("tidied", Integer, nullable=False, default=0, server_default="0"),  # what only a resume would need is gone
    Column("created", Float, nullable=False),
    Column("queued", Float),
    Column("started", Float),
    Column("ended", Float),
    Index("gl_jobs_campaign", "campaign", "position"),
    Index("gl_jobs_state", "state"),
    Index("gl_jobs_key", "key"),
)

files = Table(
    "gl_files",
    METADATA,
    Column("run", String(16), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)
"""What a run's record holds besides its events: paid replies, reports, texts."""

events = Table(
    "gl_events",
    METADATA,
    Column("run", String(16), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("line", Text, nullable=False),
)

workers = Table(
    "gl_workers",
    METADATA,
    Column("id", String(80), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("version", String(40), nullable=False),
    Column("state", String(16), nullable=False),  # working, waiting, draining
    Column("started", Float, nullable=False),
    Column("seen", Float, nullable=False),
)


budgets = Table(
    "gl_budgets",
    METADATA,
    Column("campaign", String(80), primary_key=True),
    Column("usd", Float, nullable=False, default=0.0),  # spent and reserved
    Column("tokens", Integer, nullable=False, default=0),
    Column("calls", Integer, nullable=False, default=0),
)

spending = Table(
    "gl_spending",
    METADATA,
    Column("id", String(32), primary_key=True),
    Column("campaign", String(80), nullable=False),
    Column("job", String(16), nullable=False),
    Column("token", Integer, nullable=False),
    Column("role", String(40), nullable=False),
    Column("state", String(8), nullable=False),  # held, spent, lost (its worker died: the worst case counts)
    Column("usd", Float, nullable=False),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Index("gl_spending_job", "job", "state"),
)

accounts = Table(
    "gl_accounts",
    METADATA,
    Column("name", String(200), primary_key=True),
    Column("requests", Float, nullable=False),  # what is left in the bucket
    Column("tokens", Float, nullable=False),
    Column("at", Float, nullable=False),
    Column("paused_until", Float, nullable=False, default=0.0),
    Column("pause_s", Float, nullable=False, default=0.0),
)


class SchemaTooNew(Exception):
    """The database was made by a newer greenloop."""


def _first(conn: Connection) -> None:
    METADATA.create_all(conn, tables=[campaigns, jobs, files, events, workers])


def _money(conn: Connection) -> None:
    METADATA.create_all(conn, tables=[budgets, spending, accounts])


def _tidied(conn: Connection) -> None:
    if "tidied" not in {column["name"] for column in inspect(conn).get_columns(jobs.name)}:
        conn.execute(text("alter table gl_jobs add column tidied integer not null default 0"))


MIGRATIONS: Mapping[int, Callable[[Connection], None]] = {1: _first, 2: _money, 3: _tidied}
"""Version -> how it is reached from the one before."""
VERSION = max(MIGRATIONS)


def version_of(conn: Connection) -> int:
    """The version of the database's tables, 0 when it has none."""
    if not inspect(conn).has_table(meta.name):
        return 0
    found = conn.execute(select(meta.c.value).where(meta.c.key == "schema")).scalar()
    return int(found or 0)


def migrate(conn: Connection) -> int:
    """Bring the tables to this greenloop's version, in the caller's transaction; returns the version found.

    Raises:
        SchemaTooNew: a newer greenloop made them.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(select(func.pg_advisory_xact_lock(text("hashtext('greenloop schema')"))))
    found = version_of(conn)
    if found > VERSION:
        raise SchemaTooNew(f"the queue's database has tables of version {found}, this greenloop knows {VERSION}")
    if found == 0:
        meta.create(conn, checkfirst=True)
        conn.execute(insert(meta).values(key="schema", value="0"))
    for number in range(found + 1, VERSION + 1):
        MIGRATIONS[number](conn)
        conn.execute(update(meta).where(meta.c.key == "schema").values(value=str(number)))
    return found
