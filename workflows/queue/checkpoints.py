"""Checkpoints of a job's run: nothing is written once the lease is lost, and never ahead of what they speak of.

SQLite: one file for each token, so that a late worker writes only into its own. PostgreSQL: all in one database, and
each write holds the job's row, so that nobody takes the job while it is written.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import psycopg
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg.rows import dict_row

from workflows.drive import SERDE
from workflows.queue.checkpoint_tables import plain_url
from workflows.queue.jobs import RUNNING, LeaseLost
from workflows.queue.lease import Lease

Hook = Callable[[], None]
HOLDS = (
    "select 1 from gl_jobs where id = %s and token = %s and state = %s"
    " and lease_until > extract(epoch from clock_timestamp()) for share"
)


class Drained(Exception):
    """The run stopped at a checkpoint, on purpose: whoever comes next goes on there."""


class SqliteCheckpoints(AsyncSqliteSaver):
    """`before` comes before every write and may refuse it; `after` after every checkpoint and may stop the run."""

    def __init__(self, connection: aiosqlite.Connection, before: Hook, after: Hook) -> None:
        super().__init__(connection, serde=SERDE)
        self._before, self._after = before, after

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """See `BaseCheckpointSaver.aput`."""
        await asyncio.to_thread(self._before)
        done = await super().aput(config, checkpoint, metadata, new_versions)
        self._after()
        return done

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """See `BaseCheckpointSaver.aput_writes`."""
        await asyncio.to_thread(self._before)
        await super().aput_writes(config, writes, task_id, task_path)


class PostgresCheckpoints(AsyncPostgresSaver):
    """The same, each write in one transaction with a look at the lease; a database that went away is waited for."""

    def __init__(self, conn: Any, url: str, lease: Lease, before: Hook, after: Hook) -> None:
        super().__init__(conn, serde=SERDE)
        self._url, self._lease = url, lease
        self._before, self._after = before, after
        self._turn = asyncio.Lock()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """See `BaseCheckpointSaver.aput`."""
        put = super().aput
        done: RunnableConfig = await self._fenced(lambda: put(config, checkpoint, metadata, new_versions))
        self._after()
        return done

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """See `BaseCheckpointSaver.aput_writes`."""
        put = super().aput_writes
        await self._fenced(lambda: put(config, writes, task_id, task_path))

    async def _fenced(self, write: Callable[[], Any]) -> Any:
        await asyncio.to_thread(self._before)
        async with self._turn:
            return await self._patiently(lambda: self._in_transaction(write))

    async def _in_transaction(self, write: Callable[[], Any]) -> Any:
        conn: Any = self.conn  # ours is always one connection, never a pool
        async with conn.transaction():
            held = await conn.execute(HOLDS, (self._lease.job_id, self._lease.token, RUNNING))
            if await held.fetchone() is None:
                raise LeaseLost(f"job {self._lease.job_id} is not ours any more")
            return await write()

    async def aget_tuple(self, config: RunnableConfig) -> Any:
        """See `BaseCheckpointSaver.aget_tuple`."""
        get = super().aget_tuple
        async with self._turn:
            return await self._patiently(lambda: get(config))

    async def _patiently(self, work: Callable[[], Any]) -> Any:
        """Do `work`; again on a new connection while the lease holds and the database is away."""
        while True:
            try:
                return await work()
            except (psycopg.OperationalError, psycopg.InterfaceError):
                await self._connect_again()

    async def _connect_again(self) -> None:
        await self.conn.close()
        self.conn = await _connected_in_time(self._url, self._lease)


async def _connected_in_time(url: str, lease: Lease) -> Any:
    """A connection for checkpoints; while the lease holds, a database that is away is waited for."""
    while True:
        lease.check()
        try:
            return await psycopg.AsyncConnection.connect(
                plain_url(url), autocommit=True, prepare_threshold=0, row_factory=dict_row, connect_timeout=5
            )
        except psycopg.OperationalError:
            await asyncio.sleep(0.2)


@asynccontextmanager
async def in_postgres(url: str, lease: Lease, before: Hook, after: Hook) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Checkpoints in the queue's database."""
    saver = PostgresCheckpoints(await _connected_in_time(url, lease), url, lease, before, after)
    try:
        yield saver
    finally:
        await saver.conn.close()


@asynccontextmanager
async def in_file(path: Path, before: Hook, after: Hook) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Checkpoints in a file."""
    async with aiosqlite.connect(path) as connection:
        saver = SqliteCheckpoints(connection, before, after)
        await saver.setup()
        await saver.conn.execute("pragma synchronous=NORMAL")
        yield saver


def inherit(folder: Path, run: str, token: int) -> Path:
    """The file of this token, begun with what the last holder had written; older files are removed."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mine = folder / f"{run}.{token}.sqlite"
    older = {int(p.name.split(".")[1]): p for p in folder.glob(f"{run}.*.sqlite") if p != mine}
    earlier = [number for number in older if number < token]
    if earlier and not mine.exists():
        with sqlite3.connect(older[max(earlier)]) as source, sqlite3.connect(mine) as target:
            source.backup(target)
        source.close()
        target.close()
    forget(folder, run, but=mine)
    return mine


def forget(folder: Path, run: str, but: Path | None = None) -> None:
    """Remove the files of a run."""
    for path in folder.glob(f"{run}.*.sqlite*"):
        if but is None or not path.name.startswith(but.name):
            path.unlink(missing_ok=True)
