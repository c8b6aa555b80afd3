from collections import OrderedDict
import random

from caching import Cache


def test_like_a_model():
    rng = random.Random(6)
    for capacity in (1, 2, 4):
        cache, model = Cache(capacity), OrderedDict()
        for _ in range(400):
            key = rng.choice("abcdef")
            if rng.random() < 0.5:
                value = rng.randint(0, 9)
                cache.put(key, value)
                model.pop(key, None)
                model[key] = value
                while len(model) > capacity:
                    model.popitem(last=False)
            elif rng.random() < 0.2:
                assert cache.delete(key) is (key in model)
                model.pop(key, None)
            else:
                assert cache.get(key, "no") == model.get(key, "no")
                if key in model:
                    model.move_to_end(key)
            assert len(cache) == len(model)


def test_reading_does_not_make_younger():
    now = [0]
    cache = Cache(3, lifetime=5, clock=lambda: now[0])
    cache.put("a", 1)
    now[0] = 4
    assert cache.get("a") == 1
    now[0] = 5
    assert cache.get("a", "gone") == "gone"
    cache.put("a", 2)
    assert cache.get("a") == 2


def test_ratio_counts_both():
    cache = Cache(1)
    cache.put("a", None)
    for key in "aaab":
        cache.get(key)
    assert cache.ratio() == 0.75
    assert (cache.hits, cache.misses) == (3, 1)
