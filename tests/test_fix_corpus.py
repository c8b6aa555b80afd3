"""The corpus of planted bugs is what the benchmark says it is; some of its bugs go all the way."""

import ast
from collections import Counter

import pytest

from agents.repair.hunt import Bounds
from benchmarks.fix.__main__ import reached, table
from benchmarks.fix.arena import NOT_FOUND, SOLVED, WRONG, Arena, Result
from benchmarks.fix.corpus import EXERCISES, PRACTICE, TEST, TUNE, Bug, bugs, programs

EVERY = list(bugs())
EXERCISED = list(bugs(PRACTICE))


def test_there_are_enough_and_the_names_are_different() -> None:
    names = [bug.name for bug in EVERY]
    assert len(set(names)) == len(names) >= 80
    kinds = Counter(bug.program.is_service for bug in EVERY)
    assert min(kinds.values()) >= 35
    halves = Counter(bug.half for bug in EVERY)
    assert min(halves.values()) >= 35


def test_practice_is_in_neither_half() -> None:
    assert {bug.half for bug in EXERCISED} == {PRACTICE}
    assert {bug.half for bug in EVERY} == {TUNE, TEST}
    for names in ([bug.name for bug in EVERY + EXERCISED], [one.name for one in programs() + programs(EXERCISES)]):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("bug", EVERY + EXERCISED, ids=lambda bug: bug.name)
def test_a_bug_is_a_small_damage_to_python(bug: Bug) -> None:
    changed = {path for path in bug.sources if bug.sources[path] != bug.program.sources[path]}
    assert changed == {path for path, _, _ in bug.edits}
    for path in changed:
        assert ast.dump(ast.parse(bug.sources[path])) != ast.dump(ast.parse(bug.program.sources[path]))


def test_every_program_has_two_suites() -> None:
    for program in programs() + programs(EXERCISES):
        for suite in (program.tests, program.hidden):
            assert sum(text.count("def test_") for text in suite.values()) >= 2, program.name
        assert not set(program.tests.values()) & set(program.hidden.values()) or program.is_service


def test_a_half_never_changes() -> None:
    assert {bug.name: bug.half for bug in EVERY if bug.name.startswith("searching")} == {
        "searching-high-too-small": TUNE,
        "searching-rotated-edge": TEST,
        "searching-nearest-past-end": TUNE,
    }


def test_the_table_and_the_goals() -> None:
    def some(word: str, number: int) -> list[Result]:
        return [Result(f"{word}-{n}", False, word, seconds=10.0, tried=5, per_second=8.0) for n in range(number)]

    good = some(SOLVED, 61) + some(WRONG, 2) + some(NOT_FOUND, 37)
    assert reached(good) and "solved 61.0 %, plausible but wrong 2.0 %, not found 37.0 %" in table(good)
    assert not reached(some(SOLVED, 59) + some(NOT_FOUND, 41))
    assert not reached(some(SOLVED, 90) + some(WRONG, 10))


@pytest.mark.docker
def test_bugs_end_in_a_sandbox() -> None:
    chosen = {bug.name: bug for bug in EVERY}
    with Arena(Bounds(seconds=40, candidates=2000)) as arena:
        for name in ("versions-caret", "booking-free-shadowed"):
            assert arena.flaws(chosen[name]) == []
            found = arena.run(chosen[name])
            assert found.word == SOLVED, found
