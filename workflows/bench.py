"""A sandbox for trying edits of a commit: the tree, the tests that show the bug, those that must go on passing."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from agents.protection import is_test_file
from agents.repair.hunt import Hunt
from agents.testkit import CONFTEST, in_process_conftest
from sandbox.listing import Listing
from sandbox.mirror import Courier, Mirror
from sandbox.protocol import SOURCE
from sandbox.reports import SuiteReport
from sandbox.trial_job import Suite
from sandbox.trials import NotTried, Trials
from sandbox.trust import ACCEPTANCE, config_of
from sandbox.workers import Workers
from workflows.judgement import baseline
from workflows.lab import Lab
from workflows.state import Context, RunState
from workflows.warm import distributions

LARGEST = 200_000
"""Longer files (bytes) are not edited."""


@dataclass
class Bench:
    """What a search works on."""

    trials: Trials
    sources: dict[str, str]
    """Python files that may be edited: path -> text."""
    failing: tuple[str, ...]
    """Tests that show the bug, as they are reported (with parameters)."""
    passing: tuple[str, ...]
    """Tests that passed before and must go on passing."""
    report: SuiteReport
    """How the failing ones fail."""
    tree: Listing
    mirror: Mirror
    tests: dict[str, str]
    """Files of the failing tests: path -> text."""
    hunt: Hunt | None = None
    """The search on this tree: it measures the tests once, for localising too."""


def hunting(state: RunState, context: Context) -> Bench:
    """The run's bench, opened on first use; `Lab.put_away` closes it. Raises as `open_bench`."""
    lab = context.lab
    if lab.bench is None:
        lab.bench = lab.kept_open.enter_context(open_bench(state, context))
    assert isinstance(lab.bench, Bench)  # noqa: S101 - nothing else is ever put there
    return lab.bench


def show(bench: Bench, changes: Mapping[str, bytes]) -> None:
    """Lay some changed files into the bench's tree."""
    tree = bench.tree.overlaid(changes)
    bench.mirror.fill_from(tree.keys, tree.read)


@contextmanager
def open_bench(state: RunState, context: Context) -> Iterator[Bench]:
    """Open a sandbox with the commit of the tests in it.

    Raises:
        NotTried: the tests cannot be run inside the application's process.
        EngineFault: the engine failed.
    """
    lab, commit = context.lab, state["tests_commit"]
    report = context.record.load_report(state["report"], SuiteReport)
    shown = {case.node_id for case in state["cases"] if not case.guard}
    failing = tuple(f.node_id for f in (report.failures() if report else ()) if f.node_id.partition("[")[0] in shown)
    if report is not None and report.unended and not failing:
        raise NotTried(f"{report.unended} does not end, and edits are tried with tests that do")
    if report is None or not failing:
        raise NotTried("no single test shows the bug")
    extras = lab.extras(commit)
    with lab.engine.supplied(extras).open(lab.image(commit), run_id=lab.run_id, limits=lab.limits) as box:
        tree = lab.commit_source(state["full_tests"]).listing.overlaid(_in_process(lab, commit, failing))
        mirror = Mirror(Courier(box), SOURCE)
        mirror.fill_from(tree.keys, tree.read)
        config, service = config_of(tree.content, tree.content), lab.service(commit)
        suite = Suite(ini=config.ini, options=config.options, env=service.env if service else {})
        workers = Workers(box, distributions(tree))
        try:
            passing = [n for n in baseline(lab, state["base"]).passing if n not in failing and "::" in n]
            yield Bench(
                trials=Trials(workers, suite),
                sources=code_of(lab, commit),
                failing=failing,
                passing=tuple(passing),
                report=report,
                tree=tree,
                mirror=mirror,
                tests=_texts(lab, state["full_tests"], {n.partition("::")[0] for n in failing}),
            )
        finally:
            workers.close()


def _in_process(lab: Lab, commit: str, failing: Sequence[str]) -> dict[str, bytes | None]:
    """The conftest that lets acceptance tests run beside the code, where there are any."""
    if not any(node_id.startswith(ACCEPTANCE) for node_id in failing):
        return {}
    service = lab.service(commit)
    text = in_process_conftest(service) if service else None
    if text is None:
        raise NotTried("how the application is made is not known, so its tests over HTTP cannot run beside it")
    return {CONFTEST: text.encode()}


def code_of(lab: Lab, commit: str) -> dict[str, str]:
    """The Python files of a commit that are no tests: path -> text."""
    code = [path for path in lab.files(commit) if path.endswith(".py") and not is_test_file(path)]
    return _texts(lab, commit, set(code))


def _texts(lab: Lab, commit: str, paths: set[str]) -> dict[str, str]:
    source = lab.commit_source(commit)
    found: dict[str, str] = {}
    for path in sorted(paths):
        content = source.raw(path)
        if content is not None and len(content) <= LARGEST:
            try:
                found[path] = content.decode("utf-8")
            except UnicodeDecodeError:
                continue
    return found
