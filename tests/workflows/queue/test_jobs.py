"""Who has a job: one holder at a time, a token for each, and nothing written under an old one."""

import json
import threading
import time
from typing import Any

import pytest
from sqlalchemy import Connection, inspect, select, update
from sqlalchemy.exc import OperationalError

from tests.support.postgres import Cluster
from tests.workflows.queue.conftest import MakeQueue
from workflows.queue.database import BadQueueUrl, Database
from workflows.queue.dispatch import workflow_id
from workflows.queue.jobs import LeaseLost, Queue
from workflows.queue.lease import MARGIN, Lease, clock
from workflows.queue.reaper import MOST_TRIES, reap, stop, tell
from workflows.queue.schema import MIGRATIONS, VERSION, SchemaTooNew, campaigns, jobs, meta, version_of


def rows(*ids: str, state: str = "queued") -> list[dict[str, Any]]:
    return [
        {"id": i, "campaign": "c", "position": n, "wave": 0, "name": i, "key": i, "spec": json.dumps({"n": n}),
         "run": f"run-{i}", "state": state}
        for n, i in enumerate(ids)
    ]  # fmt: skip


def filled(queue: Queue, *ids: str, state: str = "queued") -> Queue:
    queue.add_campaign("c", "{}")
    queue.add(rows(*ids, state=state))
    return queue


def statuses(queue: Queue) -> dict[str, str]:
    return {w.workflow_id: w.status for w in queue.dispatch.client.list_workflows()}


def test_a_job_is_taken_once_and_ends_once(make_queue: MakeQueue) -> None:
    one, two = filled(make_queue(), "a"), make_queue()
    assert statuses(one) == {"a.1": "ENQUEUED"}
    job = one.claim("a", 1, "w1", 30)
    assert job is not None
    assert (job.state, job.worker, job.tries, job.spec) == ("running", "w1", 1, {"n": 0})
    assert two.claim("a", 1, "w2", 30) is None
    one.finish("a", 1, "delivered", "", {"commit": "c1"})
    with pytest.raises(LeaseLost):
        two.finish("a", 2, "stuck", "", {})
    one.finish("a", 1, "stuck", "", {})  # the same holder again, as after a lost answer: nothing changes
    found = two.job("a")
    assert found is not None
    assert (found.state, found.ending, found.result) == ("ended", "delivered", {"commit": "c1"})


def test_of_many_that_want_a_job_one_gets_it(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    got: list[str] = []

    def want(name: str) -> None:
        if queue.claim("a", 1, name, 30) is not None:
            got.append(name)

    threads = [threading.Thread(target=want, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_adding_again_changes_nothing(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    queue.claim("a", 1, "w1", 30)
    queue.add(rows("a", "b"))
    assert [(j.id, j.state, j.token) for j in queue.jobs_of("c")] == [("a", "running", 1), ("b", "queued", 1)]
    assert statuses(queue) == {"a.1": "ENQUEUED", "b.1": "ENQUEUED"}


def test_a_lease_is_taken_over_only_when_it_ran_out(make_queue: MakeQueue) -> None:
    one, two = filled(make_queue(), "a"), make_queue()
    one.claim("a", 1, "w1", 30)
    assert reap(two, 30) == []
    one.renew("a", 1, 0.1, 1)
    time.sleep(0.15)
    assert reap(two, 30) == ["a"]
    assert reap(one, 30) == []
    assert statuses(two) == {"a.1": "CANCELLED", "a.2": "ENQUEUED"}
    with pytest.raises(LeaseLost):
        one.renew("a", 1, 30, 1)
    with pytest.raises(LeaseLost):
        one.finish("a", 1, "delivered", "", {})
    with pytest.raises(LeaseLost):
        one.database.write(lambda conn: one.assert_held(conn, "a", 1))
    assert one.claim("a", 1, "w1", 30) is None
    job = two.claim("a", 2, "w2", 30)
    assert job is not None
    assert job.tries == 2
    two.finish("a", 2, "delivered", "", {})


def test_renewing_keeps_a_lease(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    queue.claim("a", 1, "w1", 1)
    for seconds in (2, 30):
        assert queue.renew("a", 1, seconds, 1) is False
    time.sleep(1.05)
    assert reap(queue, 30) == []
    assert queue.renew("a", 1, 30, 1) is False
    stop(queue, "c")
    assert queue.renew("a", 1, 3, 1) is True


def test_a_lease_knows_by_itself_that_it_is_lost(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    queue.claim("a", 1, "w1", 30)
    told: list[str] = []
    lease = Lease(queue, "a", 1, 30, told.append, clock() - 30 * (1 - MARGIN) + 1)
    lease.check()
    time.sleep(1.05)  # nobody renewed: lost for us a little before it is lost for the others
    with pytest.raises(LeaseLost):
        lease.check()
    assert told == ["lost"]
    assert reap(queue, 30) == []
    job = queue.job("a")
    assert job is not None
    assert job.token == 1


def test_a_lease_that_is_renewed_goes_on_and_hears_of_a_cancel(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    told: list[str] = []
    heard = threading.Event()
    taken = clock()
    queue.claim("a", 1, "w1", 2)
    lease = Lease(queue, "a", 1, 2, lambda word: (told.append(word), heard.set()), taken)
    lease.start()
    time.sleep(2.1)
    lease.check()
    assert reap(queue, 30) == []
    stop(queue, "c")
    assert heard.wait(10)
    lease.close()
    assert set(told) == {"cancelled"}


def test_a_job_that_kills_its_workers_is_given_up(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    for token in range(1, MOST_TRIES + 1):
        assert queue.claim("a", token, "w", 0.01) is not None
        time.sleep(0.02)
        reap(queue, 30)
    job = queue.job("a")
    assert job is not None
    assert (job.state, job.ending, job.reason) == ("ended", "infra", f"{MOST_TRIES} workers died at it")


def test_a_job_fetched_by_a_worker_that_died_before_it_took_it(make_queue: MakeQueue) -> None:
    """Its workflow is in nobody's hands: no lease speaks of it, only that the worker is not heard of."""
    queue = filled(make_queue(), "a", "b")
    for executor, job in (("dead", "a"), ("alive", "b")):
        fetched(queue, workflow_id(job, 1), executor)
    tell(queue.database, {"id": "alive", "host": "h", "pid": 1, "version": "1"}, "working")
    assert reap(queue, 30) == []
    earlier = update(jobs).values(queued=jobs.c.queued - 60)
    queue.database.write(lambda conn: conn.execute(earlier))
    assert reap(queue, 30) == ["a"]
    assert statuses(queue)["a.2"] == "ENQUEUED"


def fetched(queue: Queue, workflow: str, executor: str) -> None:
    system = queue.dispatch.client._sys_db
    table = system.tables.workflow_status
    with system.engine.begin() as conn:
        row = update(table).where(table.c.workflow_uuid == workflow)
        conn.execute(row.values(status="PENDING", executor_id=executor))


def test_handing_back_is_no_failed_try(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")
    queue.claim("a", 1, "w", 30)
    queue.hand_back("a", 1)
    queue.hand_back("a", 1)  # not ours any more: nothing happens
    job = queue.job("a")
    assert job is not None
    assert (job.state, job.token, job.tries) == ("queued", 2, 0)


def test_cancelling(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a", "b")
    queue.add(rows("h", state="held"))
    queue.claim("a", 1, "w", 0.3)
    assert stop(queue, "c") == (2, 1)
    assert statuses(queue) == {"a.1": "ENQUEUED", "b.1": "CANCELLED"}
    time.sleep(0.4)
    reap(queue, 30)
    assert {j.id: j.ending for j in queue.jobs_of("c")} == dict.fromkeys(("a", "b", "h"), "cancelled")
    assert queue.left() == 0


def test_held_jobs_are_sent_out_once(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a", "b", state="held")
    assert statuses(queue) == {}
    assert queue.send(["a"]) == ["a"]
    assert queue.send(["a", "b"]) == ["b"]
    assert statuses(queue) == {"a.1": "ENQUEUED", "b.1": "ENQUEUED"}


def test_jobs_of_another_version_are_left_alone(make_queue: MakeQueue) -> None:
    old, new = filled(make_queue("1"), "a"), make_queue("2")
    old.claim("a", 1, "w", 0.05)
    time.sleep(0.1)
    assert reap(new, 30) == []
    assert reap(old, 30) == ["a"]
    assert new.versions_waiting() == {"1": 1}


def test_tables_are_made_once_and_a_newer_database_is_refused(url: str) -> None:
    queue = Queue(Database(url), "1")
    queue.prepare()
    filled(queue, "a")
    queue.prepare()
    assert statuses(queue) == {"a.1": "ENQUEUED"}
    assert queue.database.read(version_of) == VERSION
    newer = update(meta).where(meta.c.key == "schema").values(value=str(VERSION + 1))
    queue.database.write(lambda conn: conn.execute(newer))
    with pytest.raises(SchemaTooNew, match=f"version {VERSION + 1}, this greenloop knows {VERSION}"):
        queue.prepare()
    queue.close()


def test_a_failed_transaction_leaves_nothing(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a")

    def broken(conn: Any) -> None:
        queue.pass_on(conn, "a")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        queue.database.write(broken)
    assert queue.database.read(lambda conn: conn.execute(select(jobs.c.token)).scalar()) == 1
    assert statuses(queue) == {"a.1": "ENQUEUED"}


@pytest.mark.parametrize("url", ["mysql://x/y", "not a url", ""])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadQueueUrl, match="postgresql://"):
        Database(url)


def test_tables_of_an_earlier_version_are_migrated_and_keep_their_rows(url: str) -> None:
    database = Database(url)

    def as_it_was(conn: Connection) -> None:
        meta.create(conn)
        conn.execute(meta.insert().values(key="schema", value="1"))
        MIGRATIONS[1](conn)
        conn.execute(campaigns.insert().values(id="c", file="{}", state="running", reason="", created=1.0))

    database.write(as_it_was)
    assert not database.read(lambda conn: inspect(conn).has_table("gl_spending"))
    queue = Queue(database, "1")
    threads = [threading.Thread(target=queue.prepare) for _ in range(2)]  # two workers at once
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.read(version_of) == VERSION
    assert database.read(lambda conn: inspect(conn).has_table("gl_spending"))
    row = queue.campaign("c")
    assert row is not None
    assert row.created == 1.0
    queue.close()


@pytest.mark.postgresql
def test_a_database_without_an_encoding_does_as_well(cluster: Cluster) -> None:
    url = cluster.create("ascii", like="template0", encoding="SQL_ASCII")
    queue = Queue(Database(url), "1")
    queue.prepare()
    filled(queue, "größe")
    job = queue.claim("größe", 1, "w", 30)
    assert job is not None and job.name == "größe"
    assert queue.database.shown() == url
    queue.close()


def test_who_waits_for_a_database_is_told_so_once() -> None:
    database, said = Database("postgresql://nobody@127.0.0.1:1/none"), list[str]()
    database.tell = said.append
    with pytest.raises(OperationalError):
        database.read(lambda conn: None, away_s=1.0)
    assert said == ["the queue's database does not answer; trying for 1 s"]
    database.close()
