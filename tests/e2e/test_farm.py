"""Workers that are killed, frozen, asked to end, or of another version; a database that goes away in between."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sandbox.base_image import base_tag, is_present
from sandbox.docker import DockerEngine
from tests.support.chaos import night
from tests.support.farm import Farm, ModelServer, Till, git
from tests.support.postgres import Cluster
from workflows.engines import images_for
from workflows.queue.jobs import Job
from workflows.settings import load

pytestmark = [pytest.mark.docker, pytest.mark.e2e]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/queue.sqlite"
    else:
        url = request.getfixturevalue("cluster").create(f"farm{time.time_ns()}")
    made = Farm(url, tmp_path)
    yield made
    made.close()


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def model(till: Till) -> Iterator[ModelServer]:
    with ModelServer(till) as server:
        yield server


def job(farm: Farm, job_id: str = "job0000") -> Job:
    found = farm.queue.job(job_id)
    assert found is not None
    return found


def is_recorded(farm: Farm, step: str) -> bool:
    with farm.queue.database.reading() as conn:
        asked = text("select count(*) from gl_files where name like :name")
        return bool(conn.execute(asked, {"name": f"replies/%{step}%"}).scalar())


def test_a_night_of_kills_on_postgresql(tmp_path: Path) -> None:
    loaded = load(None, {}, dict(os.environ))
    if not is_present(DockerEngine().client, base_tag(loaded.values.base_image)):
        assert images_for(loaded)  # makes the base image
    counts = night(tmp_path, runs=9, workers=3, every_s=2, postgres=True, docker=True)
    assert counts["workers killed"] >= 1
    assert counts["database killed"] == 1
    assert counts["writes through to the disk"] == "on"
    assert counts["endings"] == {"delivered": 4, "partial": 2, "stuck": 2, "needs_human": 1}
    assert counts["paid calls"] == counts["paid calls wanted"] + counts["calls in flight when killed, asked again"]
    assert (
        counts["calls in flight when killed, asked again"] <= counts["workers killed"] + 3 * counts["database killed"]
    )
    assert counts["containers left"] == 0


def test_on_sqlite_a_killed_worker_is_followed_by_another(tmp_path: Path, model: ModelServer, till: Till) -> None:
    farm = Farm(f"sqlite:///{tmp_path}/queue.sqlite", tmp_path)
    farm.add(model.url, ["delivered", "stuck", "delivered"], calls=2, pause_s=0.5)
    first = farm.start()
    farm.wait(lambda: is_recorded(farm, "build-1"))  # an answer on its way when its asker dies is asked for again
    first.kill()
    farm.start()
    farm.wait(farm.done)
    farm.drain()
    assert farm.deliver() == {"delivered": 2, "stuck": 1}
    assert job(farm).token == 2
    assert till.repeated() == {}
    assert till.answered.total() == 9
    farm.assert_nothing_left()
    farm.close()


def written(farm: Farm) -> dict[str, Any]:
    """Everything a job's holder may write: rows of every table but the list of workers, refs, files, the repository."""
    with farm.queue.database.reading() as conn:
        names = [n for n in _tables(farm) if not n.endswith(("gl_workers", "notifications"))]
        found: dict[str, Any] = {n: sorted(map(str, conn.execute(text(f"select * from {n}")).all())) for n in names}
    found["refs"] = git(Path(farm.store.url), "for-each-ref")
    found["repo"] = git(farm.repos["job0000"], "for-each-ref")
    found["files"] = sorted(str(p) for p in (farm.folder / "queue").rglob("*") if p.is_file())
    return found


def _tables(farm: Farm) -> list[str]:
    with farm.queue.database.reading() as conn:
        if not farm.queue.database.shared:
            rows = conn.execute(text("select name from sqlite_master where type = 'table' and name not like 'sqlite%'"))
            return list(rows.scalars())
        asked = "select schemaname || '.' || tablename from pg_tables where schemaname in ('public', 'dbos')"
        return list(conn.execute(text(asked)).scalars())


def test_a_worker_frozen_past_its_lease_writes_nothing(farm: Farm, model: ModelServer, till: Till) -> None:
    farm.add(model.url, ["delivered"], pause_s=1.5)
    frozen = farm.start()
    farm.wait(lambda: till.answered["run00000 build-0"] == 1)
    time.sleep(0.3)  # in the pause that follows: no transaction is open, its commit is not made yet
    os.kill(frozen.pid, signal.SIGSTOP)
    other = farm.start()
    farm.wait(farm.done)
    assert (job(farm).token, job(farm).ending) == (2, "delivered")
    other.terminate()
    other.wait()
    farm.deliver()
    before = written(farm)
    os.kill(frozen.pid, signal.SIGCONT)
    farm.wait(lambda: '"ending": "lost"' in farm.said(0))
    time.sleep(1.0)
    after = written(farm)
    assert {k: after[k] for k in after if after[k] != before[k]} == {}
    assert till.repeated() == {}
    farm.drain()
    farm.assert_nothing_left()


def test_a_worker_asked_to_end_leaves_its_run_to_the_next(farm: Farm, model: ModelServer, till: Till) -> None:
    farm.add(model.url, ["delivered"], pause_s=1.0)
    first = farm.start()
    farm.wait(lambda: till.answered["run00000 plan"] == 1)
    asked = time.monotonic()
    first.terminate()
    assert first.wait(timeout=30) == 0
    assert time.monotonic() - asked < 20
    assert (job(farm).state, job(farm).tries) == ("queued", 0)
    assert '"ending": "handed_back"' in farm.said(0)
    farm.start()
    farm.wait(farm.done)
    farm.drain()
    assert farm.deliver() == {"delivered": 1}
    assert till.repeated() == {}
    farm.assert_nothing_left()


def test_a_worker_of_another_version_says_so_and_waits(farm: Farm, model: ModelServer) -> None:
    farm.add(model.url, ["delivered"])
    farm.start(version="other")
    farm.wait(lambda: "other_version" in farm.said(0))
    told = next(json.loads(line) for line in farm.said(0).splitlines() if "other_version" in line)
    assert told["reason"] == "1 jobs wait for greenloop test, this is other: left to such a worker"
    time.sleep(1)
    assert job(farm).state == "queued"
    farm.queue.database.write(lambda conn: conn.execute(text("update gl_meta set value = '99' where key = 'schema'")))
    farm.start()
    farm.wait(lambda: "worker_waiting" in farm.said(1))
    assert "tables of version 99" in farm.said(1)
    farm.drain()
