# mypy: ignore-errors
"""Runs inside the container, in the fork in which one candidate is tried: runs tests and tells the process above."""

import time


class Child:
    """Tells over a pipe of its own: one line of JSON per event, each with the secret of this child."""

    def __init__(self, fd, secret, order):
        self.fd, self.secret, self.order = fd, secret, order
        self.outcomes = {}
        self.message = self.error = ""

    def tell(self, *words, _write=os.write, _dumps=json.dumps):
        line = ("%s %s\n" % (self.secret, _dumps(words))).encode("ascii")
        while line:
            line = line[_write(self.fd, line) :]

    def leave(self, *words, _exit=os._exit):
        self.tell(*words)
        _exit(0)

    def tests(self, session):
        """Run what was ordered; never returns."""
        items = {item.nodeid: item for item in session.items}
        getattr(self, self.order["how"])(session, items)
        self.leave("end")

    def trial(self, session, items):
        """The failing tests first; only when one of them passes now, those that must go on passing."""
        order, red = self.order, 0
        guards = order["guards"]
        for number, following in in_turn([*order["failing"], *guards], items, order["ids"]):
            if number not in order["failing"]:
                if not any(one == "passed" for one in self.outcomes.values()):
                    return
                if not self.one(session, items, number, following):
                    return
            elif not self.one(session, items, number, following):
                red += 1
                if red >= order["patience"]:
                    return

    def chain(self, session, items):
        """Several candidates one after the other, the failing tests only; see `Chains`."""
        for number, put, back in self.order["steps"]:
            self.tell("candidate", number)
            put()
            for red, test in enumerate(self.order["failing"]):
                if red >= self.order["patience"] or self.one(session, items, test, None):
                    break
            back()
            self.order["memory"].restore()
        self.tell("candidate", -1)
        self.control(session, items)

    def control(self, session, items):
        """A few tests of the code as it is."""
        for number in self.order["control"]:
            self.one(session, items, number, None)

    def measure(self, session, items):
        """Every test, whatever becomes of it."""
        for number, following in in_turn(self.order["numbers"], items, self.order["ids"]):
            self.one(session, items, number, following)

    def trace(self, session, items):
        """Every test, with the lines it runs."""
        import signal

        tracer = Tracer(self.order["tree"], self.order["paths"], True)
        signal.signal(signal.SIGUSR1, lambda *_: self.cut(tracer))
        for number, following in in_turn(self.order["numbers"], items, self.order["ids"]):
            tracer.start()
            self.one(session, items, number, following)
            self.tell("lines", number, tracer.stop())
        self.tell("calls", tracer.told_calls())

    def cut(self, tracer):
        """Told to end in the middle of a test: what it ran so far is worth knowing."""
        self.tell("lines", self.current, tracer.stop())
        self.leave("cut")

    def answer(self, session, items):
        """Call functions of the repository with given arguments; ask applications more than their tests do."""
        for number, (path, name, arguments) in enumerate(self.order["calls"]):
            self.tell("call", number)
            self.tell("answer", str(number), answered(path, name, arguments))
        asker = Asker(lambda label, answer: self.tell("answer", label, answer))
        if self.order["web"] and asker.install():
            for number, following in in_turn(self.order["web"], items, self.order["ids"]):
                asker.begin(self.order["ids"][number])
                self.one(session, items, number, following)
            asker.left = 0
        for number, label, source in self.order["variants"]:
            item = items.get(self.order["ids"][number])
            if item is not None:
                self.tell("call", label)
                self.tell("answer", label, self.varied(session, item, source))

    def varied(self, session, item, source):
        """Run a test with another function: what it noted, and how it ended."""
        import builtins

        noted, plain = [], item.obj
        builtins.__greenloop_note__ = lambda *values: noted.extend(repr(one) for one in values)
        self.outcome, self.error = "passed", ""
        try:
            made = {}
            exec(compile(source, item.nodeid, "exec"), item.module.__dict__, made)
            (function,) = made.values()
            item.obj = function.__get__(plain.__self__) if hasattr(plain, "__self__") else function
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=item)
        except Exception as error:  # noqa: BLE001 - a test that cannot be run that way answers nothing
            return ["absent", type(error).__name__]
        finally:
            item.obj = plain
        if any(" at 0x" in one for one in noted):
            return ["opaque", ""]
        return ["value", digest(", ".join(noted))] if not self.error else ["error", self.error]

    def one(self, session, items, number, following, _wall=time.perf_counter, _cpu=time.process_time):
        """Run a test; True when it passed."""
        wall, cpu = _wall(), _cpu()
        item = items.get(self.order["ids"][number])
        self.current, self.outcome, self.message = number, "passed" if item else "missing", ""
        self.tell("test", number)
        if item is not None:
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        self.outcomes[number] = self.outcome
        self.tell("done", number, self.outcome, self.message, _wall() - wall, _cpu() - cpu)
        return self.outcome == "passed"

    def text_of(self, report, most=800):
        """All a failure says."""
        return shorten(str(report.longrepr or "").strip(), most)

    def failed(self, excinfo):
        """A phase of a test raised: where in the repository, the innermost last."""
        self.error = excinfo.typename
        if self.order["how"] == "measure":
            tree = self.order["tree"]
            frames = [(str(entry.path), entry.lineno + 1) for entry in excinfo.traceback]
            inside = [(path[len(tree) :], line) for path, line in frames if path.startswith(tree)]
            self.tell("frames", self.current, inside[-30:])

    def report(self, report):
        """A phase of a test has ended."""
        if type(report).__name__.lower() == "subtestreport" and not report.failed:
            return
        if report.failed:
            self.outcome = "failed" if report.when == "call" else "error"
            self.message = self.message or (self.text_of(report) if self.order["how"] == "measure" else brief(report))
        elif hasattr(report, "wasxfail") and report.passed:
            self.outcome = "xpassed"
        elif report.skipped and not hasattr(report, "wasxfail"):
            self.outcome = "skipped"


def in_turn(numbers, items, ids):
    """The numbers of tests, each with the item that comes after it."""
    for place, number in enumerate(numbers):
        yield number, next((items[ids[n]] for n in numbers[place + 1 :] if ids[n] in items), None)


def brief(report):
    """The line of a failure that says most."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = str(crash.message if crash is not None else report.longrepr or "").strip().split("\n")
    return (lines[0] if isinstance(report.longrepr, str) or crash is not None else lines[-1])[:160]


def answered(path, name, arguments):
    """What a call gives, in text that can be compared: the value, or the kind of error."""
    import ast
    import asyncio

    module = next((m for m in list(sys.modules.values()) if getattr(m, "__file__", None) == path), None)
    try:
        function = module
        for part in name.split("."):
            function = getattr(function, part)
    except AttributeError:
        return ["absent", ""]
    try:
        value = function(**ast.literal_eval(arguments))
        if asyncio.iscoroutine(value):
            value.close()
            return ["absent", ""]
        text = repr(value)
        return ["opaque", ""] if " at 0x" in text else ["value", digest(text)]
    except BaseException as error:  # noqa: BLE001 - how a function fails is its answer
        return ["error", type(error).__name__]
