# mypy: ignore-errors
"""Runs inside the container: several candidates one after the other in one child, where most of them only fail.

A fork and all that a first test has to set up cost more than the test. What is said of a candidate that way is kept
only when none of the failing tests passed, and when tests of the code as it is still say what they say in a process of
their own after all the candidates of the child. Everything else is tried alone.
"""


class Chains:
    """`size`: candidates in a child; what was left behind in its memory makes it smaller."""

    def __init__(self, server):
        self.server, self.size = server, task["chain"]
        self.control = task["order"].get("control", [])
        self.plain, self.sound, self.varies = None, False, False
        self.memory = Memory(server.prefix) if self.size > 1 else None

    def run(self, ready):
        """Try (number, candidate), in this order."""
        while ready and not self.server.over():
            part, ready = ready[: max(self.size, 1)], ready[max(self.size, 1) :]
            if len(part) > 1:
                self.together([one for one in part if one[1].get("pairs")])
            for number, candidate in part:
                if number in self.server.waiting:
                    self.server.attempt(number, candidate, "collected")

    def together(self, rest):
        if self.plain is None:
            self.plain = self.alone()
        while len(rest) > 1:
            tell(k="try", c=[number for number, _ in rest])
            watched = self.fork("chain", [(number, *self.switch(candidate)) for number, candidate in rest])
            last, _ = watched.marks[-1] if watched.marks else (-1, 0)
            if watched.how == "end" or last == -1:
                if watched.how == "end" and self.same(watched):
                    self.sound = True
                    self.accept(watched)
                else:
                    self.size //= 4
                return
            if not self.sound:
                return
            self.accept(watched)
            if watched.how == "timeout":
                self.server.say(last, "timeout", "collected", fixed=[], still=[watched.current or 0], broken=[], at=0)
            rest = rest[[number for number, _ in rest].index(last) + 1 :]

    def fork(self, how, steps):
        order = task["order"] | {"how": how, "steps": steps, "control": self.control, "memory": self.memory}
        return self.server.fork(order, task["limits"], lambda: None)

    def alone(self):
        """What the tests of the code as it is say in a process of their own."""
        return self.fork("control", []).done

    def switch(self, candidate):
        """Functions that put the candidate's code in its place, and take it away again."""
        owners = self.server.owners
        new = [(function, code) for old, code in candidate["pairs"] for function in owners.get(id(old), ())]
        old = [(function, function.__code__) for function, _ in new]
        return lambda: exchange(new), lambda: exchange(old)

    def same(self, watched):
        """Whether nothing seems to be left of the candidates that were tried in that child."""
        said = watched.done[watched.marks[-1][1] :]
        if [one[:2] for one in said] != [one[:2] for one in self.plain]:
            return False
        if said != self.plain and not self.varies:
            again = self.alone()
            self.varies = again != self.plain
        return said == self.plain or self.varies

    def accept(self, watched):
        """Those that were tried to their end in that child and repaired nothing."""
        for (number, start), (_, end) in itertools.pairwise(watched.marks):
            done = watched.done[start:end]
            if done and all(outcome != "passed" for _, outcome, _ in done):
                still = [test for test, _, _ in done]
                self.server.say(number, "end", "collected", done[0][2], fixed=[], still=still, broken=[], at=None)


def exchange(codes):
    for function, code in codes:
        function.__code__ = code
