"""`report.md` of a fix: symptom, cause, fix, proof, and what was rejected."""

from sandbox.history import FileChange
from sandbox.reports import SuiteReport, Verdict
from sandbox.text import clean
from workflows.evidence import CULPRIT, PATCHES, REPAIRS, WHERE, Culprit, Patches, Repair, Repairs, Where
from workflows.gate_table import cell
from workflows.report import bullets, cost, criteria, files, gates, quoted, status
from workflows.state import Context, RunState

PLACES = 5
LOG_LINES = 25


def render_fix_report(state: RunState, context: Context, verdict: Verdict | None, changes: list[FileChange]) -> str:
    """Markdown; every section is there only when it has something to say."""
    plan = state["plan"]
    sections = [
        f"# {plan.summary}",
        status(state, verdict),
        quoted(state),
        _symptom(state, context),
        _cause(state, context),
        _fix(state, context),
        criteria(state, verdict),
        _proof(state, context, verdict),
        _rejected(state, context),
        bullets("Assumptions", list(plan.assumptions)),
        gates(verdict),
        bullets(
            "Not checked", list(verdict.not_checked) if verdict else ["no verdict in a fresh container was reached"]
        ),
        files(changes),
        cost(context),
    ]
    return clean("\n\n".join(section for section in sections if section)) + "\n"


def _red(state: RunState, context: Context) -> SuiteReport | None:
    return context.record.load_report(f"red-{state.get('red_tries', 0)}", SuiteReport)


def _symptom(state: RunState, context: Context) -> str:
    red = _red(state, context)
    if red is None:
        return ""
    rows = [f"`{f.node_id}`: {cell(f.message)[:300]}" for f in red.failures()[:5]]
    return bullets("Symptom", rows + ([f"`{red.unended}`: {cell(red.reason)}"] if red.unended else []))


def _cause(state: RunState, context: Context) -> str:
    where = context.record.load_report(WHERE, Where) or Where()
    culprit = context.record.load_report(CULPRIT, Culprit)
    rows = [_changed(state, context)]
    if culprit is not None and culprit.sha:
        rows.append(f"brought by commit `{culprit.sha[:12]}` {culprit.subject} (asked {culprit.asked} commits)")
    elif culprit is not None:
        rows.append("the commit that was named had the bug already")
    for place in where.places[:PLACES]:
        code = place.text.strip()[:100].replace("`", "'")
        rows.append(f"suspected ({place.score:.2f}): `{place.path}:{place.line}` `{code}`: {', '.join(place.reasons)}")
    return bullets("Cause", [row for row in rows if row])


def _changed(state: RunState, context: Context) -> str:
    repair = _chosen(state, context)
    return f"`{repair.where}`: the repair there ends it ({repair.says})" if repair else ""


def _chosen(state: RunState, context: Context) -> Repair | None:
    """The repair by rule that was delivered."""
    if state.get("ending") != "delivered" or state.get("patched"):
        return None
    found = context.record.load_report(REPAIRS, Repairs)
    number = state.get("repair", 0)
    return found.ready[number - 1] if found and 0 < number <= len(found.ready) else None


def _fix(state: RunState, context: Context) -> str:
    if state.get("ending") != "delivered":
        return ""
    diff = context.lab.diff(state["tests_commit"], state["head"]).strip()
    lines = diff.splitlines()
    shown = "\n".join(lines[:80]) + (f"\n... {len(lines) - 80} more lines" if len(lines) > 80 else "")
    repair = _chosen(state, context)
    words = f"{repair.says} (rule: {repair.family}). {repair.trust}".strip() if repair else "By a model."
    return f"## Fix\n\n{words}\n\n```diff\n{shown.replace('```', chr(39) * 3)}\n```"


def _proof(state: RunState, context: Context, verdict: Verdict | None) -> str:
    red = _red(state, context)
    if red is None or not red.failures():
        return ""
    log = [line for f in red.failures()[:3] for line in (f.node_id, *f.details.splitlines()[-LOG_LINES:])]
    parts = ["## Proof", "Red, before the change (twice the same):", _fenced(log)]
    if verdict is not None and state.get("ending") == "delivered":
        names = [case.node_id for case in state["cases"]]
        good = [f"{name} passed" for name in names] + [f"{verdict.passed} of {verdict.total} tests passed"]
        parts += ["Green, after it, in a fresh container:", _fenced(good)]
    return "\n\n".join(parts)


def _fenced(lines: list[str]) -> str:
    return "```text\n" + "\n".join(line.replace("```", "'''") for line in lines) + "\n```"


def _rejected(state: RunState, context: Context) -> str:
    found = context.record.load_report(REPAIRS, Repairs) or Repairs()
    patches = context.record.load_report(PATCHES, Patches) or Patches()
    number = state.get("repair", 0)
    done = _chosen(state, context)
    rows = [f"`{r.where}` {r.says}: not confirmed by the verdict" for r in found.ready[:number] if r != done]
    rows += [f"`{r.where}` {r.says}: {r.trust or 'not needed'}" for r in found.ready[number:]]
    rows += [f"`{r.where}` {r.says}: {r.doubt}" for r in found.rejected]
    rows += [f"cannot be told apart by the tests: {text}" for text in found.equals]
    rows += [f'patch "{t.says}": {t.why}' for t in patches.tried if not t.chosen]
    if patches.different > 1:
        rows.append(f"{patches.different} patches that differ pass every test: the tests leave open which is meant")
    if found.tried:
        rows.append(f"{found.tried} candidates were tried by rule in {found.seconds:.1f} s ({found.per_second:.0f}/s)")
    return bullets("Alternatives rejected", rows)


def where_text(where: Where) -> str:
    """The ranking for a terminal."""
    rows = [
        f"{p.score:5.2f}  {p.path}:{p.line}  {p.text.strip()[:90]}\n         {', '.join(p.reasons)}"
        for p in where.places
    ]
    return clean("\n".join([*rows, *([where.note] if where.note else [])]) or "no line is suspected")
