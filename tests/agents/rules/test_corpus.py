"""Each flaw of the corpus is found by the gate that is there for it, and its repaired twin is clean."""

import pytest

from tests.support.corpus import CORPUS, READ, Flaw, flaws, read, score

MINE = [flaw for flaw in flaws() if flaw.gate in READ]


@pytest.mark.parametrize("flaw", MINE, ids=lambda flaw: f"{flaw.gate}-{flaw.folder}")
def test_the_gate_finds_the_flaw_and_nothing_else(flaw: Flaw) -> None:
    assert read(flaw, "flawed") == [flaw.expected]
    assert read(flaw, "repaired") == []


def test_there_are_enough_and_each_folder_has_its_line() -> None:
    assert len(MINE) >= 25
    gates = {flaw.gate for flaw in flaws()}
    folders = {p.relative_to(CORPUS).as_posix() for gate in gates for p in (CORPUS / gate).iterdir()}
    assert folders == {f"{flaw.gate}/{flaw.folder}" for flaw in flaws()}


def test_twins_differ_in_the_flaw_only() -> None:
    for flaw in MINE:
        flawed, repaired = flaw.files("flawed"), flaw.files("repaired")
        assert flawed.keys() == repaired.keys()
        assert sum(flawed[path] != repaired[path] for path in flawed) == 1, flaw.folder


def test_the_score_counts_what_was_found() -> None:
    result = score("house-rules", read)
    assert (result.found, result.false) == (result.flaws, 0)
    assert result.recall == result.precision == 1.0
