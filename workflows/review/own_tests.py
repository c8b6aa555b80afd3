"""The repository's own tests in a review: those that fail, and did not before the change."""

from agents.contracts import TestCase, TestFile
from sandbox.errors import DependencyError
from sandbox.reports import Gate
from workflows.judgement import measured
from workflows.lab import Lab
from workflows.review.findings import Proof, ReviewFinding, numbered

NAME = "repository's own tests"


def failing_tests(lab: Lab, base: str, head: str) -> tuple[list[ReviewFinding], Gate]:
    """A finding for each test that fails at `head` and not at `base`; flaky ones do not count.

    Raises:
        EngineFault, EngineUnavailable: the engine failed.
    """
    if not lab.commit_source(head).test_files:
        return [], Gate(name=NAME, passed=True, evidence="there are none", command="pytest")
    found = measured(lab, head)
    before = _failing_before(lab, base) if found.failing else set()
    broken = [node_id for node_id in found.failing if node_id not in before]
    cases = [TestCase(node_id=node_id.split("[")[0], criteria=()) for node_id in broken if "::" in node_id]
    report = lab.check(head, head, list({c.node_id: c for c in cases}.values())) if cases else None
    told = {result.node_id: result.message for result in (report.failures() if report else ())}
    findings = [
        ReviewFinding(
            id=name,
            gate=NAME,
            code="test",
            severity="error",
            message=f"Whoever relies on what {node_id} promises: it fails",
            path=node_id.partition("::")[0],
            line=1,
            proof=Proof(
                kind="test",
                ran=f"pytest {node_id}",
                said=told.get(node_id) or "it fails every time",
                test=_file(lab, head, node_id),
            ),
        )
        for name, node_id in zip(numbered("test", broken), broken, strict=True)
    ]
    flaky = f"; {len(found.flaky)} flaky" if found.flaky else ""
    flaky += f"; left aside, as it did not end: {', '.join(found.endless)}" if found.endless else ""
    evidence = f"{len(found.passing)} pass, {len(broken)} fail{' newly' if before else ''}{flaky}"
    gate = Gate(name=NAME, passed=not broken, evidence="; ".join((evidence, *found.trouble)), command="pytest")
    return findings, gate


def _failing_before(lab: Lab, base: str) -> set[str]:
    if not lab.files(base):
        return set()
    try:
        before = measured(lab, base)
    except DependencyError:
        return set()
    return {*before.failing, *before.flaky}


def _file(lab: Lab, head: str, node_id: str) -> TestFile | None:
    path = node_id.partition("::")[0]
    content = lab.commit_source(head).raw(path)
    return TestFile(path=path, content=content.decode("utf-8", "replace")) if content is not None else None
