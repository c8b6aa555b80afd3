import pytest

from searching import count, find_rotated, lower_bound, nearest, upper_bound


def test_lower_bound():
    assert lower_bound([1, 3, 3, 5], 3) == 1
    assert lower_bound([1, 3, 3, 5], 6) == 4
    assert lower_bound([], 6) == 0


def test_upper_bound():
    assert upper_bound([1, 3, 3, 5], 3) == 3
    assert upper_bound([1, 3, 3, 5], 0) == 0


def test_count():
    assert count([1, 2, 2, 2, 9], 2) == 3
    assert count([1, 2, 2, 2, 9], 4) == 0


@pytest.mark.parametrize(("wanted", "expected"), [(0, 1), (4, 3), (5, 6), (6, 6), (99, 10)])
def test_nearest(wanted, expected):
    assert nearest([1, 3, 6, 10], wanted) == expected


def test_nearest_of_two_is_the_smaller():
    assert nearest([2, 4], 3) == 2


@pytest.mark.parametrize("wanted", [4, 5, 6, 7, 0, 1, 2])
def test_rotated(wanted):
    items = [4, 5, 6, 7, 0, 1, 2]
    assert items[find_rotated(items, wanted)] == wanted


def test_rotated_last():
    assert find_rotated([5, 1, 2, 3], 3) == 3


def test_rotated_missing():
    assert find_rotated([4, 5, 1, 2], 3) == -1
