import itertools
import random

import pytest

from paths import components, order, shortest


def brute(graph, start, end):
    best = None
    others = [n for n in graph if n not in (start, end)]
    for size in range(len(others) + 1):
        for middle in itertools.permutations(others, size):
            way = [start, *middle, end] if start != end else [start]
            try:
                cost = sum(graph[a][b] for a, b in zip(way, way[1:]))
            except KeyError:
                continue
            best = cost if best is None else min(best, cost)
    return best


def test_random_graphs():
    rng = random.Random(7)
    for _ in range(60):
        names = "abcde"
        graph = {n: {m: rng.randint(1, 9) for m in names if m != n and rng.random() < 0.4} for n in names}
        for start, end in itertools.product(names, names):
            distance, path = shortest(graph, start, end)
            assert distance == brute(graph, start, end)
            if path:
                assert path[0] == start and path[-1] == end
                assert sum(graph[a][b] for a, b in zip(path, path[1:])) == distance
        flat = [n for group in components(graph) for n in group]
        assert sorted(flat) == list(names)


def test_order_random():
    rng = random.Random(8)
    for _ in range(100):
        graph = {n: {m: 1 for m in range(n + 1, 7) if rng.random() < 0.4} for n in range(7)}
        result = order(graph)
        assert sorted(result) == list(range(7))
        assert all(result.index(n) < result.index(m) for n in graph for m in graph[n])


def test_neighbours_without_entry():
    assert order({"b": {"a": 1}}) == ["b", "a"]
    assert shortest({"a": {"b": 3}}, "a", "b") == (3, ["a", "b"])
    with pytest.raises(ValueError):
        order({"a": {"a": 1}})


def test_components_largest_first():
    assert components({1: {}, 2: {3: 1}, 4: {5: 1, 6: 1}}) == [{4, 5, 6}, {2, 3}, {1}]
