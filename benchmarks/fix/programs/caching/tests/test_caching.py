import pytest

from caching import Cache


class Clock:
    now = 0

    def __call__(self):
        return self.now


def test_kept():
    cache = Cache(2)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b") is None
    assert cache.get("b", 7) == 7


def test_the_least_recent_goes():
    cache = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert cache.get("b") is None
    assert cache.get("a") == 1


def test_replaced_counts_as_used():
    cache = Cache(2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.put("a", 5)
    cache.put("c", 3)
    assert cache.get("a") == 5
    assert len(cache) == 2


def test_too_old():
    clock = Clock()
    cache = Cache(2, lifetime=10, clock=clock)
    cache.put("a", 1)
    clock.now = 9
    assert cache.get("a") == 1
    clock.now = 10
    assert cache.get("a") is None
    assert len(cache) == 0


def test_ratio():
    cache = Cache(2)
    assert cache.ratio() == 0.0
    cache.put("a", 1)
    cache.get("a")
    cache.get("x")
    assert cache.ratio() == 0.5


def test_delete():
    cache = Cache(1)
    cache.put("a", 0)
    assert cache.delete("a") is True
    assert cache.delete("a") is False


def test_capacity():
    with pytest.raises(ValueError):
        Cache(0)
