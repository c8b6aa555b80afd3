import random
import statistics

import pytest

from counting import grouped, histogram, median, modes, moving_average, top


def test_like_statistics():
    rng = random.Random(10)
    for _ in range(200):
        values = [rng.randint(-9, 9) for _ in range(rng.randint(1, 9))]
        before = list(values)
        assert median(values) == statistics.median(values)
        assert modes(values) == sorted(statistics.multimode(values))
        size = rng.randint(1, 4)
        expected = [statistics.mean(values[i : i + size]) for i in range(0, max(0, len(values) - size + 1))]
        assert moving_average(values, size) == pytest.approx(expected)
        assert sum(histogram(values, 5).values()) == len(values)
        assert values == before


def test_histogram_edges():
    assert histogram([10], 10) == {10: 1}
    assert histogram([-1, 0], 5) == {-5: 1, 0: 1}
    assert histogram([], 5) == {}
    assert list(histogram([0, 20], 10)) == [0, 10, 20]


def test_top_more():
    assert top("x", 5) == [("x", 1)]
    assert top("", 5) == []
    assert top("c b a", 2) == [("a", 1), ("b", 1)]
    assert top("z z y y x", 0) == []


def test_grouped_order():
    assert grouped([3, 1, 4, 1, 5], lambda n: n % 2) == {1: [3, 1, 1, 5], 0: [4]}
