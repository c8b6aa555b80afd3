"""Start a service in the sandbox, send it a few requests, and hear everything both sides say."""

import secrets
from collections.abc import Sequence

from pydantic import Field

from sandbox import stream
from sandbox.attack.script import Step
from sandbox.jobs import Job
from sandbox.protocol import SCRATCH, Cause, Sandbox
from sandbox.reports import Frozen, Service
from sandbox.service import PORT, TOOLS_PYTHON, beside
from sandbox.text import clean

ASKER = ("reporter", "ready", "sending", "asking")
WITHIN_S = 90.0
SAID_MOST = 60_000


class Ask(Frozen):
    """One request."""

    step: Step
    times: int = 1
    """Sent so often at the same time."""
    watch: bool = False
    """Measure how long another request waits meanwhile."""


class Answered(Frozen):
    """What came of it."""

    status: int
    """0: the connection was cut, or nothing came in time."""
    headers: dict[str, str] = Field(default_factory=dict)
    text: str = ""
    seconds: float = 0.0
    delay_s: float = 0.0
    """How long the other request waited."""


class Talk(Frozen):
    """A start of the service."""

    ready: bool
    answers: tuple[Answered, ...] = ()
    said: str = ""
    """Everything the service printed, its end when it is long."""
    status: int = 0
    """What the ready path answered last, 0 when nothing did."""
    ended: bool = False
    """It ended by itself."""
    exit_code: int | None = None


def talk(sandbox: Sandbox, service: Service, asks: Sequence[Ask] = ()) -> Talk:
    """Start the service of the tree in `/src` and send it the requests in order.

    Raises:
        EngineFault: the engine was lost.
    """
    nonce = secrets.token_hex(16)
    task = {
        "nonce": nonce, "port": PORT, "ready_path": service.ready_path, "start_timeout_s": service.start_timeout_s,
        "seed": "greenloop", "secrets": [], "requests": [one.model_dump(mode="json") for one in asks],
    }  # fmt: skip
    job = Job(
        python=TOOLS_PYTHON, parts=ASKER, task=task, user="tests", cwd=SCRATCH,
        env={"HOME": SCRATCH, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout_s=service.start_timeout_s + WITHIN_S,
    )  # fmt: skip
    outcome, served, died = beside(sandbox, service, job)
    records = list(stream.records(outcome.stdout, nonce))
    answers = [
        Answered(
            status=int(r["status"]), headers={str(k): str(v) for k, v in dict(r["headers"]).items()},
            text=str(r["text"]), seconds=float(r["seconds"]), delay_s=float(r["delay"]),
        )
        for r in records if r["k"] == "answer"
    ]  # fmt: skip
    last = next((r for r in records if r["k"] == "not_ready"), None)
    said = clean(served.stdout[-SAID_MOST:]) + "\n" + clean(served.stderr[-SAID_MOST:])
    return Talk(
        ready=any(r["k"] == "ready" for r in records),
        answers=tuple(answers),
        said=said.strip(),
        status=int((last or {}).get("status") or 0),
        ended=died,
        exit_code=served.exit_code if served.cause is Cause.EXITED else None,
    )
