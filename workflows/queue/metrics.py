"""`/metrics` for Prometheus: what the database says of the queue, and the engine of this machine's sandboxes."""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from threading import Lock

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from sandbox.docker import DockerEngine
from sandbox.errors import SandboxError
from workflows.queue.jobs import ENDED, Queue
from workflows.queue.schema import budgets, jobs, spending, workers

FRESH_S = 5.0
"""How long an answer is given again without asking the database."""
ALIVE_S = 120.0


class QueueCollector(Collector):
    """Asks when it is asked; answers without the database's figures while that is away."""

    def __init__(self, queue: Queue, engine: DockerEngine) -> None:
        self._queue = queue
        self._engine = engine
        self._lock = Lock()
        self._kept: list[Metric] = []
        self._at = 0.0
        self._phases: tuple[int, dict[str, float]] = (-1, {})

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked before the first scrape."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Every figure."""
        with self._lock:
            if time.monotonic() - self._at > FRESH_S or not self._at:
                self._kept, self._at = [*self._database(), *self._sandboxes()], time.monotonic()
            return list(self._kept)

    def _database(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("greenloop_database_up", "Whether the queue's database answers.")
        try:
            found = self._queue.database.read(self._figures, away_s=2.0)
            up.add_metric([], 1)
        except DBAPIError:
            found = []
            up.add_metric([], 0)
        return [up, *found]

    def _figures(self, conn: Connection) -> list[Metric]:
        return [*self._jobs(conn), *self._workers(conn), *self._money(conn)]

    def _jobs(self, conn: Connection) -> Iterable[Metric]:
        length = GaugeMetricFamily("greenloop_jobs", "Jobs that have not ended, by state.", labels=["state"])
        ended = CounterMetricFamily("greenloop_runs_ended", "Runs that ended, by ending.", labels=["ending"])
        counted = 0
        states = dict.fromkeys(("held", "queued", "running"), 0)
        for state, ending, count in conn.execute(
            select(jobs.c.state, jobs.c.ending, func.count()).group_by(jobs.c.state, jobs.c.ending)
        ):
            if state == ENDED:
                ended.add_metric([ending], count)
                counted += count
            else:
                states[state] = states.get(state, 0) + count
        for state, count in states.items():
            length.add_metric([state], count)
        seconds = CounterMetricFamily("greenloop_phase_seconds", "Seconds of ended runs, by phase.", labels=["phase"])
        for phase, total in self._seconds(conn, counted).items():
            seconds.add_metric([phase], total)
        return length, ended, seconds

    def _seconds(self, conn: Connection, ended: int) -> dict[str, float]:
        """Read again only when another run has ended."""
        if self._phases[0] != ended:
            total: dict[str, float] = defaultdict(float)
            for result in conn.execute(select(jobs.c.result).where(jobs.c.state == ENDED)).scalars():
                for phase, seconds in json.loads(result).get("phases", {}).items():
                    total[phase] += seconds
            self._phases = ended, dict(total)
        return self._phases[1]

    def _workers(self, conn: Connection) -> Iterable[Metric]:
        alive = GaugeMetricFamily("greenloop_workers", "Workers that are heard of, by state.", labels=["state"])
        recent = workers.c.seen > self._queue.database.now(conn) - ALIVE_S
        for state, count in conn.execute(
            select(workers.c.state, func.count()).where(recent).group_by(workers.c.state)
        ).all():
            alive.add_metric([state], count)
        return (alive,)

    def _money(self, conn: Connection) -> Iterable[Metric]:
        usd = GaugeMetricFamily("greenloop_money_usd", "Spent and reserved, by campaign.", labels=["campaign"])
        calls = GaugeMetricFamily("greenloop_model_calls", "Made and under way, by campaign.", labels=["campaign"])
        for row in conn.execute(select(budgets)).all():
            usd.add_metric([row.campaign], row.usd)
            calls.add_metric([row.campaign], row.calls)
        tokens = CounterMetricFamily("greenloop_tokens", "Paid for, by direction.", labels=["direction"])
        paid = spending.c.state != "held"
        given, got = conn.execute(
            select(func.sum(spending.c.input_tokens), func.sum(spending.c.output_tokens)).where(paid)
        ).one()
        tokens.add_metric(["input"], given or 0)
        tokens.add_metric(["output"], got or 0)
        return usd, calls, tokens

    def _sandboxes(self) -> Iterable[Metric]:
        count = GaugeMetricFamily("greenloop_sandboxes", "Sandboxes of this machine's engine that are there now.")
        try:
            count.add_metric([], self._engine.count())
        except SandboxError:
            return ()
        return (count,)


def serve(queue: Queue, engine: DockerEngine, address: str) -> Callable[[], None]:
    """Answer on `address` (`host:port`); returns how to stop.

    Raises:
        OSError: the address cannot be used.
        ValueError: it is none.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{address!r} is no address: host:port, e.g. 127.0.0.1:9464")
    registry = CollectorRegistry()
    registry.register(QueueCollector(queue, engine))
    server, thread = start_http_server(int(port), addr=host or "127.0.0.1", registry=registry)

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop
