"""LangGraph's own tables in the queue's PostgreSQL."""

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from psycopg.rows import dict_row


def plain_url(url: str) -> str:
    """The URL as libpq knows it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def make_tables(url: str) -> None:
    """Make or migrate the tables of checkpoints.

    An index is built beside other transactions, so whoever waits for the lock must not be in one.
    """
    with psycopg.connect(plain_url(url), autocommit=True, row_factory=dict_row) as conn:
        lock = "hashtext('greenloop checkpoints')"
        while not conn.execute(f"select pg_try_advisory_lock({lock}) as got").fetchone()["got"]:  # type: ignore[index]
            conn.execute("select pg_sleep(0.1)")
        try:
            PostgresSaver(conn).setup()
        finally:
            conn.execute(f"select pg_advisory_unlock({lock})")


def forget_thread(url: str, run: str) -> None:
    """Remove a run's checkpoints from PostgreSQL."""
    with psycopg.connect(plain_url(url), autocommit=True, row_factory=dict_row) as conn:
        PostgresSaver(conn).delete_thread(run)
