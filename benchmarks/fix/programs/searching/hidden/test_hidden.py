import bisect
import random

from searching import count, find_rotated, lower_bound, nearest, upper_bound


def test_bounds_like_bisect():
    rng = random.Random(2)
    for _ in range(300):
        items = sorted(rng.randint(0, 12) for _ in range(rng.randint(0, 9)))
        for wanted in range(-1, 14):
            assert lower_bound(items, wanted) == bisect.bisect_left(items, wanted)
            assert upper_bound(items, wanted) == bisect.bisect_right(items, wanted)
            assert count(items, wanted) == items.count(wanted)
            best = min(items, key=lambda x: (abs(x - wanted), x), default=None)
            assert nearest(items, wanted) == best


def test_every_rotation():
    items = [1, 3, 5, 7, 9, 11]
    for turn in range(6):
        rotated = items[turn:] + items[:turn]
        for wanted in range(13):
            assert find_rotated(rotated, wanted) == (rotated.index(wanted) if wanted in rotated else -1)
    assert find_rotated([], 1) == -1
