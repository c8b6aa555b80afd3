"""What a service answers to scripts of requests, each sent twice, so that what is not always the same is known."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox import stream
from sandbox.attack.run import SEED
from sandbox.attack.script import Step
from sandbox.jobs import Job, Starter
from sandbox.protocol import SCRATCH, Sandbox
from sandbox.reports import Frozen, Service
from sandbox.service import PORT, TOOLS_PYTHON, beside

PARTS = ("reporter", "ready", "sending", "recorder")
BUDGET_S = 60.0


class Script(Frozen):
    """Requests in order; the last one's answer is what matters."""

    id: str
    steps: tuple[Step, ...]


class Recorded(Frozen):
    """The answers to one script."""

    script: Script
    status: int
    kind: str
    """`json`, `text`, or `long`: too long to be kept."""
    answers: tuple[str, str]
    """The body the first and the second time; `<<unique>>` stands for what was made up for each."""

    def data(self) -> tuple[Any, Any]:
        """Both bodies as JSON values."""
        first, second = self.answers
        return json.loads(first), json.loads(second)


def record(
    sandbox: Sandbox, service: Service, scripts: Sequence[Script], *, starter: Starter | None = None
) -> list[Recorded]:
    """Send every script to the service of the tree in `/src`; those that do not end with the same status both times,
    or that a step on the way refuses, are left out.

    Raises:
        EngineFault: the engine was lost.
    """
    nonce = secrets.token_hex(16)
    task: Mapping[str, object] = {
        "nonce": nonce, "port": PORT, "ready_path": service.ready_path, "start_timeout_s": service.start_timeout_s,
        "budget_s": BUDGET_S, "seed": SEED, "secrets": [], "scripts": [s.model_dump(mode="json") for s in scripts],
    }  # fmt: skip
    job = Job(
        python=TOOLS_PYTHON, parts=PARTS, task=task, user="tests", cwd=SCRATCH,
        env={"HOME": SCRATCH, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout_s=service.start_timeout_s + BUDGET_S + 30,
    )  # fmt: skip
    outcome, _, _ = beside(sandbox, service, job, starter)
    told: dict[int, dict[int, Mapping[str, Any]]] = {}
    for row in stream.records(outcome.stdout, nonce):
        if row["k"] == "answer":
            told.setdefault(int(row["n"]), {})[int(row["turn"])] = row
    found = []
    for number, turns in sorted(told.items()):
        first, second = turns.get(0), turns.get(1)
        if first is None or second is None or (first["status"], first["kind"]) != (second["status"], second["kind"]):
            continue
        answers = str(first["text"]), str(second["text"])
        kind, status = str(first["kind"]), int(first["status"])
        found.append(Recorded(script=scripts[number], status=status, kind=kind, answers=answers))
    return found
