"""A cache that forgets what was used least recently, or what is too old."""


class Cache:
    """`capacity`: how many entries are kept. `lifetime`: seconds an entry is good for, None for ever."""

    def __init__(self, capacity, lifetime=None, clock=None):
        if capacity < 1:
            raise ValueError("a cache holds at least one entry")
        self.capacity = capacity
        self.lifetime = lifetime
        self.clock = clock or (lambda: 0)
        self.entries = {}
        self.hits = 0
        self.misses = 0

    def get(self, key, default=None):
        """The value, which then counts as used most recently."""
        if key not in self.entries or self._is_old(key):
            self.entries.pop(key, None)
            self.misses += 1
            return default
        self.hits += 1
        value, since = self.entries.pop(key)
        self.entries[key] = (value, since)
        return value

    def put(self, key, value):
        """Keep a value; the entry used least recently goes when there are too many."""
        self.entries.pop(key, None)
        self.entries[key] = (value, self.clock())
        while len(self.entries) > self.capacity:
            oldest = next(iter(self.entries))
            del self.entries[oldest]

    def delete(self, key):
        """Whether there was such an entry."""
        return self.entries.pop(key, None) is not None

    def ratio(self):
        """Hits of all questions, 0.0 to 1.0."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0

    def __len__(self):
        return len(self.entries)

    def _is_old(self, key):
        if self.lifetime is None:
            return False
        return self.clock() - self.entries[key][1] >= self.lifetime
