"""`report.md`: what was asked, decided, built and proven; fit to be a pull request's text."""

from agents.sent_requests import requests_of
from sandbox.history import FileChange
from sandbox.reports import SuiteReport, Verdict
from sandbox.text import clean
from workflows.gate_table import cell, gate_table
from workflows.routing import best_round
from workflows.state import Context, RunState

MOST_FAILURES = 20


def render_report(state: RunState, context: Context, verdict: Verdict | None, changes: list[FileChange]) -> str:
    """Markdown; every section is there only when it has something to say."""
    plan = state["plan"]
    sections = [
        f"# {plan.summary}",
        status(state, verdict),
        quoted(state),
        bullets(
            "Questions and answers",
            [f"{a.question}: {a.text}{' (assumed)' if a.assumed else ''}" for a in state.get("answers", [])],
        ),
        bullets("Assumptions", list(plan.assumptions)),
        bullets("Decisions", [f"**{d.choice}**: {d.reason}" for d in plan.decisions]),
        failures(state, verdict, context),
        criteria(state, verdict, context),
        red(state, context),
        gates(verdict),
        bullets(
            "Not checked", list(verdict.not_checked) if verdict else ["no verdict in a fresh container was reached"]
        ),
        files(changes),
        cost(context),
    ]
    return clean("\n\n".join(section for section in sections if section)) + "\n"


def status(state: RunState, verdict: Verdict | None) -> str:
    """What became of the run, in one line."""
    if state.get("ending") == "delivered" and verdict:
        counts = f"{verdict.passed} of {verdict.total} tests"
        return f"**green**: {counts} passed in a fresh container at `{verdict.commit[:12]}`."
    rounds = state.get("rounds", [])
    if not rounds:
        return (
            f"**partial**: the tests are at `{state['best'][:12]}`, and no code was changed; {state.get('reason', '')}."
        )
    done = max(rounds, key=lambda r: r.passed)
    return (
        f"**partial**: {done.passed} of {done.total} tests pass at `{state['best'][:12]}`; {state.get('reason', '')}."
    )


def quoted(state: RunState) -> str:
    """The request as it was given."""
    return "## Request\n\n" + "\n".join(f"> {line}" for line in state["request"].text.splitlines())


def bullets(title: str, items: list[str]) -> str:
    """A section of items; empty when there are none."""
    return f"## {title}\n\n" + "\n".join(f"- {item}" for item in items) if items else ""


def criteria(state: RunState, verdict: Verdict | None, context: Context | None = None) -> str:
    """Each criterion with the tests that prove it and, where their text can be read, the requests they send.

    Without a verdict the last run of the tests tells, which held-out checks took no part in: `part` is a criterion some
    tests of which did not run while the others passed.
    """
    said = _last_check(state, context) if verdict is None and context else None
    failed = {f.node_id.split("[")[0] for f in (verdict.failures if verdict else said.failures() if said else ())}
    levels = {node.split("[")[0]: level for node, level in (verdict.levels if verdict else {}).items()}
    passed = ({node.split("[")[0] for node in said.passed()} if said else set(levels)) - failed
    sent = _requests(state, context) if context else {}
    lines = ["## Acceptance criteria", "", "| | criterion | proven by | requests | level |", "|---|---|---|---|---|"]
    for criterion in state["plan"].criteria:
        tests = [c.node_id for c in state.get("cases", []) if criterion.id in c.criteria]
        held = set(state.get("held", ()))
        shown = "<br>".join(f"`{t.split('::')[-1]}`{_remark(t, t in held, failed)}" for t in tests) or "no test"
        asked = "<br>".join(dict.fromkeys(f"`{one}`" for t in tests for one in sent.get(t, ()))) or "-"
        how = ", ".join(sorted({levels[t] for t in tests if t in levels})) or "-"
        mark = _mark(tests, passed, failed)
        lines.append(f"| {mark} | {criterion.id} {cell(criterion.text)} | {shown} | {cell(asked)} | {how} |")
    return "\n".join(lines)


def _mark(tests: list[str], passed: set[str], failed: set[str]) -> str:
    if not tests or failed.intersection(tests) or not passed.intersection(tests):
        return "NO"
    return "yes" if passed.issuperset(tests) else "part"


def _remark(test: str, held: bool, failed: set[str]) -> str:
    told = [word for word, true in (("held out", held), ("failed", test in failed)) if true]
    return f" ({', '.join(told)})" if told else ""


def _last_check(state: RunState, context: Context) -> SuiteReport | None:
    """What the tests said of the commit that is handed over, in the loop."""
    best = best_round(state.get("rounds", []))
    name = f"check-{best.number}-{state.get('red_tries', 0)}" if best else ""
    return context.record.load_report(name, SuiteReport) if name else None


def failures(state: RunState, verdict: Verdict | None, context: Context) -> str:
    """What fails in a result that is not green, one line each; empty for a green one."""
    if state.get("ending") == "delivered":
        return ""
    said = _last_check(state, context) if verdict is None else None
    found = verdict.failures if verdict else said.failures() if said else ()
    rows = [f"`{f.node_id}`: {cell(f.message)[:200]}" for f in found[:MOST_FAILURES]]
    return bullets("What fails", [*rows, *([f"and {len(found) - len(rows)} more"] if len(found) > len(rows) else [])])


def _requests(state: RunState, context: Context) -> dict[str, tuple[str, ...]]:
    """Node id -> requests of that test."""
    found: dict[str, tuple[str, ...]] = {}
    commit = state.get("full_tests", "")
    source = context.lab.commit_source(commit) if commit else None
    for path in sorted({case.node_id.partition("::")[0] for case in state.get("cases", [])}):
        text = (source.raw(path) if source else None) or b""
        for name, sent in requests_of(text.decode("utf-8", "replace")).items():
            found[f"{path}::{name}"] = sent
    return found


def red(state: RunState, context: Context) -> str:
    """What the tests said before the change."""
    report = context.record.load_report(f"red-{state.get('red_tries', 0)}", SuiteReport)
    if report is None or not report.results:
        return ""
    failed = report.failures()
    lines = [
        f"## Red before green\n\n{len(failed)} of {len(report.results)} tests failed before the change, for example:\n"
    ]
    lines += [f"- `{r.node_id.split('::')[-1]}`: {cell(r.message)[:160]}" for r in failed[:3]]
    return "\n".join(lines)


def gates(verdict: Verdict | None) -> str:
    """Every gate of the verdict; empty without one."""
    return gate_table(verdict.gates) if verdict else ""


def files(changes: list[FileChange]) -> str:
    """Changed files with their line counts."""
    return bullets("Files", [f"{c.status} `{c.path}` +{c.added} -{c.removed}" for c in changes])


def cost(context: Context) -> str:
    """Time, calls and money."""
    usage = context.ledger.totals()
    spent = f"{usage.calls} model calls, {usage.input_tokens + usage.output_tokens:,} tokens, ${usage.cost_usd:.4f}"
    told = spent if usage.calls else "no model was used"
    return f"## Cost\n\n{context.record.elapsed_s:.0f} s; {told}. Run `{context.run_id}`."
