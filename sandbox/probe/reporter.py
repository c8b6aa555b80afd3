# mypy: ignore-errors
"""Runs inside the container: a pytest plugin that reports every phase of every test on a channel of its own.

Each line is `<nonce> <number> <json>`. The channel is the original stdout; fd 1 is pointed at stderr before anything of
the repository is imported, so that nothing printed can look like a report. What `tell` needs is bound here, early.
"""

import fcntl
import json
import os
import sys


def open_channel(nonce, _write=os.write, _dumps=json.dumps, _getpid=os.getpid):
    fd = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 200)
    os.dup2(2, 1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    owner, number = _getpid(), 0

    def tell(**record):
        nonlocal number
        if _getpid() != owner:
            return
        line = ("%s %d %s\n" % (nonce, number, _dumps(record))).encode("ascii")
        number += 1
        while line:
            line = line[_write(fd, line) :]

    return tell


def shorten(text, limit):
    if len(text) <= limit:
        return text
    return text[: limit // 3] + "\n...\n" + text[-(limit - limit // 3) :]


class Reporter:
    """Tells what was collected and how each phase ended; keeps the terminal's own tracebacks out of the output."""

    DETAILS = 3000
    ALL_DETAILS = 300_000

    def __init__(self, tell, paths, wanted, share=None, touched=None, aside=()):
        self.tell, self.paths, self.wanted, self.share, self.touched = tell, paths, wanted, share, touched
        self.aside = frozenset(aside)
        self.left = self.ALL_DETAILS
        self.numbers = {}
        self.subtests = {}

    def pytest_load_initial_conftests(self):
        # After the installed plugins were imported: a file of the repository cannot take the place of one.
        sys.path[:0] = self.paths

    def text_of(self, report):
        text = shorten(str(report.longreprtext or ""), self.DETAILS) if self.left > 0 else ""
        for name, content in report.sections if text else ():
            text += "\n--- %s ---\n%s" % (name, shorten(content, self.DETAILS // 3))
        self.left -= len(text)
        return text

    def message_of(self, report):
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash is not None:
            return str(crash.message).strip().split("\n")[0][:300]
        if isinstance(report.longrepr, tuple):
            return str(report.longrepr[2])[:300]
        lines = [line for line in str(report.longreprtext or "").splitlines() if line.strip()]
        return lines[-1].lstrip("E ").strip()[:300] if lines else ""

    def pytest_collectreport(self, report):
        if report.failed:
            self.tell(
                k="collect_error", id=report.nodeid, message=self.message_of(report), details=self.text_of(report)
            )
        elif report.skipped:
            self.tell(k="collect_skip", id=report.nodeid, message=self.message_of(report))

    def pytest_collection_finish(self, session):
        if self.wanted is not None:
            session.items[:] = [item for item in session.items if self.is_wanted(item.nodeid)]
        if self.aside:
            session.items[:] = [item for item in session.items if item.nodeid not in self.aside]
        if self.share is not None:
            session.items[:] = [item for item in session.items if self.is_mine(item.nodeid)]
        ids = [item.nodeid for item in session.items]
        self.numbers = {node_id: number for number, node_id in enumerate(ids)}
        for start in range(0, len(ids), 200):
            self.tell(k="ids", ids=ids[start : start + 200])
        self.tell(k="collected", n=len(ids))

    def is_wanted(self, node_id):
        return any(node_id == one or node_id.startswith((one + "[", one + "::", one + "/")) for one in self.wanted)

    def is_mine(self, node_id):
        """Whether this process runs the test when several share the suite; one that is new goes by its name."""
        by_name = sum(node_id.encode()) % self.share["of"]
        return self.share["assigned"].get(node_id, by_name) == self.share["number"]

    def pytest_runtest_logreport(self, report):
        if type(report).__name__.lower() == "subtestreport":
            if report.failed:
                self.subtests[report.nodeid] = (self.message_of(report), self.text_of(report))
            return
        record = {
            "k": "phase",
            "n": self.numbers.get(report.nodeid, -1),
            "w": report.when,
            "o": report.outcome,
            "t": round(report.duration, 4),
        }
        if hasattr(report, "wasxfail"):
            record["x"] = str(report.wasxfail)[:200] or "xfail"
        if report.outcome != "passed":
            record["m"] = self.message_of(report)
        if report.outcome == "failed":
            record["d"] = self.text_of(report)
        if report.when == "call" and report.nodeid in self.subtests:
            # unittest's own way: the test as a whole is reported as passed, only its parts are not.
            record["o"] = "failed"
            record["m"], record["d"] = self.subtests.pop(report.nodeid)
        self.tell(**record)

    def pytest_runtest_logstart(self, nodeid):
        if self.touched is not None:
            self.touched.start()

    def pytest_runtest_logfinish(self, nodeid):
        files = self.touched.stop() if self.touched is not None else None
        if files:
            self.tell(k="touched", n=self.numbers.get(nodeid, -1), files=files)

    def pytest_sessionfinish(self, session):
        session.config.option.tbstyle = "no"


def run_pytest(tell, arguments, root, paths, wanted, share=None, touched=None, aside=()):
    """Run pytest and end the process with its exit code, told on the channel first; never returns.

    `wanted` are node ids (a file, a class, a function; parameters may be left out), None for the whole suite;
    `aside` are whole node ids of tests that are collected and not run.
    """
    leave, owner = os._exit, os.getpid()
    try:
        import pytest
    except ImportError as broken:
        tell(k="fault", text="pytest cannot be imported: %s" % broken)
        leave(70)
    tell(k="begin", pytest=pytest.__version__, python=sys.version.split()[0])
    files = sorted({one.split("::")[0] for one in wanted or ()})
    files = [one for one in files if os.path.exists(os.path.join(root, one))]
    if wanted is not None and not files:
        tell(k="collected", n=0)
        code = 5
    else:
        arguments = arguments + [os.path.join(root, one) for one in files]
        code = int(pytest.main(arguments, plugins=[Reporter(tell, paths, wanted, share, touched, aside)]))
    if os.getpid() == owner:
        tell(k="end", exit=code)
        sys.stderr.flush()
    leave(code)
