"""A test that wavers without the change too is not held against it; one that does not, is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agents.contracts import TestCase
from sandbox.baseline import Baseline
from sandbox.reports import TestResult, Verdict, Word
from workflows import judgement
from workflows.proof import Proof
from workflows.record import Record

OURS, THEIRS = "tests/acceptance/test_new.py::test_new", "tests/test_old.py::test_old"


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    record = Record(tmp_path / "run")
    record.save_report("baseline", Baseline(passing=(THEIRS,)))
    return SimpleNamespace(record=record, proof=Proof(state=tmp_path), source=tmp_path, tree_id=lambda _: "tree")


def red(*node_ids: str) -> Verdict:
    failures = tuple(TestResult(node_id=n, outcome="failed") for n in node_ids)
    return Verdict(word=Word.RED, commit="c", failures=failures)


@pytest.mark.parametrize(
    ("verdict", "before", "learned"),
    [
        (red(THEIRS), Baseline(flaky=(THEIRS,)), True),
        (red(THEIRS), Baseline(passing=(THEIRS,)), False),
        (red(OURS), None, False),
        (red("tests/test_old.py"), None, False),
        (Verdict(word=Word.TAMPERED, commit="c"), None, False),
    ],
    ids=["wavers", "does-not-waver", "expected", "not-collected", "tampered"],
)
def test_only_what_wavers_before_the_change_is_forgiven(
    lab: Any, monkeypatch: pytest.MonkeyPatch, verdict: Verdict, before: Baseline | None, learned: bool
) -> None:
    def measured(*_: object, only: list[str], **__: object) -> Baseline:
        assert before is not None, "nothing was to be run again"
        assert only == [THEIRS]
        return before

    monkeypatch.setattr(judgement, "_measure", measured)
    cases = [TestCase(node_id=OURS, criteria=("C1",))]
    assert judgement._flaky_before(lab, verdict, "base", cases) is learned
    known = judgement.baseline(lab, "base")
    assert (known.passing, known.flaky) == (((), (THEIRS,)) if learned else ((THEIRS,), ()))
    ledger = lab.proof.flakes(lab.source)
    assert ledger.flaky() == ({THEIRS} if learned else set())
