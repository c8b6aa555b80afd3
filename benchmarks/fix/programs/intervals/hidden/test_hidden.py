import random

from intervals import busiest, covered, gaps, merge


def points(intervals):
    return {n for a, b in intervals for n in range(a, b)}


def test_against_sets():
    rng = random.Random(1)
    for _ in range(300):
        some = [(a, a + rng.randint(1, 6)) for a in (rng.randint(0, 25) for _ in range(rng.randint(0, 6)))]
        merged = merge(some)
        assert points(merged) == points(some)
        assert all(one[1] < two[0] for one, two in zip(merged, merged[1:]))
        assert covered(some) == len(points(some))
        assert points(gaps(some, 3, 20)) == set(range(3, 20)) - points(some)
        most = max((sum(a <= n < b for a, b in some) for n in range(40)), default=0)
        assert busiest(some) == most


def test_gaps_stay_inside():
    assert gaps([(30, 40)], 0, 10) == [(0, 10)]
    assert gaps([], 0, 1) == [(0, 1)]
    assert gaps([(0, 3)], 3, 3) == []
