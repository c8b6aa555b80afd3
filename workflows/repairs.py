"""Where a run meets localisation and the search for repairs by rule."""

from collections.abc import Sequence
from contextlib import suppress

from agents.bugs.groups import groups_of
from agents.bugs.report import BugReport, Trace
from agents.bugs.traces import located, traces_in
from agents.repair.hunt import Bounds, Bug, Candidate, Hunt, Repaired, apply
from agents.repair.localise import Evidence, localise, statements
from sandbox.errors import SandboxError
from sandbox.history import recent
from sandbox.reports import SuiteReport
from sandbox.trials import NotTried
from workflows.bench import Bench, code_of, hunting, show
from workflows.evidence import CULPRIT, Culprit, Place, Repair, Repairs, Where
from workflows.state import Context, RunState

MOST_PLACES = 30
HEADS = ("def ", "async def ", "class ", "@")
"""Lines that run whenever what is below them does: they come after lines that are suspected as much."""
MOST_READY = 4
MOST_REJECTED = 8
RECENT = 3
"""Last commits whose lines are a little more suspected."""


def locate(state: RunState, context: Context) -> Where:
    """Rank the lines of the code by what failing and passing tests run, by traces, names and history."""
    note = ""
    try:
        bench = hunting(state, context)
        suspects = _hunt(state, context, bench).suspects()
        sources = bench.sources
    except NotTried as why:
        note = f"located without coverage: {why}"
        sources = code_of(context.lab, state["base"])
        frames, errors = _frames(state, context, sources)
        seen = Evidence(
            sources=sources, lines={}, failing=(), frames=frames, errors=errors, text=state["request"].text,
            culprit=_culprit(context).lines, culprit_name=_culprit(context).sha[:10],
        )  # fmt: skip
        suspects = localise(seen)
    lines = {path: text.splitlines() for path, text in sources.items()}
    telling = {path: statements(sources[path]) for path in {s.path for s in suspects}}
    places = [
        Place(path=s.path, line=s.line, score=round(s.score, 3), reasons=s.reasons, text=lines[s.path][s.line - 1])
        for s in suspects
        if s.line in telling[s.path]
    ]
    places.sort(key=lambda place: (-place.score, place.text.lstrip().startswith(HEADS)))
    return Where(places=tuple(places[:MOST_PLACES]), note=note)


def search(state: RunState, context: Context) -> Repairs:
    """Try edits of the suspected lines; failures of several bugs are taken one after the other."""
    if not context.limits.repair_s:
        return Repairs(note="the search by rule is switched off: repair_s is 0")
    try:
        bench = hunting(state, context)
        groups = groups_of([f for f in bench.report.failures() if f.node_id in bench.failing], list(bench.sources))
        if len(groups) == 1:
            return _of_one(state, context, bench)
        return _of_many(state, context, bench, groups)
    except NotTried as why:
        return Repairs(note=str(why))
    finally:
        context.lab.put_away()


def _hunt(state: RunState, context: Context, bench: Bench) -> Hunt:
    if bench.hunt is None:
        bench.hunt = Hunt(bench.trials, bug_of(state, context, bench))
    return bench.hunt


def _of_one(state: RunState, context: Context, bench: Bench) -> Repairs:
    done = _hunt(state, context, bench).repair(_bounds(context, 1))
    choice = done.choice
    ready = choice.order[:MOST_READY]
    why = {one.candidate: one.why for one in choice.alternatives}
    return Repairs(
        ready=tuple(
            _repair(one, bench, trust=choice.trust if one == choice.best else why.get(one, "")) for one in ready
        ),
        rejected=tuple(_repair(one, bench, doubt=why[one]) for one in why if one not in ready)[:MOST_REJECTED],
        equals=tuple(f"{_place(one)}: {one.says}" for one in choice.indistinguishable),
        open=bool(ready) and not choice.sure,
        tried=done.found.tried,
        seconds=round(done.found.seconds, 2),
        note=done.note,
    )


def _of_many(state: RunState, context: Context, bench: Bench, groups: Sequence[Sequence[str]]) -> Repairs:
    """One repair for each group, each on top of those before it."""
    sources, changed = dict(bench.sources), dict[str, str]()
    parts: list[Candidate] = []
    tried, seconds, open_ = 0, 0.0, 0
    for group in groups:
        bug = bug_of(state, context, bench, failing=tuple(group), sources=sources)
        done: Repaired = Hunt(bench.trials, bug).repair(_bounds(context, len(groups)))
        tried, seconds = tried + done.found.tried, seconds + done.found.seconds
        if done.choice.best is None:
            open_ += 1
            continue
        changed |= apply(done.choice.best, sources)
        sources |= changed
        parts.append(done.choice.best)
        show(bench, {path: text.encode() for path, text in changed.items()})
    note = f"{open_} of {len(groups)} bugs have no repair by rule" if open_ else ""
    whole = Repair(
        says="; ".join(f"{_place(one)}: {one.says}" for one in parts),
        where=", ".join(_place(one) for one in parts),
        family=", ".join(dict.fromkeys(one.family for one in parts)),
        files=changed,
    )
    return Repairs(ready=(whole,) if parts else (), tried=tried, seconds=round(seconds, 2), note=note)


def _bounds(context: Context, groups: int) -> Bounds:
    limits = context.limits
    return Bounds(seconds=limits.repair_s / groups, candidates=limits.repair_candidates // groups)


def _place(candidate: Candidate) -> str:
    return f"{candidate.edits[0].path}:{candidate.line}"


def _repair(candidate: Candidate, bench: Bench, *, trust: str = "", doubt: str = "") -> Repair:
    return Repair(
        says=candidate.says, where=_place(candidate), family=candidate.family, trust=trust, doubt=doubt,
        files=apply(candidate, bench.sources),
    )  # fmt: skip


def bug_of(
    state: RunState,
    context: Context,
    bench: Bench,
    *,
    failing: Sequence[str] = (),
    sources: dict[str, str] | None = None,
) -> Bug:
    """The bug as the search takes it."""
    frames, errors = _frames(state, context, bench.sources)
    culprit = _culprit(context)
    return Bug(
        sources=sources or bench.sources,
        tests=bench.tests,
        failing=failing or bench.failing,
        passing=bench.passing,
        text=state["request"].text,
        recent=_recent(state, context),
        culprit=culprit.lines,
        culprit_name=culprit.sha[:10],
        frames=frames,
        errors=errors,
    )


def _culprit(context: Context) -> Culprit:
    return context.record.load_report(CULPRIT, Culprit) or Culprit()


def _recent(state: RunState, context: Context) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    workspace = context.lab.workspace
    with suppress(SandboxError):  # a history that cannot be read suspects nothing
        for commit in recent(workspace.git, state["base"], RECENT):
            for path, lines in workspace.lines_of(commit).items():
                found.setdefault(path, set()).update(lines)
    return found


def _frames(
    state: RunState, context: Context, sources: dict[str, str]
) -> tuple[dict[str, list[tuple[str, int]]], dict[str, str]]:
    """Of every trace of the failing tests and of the report: where it came through, and what it ended in."""
    report = context.record.load_report(state["report"], SuiteReport)
    told = [(f.node_id, trace) for f in (report.failures() if report else ()) for trace in traces_in(f.details)]
    bug = state["plan"].spec.get("bug")
    told += [("the report", trace) for trace in (BugReport.model_validate(bug).traces if bug else ())]
    frames: dict[str, list[tuple[str, int]]] = {}
    errors: dict[str, str] = {}
    for number, (name, trace) in enumerate(told):
        key = name if name not in frames else f"{name} ({number})"
        frames[key] = [(frame.file, frame.line) for frame in located(trace, list(sources)).frames]
        errors[key] = _said(trace)
    return frames, errors


def _said(trace: Trace) -> str:
    return f"{trace.error}: {trace.message}" if trace.message else trace.error
