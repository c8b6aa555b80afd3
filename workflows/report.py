"""`report.md`: what was asked, decided, built and proven; fit to be a pull request's text."""

from sandbox.history import FileChange
from sandbox.reports import SuiteReport, Verdict
from sandbox.text import clean
from workflows.state import Context, RunState


def render_report(state: RunState, context: Context, verdict: Verdict | None, changes: list[FileChange]) -> str:
    """Markdown; every section is there only when it has something to say."""
    plan = state["plan"]
    sections = [
        f"# {plan.summary}",
        _status(state, verdict),
        "## Request\n\n" + "\n".join(f"> {line}" for line in state["request"].text.splitlines()),
        _list(
            "Questions and answers",
            [f"{a.question}: {a.text}{' (assumed)' if a.assumed else ''}" for a in state.get("answers", [])],
        ),
        _list("Assumptions", list(plan.assumptions)),
        _list("Decisions", [f"**{d.choice}**: {d.reason}" for d in plan.decisions]),
        _criteria(state, verdict),
        _red(state, context),
        _gates(verdict),
        _list("Not checked", list(verdict.not_checked) if verdict else ["no verdict in a fresh container was reached"]),
        _changes(changes),
        _cost(context),
    ]
    return clean("\n\n".join(section for section in sections if section)) + "\n"


def _status(state: RunState, verdict: Verdict | None) -> str:
    if state.get("ending") == "delivered" and verdict:
        counts = f"{verdict.passed} of {verdict.total} tests"
        return f"**green**: {counts} passed in a fresh container at `{verdict.commit[:12]}`."
    done = max(state["rounds"], key=lambda r: r.passed)
    return (
        f"**partial**: {done.passed} of {done.total} tests pass at `{state['best'][:12]}`; {state.get('reason', '')}."
    )


def _list(title: str, items: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(f"- {item}" for item in items) if items else ""


def _criteria(state: RunState, verdict: Verdict | None) -> str:
    failed = {f.node_id.split("[")[0] for f in verdict.failures} if verdict else set()
    levels = {node.split("[")[0]: level for node, level in (verdict.levels if verdict else {}).items()}
    lines = ["## Acceptance criteria", "", "| | criterion | proven by | level |", "|---|---|---|---|"]
    for criterion in state["plan"].criteria:
        tests = [c.node_id for c in state.get("cases", []) if criterion.id in c.criteria]
        good = tests and not failed.intersection(tests) and all(t in levels for t in tests)
        held = set(state.get("held", ()))
        shown = "<br>".join(f"`{t.split('::')[-1]}`{' (held out)' if t in held else ''}" for t in tests) or "no test"
        how = ", ".join(sorted({levels[t] for t in tests if t in levels})) or "-"
        lines.append(f"| {'yes' if good else 'NO'} | {criterion.id} {_cell(criterion.text)} | {shown} | {how} |")
    return "\n".join(lines)


def _red(state: RunState, context: Context) -> str:
    """What the tests said before the change."""
    report = context.record.load_report(f"red-{state.get('red_tries', 0)}", SuiteReport)
    if report is None or not report.results:
        return ""
    failed = report.failures()
    lines = [
        f"## Red before green\n\n{len(failed)} of {len(report.results)} tests failed before the change, for example:\n"
    ]
    lines += [f"- `{r.node_id.split('::')[-1]}`: {_cell(r.message)[:160]}" for r in failed[:3]]
    return "\n".join(lines)


def _gates(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    lines = ["## Gates", "", "| gate | result | evidence | seconds |", "|---|---|---|---|"]
    for gate in verdict.gates:
        result = "passed" if gate.passed else "FAILED" if gate.blocking else "look"
        lines.append(f"| {gate.name} | {result} | {_cell(gate.evidence)} | {gate.seconds:.1f} |")
    return "\n".join(lines)


def _changes(changes: list[FileChange]) -> str:
    return _list("Files", [f"{c.status} `{c.path}` +{c.added} -{c.removed}" for c in changes])


def _cost(context: Context) -> str:
    usage = context.ledger.totals()
    spent = f"{usage.calls} model calls, {usage.input_tokens + usage.output_tokens:,} tokens, ${usage.cost_usd:.4f}"
    cost = spent if usage.calls else "no model was used"
    return f"## Cost\n\n{context.record.elapsed_s:.0f} s; {cost}. Run `{context.run_id}`."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
