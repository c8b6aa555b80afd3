"""`report.md` of a refactoring: what changed step by step, what was left out, and what shows that nothing else did."""

from sandbox.history import FileChange
from sandbox.reports import Verdict
from sandbox.text import clean
from workflows.characterise import REPORT, Characterised
from workflows.gate_table import cell
from workflows.preservation import PREFIX
from workflows.report import bullets, cost, files, gates, quoted, status
from workflows.state import Context, RunState
from workflows.steps import LeftOut, Made, made


def render_refactor_report(
    state: RunState, context: Context, verdict: Verdict | None, changes: list[FileChange]
) -> str:
    """Markdown; every section is there only when it has something to say."""
    steps = made(context, state)
    sections = [
        f"# {state['plan'].summary}",
        status(state, verdict),
        quoted(state),
        _steps(steps),
        left_out(steps),
        _behaviour(verdict),
        _recorded(state, context),
        bullets("Left alone by the recipes", [note for one in steps for note in one.notes]),
        gates(verdict),
        bullets("Not checked", list(verdict.not_checked) if verdict else []),
        files(changes),
        cost(context),
    ]
    return clean("\n\n".join(section for section in sections if section)) + "\n"


def _steps(steps: list[Made]) -> str:
    lines = ["## Steps", "", "| | step | commit | files | left out |", "|---|---|---|---|---|"]
    for number, one in enumerate(steps, 1):
        title = f"`{one.recipe}`: {one.title}" if one.recipe else one.title
        commit = f"`{one.commit[:12]}`" if one.commit else one.reason or "nothing"
        lines.append(f"| {number} | {cell(title)} | {cell(commit)} | {len(one.files)} | {len(one.left_out) or '-'} |")
    return "\n".join(lines)


def left_out(steps: list[Made]) -> str:
    """What breaks something, why, and what it would have been."""
    parts = [_one(part) for one in steps for part in one.left_out]
    parts += [f"**{one.recipe or one.title}**, all of it: {cell(one.reason)}" for one in steps if _withdrawn(one)]
    return "## Left out\n\n" + "\n\n".join(parts) if parts else ""


def _withdrawn(one: Made) -> bool:
    return bool(one.reason) and not one.commit and not one.left_out and one.reason != "nothing was to be done"


def _one(part: LeftOut) -> str:
    shown = f"\n\n```diff\n{part.diff}\n```" if part.diff else ""
    return f"**{part.where}**: {cell(part.reason)}{shown}"


def _behaviour(verdict: Verdict | None) -> str:
    found = [gate for gate in (verdict.gates if verdict else ()) if gate.name.startswith(PREFIX)]
    rows = [f"{gate.name.removeprefix(PREFIX)}: {cell(gate.evidence)}" for gate in found]
    return bullets("What shows that behaviour is preserved", rows)


def _recorded(state: RunState, context: Context) -> str:
    known = context.record.load_report(REPORT, Characterised)
    if known is None or not (known.tests or known.dropped):
        return ""
    kept = "delivered with it" if state["request"].keep_tests else "dropped again in the last commit"
    rows = [f"{known.reached} of {known.touched} touched statements were reached before, {known.reached_now} are now"]
    rows += [f"{len(known.tests)} tests were recorded on the old code and are {kept}"] if known.tests else []
    rows += [f"{len(known.dropped)} did not say the same twice and were left out"] if known.dropped else []
    return bullets("Recorded tests", [*rows, *(f"`{node_id}`" for node_id in known.tests[:40])])
