import random

import pytest

from events import Clock, Queue, Shop


def test_queue_against_a_list():
    rng = random.Random(6)
    for _ in range(60):
        queue, known = Queue(), []
        for _ in range(40):
            action, item = rng.choice("ppxo"), rng.choice("abcdefgh")
            if action == "p":
                priority = rng.randint(0, 3)
                known = [one for one in known if one[1] != item] + [(priority, item)]
                queue.push(item, priority)
            elif action == "x":
                if item in [one[1] for one in known]:
                    queue.remove(item)
                    known = [one for one in known if one[1] != item]
                else:
                    with pytest.raises(KeyError):
                        queue.remove(item)
            elif known:
                first = min(known, key=lambda one: one[0])
                assert queue.peek() == first and queue.pop() == first
                known.remove(first)
            else:
                with pytest.raises(IndexError):
                    queue.pop()
            assert len(queue) == len(known)


def test_items_that_cannot_be_compared():
    queue, items = Queue(), [object(), object(), None, 3]
    for item in items:
        queue.push(item, 0)
    assert [queue.pop()[1] for _ in items] == items


def test_clock_edges():
    clock, seen = Clock(), []
    clock.at(0, lambda: seen.append("now"))
    clock.at(4, lambda: clock.at(4, lambda: seen.append("again")))
    clock.at(4, lambda: seen.append("four"))
    first = clock.at(6, lambda: seen.append("six"))
    clock.at(5, lambda: clock.cancel(first))
    clock.run(until=4)
    assert seen == ["now", "four", "again"] and clock.now == 4
    clock.run(until=4.5)
    assert clock.now == 4.5
    clock.run(until=20)
    assert seen == ["now", "four", "again"] and clock.now == 20
    clock.run(until=15)
    assert clock.now == 20
    assert not clock.cancel(99)


def naive(customers, tills):
    ends, waits = [0] * tills, {}
    for name, arrival, minutes in customers:
        till = min(range(tills), key=lambda n: ends[n])
        begin = max(arrival, ends[till])
        waits[name], ends[till] = begin - arrival, begin + minutes
    return waits, max(ends)


def test_shops():
    rng = random.Random(7)
    for _ in range(60):
        tills = rng.randint(1, 4)
        arrivals = sorted(rng.randint(0, 30) for _ in range(12))
        customers = [(f"c{n}", arrival, rng.randint(1, 9)) for n, arrival in enumerate(arrivals)]
        shop = Shop(tills)
        end = shop.open(customers)
        waits, last = naive(customers, tills)
        assert shop.waits == waits and end == last and shop.free == tills and not shop.line


def test_all_lose_patience():
    shop = Shop(2, patience=2)
    shop.open([("a", 0, 10), ("b", 0, 3), ("c", 1, 4), ("d", 1, 1), ("e", 2, 1), ("f", 5, 2)])
    assert shop.waits == {"a": 0, "b": 0, "c": 2, "f": 2}
    assert shop.left == ["d", "e"]
