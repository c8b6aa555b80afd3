"""Half-open intervals `(start, end)` of whole numbers."""


def merge(intervals):
    """Join intervals that overlap or touch; the result is sorted."""
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def covered(intervals):
    """How many whole numbers are in at least one interval."""
    return sum(end - start for start, end in merge(intervals))


def gaps(intervals, start, end):
    """The parts of `start` to `end` that no interval covers."""
    free = []
    position = start
    for low, high in merge(intervals):
        if low > position:
            free.append((position, min(low, end)))
        position = max(position, high)
        if position >= end:
            break
    if position < end:
        free.append((position, end))
    return free


def busiest(intervals):
    """The largest number of intervals that hold the same number at once."""
    events = []
    for start, end in intervals:
        events.append((start, 1))
        events.append((end, -1))
    events.sort()
    most = current = 0
    for _, change in events:
        current += change
        most = max(most, current)
    return most
