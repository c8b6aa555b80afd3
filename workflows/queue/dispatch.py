"""DBOS: who gets which job next. One workflow for each time a job changes hands, so that nobody shares a workflow.

The workflow of a job is named after its token, and every worker process is an executor of its own: DBOS recovers
nothing by itself, the reaper does (`reaper.py`), which cancels a dead worker's workflow and sends out a new one.
"""

import logging
from collections.abc import Callable

from dbos import DBOS, DBOSClient, DBOSConfig
from sqlalchemy import Connection

QUEUE = "greenloop"
APPLICATION = "greenloop"
WORKFLOW = "greenloop_job"
POLL_S = 0.25
PENDING = "PENDING"
Carry = Callable[[str, int], str]
"""Given a job's id and token, its ending."""


class Dispatch:
    """The sending side; needs no DBOS running in this process."""

    def __init__(self, url: str, version: str) -> None:
        self._url = url
        self._version = version
        self._client: DBOSClient | None = None

    @property
    def client(self) -> DBOSClient:
        """DBOS's client, connected on first use."""
        if self._client is None:
            self._client = DBOSClient(system_database_url=self._url, application_name=APPLICATION)
        return self._client

    def migrate(self) -> None:
        """Make or migrate DBOS's own tables."""
        quiet()
        DBOS.migrate(self._url)

    def enqueue(self, conn: Connection, job_id: str, token: int, position: int) -> None:
        """Send a job out in the caller's transaction."""
        self.client.enqueue_in_transaction(
            conn,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": workflow_id(job_id, token),
                "app_version": self._version,
                "priority": position + 1,
            },
            job_id,
            token,
        )

    def cancel(self, *ids: str) -> None:
        """Take workflows from whoever has them; their outcome is not taken down any more."""
        if ids:
            self.client.cancel_workflows(list(ids))

    def taken(self) -> dict[str, str]:
        """Workflow id -> executor, of those that an executor has fetched."""
        found = self.client.list_workflows(status=PENDING, queue_name=QUEUE, load_input=False)
        return {w.workflow_id: w.executor_id or "" for w in found}

    def close(self) -> None:
        """Drop the connections."""
        if self._client is not None:
            self._client.destroy()
            self._client = None


def workflow_id(job_id: str, token: int) -> str:
    """What DBOS calls a job under one token."""
    return f"{job_id}.{token}"


class _Told(logging.Handler):
    """What DBOS has to say, said as everything else is."""

    def __init__(self, say: Callable[..., None]) -> None:
        super().__init__()
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say("queue_trouble", level=record.levelname.lower(), text=record.getMessage()[:500])


def launch(url: str, version: str, executor: str, carry: Carry, say: Callable[..., None]) -> None:
    """Start taking jobs in this process, one at a time."""
    logger = quiet()
    logger.handlers = [_Told(say)]
    logger.propagate = False
    config: DBOSConfig = {
        "name": APPLICATION,
        "system_database_url": url,
        "executor_id": executor,
        "application_version": version,
        "enable_otlp": False,
        "log_level": "ERROR",
        "max_executor_threads": 4,
    }
    DBOS(config=config)

    @DBOS.workflow(name=WORKFLOW)
    def job(job_id: str, token: int) -> str:
        return carry(job_id, token)

    DBOS.listen_queues([QUEUE])
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_S)


def shut_down(within_s: float) -> None:
    """Take no further job and wait for the one in hand."""
    DBOS.destroy(workflow_completion_timeout_sec=max(1, int(within_s)))


def quiet() -> logging.Logger:
    """DBOS tells its own story on standard error; only what is wrong is wanted there."""
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.ERROR)
    return logger
