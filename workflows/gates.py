"""The gates beside the tests, for one commit that the tests found green: together in one sandbox, told one by one."""

import functools
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.contracts import RequestKind
from sandbox.attack.pack import pack_for
from sandbox.attack.render import can_be_shown, test_file
from sandbox.attack.script import Hit
from sandbox.attack.told import requests_of
from sandbox.gates import documented, lint, probe, types
from sandbox.gates.contract import contract, document_of
from sandbox.gates.coverage import coverage
from sandbox.gates.findings import GateResult
from sandbox.gates.migrations import heads_of, migrations, targets, uses_alembic
from sandbox.gates.openapi_diff import differences
from sandbox.gates.same_document import same_document
from sandbox.gates.stand import Side, Stand, Trees
from sandbox.reports import Gate, TestResult, Verdict, Word
from sandbox.server import ABSENT, is_missed_in
from workflows.breaking import Asked, nothing_asked
from workflows.gate_choice import Gates
from workflows.lab import Lab
from workflows.preservation import Preserve, preserved_without_service
from workflows.rules_gate import house_rules

SHOWN = 40
"""Findings told to the builder."""


@dataclass
class _Work:
    """One commit on the stand."""

    stand: Stand
    gates: Gates
    kind: RequestKind
    asked: Asked
    preserve: Preserve | None
    remember: dict[str, Any]
    trees: Mapping[Side, str]
    """Tree ids; what is known of a tree is remembered by them."""
    results: list[GateResult] = field(default_factory=list)
    documents: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)

    def take(self, run: Callable[[], GateResult | None]) -> None:
        """Run one gate and keep its result with the time it took."""
        begun = time.monotonic()
        result = run()
        if result is not None:
            seconds = round(time.monotonic() - begun, 3)
            gate = result.gate.model_copy(update={"seconds": seconds})
            self.results.append(result.model_copy(update={"gate": gate}))

    def document(self, side: Side) -> Mapping[str, Any] | None:
        """What the service of one side publishes; asked for once in a run."""
        key = f"document {self.trees[side]}"
        if key not in self.remember:
            tell = functools.partial(self.remember.__setitem__, f"{key}, why not")
            self.remember[key] = document_of(self.stand, side, tell)
        found: Mapping[str, Any] | None = self.remember[key]
        return found

    def why_not(self, side: Side) -> str:
        """Why a side has no document, and what to do where that is known."""
        why = str(self.remember.get(f"document {self.trees[side]}, why not") or "it publishes no /openapi.json")
        if is_missed_in(why):
            return f"the service does not start: {ABSENT}; add it to them"
        return f"nothing was sent to the service: {why}; `greenloop doctor --app` shows the line"


def run_gates(
    lab: Lab,
    gates: Gates,
    *,
    base: str,
    head: str,
    kind: RequestKind = "feature",
    asked: Asked = nothing_asked,
    preserve: Preserve | None = None,
    aside: Collection[str] = (),
) -> list[GateResult]:
    """Every gate that applies to the change from `base` to `head`; `preserve`: what must stay as it is, if anything.

    `aside`: tests that take no part.

    Raises:
        EngineUnavailable, EngineFault: the engine failed; says nothing about the commit.
    """
    trees = Trees(
        base=lab.commit_source(base).listing,
        head=lab.commit_source(head).listing,
        changed={c.path for c in lab.workspace.changes(base, head)},
        services={"base": lab.service(base), "head": lab.service(head)},
    )
    told = [house_rules(lab.commit_source(base), lab.commit_source(head))] if gates.on("rules") else []
    engine = lab.engine.supplied(lab.extras(head))
    with engine.open(lab.image(head), run_id=lab.run_id, limits=lab.limits) as box:
        ids: dict[Side, str] = {"base": lab.tree_id(base), "head": lab.tree_id(head)}
        keep = preserve if gates.on("preserved") else None
        work = _Work(Stand(box, trees), gates, kind, asked, keep, lab.remembered, ids, results=told)
        if work.gates.on("lint"):
            work.take(lambda: lint.lint(work.stand, loosely=kind == "refactor"))
        if work.gates.on("types"):
            work.take(lambda: types.types(work.stand, loosely=kind == "refactor"))
        if work.gates.on("documented"):
            service = trees.services["head"]
            work.take(lambda: documented.documented(work.stand, service.env if service else None))
        for part in preserved_without_service(work.stand, keep, lab.remembered, ids) if keep else ():
            work.take(part)
        _of_the_service(work)
        if work.gates.on("coverage") and kind in ("feature", "fix") and keep is None:
            most_s = min(lab.test_timeout_s, gates.budget_s)
            work.take(lambda: coverage(work.stand, timeout_s=most_s, aside=aside))
    return work.results


def _of_the_service(work: _Work) -> None:
    """Gates that start it."""
    service, keep = work.stand.trees.services["head"], work.preserve
    if keep is not None:
        work.take(lambda: same_document(work.document("base"), work.document("head"), keep.openapi))
    if service is None:
        return
    if work.gates.on("contract") or work.gates.on("attacks") or work.gates.on("schema"):
        work.documents = {"base": work.document("base"), "head": work.document("head")}
    if work.gates.on("contract") and keep is None:
        before, after = work.documents["base"], work.documents["head"]
        work.take(lambda: contract(before, after, may_add=work.kind != "refactor", asked=work.asked))
    work.stand.show("head")
    if work.gates.on("migrations") and uses_alembic(work.stand.trees.head):
        previous = heads_of(work.stand.trees.base)
        for target in targets(service, work.stand.box):
            work.take(lambda t=target: migrations(work.stand.box, service, t, "".join(previous[:1])))  # type: ignore[misc]
    document = work.documents.get("head")
    if document is None:
        if work.documents:
            work.results.append(unmeasured(work.why_not("head")))
        return
    if work.gates.on("schema"):
        work.take(lambda: _worse_schema(work, document))
    if work.gates.on("attacks"):
        work.take(lambda: _worse_attacks(work, document))


def _worse_schema(work: _Work, document: Mapping[str, Any]) -> GateResult:
    """Requests from the schema; what failed before the change in the same way is not held against it."""
    service, budget = work.stand.trees.services, work.gates.budget_s
    assert service["head"] is not None  # noqa: S101 - seen by the caller
    base = work.documents.get("base")
    touched = _touched(base, document) if work.preserve is None else None  # the document does not tell what was written
    paths = None if touched is None else {one.partition(" ")[2] for one in touched}
    if paths is not None and not paths:
        return GateResult(gate=Gate(name=probe.SCHEMA, passed=True, evidence="no operation was touched"))
    work.stand.show("head")
    result = probe.schema_check(work.stand.box, service["head"], document, budget_s=budget, paths=paths)
    old = {f"{method} {path}" for method, path in _operations(base)}
    if not any(finding.code in old for finding in result.findings) or base is None or service["base"] is None:
        return result
    work.stand.show("base")
    before = probe.schema_check(work.stand.box, service["base"], base, budget_s=budget, paths=paths)
    return probe.without(result, {finding.mark for finding in before.findings})


def _worse_attacks(work: _Work, document: Mapping[str, Any]) -> GateResult:
    """Attacks on what the change brought or touched; hits that were there before are told and not held against it."""
    service, base = work.stand.trees.services, work.documents.get("base")
    assert service["head"] is not None  # noqa: S101 - seen by the caller
    touched = _touched(base, document)
    pack = [a for a in pack_for(document) if touched is None or not a.operation or a.operation in touched]
    work.stand.show("head")
    only = {one.id for one in pack}
    result = probe.attacks(work.stand.box, service["head"], document, budget_s=work.gates.budget_s, only=only)
    old = [hit for hit in result.hits if base is not None and service["base"] is not None]
    if not old or base is None or service["base"] is None:
        return result
    work.stand.show("base")
    before = probe.attacks(
        work.stand.box, service["base"], base, budget_s=work.gates.budget_s, only={hit.attack.id for hit in old}
    )
    return probe.without(result, {finding.mark for finding in before.findings})


def _operations(document: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    for path, item in (document or {}).get("paths", {}).items():
        yield from ((method.upper(), path) for method in item)


def _touched(base: Mapping[str, Any] | None, head: Mapping[str, Any]) -> set[str] | None:
    """Operations that are new or differ for a client; None when everything is new."""
    if base is None:
        return None
    there = {f"{method} {path}" for method, path in _operations(base)}
    new = {f"{method} {path}" for method, path in _operations(head)} - there
    return new | {change.where for change in differences(base, head)}


def with_gates(verdict: Verdict, results: Sequence[GateResult]) -> Verdict:
    """A green verdict with its other gates; the first that fails and blocks takes the green away."""
    gates = tuple(result.gate for result in results)
    bad = [result for result in results if not result.gate.passed and result.gate.blocking]
    said: dict[str, Any] = {
        "gates": (*verdict.gates, *gates),
        "elapsed_s": round(verdict.elapsed_s + sum(gate.seconds for gate in gates), 3),
    }
    if not bad:
        return verdict.model_copy(update=said)
    word = Word.CONTRACT_BROKEN if bad[0].gate.name == "contract" else Word.RED
    hits = [hit for result in bad for hit in result.hits if not hit.attack.doubt]
    return verdict.model_copy(
        update=said
        | {
            "word": word,
            "reason": f"{bad[0].gate.name}: {bad[0].gate.evidence}",
            "failures": (*verdict.failures, *failures_of(bad)),
            "shows": test_file(hits, "Requests that got through, and must not.") if _shown(hits) else "",
        }
    )


def _shown(hits: Sequence[Hit]) -> bool:
    return any(can_be_shown(hit) for hit in hits)


def failures_of(bad: Sequence[GateResult]) -> list[TestResult]:
    """Findings as the builder reads failures: one each, with the request that shows it."""
    found: list[TestResult] = []
    for result in bad:
        shows = {probe.finding_of(hit).mark: hit for hit in result.hits}
        for finding in result.findings[:SHOWN]:
            hit = shows.get(finding.mark)
            details = requests_of(hit) if hit and hit.attack.steps else ""
            told = f"{details}\n-> {hit.answer}" if hit else ""
            found.append(
                TestResult(
                    node_id=f"gate {result.gate.name}: {finding.code}", outcome="failed", message=finding.words[:300],
                    details=told[:3000],
                )
            )  # fmt: skip
    return found


def unmeasured(why: str) -> GateResult:
    """What is told when gates that drive the service could not."""
    return GateResult(gate=Gate(name="gates", passed=False, blocking=False, evidence=f"not measured: {why}"))
