import pytest

from events import Clock, Queue, Shop


def drain(queue):
    result = []
    while queue:
        result.append(queue.pop()[1])
    return result


def test_queue_order():
    queue = Queue()
    for item, priority in (("c", 3), ("a", 1), ("b", 2)):
        queue.push(item, priority)
    assert len(queue) == 3
    assert queue.peek() == (1, "a")
    assert drain(queue) == ["a", "b", "c"]


def test_queue_equal_priorities():
    queue = Queue()
    for item in ("z", "y", "x"):
        queue.push(item, 1)
    assert drain(queue) == ["z", "y", "x"]


def test_queue_remove():
    queue = Queue()
    queue.push("a", 1)
    queue.push("b", 2)
    queue.remove("a")
    assert len(queue) == 1
    assert queue.pop() == (2, "b")
    with pytest.raises(KeyError):
        queue.remove("a")
    with pytest.raises(IndexError):
        queue.pop()


def test_queue_other_priority():
    queue = Queue()
    queue.push("a", 1)
    queue.push("b", 2)
    queue.push("a", 3)
    assert drain(queue) == ["b", "a"]


def test_clock():
    clock, seen = Clock(), []
    clock.at(5, lambda: seen.append(("late", clock.now)))
    clock.at(2, lambda: clock.after(1, lambda: seen.append(("nested", clock.now))))
    clock.run()
    assert seen == [("nested", 3), ("late", 5)]
    assert clock.now == 5


def test_clock_until():
    clock, seen = Clock(), []
    for time in (1, 2, 5):
        clock.at(time, lambda: seen.append(clock.now))
    clock.run(until=2)
    assert seen == [1, 2]
    clock.run(until=4)
    assert (seen, clock.now) == ([1, 2], 4)
    clock.run(until=10)
    assert (seen, clock.now) == ([1, 2, 5], 10)
    with pytest.raises(ValueError):
        clock.at(9, print)


def test_clock_cancel():
    clock, seen = Clock(), []
    number = clock.at(1, lambda: seen.append(1))
    assert clock.cancel(number)
    assert not clock.cancel(number)
    clock.run()
    assert seen == []


def test_one_till():
    shop = Shop(1)
    assert shop.open([("ann", 0, 5), ("bob", 1, 5), ("cat", 2, 5)]) == 15
    assert shop.waits == {"ann": 0, "bob": 4, "cat": 8}


def test_two_tills():
    shop = Shop(2)
    assert shop.open([("ann", 0, 5), ("bob", 1, 2), ("cat", 2, 5)]) == 8
    assert shop.waits == {"ann": 0, "bob": 0, "cat": 1}
    assert shop.free == 2


def test_patience():
    shop = Shop(1, patience=3)
    shop.open([("ann", 0, 5), ("bob", 1, 1), ("cat", 3, 1)])
    assert shop.left == ["bob"]
    assert shop.waits == {"ann": 0, "cat": 2}


def test_nobody():
    assert Shop(1).open([]) == 0
