"""Test runs in preloaded workers, and in plain processes whenever a worker is not fit for them."""

from collections.abc import Callable, Mapping, Sequence

from sandbox.container import DockerSandbox
from sandbox.jobs import Job, Plain, Starter
from sandbox.protocol import Outcome, Process
from sandbox.pytest_run import IN_PROCESS, in_process_job, run_in_process, told_by
from sandbox.reports import Service, SuiteReport, Word
from sandbox.service import LAUNCH, OUTSIDE, run_service_tests
from sandbox.shares import FEWEST, divide, joined, tasks_of
from sandbox.suite import matches, suite_report
from sandbox.trial_job import TRIALS
from sandbox.worker import Preload, Worker, WorkerLost, WorkerUnfit

WEB = (
    "asyncio", "concurrent.futures.thread", "logging.config", "email.mime.text", "multiprocessing", "sqlite3", "uuid",
    "decimal", "zoneinfo", "pdb", "faulthandler", "importlib.resources", "importlib.metadata",
    "pydantic", "pydantic.v1", "pydantic.networks", "pydantic.deprecated.decorator", "pydantic_settings",
    "anyio", "anyio._backends._asyncio", "starlette", "fastapi", "fastapi.responses", "fastapi.security",
    "fastapi.staticfiles", "fastapi.templating", "starlette.middleware.cors", "fastapi.openapi.utils",
    "sqlalchemy", "sqlalchemy.orm", "sqlalchemy.ext.asyncio", "sqlalchemy.dialects.sqlite.aiosqlite", "aiosqlite",
    "sqlalchemy.dialects.postgresql", "sqlalchemy.dialects.postgresql.asyncpg", "asyncpg", "psycopg", "psycopg2",
    "sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.postgresql.psycopg2", "redis", "redis.asyncio",
    "sqlmodel", "email_validator", "multipart", "python_multipart",
    "argon2", "pwdlib", "pwdlib.hashers.argon2", "bcrypt", "jwt", "jose", "passlib.context", "cryptography.fernet",
)  # fmt: skip
"""Imported when installed: what applications of this kind spend their start on."""
SERVER = (
    "uvicorn", "uvicorn.main", "uvicorn.logging", "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.auto", "uvicorn.protocols.http.h11_impl", "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto", "click", "h11",
    "alembic", "alembic.config", "alembic.command", "alembic.runtime.environment", "alembic.autogenerate", "mako",
)  # fmt: skip
CLIENT = ("httpx", "fastapi.testclient", "starlette.testclient", "pytest_asyncio")
TRIES = 4
"""Failures in a row until the plain process is used for good."""


class Workers:
    """Starts jobs in preloaded workers of one container: the service, tests inside, tests outside. See `jobs.Starter`.

    `distributions`: what the repository's manifest names. `shares`: children an in-process suite is split over once it
    is known how long its tests take (`durations`: what was known of that before); anything but green is then told by a
    run in one piece (always, when children would share a server's data). Reports say in `notes` when a plain process
    was used instead.
    """

    def __init__(
        self, box: DockerSandbox, distributions: Sequence[str] = (), *, cheap_hashes: bool = True, shares: int = 1,
        durations: Mapping[str, float] | None = None,
    ) -> None:  # fmt: skip
        self._box = box
        self._shares = 1 if box.extras else shares
        self._durations = dict(durations or {})
        self._distributions = tuple(distributions)
        self._cheap_hashes = cheap_hashes
        self._workers: dict[tuple[str, ...], tuple[dict[str, str], Worker]] = {}
        self._without: set[str] = set()
        self._failed = 0
        self._unfit = ""

    def in_process(
        self, *, node_ids: Sequence[str] | None, expected: Sequence[str] | None, timeout_s: float, ini: str,
        options: Sequence[str], env: dict[str, str], touch: bool = False,
    ) -> SuiteReport:  # fmt: skip
        """See `pytest_run.run_in_process`."""

        def run(starter: Starter) -> SuiteReport:
            return run_in_process(
                self._box, node_ids=node_ids, expected=expected, timeout_s=timeout_s, ini=ini, options=options, env=env,
                starter=starter, touch=touch,
            )  # fmt: skip

        known = {i: s for i, s in self._durations.items() if node_ids is None or any(within(i, n) for n in node_ids)}
        if self._shares > 1 and len(known) >= FEWEST:
            job = in_process_job(node_ids, timeout_s=timeout_s, ini=ini, options=options, env=env, touch=touch)
            shared = self._shared(job, known, expected)
            if shared is not None:
                return shared
        report = self._run(run)
        self._durations |= {result.node_id: result.duration_s for result in report.results}
        return report

    def _shared(self, job: Job, known: Mapping[str, float], expected: Sequence[str] | None) -> SuiteReport | None:
        """Green when every share is; else None."""
        if self._unfit:
            return None
        tasks = tasks_of(job, divide(known, self._shares), self._shares)
        try:
            self.clean()
            outcomes = self.worker(job).start(job, tasks).outcomes()
        except WorkerLost:
            self.close()
            return None
        told = zip(outcomes, tasks, strict=True)
        reports = [suite_report(o, told_by(o, str(task["nonce"])), None) for o, task in told]
        return joined(reports, expected)

    def service_tests(
        self, *, service: Service, node_ids: Sequence[str] | None, expected: Sequence[str] | None, timeout_s: float
    ) -> SuiteReport:
        """See `service.run_service_tests`."""
        return self._run(
            lambda starter: run_service_tests(
                self._box, service=service, node_ids=node_ids, expected=expected, timeout_s=timeout_s, starter=starter
            )
        )

    def _run(self, run: Callable[[Starter], SuiteReport]) -> SuiteReport:
        """By workers; again in plain processes when one was lost or what it says is in doubt."""
        why = self._unfit
        while not why:
            try:
                report = run(self)
            except WorkerUnfit as unfit:
                self._give_up(unfit.culprit)
                why = str(unfit) if not unfit.culprit or self._unfit else ""
                continue
            except WorkerLost as lost:
                self._give_up()
                why = str(lost)
                continue
            if report.word is not Word.TAMPERED:
                self._failed = 0
                return report
            why = "its report was in doubt"
        self.close()
        report = run(Plain(self._box))
        return report.model_copy(update={"notes": (*report.notes, f"run in a plain process: {why}")})

    def _give_up(self, culprit: str = "") -> None:
        self.close()
        self._without |= {culprit} - {""}
        self._failed += 1
        if self._failed >= TRIES:
            self._unfit = "preloaded workers do not last here"

    def clean(self) -> None:
        """See `Starter.clean`: a worker has swept behind its job, so files are all that can be left."""
        if not self._workers or not all(worker.usable() for _, worker in self._workers.values()):
            self.close()
            self._box.sweep()
        else:
            self._box.wipe()

    def renew_ahead(self) -> None:
        """Start the container's servers anew while nobody waits for them."""
        self._box.renew_ahead()

    def start(self, job: Job) -> Process:
        """See `Starter.start`."""
        return self.worker(job).start(job)

    @property
    def servers(self) -> Mapping[str, str]:
        """How children find the servers beside them, whose data they share; empty when there are none."""
        return self._box.env

    def children(self, job: Job, tasks: Sequence[Mapping[str, object]]) -> tuple[tuple[Outcome, ...], str]:
        """Run one job's children with a task each on empty scratch space; no outcomes and why when no worker lasts.

        Raises:
            EngineFault: the engine was lost.
        """
        why = self._unfit
        for _ in range(0 if why else TRIES):
            try:
                self.clean()
                return self.worker(job).start(job, tasks).outcomes(), ""
            except WorkerUnfit as unfit:
                self._give_up(unfit.culprit)
                why = str(unfit)
            except WorkerLost as lost:
                self._give_up()
                why = str(lost)
        return (), why

    def worker(self, job: Job) -> Worker:
        """The worker for jobs like this one, started when there is none that fits."""
        key = (job.python, job.user, *job.parts)
        known = self._workers.get(key)
        if known is not None and known[0] == dict(job.env) and known[1].usable():
            return known[1]
        if known is not None:
            known[1].close()
        worker = Worker(self._box, job, self._preload(job.parts))
        self._workers[key] = (dict(job.env), worker)
        return worker

    def _preload(self, parts: tuple[str, ...]) -> Preload:
        without = frozenset(self._without)
        if parts == OUTSIDE:
            return Preload(imports=("pytest", "httpx"), without=without)
        names = {LAUNCH: (*WEB, *SERVER), TRIALS: ("pytest", *WEB, *CLIENT), IN_PROCESS: ("pytest", *WEB, *CLIENT)}
        cheap = self._cheap_hashes and parts in (LAUNCH, TRIALS)
        return Preload(imports=names[parts], distributions=self._distributions, cheap_hashes=cheap, without=without)

    def close(self) -> None:
        """Let go of every worker; what they ran ends with them, at the latest at the next sweep."""
        for _, worker in self._workers.values():
            worker.close()
        self._workers.clear()


def within(node_id: str, wanted: str) -> bool:
    """`node_id` is `wanted`, or below it."""
    return matches(node_id, wanted) or node_id.startswith(wanted + "/")
