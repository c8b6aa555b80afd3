"""The house rules as a gate: the two trees read as text, held against each other."""

import time

from agents.findings import Finding, worse
from agents.profile import Source
from agents.rules.check import check
from agents.rules.switches import read_switches
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.reports import Gate
from sandbox.text import escaped, shown

NAME = "house rules"
TOLD = ("error", "warning")
"""Severities that become findings; `info` is told by `greenloop review` alone."""


def house_rules(base: Source, head: Source) -> GateResult:
    """What the change made worse. Errors fail it, warnings advise.

    What is switched off is read from the tree before the change, and comments of the change switch nothing off: nobody
    excuses their own work.
    """
    begun = time.monotonic()
    found = worsened(base, head)
    told = [finding for finding in found if finding.severity in TOLD]
    errors = [finding for finding in told if finding.severity == "error"]
    rows = [_row(finding, head) for finding in (*errors, *(f for f in told if f not in errors))]
    craft = f"; {len(found) - len(told)} matters of craft" if len(found) > len(told) else ""
    gate = Gate(
        name=NAME,
        passed=not rows,
        blocking=bool(errors) or not rows,
        evidence=evidence(rows, "the change breaks none of them") + craft,
        seconds=round(time.monotonic() - begun, 3),
        command="greenloop review --base (the code before the change)",
    )
    return GateResult(gate=gate, findings=tuple(rows))


def worsened(base: Source, head: Source, *, comments: bool = False) -> tuple[Finding, ...]:
    """Findings of `head` that `base` had not, by the switches of `base`; `comments`: those in the code switch too."""
    switches = read_switches(base)
    before = check(base, switches=switches, comments=comments)
    return worse(before, check(head, switches=switches, comments=comments))


def _row(finding: Finding, source: Source) -> GateFinding:
    lines = source.read(finding.path).splitlines()
    return GateFinding(
        gate=NAME,
        code=finding.rule,
        text=shown(finding.message, 300),
        path=escaped(finding.path),
        line=finding.line,
        source=lines[finding.line - 1] if 0 < finding.line <= len(lines) else "",
    )
