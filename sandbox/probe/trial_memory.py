# mypy: ignore-errors
"""Runs inside the container: what modules of the repository hold, put back between candidates that share a process."""

import itertools
from collections import Counter, OrderedDict, defaultdict, deque
from functools import lru_cache

BOXES = (dict, list, set, deque, defaultdict, OrderedDict, Counter)
PLAIN = (int, str, float, bool, bytes, tuple, type(None))
LARGEST_BOX = 5000
ABSENT = object()


class Memory:
    """Names of modules, containers and counters within reach of them, caches of functions."""

    def __init__(self, prefix):
        modules = [m for m in list(sys.modules.values()) if str(getattr(m, "__file__", "")).startswith(prefix)]
        self.names = {module.__name__ for module in modules}
        self.spaces = [(vars(module), dict(vars(module))) for module in modules]
        self.boxes, self.attributes, self.counters, self.known = [], [], [], set()
        for space, saved in self.spaces:
            for name, value in saved.items():
                if type(value) is itertools.count:
                    self.counters.append((space, name, repr(value)))
                self.keep(value, 3)
        self.caches = caches_in(prefix)

    def keep(self, value, depth):
        if depth == 0 or id(value) in self.known or isinstance(value, PLAIN):
            return
        self.known.add(id(value))
        if type(value) in BOXES:
            self.keep_box(value, depth)
        elif isinstance(value, type) and value.__module__ in self.names:
            for name, inner in list(vars(value).items()):
                if name.startswith("__"):
                    continue
                if isinstance(inner, PLAIN):
                    self.attributes.append((value, name, inner))
                self.keep(inner, depth - 1)
        elif type(value).__module__ in self.names and isinstance(getattr(value, "__dict__", None), dict):
            self.keep_box(vars(value), depth)
        elif type(getattr(value, "dependency_overrides", None)) is dict:
            self.keep_box(value.dependency_overrides, 1)

    def keep_box(self, box, depth):
        if len(box) > LARGEST_BOX:
            return
        self.boxes.append((box, box.copy()))
        for inner in list(box.values() if isinstance(box, dict) else box):
            self.keep(inner, depth - 1)

    def restore(self):
        for space, saved in self.spaces:
            put_back(space, saved)
        for box, saved in self.boxes:
            if isinstance(box, dict):
                put_back(box, saved)
            elif len(box) != len(saved) or any(a is not b for a, b in zip(box, saved, strict=True)):
                box.clear()
                box.extend(saved) if hasattr(box, "extend") else box.update(saved)
        for owner, name, value in self.attributes:
            if vars(owner).get(name, ABSENT) is not value:
                setattr(owner, name, value)
        for space, name, text in self.counters:
            numbers = text[len("count(") : -1].split(", ")
            space[name] = itertools.count(*(float(n) if "." in n else int(n) for n in numbers))
        for cache in self.caches:
            cache.cache_clear()


def put_back(space, saved):
    """A dictionary as it was, in the order it was in."""
    if len(space) == len(saved) and all(space.get(key, ABSENT) is value for key, value in saved.items()):
        return
    for key in [key for key in space if key not in saved]:
        del space[key]
    for key, value in saved.items():
        if space.get(key, ABSENT) is not value:
            space[key] = value


def caches_in(prefix):
    """Functions of the repository that remember what they answered."""
    import gc

    kind, found = type(lru_cache(lambda: 0)), []
    for one in gc.get_objects():
        code = getattr(getattr(one, "__wrapped__", None), "__code__", None) if type(one) is kind else None
        if code is not None and code.co_filename.startswith(prefix):
            found.append(one)
    return found
