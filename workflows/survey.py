"""A look at a repository before any bug is chosen: which of its tests fail, and which of them belong together."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pydantic import Field

from agents.bugs.groups import groups_of
from agents.contracts import Frozen, Request, TestCase
from sandbox.reports import TestResult
from workflows.judgement import baseline
from workflows.runs import RunBusy, RunNotFound, Runs
from workflows.services import assemble
from workflows.settings import OFFLINE, Loaded
from workflows.state import Context

ABANDONED_S = 60.0
"""After so many seconds a survey that nobody works on was killed."""


class Survey(Frozen):
    """What the repository's own tests say."""

    groups: tuple[tuple[str, ...], ...] = ()
    """Node ids of failing tests, those of one bug together."""
    messages: dict[str, str] = Field(default_factory=dict)
    """Node id -> how it fails, in one line."""
    flaky: tuple[str, ...] = ()
    not_collected: tuple[str, ...] = ()
    """Files that cannot be collected."""
    passing: int = 0
    trouble: tuple[str, ...] = ()


def survey(repo: Path, loaded: Loaded, cancelled: Callable[[], bool], *, include_dirty: bool = False) -> Survey:
    """Run every test of the repository until failing and flaky are told apart.

    Raises:
        SandboxError: the repository is refused, or nothing can be run here.
    """
    runs = Runs(loaded.values.state_dir / "surveys")
    for old in runs.list():
        if time.time() - old.created > ABANDONED_S:
            with suppress(RunBusy, RunNotFound):
                runs.remove(old.id)
    request = Request(kind="fix", text="every failing test")
    info = runs.create(request, repo, OFFLINE, {"include_dirty": include_dirty}, "survey")
    with runs.lock(info.id):
        context = assemble(runs, info, loaded, cancelled)
        try:
            found = _looked(context)
        finally:
            context.lab.close()
    runs.remove(info.id)
    return found


def _looked(context: Context) -> Survey:
    base = context.lab.prepare()
    known = baseline(context.lab, base)
    failing = [node_id for node_id in known.failing if "::" in node_id]
    cases = [TestCase(node_id=node_id.split("[")[0], criteria=()) for node_id in failing]
    report = context.lab.check(base, base, list({c.node_id: c for c in cases}.values())) if cases else None
    shown = {result.node_id: result for result in (report.failures() if report else ())}
    results = [shown.get(n) or TestResult(node_id=n, outcome="failed") for n in failing]
    return Survey(
        groups=tuple(tuple(group) for group in groups_of(results, context.lab.files(base))),
        messages={result.node_id: result.message for result in results},
        flaky=known.flaky,
        not_collected=tuple(node_id for node_id in known.failing if "::" not in node_id),
        passing=len(known.passing),
        trouble=known.trouble,
    )
