"""Searching in sorted lists."""


def lower_bound(items, wanted):
    """The first index whose item is not less than `wanted`."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def upper_bound(items, wanted):
    """The first index whose item is greater than `wanted`."""
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle] <= wanted:
            low = middle + 1
        else:
            high = middle
    return low


def count(items, wanted):
    """How often an item is there."""
    return upper_bound(items, wanted) - lower_bound(items, wanted)


def nearest(items, wanted):
    """The item closest to `wanted`, the smaller one of two; None of nothing."""
    if not items:
        return None
    position = lower_bound(items, wanted)
    if position == 0:
        return items[0]
    if position == len(items):
        return items[-1]
    before, after = items[position - 1], items[position]
    return before if wanted - before <= after - wanted else after


def find_rotated(items, wanted):
    """The index of an item in a sorted list that was rotated, -1 when it is not there."""
    low, high = 0, len(items) - 1
    while low <= high:
        middle = (low + high) // 2
        if items[middle] == wanted:
            return middle
        if items[low] <= items[middle]:
            if items[low] <= wanted < items[middle]:
                high = middle - 1
            else:
                low = middle + 1
        elif items[middle] < wanted <= items[high]:
            low = middle + 1
        else:
            high = middle - 1
    return -1
