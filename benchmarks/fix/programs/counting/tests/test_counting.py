import pytest

from counting import grouped, histogram, median, modes, moving_average, top, words


def test_words():
    assert words("Don't stop, DON'T!") == ["don't", "stop", "don't"]


def test_top():
    assert top("b a c a b d a", 2) == [("a", 3), ("b", 2)]


def test_top_equal_by_name():
    assert top("pear fig apple fig pear", 3) == [("fig", 2), ("pear", 2), ("apple", 1)]


def test_top_stop_words():
    assert top("The cat and the hat", 1, stop={"the", "and"}) == [("cat", 1)]


def test_median():
    assert median([5, 1, 3]) == 3
    assert median([4, 1, 3, 2]) == 2.5


def test_median_of_nothing():
    with pytest.raises(ValueError):
        median([])


def test_modes():
    assert modes([3, 1, 3, 1, 2]) == [1, 3]
    assert modes([]) == []


def test_moving_average():
    assert moving_average([1, 2, 3, 4], 2) == [1.5, 2.5, 3.5]
    assert moving_average([1, 2], 3) == []


def test_histogram():
    assert histogram([1, 2, 11, 35], 10) == {0: 2, 10: 1, 20: 0, 30: 1}


def test_grouped():
    assert grouped(["ab", "c", "de"], len) == {2: ["ab", "de"], 1: ["c"]}
