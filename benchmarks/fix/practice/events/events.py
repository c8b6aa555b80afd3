"""A priority queue, a clock with events, and a shop with tills that runs on both."""

import heapq
import itertools
from collections import deque


class Queue:
    """The smallest priority first, equal ones as they came."""

    def __init__(self):
        self._heap = []
        self._entries = {}
        self._counter = itertools.count()

    def __len__(self):
        return len(self._entries)

    def push(self, item, priority):
        """Add an item, or move it to another priority."""
        if item in self._entries:
            self.remove(item)
        entry = [priority, next(self._counter), item, True]
        self._entries[item] = entry
        heapq.heappush(self._heap, entry)

    def remove(self, item):
        """Raises KeyError."""
        self._entries.pop(item)[3] = False

    def peek(self):
        """Priority and item that are next.

        Raises IndexError when it is empty.
        """
        while not self._heap[0][3]:
            heapq.heappop(self._heap)
        return self._heap[0][0], self._heap[0][2]

    def pop(self):
        """Raises IndexError when it is empty."""
        priority, item = self.peek()
        heapq.heappop(self._heap)
        del self._entries[item]
        return priority, item


class Clock:
    """Actions at their times."""

    def __init__(self):
        self.now = 0
        self._queue = Queue()
        self._numbers = itertools.count(1)
        self._actions = {}

    def at(self, time, action):
        """A number to cancel it by.

        Raises ValueError for the past.
        """
        if time < self.now:
            raise ValueError("that is over")
        number = next(self._numbers)
        self._actions[number] = action
        self._queue.push(number, time)
        return number

    def after(self, delay, action):
        return self.at(self.now + delay, action)

    def cancel(self, number):
        """Whether it was still to come."""
        if self._actions.pop(number, None) is None:
            return False
        self._queue.remove(number)
        return True

    def run(self, until=None):
        """Everything up to and including a time, or everything there is."""
        while self._queue:
            if until is not None and self._queue.peek()[0] > until:
                break
            self.now, number = self._queue.pop()
            self._actions.pop(number)()
        if until is not None:
            self.now = max(self.now, until)


class Shop:
    """Customers wait in one line for so many tills."""

    def __init__(self, tills, patience=None):
        self.clock = Clock()
        self.free = tills
        self.patience = patience
        self.line = deque()
        self.waits = {}
        self.left = []

    def open(self, customers):
        """Serve `(name, arrival, minutes)`; returns when the last has gone."""
        for name, arrival, minutes in customers:
            self.clock.at(arrival, lambda name=name, minutes=minutes: self._arrive(name, minutes))
        self.clock.run()
        return self.clock.now

    def _arrive(self, name, minutes):
        if self.free:
            self._serve(name, minutes, self.clock.now)
            return
        customer = (name, minutes, self.clock.now)
        self.line.append(customer)
        if self.patience is not None:
            self.clock.after(self.patience, lambda: self._lose(customer))

    def _lose(self, customer):
        if customer in self.line:
            self.line.remove(customer)
            self.left.append(customer[0])

    def _serve(self, name, minutes, arrival):
        self.free -= 1
        self.waits[name] = self.clock.now - arrival
        self.clock.after(minutes, self._done)

    def _done(self):
        self.free += 1
        if self.line:
            self._serve(*self.line.popleft())
