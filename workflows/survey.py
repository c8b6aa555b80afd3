"""A look at a repository before any bug is chosen: which of its tests fail, and which of them belong together."""

from collections.abc import Callable
from pathlib import Path

from pydantic import Field

from agents.bugs.groups import groups_of
from agents.contracts import Frozen, TestCase
from sandbox.reports import TestResult
from workflows.aside import aside
from workflows.judgement import baseline
from workflows.settings import OFFLINE, Loaded
from workflows.state import Context


class Survey(Frozen):
    """What the repository's own tests say."""

    groups: tuple[tuple[str, ...], ...] = ()
    """Node ids of failing tests, those of one bug together."""
    messages: dict[str, str] = Field(default_factory=dict)
    """Node id -> how it fails, in one line."""
    flaky: tuple[str, ...] = ()
    endless: tuple[str, ...] = ()
    """Tests that did not end."""
    not_collected: tuple[str, ...] = ()
    """Files that cannot be collected."""
    passing: int = 0
    trouble: tuple[str, ...] = ()


def survey(repo: Path, loaded: Loaded, cancelled: Callable[[], bool], *, include_dirty: bool = False) -> Survey:
    """Run every test of the repository until failing and flaky are told apart.

    Raises:
        SandboxError: the repository is refused, or nothing can be run here.
    """
    with aside(repo, "every failing test", loaded, OFFLINE, cancelled, include_dirty=include_dirty) as context:
        return _looked(context)


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
        endless=known.endless,
        not_collected=tuple(node_id for node_id in known.failing if "::" not in node_id),
        passing=len(known.passing),
        trouble=known.trouble,
    )
