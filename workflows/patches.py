"""Patches by a model: several at once, each at a desk of its own, and the best of them chosen by running the tests."""

import asyncio
from dataclasses import dataclass, replace

from agents.contracts import Change, TestCase
from agents.desk import WorkspaceDesk
from agents.errors import AgentError, Contradiction
from agents.overlay import Overlay
from agents.protection import protected_from_builder
from agents.roles import Brief
from sandbox.reports import SuiteReport, Word
from workflows.evidence import PATCHES, REPAIRS, WHERE, Patches, Repairs, Tried, Where
from workflows.held import visible_cases
from workflows.judgement import baseline
from workflows.nodes.common import brief_for
from workflows.state import Context, RunState

APPROACHES = (
    "Repair the cause where the wrong value or state first comes into being, with the smallest change that does it.",
    "Look for the assumption that does not hold (input, order, time, emptiness, types); repair the code that makes it.",
    "Compare with code of this repository that does the same kind of thing rightly; bring the broken part into line.",
    "Follow the data from the request to the answer, and repair the first step after which it is wrong.",
)
MOST_GUARDS = 300
PLACES = 12
RULED_OUT = 8


@dataclass
class _Attempt:
    """One patch in the making."""

    number: int
    brief: Brief
    overlay: Overlay
    change: Change | None = None
    error: AgentError | None = None
    report: SuiteReport | None = None

    @property
    def size(self) -> int:
        return sum(len(content or b"") for content in self.overlay.changes().values())


async def side_by_side(state: RunState, context: Context, name: str) -> str:
    """Let the builder make several patches, run the tests on each, and commit the best; returns the commit.

    Raises:
        AgentError: no patch came of any of them; the first one's reason.
    """
    context.lab.reset(state["tests_commit"])
    attempts = [_attempt(state, context, name, number) for number in range(context.limits.patches)]
    await asyncio.gather(*(_make(state, context, attempt) for attempt in attempts))
    made = [attempt for attempt in attempts if attempt.change is not None and attempt.overlay.changes()]
    for attempt in made:
        attempt.report = await asyncio.to_thread(_tested, state, context, attempt)
    best = max(made, key=_worth, default=None)
    refused = next((a.error for a in attempts if isinstance(a.error, Contradiction)), None)
    if best is None or (refused and not _is_green(best)):
        raise (
            refused or next((a.error for a in attempts if a.error), None) or Contradiction("no patch changes anything")
        )
    _remember(context, attempts, best)
    return _committed(state, context, best, name)


async def one_more(state: RunState, context: Context, name: str) -> str:
    """One patch on top of what there is, with what the last verdict found; returns the commit.

    Raises:
        AgentError: as the builder.
    """
    lab = context.lab
    lab.reset(state["head"])
    lab.lay_tests(state["tests_commit"])
    lab.remember(visible_cases(state))
    desk = lab.desk(role="builder", base=state["base"], tests_commit=state["tests_commit"])
    brief = brief_for(state, context, desk, name)
    told = "\n\n".join(part for part in (brief.feedback, briefing(context)) if part)
    change = await context.team.builder.build(replace(brief, feedback=told), state["plan"])
    return lab.commit(change.message, step=name, verdict="unverified", body=change.note)


def _attempt(state: RunState, context: Context, name: str, number: int) -> _Attempt:
    lab = context.lab
    overlay = Overlay(lab.desk(role="planner"))
    trusted = {path for commit in (state["base"], state["tests_commit"]) for path in lab.files(commit)}
    cases = visible_cases(state)

    def run(node_ids: tuple[str, ...]) -> SuiteReport:
        named = {node_id.split("[")[0] for node_id in node_ids}
        chosen = [case for case in cases if not named or case.node_id in named]
        return lab.try_files(overlay.changes(), state["tests_commit"], state["tests_commit"], chosen)

    desk = WorkspaceDesk(overlay, protected_from_builder(trusted), run)
    brief = brief_for(state, context, desk, f"{name}-{number + 1}")
    told = (brief.feedback, briefing(context), f"Approach for this patch: {APPROACHES[number % len(APPROACHES)]}")
    feedback = "\n\n".join(part for part in told if part)
    return _Attempt(number, replace(brief, feedback=feedback), overlay)


async def _make(state: RunState, context: Context, attempt: _Attempt) -> None:
    try:
        attempt.change = await context.team.builder.build(attempt.brief, state["plan"])
    except AgentError as error:
        attempt.error = error
        context.record.emit("note", text=f"patch {attempt.number + 1}: {error}")


def _tested(state: RunState, context: Context, attempt: _Attempt) -> SuiteReport:
    """The reproduction, and what passed before."""
    cases = visible_cases(state)
    ours = {case.node_id for case in cases}
    known = baseline(context.lab, state["base"]).passing[:MOST_GUARDS]
    guards = dict.fromkeys(node_id.split("[")[0] for node_id in known)
    cases += [TestCase(node_id=one, criteria=(), guard=True) for one in guards if one not in ours]
    report = context.lab.try_files(attempt.overlay.changes(), state["tests_commit"], state["tests_commit"], cases)
    passed = f"{len(report.passed())} of {len(report.results)} tests pass"
    context.record.emit("note", text=f"patch {attempt.number + 1}: {report.word}, {passed}")
    return report


def _is_green(attempt: _Attempt) -> bool:
    return attempt.report is not None and attempt.report.word == Word.GREEN


def _worth(attempt: _Attempt) -> tuple[bool, int, int, int]:
    """Green first, then what passes most, the smallest change, the earliest."""
    passed = len(attempt.report.passed()) if attempt.report else 0
    return _is_green(attempt), passed, -attempt.size, -attempt.number


def _remember(context: Context, attempts: list[_Attempt], best: _Attempt) -> None:
    rows = []
    for attempt in attempts:
        changes = attempt.overlay.changes()
        says = attempt.change.message if attempt.change else "no patch"
        rows.append(Tried(says=says, files=tuple(changes), why=_why(attempt, best), chosen=attempt is best))
    different = {tuple(sorted(a.overlay.changes().items())) for a in attempts if _is_green(a)}
    context.record.save_report(PATCHES, Patches(tried=tuple(rows), different=len(different)))
    if len(different) > 1:
        text = f"{len(different)} patches that differ make every test pass; the smallest is taken, the others are named"
        context.record.emit("note", text=text)


def _why(attempt: _Attempt, best: _Attempt) -> str:
    if attempt is best:
        return "chosen: " + ("every test passes" if _is_green(attempt) else "most tests pass")
    if attempt.error is not None:
        return str(attempt.error)
    if attempt.report is None:
        return "it changes nothing"
    failed = attempt.report.failures()
    if not failed:
        return attempt.report.reason or "every test passes too; the change is larger or came later"
    return f"{len(failed)} tests fail, first {failed[0].node_id}"


def _committed(state: RunState, context: Context, best: _Attempt, name: str) -> str:
    lab = context.lab
    lab.reset(state["tests_commit"])
    desk = lab.desk(role="builder", base=state["base"], tests_commit=state["tests_commit"])
    for path, content in best.overlay.changes().items():
        if content is None:
            desk.delete(path)
        else:
            desk.write(path, content.decode())
    assert best.change is not None  # noqa: S101 - only those that were made are compared
    return lab.commit(best.change.message, step=name, verdict="unverified", body=best.change.note)


def briefing(context: Context) -> str:
    """What is known of the place, and what the rules have ruled out."""
    where = context.record.load_report(WHERE, Where) or Where()
    found = context.record.load_report(REPAIRS, Repairs) or Repairs()
    parts = []
    if where.places:
        rows = [f"- {p.path}:{p.line} {p.text.strip()[:100]} ({', '.join(p.reasons)})" for p in where.places[:PLACES]]
        parts.append("Lines that are suspected, most suspected first:\n" + "\n".join(rows))
    if found.tried:
        tried = [*found.ready, *found.rejected][:RULED_OUT]
        rows = [f"- {r.where}: {r.says} ({r.doubt or 'did not stand up to the verdict'})" for r in tried]
        said = f"{found.tried} small edits of these lines were tried by rule; none of them is the repair."
        parts.append(f"{said}{' Among them:' if rows else ''}\n" + "\n".join(rows))
    return "\n\n".join(part.strip() for part in parts)
