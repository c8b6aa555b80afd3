"""The model reviewer's suspicions, each held against its own test in the sandbox."""

import ast

from agents.contracts import TestCase, TestFile
from agents.findings import Suspicion
from agents.hunter import test_names
from agents.profile import Source
from sandbox.reports import SuiteReport, TestResult
from workflows.lab import Lab
from workflows.review.findings import Proof, ReviewFinding, numbered
from workflows.sources import CommitSource

GATE = "model"


def proven(lab: Lab, base: str, head: str, suspicions: tuple[Suspicion, ...]) -> list[ReviewFinding]:
    """Run every suspicion's test on `head`; one that fails as it was said to is a proof.

    Raises:
        SandboxError: the tests could not be run.
    """
    if not suspicions:
        return []
    source = lab.commit_source(head)
    names = numbered("model", [_mark(source, one) for one in suspicions])
    files = [
        TestFile(path=f"tests/acceptance/test_review_{name.rpartition('-')[2]}.py", content=one.test)
        for name, one in zip(names, suspicions, strict=True)
    ]
    report, before = _run(lab, base, head, files)
    return [
        ReviewFinding(
            id=name, gate=GATE, code="model", severity=one.severity, message=one.message, path=one.path,
            line=min(one.line, max(1, len(source.read(one.path).splitlines()))),
            proof=_proof(one, file, report, before),
        )
        for name, one, file in zip(names, suspicions, files, strict=True)
    ]  # fmt: skip


def _run(lab: Lab, base: str, head: str, files: list[TestFile]) -> tuple[SuiteReport, SuiteReport | None]:
    """The tests on the code as it is, and on the code before the change when that can be started."""
    lab.reset(head)
    lab.add_test_support()
    for file in files:
        lab.write(file.path, file.content)
    commit = lab.set_aside("Tests of a review", step="review-tests")
    lab.reset(head)
    cases = [TestCase(node_id=f"{f.path}::{name}", criteria=()) for f in files for name in test_names(f.content)]
    report = lab.check(head, commit, cases)
    started = base != head and lab.files(base) and lab.service(base) is not None
    return report, lab.check(base, commit, cases) if started else None


def _proof(one: Suspicion, file: TestFile, report: SuiteReport, before: SuiteReport | None) -> Proof | None:
    shows = next((r for r in _of(file, report) if r.outcome == "failed" and one.fails_with in r.message), None)
    if shows is None:
        return None
    passed = before is not None and any(r.node_id == shows.node_id and r.outcome == "passed" for r in before.results)
    said = f"{shows.message}{'; it passes on the code before the change' if passed else ''}"
    return Proof(kind="test", ran=shows.node_id, said=said[:700], test=file)


def _of(file: TestFile, report: SuiteReport) -> list[TestResult]:
    return [result for result in report.results if result.node_id.startswith(f"{file.path}::")]


def _mark(source: CommitSource, one: Suspicion) -> str:
    """The place without its number: file, function around it, the line's own text."""
    lines = source.read(one.path).splitlines()
    text = " ".join(lines[one.line - 1].split()) if one.line <= len(lines) else ""
    return "\0".join((one.path, _around(source, one.path, one.line), text))


def _around(source: Source, path: str, line: int) -> str:
    try:
        tree = ast.parse(source.read(path))
    except (SyntaxError, ValueError, RecursionError):
        return ""
    inside = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    return ".".join(inside)
