"""Weighted graphs as `{node: {neighbour: weight}}`."""

import heapq


def shortest(graph, start, end):
    """(distance, path) of the cheapest way, (None, []) when there is none."""
    queue = [(0, start, [start])]
    done = set()
    while queue:
        distance, node, path = heapq.heappop(queue)
        if node == end:
            return distance, path
        if node in done:
            continue
        done.add(node)
        for neighbour, weight in graph.get(node, {}).items():
            if neighbour not in done:
                heapq.heappush(queue, (distance + weight, neighbour, path + [neighbour]))
    return None, []


def order(graph):
    """Every node before those it points to, by name where that is free.

    Raises ValueError for a circle.
    """
    incoming = {node: 0 for node in graph}
    for neighbours in graph.values():
        for neighbour in neighbours:
            incoming[neighbour] = incoming.get(neighbour, 0) + 1
    ready = [node for node, count in incoming.items() if count == 0]
    heapq.heapify(ready)
    result = []
    while ready:
        node = heapq.heappop(ready)
        result.append(node)
        for neighbour in graph.get(node, {}):
            incoming[neighbour] -= 1
            if incoming[neighbour] == 0:
                heapq.heappush(ready, neighbour)
    if len(result) != len(incoming):
        raise ValueError("the graph has a circle")
    return result


def components(graph):
    """Sets of nodes that are connected, whichever way the edges point, the largest first."""
    around = {}
    for node, neighbours in graph.items():
        around.setdefault(node, set())
        for neighbour in neighbours:
            around[node].add(neighbour)
            around.setdefault(neighbour, set()).add(node)
    seen = set()
    found = []
    for node in around:
        if node in seen:
            continue
        group, stack = set(), [node]
        while stack:
            current = stack.pop()
            if current in group:
                continue
            group.add(current)
            stack.extend(around[current] - group)
        seen |= group
        found.append(group)
    return sorted(found, key=len, reverse=True)
