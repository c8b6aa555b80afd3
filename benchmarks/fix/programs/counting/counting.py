"""Statistics of texts and numbers."""

import re
from collections import Counter


def words(text):
    """Words in lower case; an apostrophe belongs to its word."""
    return re.findall(r"[a-z]+(?:'[a-z]+)?", text.lower())


def top(text, number, stop=()):
    """The most frequent words with their counts, by name where counts are equal, without stop words."""
    counts = Counter(word for word in words(text) if word not in stop)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ranked[:number]


def median(values):
    """The middle one, or the mean of the two in the middle.

    Raises ValueError for no values.
    """
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2


def modes(values):
    """Every value that is there most often, sorted."""
    counts = Counter(values)
    most = max(counts.values(), default=0)
    return sorted(value for value, count in counts.items() if count == most)


def moving_average(values, size):
    """The means of `size` neighbours."""
    result = []
    for start in range(len(values) - size + 1):
        window = values[start : start + size]
        result.append(sum(window) / size)
    return result


def histogram(values, width):
    """The number of values in each step of `width`, by the step's beginning; empty steps between others too."""
    if not values:
        return {}
    steps = [value // width * width for value in values]
    result = {step: 0 for step in range(min(steps), max(steps) + width, width)}
    for step in steps:
        result[step] += 1
    return result


def grouped(items, key):
    """Items under what `key` makes of them, in their own order."""
    groups = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups
