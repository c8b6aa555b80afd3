"""A queue's database with its tables, made once: that takes longer than most tests."""

from pathlib import Path

import pytest

from workflows.queue.database import Database
from workflows.queue.jobs import Queue


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the queue's tables and no rows."""
    path = tmp_path_factory.mktemp("tables") / "queue.sqlite"
    prepare(f"sqlite:///{path}")
    return path


def prepare(url: str) -> None:
    """Make the queue's tables in an empty database."""
    queue = Queue(Database(url), "1")
    queue.prepare()
    queue.close()
