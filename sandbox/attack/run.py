"""Carrying a pack out: the service as one user, the attacker as another, over the sandbox's loopback."""

import secrets
import time
from collections.abc import Sequence
from typing import Any

from sandbox import stream
from sandbox.attack.script import Attack, AttackReport, Hit
from sandbox.jobs import Job, Starter
from sandbox.protocol import SCRATCH, Cause, Outcome, Sandbox
from sandbox.reports import Service
from sandbox.service import PORT, TOOLS_PYTHON, beside
from sandbox.text import last_line, shown

ATTACKER = ("reporter", "ready", "sending", "attacker")
"""Parts of the program; see `sandbox.probe`."""
SEED = "greenloop"
MOST_STARTS = 6
"""The service is started again, so often, after an attack that it did not survive."""


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
    left, done, begun = list(attacks), AttackReport(), time.monotonic()
    for _ in range(MOST_STARTS):
        room = budget_s - (time.monotonic() - begun)
        if not left or room <= 0:
            break
        report, gone = _once(sandbox, service, left, budget_s=room, seed=seed, starter=starter)
        done = _joined(done, report)
        if report.reason:
            break
        left = left[gone + 1 :] if gone >= 0 else []
    settled = len(attacks) - len(left) if not done.reason else done.done + len(done.skipped)
    return done.model_copy(
        update={"not_run": done.not_run + len(attacks) - settled, "seconds": round(time.monotonic() - begun, 3)}
    )


def _once(
    sandbox: Sandbox,
    service: Service,
    attacks: Sequence[Attack],
    *,
    budget_s: float,
    seed: str,
    starter: Starter | None,
) -> tuple[AttackReport, int]:
    """One start of the service; the number of the attack it did not survive, -1 when it survived all."""
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
) -> tuple[AttackReport, int]:
    if not any(record["k"] == "ready" for record in records):
        said = last_line(served.stderr) or last_line(outcome.stderr) or "it printed nothing"
        return AttackReport(reason=f"the service did not start: {said}"), -1
    settled = {int(r["n"]) for r in records if r["k"] in ("hit", "held", "skipped") and not r.get("leak")}
    hits = [_hit(attacks[int(r["n"])], r) for r in records if r["k"] == "hit"]
    gone = next((int(r["n"]) for r in records if r["k"] == "gone"), -1)
    ended = any(record["k"] == "end" for record in records)
    if gone < 0 and not ended and died:
        gone = max(settled, default=-1) + 1
        hits.append(
            Hit(attack=attacks[min(gone, len(attacks) - 1)], step=0, told="the service ended while it was attacked")
        )
    reason = "" if ended or gone >= 0 else f"the attacker ended early ({_how(outcome)})"
    report = AttackReport(
        hits=tuple(hits),
        done=sum(record["k"] == "held" for record in records),
        skipped={attacks[int(r["n"])].id: shown(str(r["why"]), 300) for r in records if r["k"] == "skipped"},
        not_run=len(attacks) - len(settled) if gone < 0 else 0,
        reason=reason,
    )
    return report, gone


def _joined(one: AttackReport, more: AttackReport) -> AttackReport:
    known = {hit.attack.id for hit in one.hits}
    return AttackReport(
        hits=(*one.hits, *(hit for hit in more.hits if hit.attack.id not in known)),
        done=one.done + more.done,
        skipped=one.skipped | more.skipped,
        not_run=one.not_run + more.not_run,
        reason=more.reason,
    )


def _hit(attack: Attack, record: dict[str, Any]) -> Hit:
    """The hit; what an answer tells on the way of an attack is one of its own, on the operation that answered."""
    step = max(0, min(int(record["step"]), len(attack.steps) - 1))
    if leak := str(record.get("leak") or ""):
        asked = attack.steps[step]
        name = f"{asked.method} {asked.path}"
        attack = Attack(
            id=f"leak/{name}/{leak}", category="leak", title=f"{name} tells {leak}", steps=attack.steps[: step + 1]
        )
    return Hit(attack=attack, step=step, told=shown(str(record["told"]), 500), answer=shown(str(record["answer"]), 700))


def _how(outcome: Outcome) -> str:
    return f"exit code {outcome.exit_code}" if outcome.cause is Cause.EXITED else outcome.cause.value.replace("_", " ")
