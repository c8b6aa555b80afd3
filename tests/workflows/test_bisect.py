"""The first bad commit, with few questions, around commits that cannot be asked."""

import math

import pytest

from workflows.bisect import Verdict, bisect

LINE = [f"c{n}" for n in range(1, 41)]


@pytest.mark.parametrize("first", range(1, 41))
def test_each_of_forty_is_found_with_few_questions(first: int) -> None:
    asked: list[str] = []

    def is_bad(commit: str) -> bool:
        asked.append(commit)
        return int(commit[1:]) >= first

    found = bisect("c0", LINE, is_bad)
    assert (found.first_bad, found.suspects) == (f"c{first}", (f"c{first}",))
    assert len(asked) == len(set(asked)) == found.asked <= math.ceil(math.log2(40)) + 1


@pytest.mark.parametrize("first", [1, 7, 20, 40])
@pytest.mark.parametrize("broken", [{7, 8, 9}, {19, 20, 21}, set(range(2, 40))])
def test_commits_that_cannot_be_asked_leave_suspects(first: int, broken: set[int]) -> None:
    def is_bad(commit: str) -> Verdict:
        number = int(commit[1:])
        return None if number in broken else number >= first

    found = bisect("c0", LINE, is_bad)
    assert f"c{first}" in found.suspects
    extra = {int(c[1:]) for c in found.suspects} - {first}
    assert extra <= broken | ({int(found.first_bad[1:])})


def test_a_bug_that_was_there_from_the_start() -> None:
    found = bisect("c0", LINE, lambda _: True)
    assert (found.first_bad, found.suspects, found.asked) == ("", (), 1)
