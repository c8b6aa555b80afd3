"""The gates that run, on the corpus: one sandbox for all of it, as every application there needs the same packages."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sandbox.docker import DockerEngine
from sandbox.gates.contract import contract, document_of
from sandbox.gates.lint import lint
from sandbox.gates.migrations import heads_of, migrations, targets
from sandbox.gates.probe import attacks, schema_check
from sandbox.gates.stand import Stand
from tests.support.corpus import CORPUS, Flaw
from tests.support.gate_stand import stand_on, trees

BUDGET_S = 30.0


def of_lint(stand: Stand) -> list[str]:
    """Codes."""
    return sorted({finding.code for finding in lint(stand).findings})


def of_contract(stand: Stand) -> list[str]:
    """Sentences."""
    result = contract(document_of(stand, "base"), document_of(stand, "head"))
    return [finding.text for finding in result.findings] if result else ["not measured"]


def of_schema(stand: Stand) -> list[str]:
    """`GET /items 500`, or the operation and what is wrong with its answer."""
    document, service = document_of(stand, "head"), stand.trees.services["head"]
    if document is None or service is None:
        return ["not measured"]
    result = schema_check(stand.box, service, document, budget_s=BUDGET_S)
    if "not measured" in result.gate.evidence:
        return [result.gate.evidence]
    return sorted({f"{f.code} {'500' if 'answered 500' in f.text else f.source}" for f in result.findings})


def of_attacks(stand: Stand) -> list[str]:
    """Categories of what got through."""
    document, service = document_of(stand, "head"), stand.trees.services["head"]
    if document is None or service is None:
        return ["not measured"]
    result = attacks(stand.box, service, document, budget_s=BUDGET_S)
    unsent = ["not measured"] if "not measured" in result.gate.evidence else []
    return sorted({hit.attack.category for hit in result.hits if not hit.attack.doubt}) + unsent


def of_migrations(stand: Stand) -> list[str]:
    """The steps that fail."""
    stand.show("head")
    service = stand.trees.services["head"]
    if service is None:
        return ["not measured"]
    previous = "".join(heads_of(stand.trees.base)[:1])
    results = [migrations(stand.box, service, target, previous) for target in targets(service, stand.box)]
    return [finding.text.partition(":")[0] for result in results for finding in result.findings]


RUN: dict[str, Callable[[Stand], list[str]]] = {
    "lint": of_lint,
    "contract": of_contract,
    "schema": of_schema,
    "attacks": of_attacks,
    "migrations": of_migrations,
}
"""Gate that runs -> what it reports for a change, as ids."""
_BEFORE = ("contract", "migrations")
"""Gates that hold a change against what was there."""


@contextmanager
def runner() -> Iterator[Callable[[Flaw, str], list[str]]]:
    """What a gate says of one twin, in a sandbox that is shared by all of them."""
    needs = {"requirements.txt": (CORPUS / "base" / "plain" / "requirements.txt").read_text()}
    engine = DockerEngine()
    try:
        with stand_on(engine, {}, needs) as stand:

            def run(flaw: Flaw, kind: str) -> list[str]:
                before = flaw.files("before") if flaw.gate in _BEFORE else {}
                stand.trees = trees(before, flaw.files(kind))
                return RUN[flaw.gate](stand)

            yield run
    finally:
        engine.close()
