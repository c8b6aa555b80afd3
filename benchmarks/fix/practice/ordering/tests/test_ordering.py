import pytest

from ordering import Cycle, affected, critical_path, find_cycle, finish_times, levels, order, schedule

HOUSE = {"roof": ["walls"], "walls": ["floor"], "paint": ["walls", "shop"], "move": ["roof", "paint"]}
MINUTES = {"floor": 10, "walls": 20, "roof": 5, "paint": 15, "move": 1, "shop": 40}


def test_order():
    assert order({"c": ["b"], "b": ["a"], "a": []}) == ["a", "b", "c"]
    assert order({}) == []


def test_order_by_name():
    assert order({"z": [], "b": [], "m": ["z"]}) == ["b", "z", "m"]


def test_order_knows_tasks_that_are_only_needed():
    assert order({"b": ["a"]}) == ["a", "b"]


def test_order_of_the_house():
    assert order(HOUSE) == ["floor", "shop", "walls", "paint", "roof", "move"]


def test_order_leaves_its_input_alone():
    needs = {"b": ["a"], "c": ["a", "b"]}
    order(needs)
    assert needs == {"b": ["a"], "c": ["a", "b"]}


def test_cycle():
    with pytest.raises(Cycle) as caught:
        order({"start": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]})
    assert caught.value.tasks == ["a", "b", "c", "a"]


def test_needs_itself():
    assert find_cycle({"a": ["a"]}) == ["a", "a"]


def test_no_cycle():
    assert find_cycle(HOUSE) is None
    assert find_cycle({"a": ["b", "c"], "b": ["d"], "c": ["d"]}) is None


def test_levels():
    assert levels(HOUSE) == [["floor", "shop"], ["walls"], ["paint", "roof"], ["move"]]
    assert levels({}) == []


def test_finish_times():
    assert finish_times(HOUSE, MINUTES) == {"floor": 10, "shop": 40, "walls": 30, "paint": 55, "roof": 35, "move": 56}


def test_critical_path():
    assert critical_path(HOUSE, MINUTES) == ["shop", "paint", "move"]
    assert critical_path(HOUSE, {**MINUTES, "shop": 25}) == ["floor", "walls", "paint", "move"]
    assert critical_path({}, {}) == []


def test_affected():
    assert affected(HOUSE, ["walls"]) == {"walls", "roof", "paint", "move"}
    assert affected(HOUSE, ["move", "shop"]) == {"move", "shop", "paint"}


def test_schedule():
    assert schedule(HOUSE, MINUTES, 1) == sum(MINUTES.values())
    assert schedule(HOUSE, MINUTES, 2) == 56
    assert schedule({"b": ["a"], "c": ["a"], "d": ["a"]}, {"a": 1, "b": 2, "c": 3, "d": 4}, 2) == 7
