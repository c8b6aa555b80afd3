import random

import pytest

from ordering import Cycle, affected, critical_path, find_cycle, finish_times, levels, order, schedule


def graph(rng, count):
    names = [f"t{n}" for n in range(count)]
    rng.shuffle(names)
    needs = {name: rng.sample(names[:n], rng.randint(0, min(n, 3))) for n, name in enumerate(names) if n == 0 or rng.random() < 0.9}
    return needs, names


def closure(needs, task):
    found = {task}
    while True:
        more = {t for t, before in needs.items() if found & set(before)} | found
        if more == found:
            return found
        found = more


def test_random_graphs():
    rng = random.Random(3)
    for _ in range(80):
        needs, names = graph(rng, rng.randint(1, 9))
        before = {task: list(rest) for task, rest in needs.items()}
        result = order(needs)
        place = {task: n for n, task in enumerate(result)}
        assert set(result) == set(needs) | {t for rest in needs.values() for t in rest} and len(place) == len(result)
        assert all(place[one] < place[task] for task, rest in needs.items() for one in rest)
        assert find_cycle(needs) is None
        minutes = {name: rng.randint(1, 30) for name in names}
        ends = finish_times(needs, minutes)
        chain = critical_path(needs, minutes)
        assert sum(minutes[task] for task in chain) == max(ends.values())
        assert not needs.get(chain[0])
        assert all(a in needs[b] for a, b in zip(chain, chain[1:]))
        assert schedule(needs, minutes, 99) == max(ends.values())
        assert schedule(needs, minutes, 1) == sum(minutes[task] for task in result)
        for task in result:
            assert affected(needs, [task]) == closure(needs, task)
        groups = levels(needs)
        where = {task: n for n, group in enumerate(groups) for task in group}
        assert all(where[task] == 1 + max([where[b] for b in needs.get(task, ())], default=-1) for task in result)
        assert needs == before


def test_sets_are_not_emptied():
    needs = {"b": {"a"}, "c": {"a", "b"}}
    for function in (order, levels, find_cycle, lambda n: schedule(n, {}, 2)):
        function(needs)
        assert needs == {"b": {"a"}, "c": {"a", "b"}}


@pytest.mark.parametrize(
    ("needs", "tasks"),
    [({"x": ["y"], "y": ["x"]}, ["x", "y", "x"]), ({"a": ["q"], "q": ["r", "s"], "s": ["q"]}, ["q", "s", "q"]), ({"a": [], "z": ["z"]}, ["z", "z"])],
)
def test_cycles(needs, tasks):
    assert find_cycle(needs) == tasks
    for function in (order, levels):
        with pytest.raises(Cycle) as caught:
            function(needs)
        assert caught.value.tasks == tasks
    assert str(caught.value) == " -> ".join(tasks)


def test_affected_by_several():
    assert affected({"a": ["b"], "b": ["c"], "x": ["y"]}, ["c", "y"]) == {"a", "b", "c", "x", "y"}
    assert affected({"a": ["b"]}, []) == set()
    assert affected({"a": ["b"], "b": ["a"]}, ["a"]) == {"a", "b"}


def test_names_decide():
    assert order({"b": ["a"], "c": [], "a": []}) == ["a", "b", "c"]
    assert order({"a": ["z"], "b": ["z"], "y": []}) == ["y", "z", "a", "b"]
