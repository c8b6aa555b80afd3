"""Our end of a preloaded worker (`probe/worker.py`): jobs go in, frames come out, every end has its own word.

A worker is for speed: what runs in it was forked from a process that other code has used before. A verdict never is.
"""

import json
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.causes import Counters, starved
from sandbox.container import DockerSandbox
from sandbox.errors import EngineFault, SandboxError
from sandbox.execution import cause_of
from sandbox.frames import Ended, Frame, Talk
from sandbox.jobs import Job
from sandbox.probe import BOOT, source_of
from sandbox.protocol import Cause, Command, Outcome
from sandbox.streams import End, Wake

HELLO_S = 60.0
HALT_S = 8.0
SHADOWED = 76
"""Exit code of a child that refused: the tree has a module that is imported already from elsewhere."""


class WorkerLost(EngineFault):
    """The worker ended, or did not keep to its protocol; says nothing about the code it ran."""


class WorkerUnfit(WorkerLost):
    """This worker must not be forked from; `culprit` is the import that made it so, empty when it was none."""

    def __init__(self, reason: str, culprit: str = "") -> None:
        super().__init__(reason)
        self.culprit = culprit


@dataclass(frozen=True, slots=True, kw_only=True)
class Preload:
    """What a worker has ready before its first job."""

    imports: tuple[str, ...]
    """Modules, in order; `pytest` stands for an empty run of it. Those that are not installed are left out."""
    distributions: tuple[str, ...] = ()
    """Names of installed distributions, whose modules are imported too."""
    cheap_hashes: bool = False
    """Password hashes are made at the lowest cost; they verify as before."""
    without: frozenset[str] = field(default_factory=frozenset)
    """Modules that were found to spoil a worker."""


class Worker:
    """One worker process in a container. One job at a time."""

    def __init__(self, box: DockerSandbox, like: Job, preload: Preload) -> None:
        self.box, self.user, self.broken = box, like.user, False
        self.facts: dict[str, object] = {}
        """What it said about its start: modules, seconds, absent."""
        secret = secrets.token_hex(16)
        begin = {
            "secret": secret,
            "programs": {"job": source_of(*like.parts)},
            "imports": preload.imports,
            "distributions": preload.distributions,
            "without": sorted(preload.without),
            "cheap_hashes": preload.cheap_hashes,
        }
        source = source_of("worker").encode()
        channel = box.converse(
            Command(argv=(like.python, "-I", "-B", "-c", BOOT), user=like.user, env=like.env, timeout_s=HELLO_S)
        )
        self.talk = Talk(channel, secret)
        self.talk.send(b"%d\n" % len(source) + source + json.dumps(begin).encode() + b"\n", HELLO_S)

    def start(self, job: Job, tasks: Sequence[Mapping[str, object]] = ()) -> "WorkerProcess":
        """Run a job, or several children of it with a task each."""
        return WorkerProcess(self, job, tasks or (job.task,))

    def greet(self) -> None:
        """Wait until the imports are done.

        Raises:
            WorkerUnfit: it must not be used.
            WorkerLost: it ended.
        """
        if self.facts:
            return
        frame = self.talk.receive(time.monotonic() + HELLO_S, self.box.cancelled, None)
        if not isinstance(frame, Frame) or frame.kind != "hello":
            self.broken = True
            raise WorkerLost(f"the preloaded worker did not start: {self.talk.complaint()}")
        self.facts = json.loads(frame.payload)
        if self.facts["unfit"]:
            self.broken = True
            raise WorkerUnfit(str(self.facts["unfit"]), str(self.facts["culprit"]))

    def usable(self) -> bool:
        """True when it can be given a job: it did not break, and while it starts or rests nothing killed it."""
        self.broken = self.broken or (bool(self.facts) and not self.talk.idle())
        return not self.broken

    def close(self) -> None:
        """Let go of it; it ends when its input does."""
        self.broken = True
        self.talk.close()


class WorkerProcess:
    """See `protocol.Process`: a job in a worker, read by a thread of its own."""

    def __init__(self, worker: Worker, job: Job, tasks: Sequence[Mapping[str, object]]) -> None:
        self._worker, self._job, self._tasks = worker, job, tasks
        self._wake = Wake()
        self._said: dict[tuple[int, str], bytearray] = {}
        self._begun = time.monotonic()
        self._outcomes: tuple[Outcome, ...] = ()
        self._fault: SandboxError | None = None
        self._thread = threading.Thread(target=self._main, name="sandbox-worker", daemon=True)
        self._thread.start()

    def wait(self) -> Outcome:
        """See `protocol.Process.wait`; of the first child when there are several."""
        return self.outcomes()[0]

    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcome of every child.

        Raises:
            WorkerLost: the worker ended under it.
            EngineFault: the engine was lost.
        """
        self._thread.join()
        if self._fault is not None:
            raise self._fault
        return self._outcomes

    def stop(self) -> Outcome:
        """See `protocol.Process.stop`."""
        self._wake.ask()
        return self.wait()

    def _main(self) -> None:
        worker = self._worker
        try:
            worker.greet()
            before = worker.box.counters()
            if before is None:
                raise WorkerLost("the sandbox does not answer")
            self._begun = time.monotonic()
            order = {"program": "job", "tasks": self._tasks, "env": dict(self._job.env), "cwd": self._job.cwd}
            worker.talk.send(json.dumps(order).encode() + b"\n", HELLO_S)
            self._outcomes = self._judged(before)
        except SandboxError as fault:
            self._fault = fault
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to; `outcomes` raises it
            self._fault = WorkerLost(f"reading a worker failed: {error!r}")
        finally:
            if self._fault is not None:
                worker.broken = True
            self._wake.close()

    def _judged(self, before: Counters) -> tuple[Outcome, ...]:
        end = self._listen(self._begun + self._job.timeout_s, self._wake)
        if isinstance(end, Ended):
            if SHADOWED in end.statuses:
                raise WorkerUnfit("the repository has a module of its own with the name of an installed one")
            box, user = self._worker.box, self._job.user
            return tuple(self._result(n, cause_of(box, user, before, c), c) for n, c in enumerate(end.statuses))
        if end is End.CLOSED:
            return self._all(self._why_closed(before))
        self._halt()
        if end is End.TIMEOUT:
            after = self._worker.box.counters()
            return self._all(self._worker.box.gone() if after is None else starved(before, after) or Cause.TIMEOUT)
        return self._all(Cause.OUTPUT_LIMIT if end is End.OVERFLOW else Cause.STOPPED)

    def _why_closed(self, before: Counters) -> Cause:
        self._worker.broken = True
        after = self._worker.box.counters()
        cause = self._worker.box.gone() if after is None else starved(before, after)
        if cause is None:
            raise WorkerLost("the preloaded worker was killed by what ran in it")
        return cause

    def _listen(self, deadline: float, wake: Wake | None) -> Ended | End:
        room = self._worker.box.limits.output_bytes
        while True:
            frame = self._worker.talk.receive(deadline, self._worker.box.cancelled, wake)
            if isinstance(frame, End):
                return frame
            if frame.kind == "end":
                ended = Ended.read(frame.payload)
                self._worker.broken |= not ended.clean
                return ended
            room -= len(frame.payload)
            if room < 0:
                return End.OVERFLOW
            self._said.setdefault((frame.child, frame.kind), bytearray()).extend(frame.payload)

    def _halt(self) -> None:
        """End the job: by the worker, or when it does not answer with everything its user runs."""
        worker = self._worker
        if worker.box.closing:
            return
        worker.talk.send(b"stop\n", 1.0)
        end = worker.talk.skip_to_end(time.monotonic() + HALT_S)
        if end is None or not end.clean:
            worker.broken = True
            worker.box.kill(self._job.user)

    def _all(self, cause: Cause) -> tuple[Outcome, ...]:
        return tuple(self._result(number, cause) for number in range(len(self._tasks)))

    def _result(self, child: int, cause: Cause, code: int | None = None) -> Outcome:
        return Outcome(
            cause=cause,
            exit_code=code if cause is Cause.EXITED else None,
            stdout=bytes(self._said.get((child, "out"), b"")),
            stderr=bytes(self._said.get((child, "err"), b"")),
            elapsed_s=time.monotonic() - self._begun,
        )
