"""What a person reads at the end of a run: built, proven, not checked, where, and the next command."""

from typing import Any

from agents.contracts import Plan
from sandbox.reports import SuiteReport, Verdict
from sandbox.text import clean as printable
from sandbox.text import counted
from workflows.endings import MEANING, RESUMABLE, Ending
from workflows.events import Event
from workflows.gate_table import gate_lines
from workflows.record import Record
from workflows.runs import RunInfo

SHOWN = 12
"""Most criteria on the last screen."""


def final_screen(info: RunInfo, record: Record, *, gates: bool = False) -> str:
    """The last screen, as plain text; `gates`: with what each gate ran and how it is switched off."""
    events = record.events()
    plan = record.load_report("plan", Plan)
    verdict = _last_verdict(record, events)
    parts = [
        _headline(info),
        _built(plan),
        _proof(verdict, events, record, gates=gates),
        _not_checked(verdict),
        _left_out(events),
        _cost(events),
        _next(info, record, events),
    ]
    return printable("\n".join(part for part in parts if part))


def _headline(info: RunInfo) -> str:
    ending = info.ending or Ending.INFRA
    text = f"\n{ending.upper()}  {MEANING[ending][1]}"
    return f"{text}\n  why: {info.reason}" if info.reason else text


def _built(plan: Plan | None) -> str:
    if plan is None:
        return ""
    lines = [f"\nPlan: {plan.summary}"]
    lines += [f"  {c.id:<4}{c.text}" for c in plan.criteria[:SHOWN]]
    if len(plan.criteria) > SHOWN:
        more = counted(len(plan.criteria) - SHOWN, "more criterion", "more criteria")
        lines.append(f"  ... and {more}, each with its tests, in the report")
    lines += [f"  assumed: {text}" for text in plan.assumptions]
    return "\n".join(lines)


def _proof(verdict: Verdict | None, events: list[Event], record: Record, *, gates: bool) -> str:
    if verdict is None:
        runs = [e for e in events if e.kind == "tests" and not str(e.data["step"]).startswith("red")]
        return _best_check(runs, record) if runs else ""
    counts = f"{verdict.passed} of {verdict.total} tests"
    lines = [f"\nProof: {verdict.word}, {counts} in a fresh container at {verdict.commit[:10]}"]
    red = [e.data for e in events if e.kind == "tests" and str(e.data["step"]).startswith("red")]
    if red:
        failed = f"{red[-1]['total'] - red[-1]['passed']} of {red[-1]['total']}"
        lines.append(f"  ok   red first: {failed} new tests failed before the change")
    lines += gate_lines(verdict.gates, all_of_it=gates)
    return "\n".join(lines)


def _best_check(runs: list[Event], record: Record) -> str:
    """The best run of the tests in the loop, with what failed in it."""
    best = max(runs, key=lambda e: int(e.data["passed"]))
    said = record.load_report(str(best.data["step"]), SuiteReport)
    failed = said.failures() if said else ()
    lines = [f"\nBest check: {best.data['passed']} of {best.data['total']} tests"]
    lines += [f"  BAD  {f.node_id}: {f.message.splitlines()[0][:160] if f.message else f.outcome}" for f in failed[:3]]
    return "\n".join(lines + ([f"  ... and {len(failed) - 3} more"] if len(failed) > 3 else []))


def _not_checked(verdict: Verdict | None) -> str:
    if verdict is None or not verdict.not_checked:
        return ""
    return "Not checked: " + "; ".join(verdict.not_checked)


def _left_out(events: list[Event]) -> str:
    """Parts of a refactoring that break something."""
    notes = [str(e.data["text"]) for e in events if e.kind == "note"]
    found = dict.fromkeys(text for text in notes if text.startswith(("left out: ", "taken out again: ")))
    return "\n".join(found)


def _cost(events: list[Event]) -> str:
    ended = [e for e in events if e.kind == "run_ended"]
    if not ended:
        return ""
    usage = ended[-1].data["usage"]
    text = f"\nTime: {events[-1].elapsed_s:.0f} s"
    if usage["calls"]:
        tokens = usage["input_tokens"] + usage["output_tokens"]
        text += f", {usage['calls']} model calls, {tokens:,} tokens, ${usage['cost_usd']:.4f}"
    return text + (", no model used" if not usage["calls"] else "")


def _next(info: RunInfo, record: Record, events: list[Event]) -> str:
    lines = []
    if info.ending in (Ending.DELIVERED, Ending.PARTIAL):
        lines.append(f"Branch: {info.branch} in {info.repo}")
        lines.append(f"Report: {record.home / 'report.md'}")
        lines.append(f"Next:   greenloop diff {info.id}    then: greenloop merge {info.id}")
    elif info.ending is Ending.PREVIEWED:
        lines += [_file(record, "preview.diff"), f"Report: {record.home / 'report.md'}"]
        lines.append("Next:   greenloop refactor ... as before, without --preview")
    elif info.ending is Ending.UNCHANGED:
        lines.append(f"Log: greenloop log {info.id}")
    elif info.ending is Ending.NEEDS_ANSWER:
        lines += _open_question(info, events)
    elif info.ending in RESUMABLE:
        lines.append(f"Nothing is lost. Next: greenloop resume {info.id}")
    else:
        lines.append(f"Record: {record.home}    log: greenloop log {info.id}")
    return "\n".join(lines)


def _file(record: Record, name: str) -> str:
    path = record.home / name
    return f"\n{path.read_text('utf-8', 'replace')}" if path.exists() else ""


def _open_question(info: RunInfo, events: list[Event]) -> list[str]:
    plans = [e for e in events if e.kind == "plan"]
    questions = plans[-1].data["questions"] if plans else []
    if not questions or info.options.get("approve"):
        return (
            [plan_text(plans[-1].data), f'Next:   greenloop answer {info.id} "yes"   (or what to change)']
            if plans
            else []
        )
    example = " ".join(f"{q['id']}: ..." for q in questions) if len(questions) > 1 else "..."
    return [questions_text(questions), f'Next:   greenloop answer {info.id} "{example}"']


def plan_text(plan: dict[str, Any]) -> str:
    """A plan before anything is built."""
    lines = [f"Plan: {plan['summary']}"]
    lines += [f"  {c['id']}  {c['text']}" for c in plan["criteria"]]
    lines += [f"  step: {s['title']}" for s in plan["steps"]]
    lines += [f"  decision: {d['choice']} ({d['reason']})" for d in plan["decisions"]]
    lines += [f"  assumed: {text}" for text in plan["assumptions"]]
    return printable("\n".join(lines))


def questions_text(questions: list[dict[str, str]]) -> str:
    """Open questions with the answers we would assume."""
    return printable("\n".join(f"{q['id']}: {q['text']}  [{q['default']}]" for q in questions))


def _last_verdict(record: Record, events: list[Event]) -> Verdict | None:
    names = [f"{e.data['step']}" for e in events if e.kind == "step_done" and str(e.data["step"]).startswith("verdict")]
    return record.load_report(names[-1], Verdict) if names else None
