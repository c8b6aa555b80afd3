"""The flake ledger: contradictions on one tree, over runs and processes."""

import threading
from pathlib import Path

import pytest

from sandbox.baseline import Baseline
from workflows import flakes
from workflows.flakes import CALM, FlakeLedger, settled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flakes" / "repo.json"


def test_passing_and_failing_on_one_tree_is_flaky_and_survives_the_process(path: Path) -> None:
    ledger = FlakeLedger(path)
    ledger.seen("t::a", "tree", passed=True)
    ledger.seen("t::b", "tree", passed=True)
    ledger.seen("t::a", "tree", passed=False)
    assert ledger.flaky() == {"t::a"}
    ledger.save()
    assert FlakeLedger(path).flaky() == {"t::a"}


def test_failing_on_one_tree_and_passing_on_another_is_a_change_and_no_flake(path: Path) -> None:
    ledger = FlakeLedger(path)
    for tree, passed in (("one", False), ("two", True), ("three", False)):
        ledger.seen("t::a", tree, passed=passed)
    assert ledger.flaky() == set()


def test_a_contradiction_over_two_runs_is_seen(path: Path) -> None:
    for passed in (True, False):
        ledger = FlakeLedger(path)
        ledger.seen("t::a", "tree", passed=passed)
        ledger.save()
    assert FlakeLedger(path).flaky() == {"t::a"}


def test_a_test_that_stays_calm_is_trusted_again(path: Path) -> None:
    ledger = FlakeLedger(path)
    ledger.seen("t::a", "tree", passed=True)
    ledger.seen("t::a", "tree", passed=False)
    for number in range(CALM - 1):
        ledger.seen("t::a", f"tree{number}", passed=True)
    assert ledger.flaky() == {"t::a"}
    ledger.seen("t::a", "last", passed=True)
    assert ledger.flaky() == set()


def test_what_a_baseline_saw_is_learnt_and_known_flakes_do_not_decide(path: Path) -> None:
    first = Baseline(passing=("t::a", "t::c"), flaky=("t::b",))
    assert FlakeLedger(path).learn(first, "tree") == first
    lucky = Baseline(passing=("t::a", "t::b"), failing=("t::c",))
    learnt = FlakeLedger(path).learn(lucky, "tree")
    assert learnt == Baseline(passing=("t::a",), failing=(), flaky=("t::b", "t::c"))
    assert settled(lucky, {"t::gone"}) == lucky


def test_writers_do_not_lose_each_others_sightings(path: Path) -> None:
    def write(number: int) -> None:
        ledger = FlakeLedger(path)
        ledger.seen(f"t::{number}", "tree", passed=True)
        ledger.seen(f"t::{number}", "tree", passed=False)
        ledger.save()

    threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert FlakeLedger(path).flaky() == {f"t::{n}" for n in range(12)}
    assert [p.name for p in path.parent.iterdir() if p.suffix == ".tmp"] == []


def test_the_ledger_is_bounded_and_keeps_the_flaky(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flakes, "MOST_TESTS", 5)
    ledger = FlakeLedger(path)
    ledger.seen("t::flaky", "tree", passed=True)
    ledger.seen("t::flaky", "tree", passed=False)
    for number in range(20):
        ledger.seen(f"t::{number}", "tree", passed=True)
    ledger.save()
    assert FlakeLedger(path).flaky() == {"t::flaky"}
    assert path.read_text().count('"calm"') == 5
    for number in range(100):
        ledger.seen("t::flaky", f"tree{number}", passed=True)
    ledger.save()
    assert path.stat().st_size < 2000


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"t": 1}', b'{"t": {"trees": {"x": "y"}}}', b"\xff"])
def test_a_damaged_ledger_is_begun_anew(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    ledger = FlakeLedger(path)
    assert ledger.flaky() == set()
    ledger.seen("t::a", "tree", passed=True)
    ledger.save()
    assert b"t::a" in path.read_bytes()


def test_every_repository_has_its_own(tmp_path: Path) -> None:
    one, two = (FlakeLedger.of(tmp_path, tmp_path / name) for name in ("one", "two"))
    one.seen("t::a", "tree", passed=True)
    one.seen("t::a", "tree", passed=False)
    one.save()
    assert FlakeLedger.of(tmp_path, tmp_path / "one").flaky() == {"t::a"}
    assert two.flaky() == set() == FlakeLedger.of(tmp_path, tmp_path / "two").flaky()
