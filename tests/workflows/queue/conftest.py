"""A queue on SQLite and on a real PostgreSQL, each test with a database of its own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.support.postgres import Cluster
from workflows.queue.database import Database
from workflows.queue.jobs import Queue

MakeQueue = Callable[..., Queue]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/queue.sqlite"
    made: Cluster = request.getfixturevalue("cluster")
    return made.create(f"db{next(NUMBERS)}")


NUMBERS = count()


@pytest.fixture
def make_queue(url: str) -> Iterator[MakeQueue]:
    """Queues on the same database, as several processes have them."""
    made: list[Queue] = []

    def make(version: str = "1") -> Queue:
        made.append(Queue(Database(url), version))
        made[-1].prepare()
        return made[-1]

    yield make
    for queue in made:
        queue.close()
