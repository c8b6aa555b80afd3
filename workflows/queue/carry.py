"""One job carried by this process: what an earlier holder left is laid out again, and the run goes on from there."""

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError

from agents.contracts import Request
from agents.ledger import Budget
from sandbox.depot import Depot
from sandbox.errors import SandboxError
from sandbox.workspace import Workspace
from workflows.control import Control
from workflows.drive import OpenSaver, drive
from workflows.endings import RESUMABLE, Ending
from workflows.engines import docker_engine
from workflows.lab import Lab
from workflows.queue.checkpoint_tables import forget_thread
from workflows.queue.checkpoints import Drained, forget, in_file, in_postgres, inherit
from workflows.queue.jobs import ENDED, INFRA, Job, LeaseLost, Queue
from workflows.queue.learnt import learning
from workflows.queue.lease import Lease, clock
from workflows.queue.money import Purse, SharedLedger
from workflows.queue.outcome import outcome
from workflows.queue.reaper import MOST_TRIES
from workflows.queue.shared_record import FencedRuns, SharedRecord, restore
from workflows.runs import RunInfo
from workflows.services import assemble, secrets_of
from workflows.settings import ConfigError, Loaded

GONE, LOST, HANDED_BACK = "gone", "lost", "handed_back"
"""What came of a job for this process, besides the endings of a run."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this worker works, and how it finds its settings and the depot."""

    worker: str
    state_dir: Path
    """The queue's own folder on this machine."""
    depot: Callable[[Job], Depot]
    settings: Callable[[Path | None, dict[str, Any]], Loaded]
    lease_s: float
    say: Callable[..., None]
    draining: Callable[[], bool]

    def home(self, job_id: str, token: int) -> Path:
        """The folder of one job under one token."""
        return self.state_dir / "homes" / f"{job_id}.{token}"

    @property
    def checkpoints(self) -> Path:
        """Where SQLite checkpoints are."""
        return self.state_dir / "checkpoints"


class Carrier:
    """Carries one job after the other."""

    def __init__(self, queue: Queue, place: Place) -> None:
        self._queue = queue
        self._place = place

    def __call__(self, job_id: str, token: int) -> str:
        """Take the job and carry its run to an ending; returns that, or what became of it. Raises nothing."""
        say = self._place.say
        before = clock()
        job = self._queue.claim(job_id, token, self._place.worker, self._place.lease_s)
        if job is None:
            return GONE
        control = Control()
        lease = Lease(self._queue, job.id, token, self._place.lease_s, _stopper(control), before)
        lease.start()
        say("job_started", job=job.id, name=job.name, run=job.run, token=token)
        try:
            word = self._carried(job, lease, control)
        finally:
            lease.close()
            self._clean(job, token)
        say("job_ended", job=job.id, name=job.name, token=token, ending=word)
        return word

    def _carried(self, job: Job, lease: Lease, control: Control) -> str:
        try:
            return self._work(job, lease, control)
        except LeaseLost:
            return LOST
        except Drained:
            self._queue.hand_back(job.id, lease.token)
            return HANDED_BACK
        except (DBAPIError, psycopg.Error) as error:
            return self._fail_over(job, lease, f"the queue's database failed: {error}")
        except (SandboxError, OSError, ConfigError) as error:
            return self._give_up(job, lease, str(error))
        except Exception as error:  # noqa: BLE001 - a bug in one run must not end the worker; its name is the ending
            return self._give_up(job, lease, f"a bug in greenloop: {type(error).__name__}: {error}")

    def _fail_over(self, job: Job, lease: Lease, reason: str) -> str:
        """The database let us down, not the run: somebody else tries, unless many did."""
        if job.tries >= MOST_TRIES:
            return self._give_up(job, lease, reason)
        with suppress(DBAPIError):  # still away: the lease runs out
            self._queue.hand_back(job.id, lease.token, counts=True)
        self._place.say("job_handed_back", job=job.id, reason=reason[:300])
        return HANDED_BACK

    def _give_up(self, job: Job, lease: Lease, reason: str) -> str:
        try:
            lease.check()
            self._queue.finish(job.id, lease.token, INFRA, reason, job.result)
        except (LeaseLost, DBAPIError):
            return LOST
        return INFRA

    def _work(self, job: Job, lease: Lease, control: Control) -> str:
        home, depot = self._place.home(job.id, lease.token), self._place.depot(job)
        shutil.rmtree(home, ignore_errors=True)
        depot.checkout(job.id, home / "source")
        runs = FencedRuns(home, lease)
        info = _info(job, home / "source")
        runs.home(info.id).mkdir(parents=True)
        runs.save(info)
        known = self._queue.database.read(lambda conn: restore(conn, info.id, runs.home(info.id)))
        lease.check()
        loaded = self._place.settings(home / "source", dict(job.spec.get("flags", {})))
        record = SharedRecord(runs.home(info.id), lease, info.id, secrets=secrets_of(loaded.values))
        ledger = self._ledger(job, lease, loaded, record)
        learn = learning(self._queue, job, record)
        context = assemble(runs, info, loaded, control.stopped, ledger, record, learn)
        if known:
            workspace = Workspace.create(context.lab.home, context.lab.source)
            depot.load(workspace, job.id, lease.token)
        step = Step(self._place, depot, record, lease, context.lab)
        try:
            with asyncio.Runner() as runner, runs.lock(info.id):
                carried = drive(
                    runs, info, context, control, timeout_s=loaded.values.timeout_s, ask=lambda _: None,
                    checkpoints=self._checkpoints(job, lease, step),
                )  # fmt: skip
                done = runner.run(carried)
            return self._ended(job, lease, step, done, outcome(done, context, record, lease.token))
        finally:
            context.lab.close()

    def _ledger(self, job: Job, lease: Lease, loaded: Loaded, record: SharedRecord) -> SharedLedger:
        settings, purse = loaded.values, Purse.model_validate(job.spec.get("purse", {}))
        budget = Budget(usd=settings.budget_usd, tokens=settings.max_tokens, calls=settings.max_calls)
        tell = lambda text: record.emit("note", text=text)  # noqa: E731 - like that of every ledger
        ledger = SharedLedger(budget, lease, job.campaign, purse, tell)
        ledger.restore(record.replies())
        return ledger

    def _checkpoints(self, job: Job, lease: Lease, step: "Step") -> OpenSaver:
        if self._queue.database.shared:
            return lambda _: in_postgres(self._queue.database.url, lease, step.before, step.after)
        mine = inherit(self._place.checkpoints, job.run, lease.token)
        return lambda _: in_file(mine, step.before, step.after)

    def _ended(self, job: Job, lease: Lease, step: "Step", done: RunInfo, result: dict[str, Any]) -> str:
        """First what the ending speaks of, then the ending itself, once; then what nobody needs any more goes."""
        ending = done.ending or Ending.INFRA
        step.before()
        if done.commit:
            step.depot.save_result(step.lab.workspace, done.commit, job.id, lease.token)
        self._queue.finish(job.id, lease.token, ending, done.problem, result)
        if ending not in RESUMABLE:
            self._tidy(job)
        return ending

    def tidy(self, older_s: float) -> None:
        """What workers left that died between a job's ending and this."""
        for job in self._queue.untidied(older_s, RESUMABLE):
            self._tidy(job)

    def _tidy(self, job: Job) -> None:
        """Checkpoints and refs that nobody needs any more go; what cannot go now does so later."""
        with suppress(SandboxError, psycopg.Error, DBAPIError):  # something is away; the ending counts
            if self._queue.database.shared:
                forget_thread(self._queue.database.url, job.run)
            else:
                forget(self._place.checkpoints, job.run)
            self._place.depot(job).forget(job.id, but=job.token)
            self._queue.set_tidied(job.id, job.token)

    def _clean(self, job: Job, token: int) -> None:
        """Nothing of the job stays on this machine: containers, workspace, checkout."""
        with suppress(SandboxError, DBAPIError):
            engine = docker_engine(self._place.settings(None, {}).values)
            if (now := self._queue.job(job.id)) is None or now.token == token:
                engine.remove_run(job.run)
            elif now.state == ENDED and now.ending not in RESUMABLE:
                self._place.depot(job).forget(job.id, but=now.token)  # what was on its way there when we lost it
        shutil.rmtree(self._place.home(job.id, token), ignore_errors=True)


class Step:
    """What surrounds every write of a checkpoint."""

    def __init__(self, place: Place, depot: Depot, record: SharedRecord, lease: Lease, lab: Lab) -> None:
        self.depot = depot
        self.lab = lab
        self._place = place
        self._record = record
        self._lease = lease
        self._saved = ""
        self._turn = threading.Lock()

    def before(self) -> None:
        """The events and the commits a checkpoint speaks of are where another machine finds them.

        Raises:
            LeaseLost: nothing may be written any more.
        """
        with self._turn:
            self._lease.check()
            self._record.flush()
            self._save()

    def _save(self) -> None:
        if (self.lab.home / "workspace.json").exists():
            workspace = self.lab.workspace
            refs = workspace.git.text("for-each-ref", "--format=%(refname) %(objectname)")
            if refs != self._saved:
                self.depot.save(workspace, self._lease.job_id, self._lease.token)
                self._saved = refs

    def after(self) -> None:
        """A worker that drains goes no further.

        Raises:
            Drained: it does.
        """
        if self._place.draining():
            raise Drained


def _info(job: Job, source: Path) -> RunInfo:
    spec = job.spec
    return RunInfo(
        id=job.run,
        created=job.created,
        repo=str(source),
        request=Request.model_validate(spec["request"]),
        branch=spec["branch"],
        engine=spec["engine"],
        options=spec.get("options", {}),
    )


def _stopper(control: Control) -> Callable[[str], None]:
    words = {"lost": "the job was taken by another worker", "cancelled": "stopped by `greenloop campaign cancel`"}
    return lambda why: control.stop(Ending.CANCELLED, words[why])
