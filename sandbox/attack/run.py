"""Carrying a pack out: the service as one user, the attacker as another, over the sandbox's loopback."""

import secrets
from collections.abc import Sequence
from typing import Any

from sandbox import stream
from sandbox.attack.script import Attack, AttackReport, Hit
from sandbox.jobs import Job, Starter
from sandbox.protocol import SCRATCH, Cause, Outcome, Sandbox
from sandbox.reports import Service
from sandbox.service import PORT, TOOLS_PYTHON, beside
from sandbox.text import last_line, shown

ATTACKER = ("reporter", "ready", "attacker")
"""Parts of the program; see `sandbox.probe`."""
SEED = "greenloop"


def attack(
    sandbox: Sandbox,
    service: Service,
    attacks: Sequence[Attack],
    *,
    budget_s: float,
    seed: str = SEED,
    starter: Starter | None = None,
) -> AttackReport:
    """Send every attack to the service of the tree in `/src`, dearest first, until `budget_s` (seconds) are used up.

    What the service is told by its environment (keys, passwords) is known to the attacker only to see whether it leaks
    and whether tokens that are out of date are taken.

    Raises:
        EngineFault: the engine was lost, or the image holds no interpreter for the attacker.
    """
    nonce = secrets.token_hex(16)
    known = [value for value in service.env.values() if len(value) >= 12 and "/" not in value]
    task = {
        "nonce": nonce,
        "port": PORT,
        "ready_path": service.ready_path,
        "start_timeout_s": service.start_timeout_s,
        "budget_s": budget_s,
        "seed": seed,
        "secrets": known,
        "attacks": [one.model_dump(mode="json") for one in attacks],
    }
    job = Job(
        python=TOOLS_PYTHON, parts=ATTACKER, task=task, user="tests", cwd=SCRATCH,
        env={"HOME": SCRATCH, "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
        timeout_s=service.start_timeout_s + budget_s + 60,
    )  # fmt: skip
    outcome, served, died = beside(sandbox, service, job, starter)
    return _report(list(stream.records(outcome.stdout, nonce)), attacks, outcome, served, died)


def _report(
    records: Sequence[dict[str, Any]], attacks: Sequence[Attack], outcome: Outcome, served: Outcome, died: bool
) -> AttackReport:
    if not any(record["k"] == "ready" for record in records):
        said = last_line(served.stderr) or last_line(outcome.stderr) or "it printed nothing"
        return AttackReport(reason=f"the service did not start: {said}", not_run=len(attacks))
    ended = any(record["k"] == "end" for record in records)
    settled = {int(r["n"]) for r in records if r["k"] in ("hit", "held", "skipped")}
    hits = [_hit(attacks[int(r["n"])], r) for r in records if r["k"] == "hit"]
    if died and not any("service ended" in hit.told for hit in hits) and len(settled) < len(attacks):
        number = max(settled, default=-1) + 1
        hits.append(Hit(attack=attacks[number], step=0, told="the service ended while it was attacked"))
    reason = "" if ended or died else f"the attacker ended early ({_how(outcome)})"
    return AttackReport(
        hits=tuple(hits),
        done=sum(record["k"] == "held" for record in records),
        skipped={attacks[int(r["n"])].id: shown(str(r["why"]), 300) for r in records if r["k"] == "skipped"},
        not_run=len(attacks) - len(settled),
        seconds=round(outcome.elapsed_s, 3),
        reason=reason,
    )


def _hit(attack: Attack, record: dict[str, Any]) -> Hit:
    step = max(0, min(int(record["step"]), len(attack.steps) - 1))
    return Hit(attack=attack, step=step, told=shown(str(record["told"]), 500), answer=shown(str(record["answer"]), 700))


def _how(outcome: Outcome) -> str:
    return f"exit code {outcome.exit_code}" if outcome.cause is Cause.EXITED else outcome.cause.value.replace("_", " ")
