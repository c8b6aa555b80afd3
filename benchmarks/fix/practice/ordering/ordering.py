"""Tasks that wait for others: `{task: [what it needs]}`."""

from heapq import heapify, heappop, heappush


class Cycle(Exception):
    """Raised with the tasks of a circle, the first again at its end."""

    def __init__(self, tasks):
        super().__init__(" -> ".join(tasks))
        self.tasks = tasks


def order(needs):
    """Every task after what it needs; of those that could be next the first by name.

    Raises Cycle.
    """
    waiting = {task: set(before) for task, before in needs.items()}
    for before in needs.values():
        for task in before:
            waiting.setdefault(task, set())
    ready = [task for task, before in waiting.items() if not before]
    heapify(ready)
    result = []
    while ready:
        task = heappop(ready)
        result.append(task)
        for other, before in waiting.items():
            if task in before:
                before.remove(task)
                if not before:
                    heappush(ready, other)
    if len(result) < len(waiting):
        raise Cycle(find_cycle(needs))
    return result


def find_cycle(needs):
    """The tasks of a circle, None when there is none."""
    done = set()

    def visit(task, path):
        if task in path:
            return path[path.index(task) :] + [task]
        if task in done:
            return None
        for other in needs.get(task, ()):
            found = visit(other, path + [task])
            if found:
                return found
        done.add(task)
        return None

    for task in needs:
        found = visit(task, [])
        if found:
            return found
    return None


def levels(needs):
    """Groups of tasks that can run at the same time, one group after the other."""
    level = {}
    for task in order(needs):
        level[task] = 1 + max((level[before] for before in needs.get(task, ())), default=-1)
    groups = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for task, number in level.items():
        groups[number].append(task)
    return [sorted(group) for group in groups]


def finish_times(needs, minutes):
    """Task -> minute at which it is done when nothing waits longer than it must."""
    ends = {}
    for task in order(needs):
        begin = max((ends[before] for before in needs.get(task, ())), default=0)
        ends[task] = begin + minutes.get(task, 0)
    return ends


def critical_path(needs, minutes):
    """The chain of tasks that decides when everything is done."""
    ends = finish_times(needs, minutes)
    if not ends:
        return []
    task = max(ends, key=ends.get)
    chain = [task]
    while needs.get(task):
        task = max(needs[task], key=ends.get)
        chain.append(task)
    return chain[::-1]


def affected(needs, changed):
    """The changed tasks and everything that needs one of them, directly or not."""
    users = {}
    for task, before in needs.items():
        for other in before:
            users.setdefault(other, set()).add(task)
    result, stack = set(), list(changed)
    while stack:
        task = stack.pop()
        if task not in result:
            result.add(task)
            stack.extend(users.get(task, ()))
    return result


def schedule(needs, minutes, workers):
    """Minute at which so many workers are done; each takes the first task by name that is ready."""
    waiting = {task: set(before) for task, before in needs.items()}
    for task in order(needs):
        waiting.setdefault(task, set())
    ready = sorted(task for task, before in waiting.items() if not before)
    busy, now = [], 0
    while ready or busy:
        while ready and len(busy) < workers:
            task = ready.pop(0)
            heappush(busy, (now + minutes.get(task, 0), task))
        now, finished = heappop(busy)
        for other, before in waiting.items():
            if finished in before:
                before.discard(finished)
                if not before:
                    ready.append(other)
        ready.sort()
    return now
