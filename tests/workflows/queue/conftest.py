"""A queue on SQLite and on a real PostgreSQL, each test with a database of its own."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from tests.workflows.conftest import prepare
from workflows.queue.database import Database
from workflows.queue.jobs import Queue

MakeQueue = Callable[..., Queue]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster(durable=False) as found:
        yield found


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if kind == "sqlite":
        return f"sqlite:///{tmp_path}/queue.sqlite"
    made: Cluster = request.getfixturevalue("cluster")
    return made.create(f"db{next(NUMBERS)}")


NUMBERS = count()


@pytest.fixture(scope="session")
def postgresql_tables(cluster: Cluster) -> str:
    """The name of such a database."""
    prepare(cluster.create("tables"))
    return "tables"


@pytest.fixture
def with_tables(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the queue's tables, copied: making them takes longer than most tests."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_tables"), tmp_path / "queue.sqlite")
        return f"sqlite:///{tmp_path}/queue.sqlite"
    name = request.getfixturevalue("postgresql_tables")
    return request.getfixturevalue("cluster").create(f"db{next(NUMBERS)}", like=name)


@pytest.fixture
def make_queue(with_tables: str) -> Iterator[MakeQueue]:
    """Queues on the same database, as several processes have them."""
    made: list[Queue] = []

    def make(version: str = "1") -> Queue:
        made.append(Queue(Database(with_tables), version))
        return made[-1]

    yield make
    for queue in made:
        queue.close()
