"""The contract with existing clients: what the service publishes of itself, before a change and after it."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.gates.document import NoDocument, published
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.openapi_diff import ContractChange, differences
from sandbox.gates.stand import Side, Stand
from sandbox.reports import Gate

NAME = "contract"


def document_of(stand: Stand, side: Side, told: Callable[[str], None] = lambda _: None) -> Mapping[str, Any] | None:
    """The document of one side, None where there is no service or it publishes none; `told` is given the reason.

    Raises:
        EngineFault: the engine was lost.
    """
    service = stand.trees.services[side]
    if service is None:
        return None
    stand.show(side)
    try:
        return published(stand.box, service)
    except NoDocument as none:
        told(str(none))
        return None


def contract(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    *,
    may_add: bool = True,
    asked: Callable[[ContractChange], bool] = lambda _: False,
) -> GateResult | None:
    """Hold two documents against each other; None where there was no service before.

    `may_add`: new operations and parameters are fine (a refactoring may not even do that). `asked`: whether a
    breaking change was asked for; those are named, and nothing more.
    """
    if before is None or after is None:
        return None
    found = differences(before, after)
    counted = [change for change in found if change.kind == "breaking" or not may_add]
    wrong = [change for change in counted if not asked(change)]
    rows = [_finding(change) for change in counted]
    added = len(found) - len(counted)
    good = f"no client breaks; {added} additions" if added else "the service publishes the same as before"
    told = [_finding(change) for change in wrong] or rows
    gate = Gate(
        name=NAME,
        passed=not wrong,
        evidence=("asked for: " if rows and not wrong else "") + evidence(told, good),
        command="compare /openapi.json of both commits",
    )
    return GateResult(gate=gate, findings=tuple(rows))


def _finding(change: ContractChange) -> GateFinding:
    return GateFinding(gate=NAME, code=change.kind, text=change.words)
