"""Hits of attacks as a review gets them."""

from typing import Any

from sandbox.attack.script import Attack, Hit, Step
from sandbox.gates import probe
from sandbox.gates.findings import GateResult
from sandbox.reports import Gate


def hit_on(operation: str, category: str, variant: str, told: str = "it answered 500", **sent: Any) -> Hit:
    method, _, path = operation.partition(" ")
    step = Step(method=method, path=path, **sent)
    return Hit(
        attack=Attack(id=f"{category}/{operation}/{variant}", category=category, operation=operation, title="t",  # type: ignore[arg-type]
                      steps=(step,)),
        step=0, told=told, answer=f"{'500' if '500' in told else '200'} {'x' * 5000}",
    )  # fmt: skip


def attacked(*hits: Hit) -> GateResult:
    gate = Gate(name=probe.ATTACKS, passed=False, evidence="e")
    return GateResult(gate=gate, findings=tuple(probe.finding_of(hit) for hit in hits), hits=hits)
