from intervals import busiest, covered, gaps, merge


def test_merge_overlapping():
    assert merge([(5, 8), (1, 3), (2, 6)]) == [(1, 8)]


def test_merge_touching():
    assert merge([(1, 3), (3, 5)]) == [(1, 5)]


def test_merge_inside():
    assert merge([(1, 10), (2, 3), (12, 13)]) == [(1, 10), (12, 13)]


def test_merge_nothing():
    assert merge([]) == []


def test_covered():
    assert covered([(1, 4), (2, 5), (10, 11)]) == 5


def test_gaps():
    assert gaps([(2, 4), (6, 8)], 0, 10) == [(0, 2), (4, 6), (8, 10)]


def test_gaps_of_everything_covered():
    assert gaps([(0, 20)], 5, 10) == []


def test_gaps_after_something_earlier():
    assert gaps([(1, 3), (7, 8)], 5, 10) == [(5, 7), (8, 10)]


def test_gaps_end_inside():
    assert gaps([(1, 3)], 1, 5) == [(3, 5)]


def test_busiest():
    assert busiest([(1, 5), (2, 6), (4, 7), (8, 9)]) == 3


def test_busiest_touching_do_not_meet():
    assert busiest([(3, 5), (1, 3), (5, 7)]) == 1
