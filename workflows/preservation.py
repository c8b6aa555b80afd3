"""What a refactoring must leave as it is: the gates for that, and what a request itself asks to change."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from agents.contracts import Plan
from sandbox.gates.findings import GateFinding, GateResult, evidence
from sandbox.gates.import_surface import same_surface, surface
from sandbox.gates.same_document import Asked
from sandbox.gates.side_by_side import side_by_side
from sandbox.gates.stand import Side, Stand
from sandbox.gates.tables import Tables, same_tables, tables_of
from sandbox.mutants import is_mutable
from sandbox.reports import Gate
from sandbox.traced import Traced, not_reached, run_traced, touched
from sandbox.trust import arrange, kind_of
from workflows.lab import Lab

PREFIX = "preserved: "
SAME_TESTS, REACHED = f"{PREFIX}same tests", f"{PREFIX}touched lines"
GOOD = ("passed", "xfailed")


@dataclass(frozen=True)
class Preserve:
    """`openapi`: what may become of the document; `named`: names the request is about."""

    openapi: Asked = "identical"
    named: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    """Files that were changed by a builder, not by recipes: there a touched line has to be reached by a test."""
    awaited: bool = False
    """Functions may become `async`: the request is about that."""
    first_tests: str = ""
    """The commit of the tests before any step, where a recipe changed tests too (a renamed import)."""

    def words(self) -> tuple[object, ...]:
        """What of this a verdict depends on."""
        return self.openapi, self.named, self.written, self.awaited


def preserve_of(plan: Plan, written: tuple[str, ...] = (), first_tests: str = "") -> Preserve:
    """What the plan of a refactoring leaves as it is."""
    from agents.refactoring.steps import refactoring_of  # every recipe with it, which no other run needs

    work = refactoring_of(plan)
    return Preserve(
        openapi=work.openapi(), named=work.named, written=written, awaited=work.awaited(), first_tests=first_tests
    )


def preserved_without_service(
    stand: Stand, keep: Preserve, remembered: dict[str, Any], ids: Mapping[Side, str]
) -> list[Callable[[], GateResult | None]]:
    """Gates on a stand that start no service, each to be run."""

    def tables(side: Side) -> Tables:
        key = f"tables {ids[side]}"
        if key not in remembered:
            remembered[key] = tables_of(stand, side)
        found: Tables = remembered[key]
        return found

    return [
        lambda: same_surface(
            surface(stand.trees.base), surface(stand.trees.head), named=keep.named, awaited=keep.awaited
        ),
        lambda: same_tables(tables("base"), tables("head")),
        lambda: side_by_side(stand, remembered, ids["base"]),
    ]


def traced(lab: Lab, commit: str, tests_commit: str, endless: Collection[str] = ()) -> Traced:
    """The trusted tests on a commit, without `endless` ones, with every line they reach; run once, then recorded."""
    name = f"traced-{lab.tree_id(commit)[:12]}-{lab.tree_id(tests_commit)[:12]}"
    known = lab.record.load_report(name, Traced)
    if known is not None:
        return known
    changed = {change.path for change in lab.workspace.changes(tests_commit, commit)}
    found = run_traced(
        lab.engine.supplied(lab.extras(commit)),
        lab.image(commit),
        arrange(lab.workspace.export(commit), lab.trusted_tests(tests_commit), changed),
        service=lab.service(commit),
        limits=lab.limits,
        run_id=lab.run_id,
        timeout_s=lab.test_timeout_s,
        aside=endless,
    )
    lab.engine.refuse_if_stopped()
    lab.record.save_report(name, found)
    return found


def tests_preserved(
    lab: Lab, base: str, head: str, tests_commit: str, keep: Preserve, flaky: Collection[str] = (),
    endless: Collection[str] = (),
) -> list[GateResult]:  # fmt: skip
    """Before and after, the same tests with the same results, and what of the change they reach."""
    before = traced(lab, base, keep.first_tests or tests_commit, endless)
    after = traced(lab, head, tests_commit, endless)
    return [same_tests(before, after, flaky), _reached(lab, base, head, after, keep)]


def same_tests(before: Traced, after: Traced, flaky: Collection[str] = ()) -> GateResult:
    """The same node ids with the same results; a test that failed and passes now is told, and is no fault."""
    old, new = ({n: o for n, o in run.outcomes().items() if n not in flaky} for run in (before, after))
    found = [
        GateFinding(
            gate=SAME_TESTS, code=node_id, text=f"{old.get(node_id, 'was not there')} before, {new[node_id]} now"
        )
        if node_id in new
        else GateFinding(gate=SAME_TESTS, code=node_id, text=f"{old[node_id]} before, gone now")
        for node_id in sorted({*old, *new})
        if old.get(node_id) != new.get(node_id)
    ]
    found += [GateFinding(gate=SAME_TESTS, code="run", text=line) for line in after.trouble if not before.trouble]
    better = [f for f in found if new.get(f.code) in GOOD and old.get(f.code) not in GOOD and f.code in old]
    wrong = [f for f in found if f not in better]
    passing = sum(outcome in GOOD for outcome in new.values())
    told = f"{len(new)} tests before and after, {passing} of them pass" if new else "there are no tests"
    told += f"; better now: {evidence(better, '')}" if better else ""
    gate = Gate(
        name=SAME_TESTS, passed=not wrong, evidence=evidence(wrong, told), command="pytest on both commits, by node id"
    )
    return GateResult(gate=gate, findings=tuple(wrong))


def _reached(lab: Lab, base: str, head: str, after: Traced, keep: Preserve) -> GateResult:
    """Which touched statements no test reaches: told of recipes, held against what a builder wrote."""
    old, new = lab.commit_source(base), lab.commit_source(head)
    found: list[GateFinding] = []
    count = 0
    for path in sorted({change.path for change in lab.workspace.changes(base, head)}):
        content = new.raw(path) if is_mutable(path) and kind_of(path) is None else None
        if content is None:
            continue
        spans = touched(old.raw(path), content)
        count += len(spans)
        rows = content.decode("utf-8", "replace").splitlines()
        found += [
            GateFinding(gate=REACHED, code="not reached", text=span.function or "module", path=path, line=span.start,
                        source=rows[span.start - 1])
            for span in not_reached(spans, after.lines.get(path, ()))
        ]  # fmt: skip
    wrong = [finding for finding in found if finding.path in keep.written]
    good = f"all {count} touched statements are reached by tests" if count else "no statement was touched"
    told = f"{count - len(found)} of {count} touched statements are reached; {evidence(found, '')}" if found else good
    gate = Gate(name=REACHED, passed=not found, evidence=told, blocking=bool(wrong), command="pytest, every line noted")
    return GateResult(gate=gate, findings=tuple(wrong or found))
