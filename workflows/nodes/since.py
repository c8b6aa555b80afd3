"""Find the commit that brought a bug, when the user named one that did not have it."""

import asyncio

from langgraph.runtime import Runtime

from sandbox.errors import DependencyError
from sandbox.reports import Word
from sandbox.trust import ACCEPTANCE
from workflows.bisect import Verdict, bisect
from workflows.evidence import CULPRIT, Culprit
from workflows.nodes.common import context_of, step
from workflows.state import Context, RunState


async def run(state: RunState, runtime: Runtime[Context]) -> RunState:
    """Ask commits with the reproduction; the answer is kept in the record."""
    context = context_of(runtime)
    since = state["request"].since
    if not since or context.record.load_report(CULPRIT, Culprit) is not None:
        return {}
    async with step(context, CULPRIT, "Looking for the commit that brought the bug"):
        found = await asyncio.to_thread(_search, state, context, since)
        context.record.save_report(CULPRIT, found)
        told = f"{found.sha[:10]} {found.subject}" if found.sha else f"the bug is there in {since[:10]} already"
        context.record.emit("note", text=f"{told} (asked {found.asked} commits)")
    return {}


def _search(state: RunState, context: Context, since: str) -> Culprit:
    lab = context.lab
    later = lab.workspace.line(since, state["base"])
    if not later:
        return Culprit()
    showing = {case.node_id for case in state["cases"] if not case.guard}

    over_http = any(case.node_id.startswith(ACCEPTANCE) for case in state["cases"])

    def is_bad(commit: str) -> Verdict:
        if over_http and lab.service(commit) is None:
            return None
        try:
            report = lab.prove_red(commit, state["full_tests"], state["cases"])
        except DependencyError:
            return None
        if report.word not in (Word.RED, Word.GREEN):
            return None
        bad = {failure.node_id.split("[")[0] for failure in report.failures()} & showing
        return bool(bad) if bad or report.word is Word.GREEN else None

    found = bisect(since, [info.sha for info in later], is_bad)
    names = {info.sha: info.subject for info in later}
    lines = lab.workspace.lines_of(found.first_bad) if found.first_bad else {}
    return Culprit(
        sha=found.first_bad,
        subject=names.get(found.first_bad, ""),
        suspects=found.suspects,
        asked=found.asked,
        lines={path: tuple(numbers) for path, numbers in lines.items()},
    )
