"""What Prometheus reads, over HTTP."""

import json
import socket
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from sandbox.docker import DockerEngine
from tests.workflows.queue.conftest import MakeQueue
from tests.workflows.queue.test_jobs import filled, rows
from workflows.queue.metrics import serve
from workflows.queue.reaper import tell


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def scraped(port: int) -> dict[str, float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        told = answer.read().decode()
    return {
        s.name + json.dumps(s.labels, sort_keys=True): s.value
        for family in text_string_to_metric_families(told)
        for s in family.samples
    }


def test_the_figures_are_those_of_the_database(make_queue: MakeQueue) -> None:
    queue = filled(make_queue(), "a", "b", "d")
    queue.add(rows("h", state="held"))
    tell(queue.database, {"id": "w", "host": "h", "pid": 1, "version": "1"}, "working")
    for job, ending in (("a", "delivered"), ("b", "stuck")):
        queue.claim(job, 1, "w", 60)
        queue.finish(job, 1, ending, "", {"phases": {"plan": 1.5, "build": 2}})
    queue.claim("d", 1, "w", 60)
    spent = "insert into gl_budgets values ('c', 1.25, 500, 7)"
    calls = "insert into gl_spending values ('1', 'c', 'a', 1, 'builder', 'spent', 1.25, 400, 100, 0)"
    for statement in (spent, calls):
        queue.database.write(lambda conn: conn.execute(text(statement)))  # noqa: B023 - called at once
    port = free_port()
    stop = serve(queue, DockerEngine("unix:///nowhere.sock"), f"127.0.0.1:{port}")
    try:
        found = scraped(port)
    finally:
        stop()
    assert found == {
        "greenloop_database_up{}": 1,
        'greenloop_jobs{"state": "held"}': 1,
        'greenloop_jobs{"state": "queued"}': 0,
        'greenloop_jobs{"state": "running"}': 1,
        'greenloop_runs_ended_total{"ending": "delivered"}': 1,
        'greenloop_runs_ended_total{"ending": "stuck"}': 1,
        'greenloop_phase_seconds_total{"phase": "plan"}': 3,
        'greenloop_phase_seconds_total{"phase": "build"}': 4,
        'greenloop_workers{"state": "working"}': 1,
        'greenloop_money_usd{"campaign": "c"}': 1.25,
        'greenloop_model_calls{"campaign": "c"}': 7,
        'greenloop_tokens_total{"direction": "input"}': 400,
        'greenloop_tokens_total{"direction": "output"}': 100,
    }


@pytest.mark.parametrize("address", ["9464x", "host:", "host:0", "host:70000"])
def test_an_address_that_is_none(make_queue: MakeQueue, address: str) -> None:
    with pytest.raises(ValueError, match="no address: host:port"):
        serve(make_queue(), DockerEngine(), address)
