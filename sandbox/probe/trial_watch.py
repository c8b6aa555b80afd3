# mypy: ignore-errors
"""Runs inside the container: watches over one child, ends it when a test takes too long, hears what it tells."""

import select
import signal
import time

TICK = os.sysconf("SC_CLK_TCK")
POLL_MS = 20
LOOK_S = 0.06


class Watched:
    """`limits`: seconds of processor and of waiting; `begin` until the first test, `each` by the test's number."""

    def __init__(self, pid, reader, secret, limits, asks_first):
        self.pid, self.reader, self.start = pid, reader, secret.encode() + b" "
        self.limits, self.asks_first = limits, asks_first
        self.how, self.detail, self.current = "", "", None
        self.done, self.times, self.lines, self.calls, self.answers = [], {}, {}, [], {}
        self.frames, self.marks = {}, []
        self.rest, self.status = b"", None
        self.begin(limits["begin"])

    def begin(self, limit):
        self.cpu_limit, self.wait_limit = limit
        self.cpu_from = self.cpu_seen = self.cpu()
        self.looked = self.busy = time.monotonic()

    def cpu(self):
        """Seconds of processor the child has used."""
        try:
            with open("/proc/%d/stat" % self.pid) as file:
                words = file.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(words[11]) + int(words[12])) / TICK

    def wants_processor(self):
        """One of its threads runs, or would if there was a processor for it."""
        try:
            for thread in os.listdir("/proc/%d/task" % self.pid):
                with open("/proc/%d/task/%s/stat" % (self.pid, thread)) as file:
                    if file.read().rpartition(")")[2].split()[0] in "RD":
                        return True
        except OSError:
            return True
        return False

    def too_long(self):
        """It used too much processor, or waits for something that does not come."""
        now = time.monotonic()
        if now - self.looked < LOOK_S:
            return False
        self.looked, used = now, self.cpu()
        if used != self.cpu_seen or self.wants_processor():
            self.cpu_seen, self.busy = used, now
        return used - self.cpu_from >= self.cpu_limit or now - self.busy >= self.wait_limit

    def follow(self):
        poll = select.poll()
        poll.register(self.reader, select.POLLIN)
        while not self.how:
            data = os.read(self.reader, 65536) if poll.poll(POLL_MS) else None
            if data:
                self.hear(data)
            elif data == b"" or self.has_ended():
                self.how = "crash"
            if not self.how and self.too_long():
                self.cut(poll)
        self.finish()

    def cut(self, poll):
        self.how = "timeout"
        if self.asks_first:
            os.kill(self.pid, signal.SIGUSR1)
            until = time.monotonic() + 0.5
            while time.monotonic() < until:
                data = os.read(self.reader, 65536) if poll.poll(POLL_MS) else None
                if data == b"":
                    return
                self.hear(data or b"")

    def has_ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is not None

    def finish(self):
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except OSError:
                continue
        if self.status is None:
            self.status = os.waitpid(self.pid, 0)[1]
        os.close(self.reader)
        if self.how == "crash":
            code = os.waitstatus_to_exitcode(self.status)
            self.detail = "ended by signal %d" % -code if code < 0 else "ended with exit code %d" % code

    def hear(self, data):
        self.rest += data
        *lines, self.rest = self.rest.split(b"\n")
        for line in lines:
            if not line.startswith(self.start):
                self.how, self.detail = "crash", "foreign bytes in the report"
                return
            self.take(*json.loads(line[len(self.start) :]))

    def take(self, word, *more):
        if word in ("test", "call"):
            self.current = more[0]
            self.begin(self.limits["each"].get(str(self.current), self.limits["default"]))
        elif word == "done":
            self.done.append(more[:3])
            self.times[more[0]] = more[3:]
            self.current = None
        elif word == "candidate":
            self.marks.append((more[0], len(self.done)))
        elif word == "lines":
            self.lines[more[0]] = more[1]
        elif word == "frames":
            self.frames.setdefault(more[0], more[1])
        elif word == "calls":
            self.calls = more[0]
        elif word == "answer":
            self.answers[more[0]] = more[1]
        elif word in ("end", "collect"):
            self.how, self.detail = word, (more or ("",))[0]
