import pytest

from paths import components, order, shortest

ROADS = {"a": {"b": 7, "c": 1}, "b": {"d": 1}, "c": {"b": 2, "d": 9}, "d": {}}


def test_shortest():
    assert shortest(ROADS, "a", "d") == (4, ["a", "c", "b", "d"])


def test_shortest_to_itself():
    assert shortest(ROADS, "a", "a") == (0, ["a"])


def test_no_way():
    assert shortest(ROADS, "d", "a") == (None, [])


def test_order():
    assert order({"shirt": {"tie": 1}, "tie": {"jacket": 1}, "socks": {}, "belt": {"jacket": 1}}) == [
        "belt", "shirt", "socks", "tie", "jacket",
    ]


def test_order_circle():
    with pytest.raises(ValueError):
        order({"a": {"b": 1}, "b": {"a": 1}, "c": {}})


def test_components():
    assert components({"a": {"b": 1}, "c": {"b": 1}, "x": {"y": 1}, "z": {}}) == [{"a", "b", "c"}, {"x", "y"}, {"z"}]
