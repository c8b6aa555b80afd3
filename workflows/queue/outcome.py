"""What is kept of a job's run besides its record: the figures a report over many repositories needs."""

from typing import Any

from agents.contracts import Usage
from sandbox.baseline import Baseline
from sandbox.errors import SandboxError
from sandbox.history import FileChange
from sandbox.reports import Verdict
from workflows.queue.shared_record import SharedRecord
from workflows.runs import RunInfo
from workflows.state import Context


def outcome(info: RunInfo, context: Context, record: SharedRecord, token: int) -> dict[str, Any]:
    """The figures of an ended run, as JSON."""
    events = record.events()
    phases: dict[str, float] = {}
    for event in events:
        if event.kind == "step_done":
            name = str(event.data["step"]).partition("-")[0]
            phases[name] = round(phases.get(name, 0.0) + float(event.data["seconds"]), 3)
    verdicts = [e.data for e in events if e.kind == "verdict"]
    changes = _changes(info, context) if info.commit else []
    before = record.load_report("baseline", Baseline)
    usage: Usage = context.ledger.totals()
    return {
        "token": token,
        "branch": info.branch if info.commit else "",
        "commit": info.commit,
        "seconds": round(record.elapsed_s, 3),
        "phases": phases,
        "usage": usage.model_dump(),
        "files": len(changes),
        "added": sum(change.added for change in changes),
        "removed": sum(change.removed for change in changes),
        "before": None if before is None else {k: len(getattr(before, k)) for k in ("passing", "failing", "flaky")},
        "after": {k: verdicts[-1].get(k) for k in ("word", "passed", "total")} if verdicts else None,
        "not_checked": list(verdicts[-1].get("not_checked", ())) if verdicts else [],
        "failed_gates": _failed(Verdict.model_validate(verdicts[-1])) if verdicts else [],
        "notes": [str(e.data["text"]) for e in events if e.kind == "note" and "left out" in str(e.data["text"])],
    }


def _changes(info: RunInfo, context: Context) -> list[FileChange]:
    try:
        return context.lab.changes(context.lab.workspace.base, info.commit)
    except SandboxError:
        return []  # the figures are not worth a run


def _failed(verdict: Verdict) -> list[str]:
    return [f"{gate.name}: {gate.evidence}" for gate in verdict.gates if gate.blocking and not gate.passed]
