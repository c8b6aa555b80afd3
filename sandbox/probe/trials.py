# mypy: ignore-errors
"""Runs inside the container, forked from a preloaded worker: collects the tests once and forks a child per candidate.

Where a child is forked: just before the first changed file is imported, or, when the change is only in code that has
not run by then, after everything was collected; there its functions are given the changed code. Either way the child
is what a new process would be at that point, so that nothing of one candidate is left for the next.
"""

import gc
import re
from importlib.machinery import SourceFileLoader

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))


class Server:
    """Forks a child per candidate."""

    def __init__(self, tree):
        self.tree, self.prefix = tree, tree.tree + "/"
        self.child = self.session = None
        self.moved_on = True
        self.codes, self.ran, self.imported, self.owners = {}, set(task["ran"]), [], {}
        self.waiting = dict(enumerate(task["candidates"]))
        self.failing = set(task["order"]["failing"])
        self.enough = task["enough"]
        self.begun = time.process_time()
        self.until = time.monotonic() + task["until_s"]

    def path_of(self, filename):
        return filename[len(self.prefix) :] if filename.startswith(self.prefix) else None

    def code(self, path):
        """The compiled file, the same object for everybody who imports it."""
        if path not in self.codes:
            with open(self.prefix + path, "rb") as file:
                self.codes[path] = compile(file.read(), self.prefix + path, "exec", dont_inherit=True)
        return self.codes[path]

    def reached(self, path):
        """A file of the repository is about to be imported for the first time: try what cannot wait."""
        if self.child is not None or path in self.imported:
            return
        self.imported.append(path)
        self.moved_on = True
        for number, candidate in list(self.waiting.items()):
            if self.child is None and path in candidate["files"] and not self.can_wait(number, candidate):
                self.attempt(number, candidate, "import")

    def can_wait(self, number, candidate):
        """Whether the change can be made when all is imported; fills in the exchanges that make it."""
        pairs = candidate["pairs"] = []
        for path, text in self.texts(candidate).items():
            try:
                new = compile(text, self.prefix + path, "exec", dont_inherit=True)
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as broken:
                self.say(number, "invalid", detail=str(broken)[:160])
                return True
            if not task["late"] or not exchanges(self.code(path), new, path, self.ran, pairs):
                return False
        if candidate["files"] and not pairs:
            self.say(number, "invalid", detail="nothing that runs is different")
        return True

    def texts(self, candidate):
        if "texts" not in candidate:
            files = candidate["files"].items()
            candidate["texts"] = {path: changed(self.prefix + path, edits) for path, edits in files}
        return candidate["texts"]

    def collected(self, session):
        """All tests are collected: in a child they are run now, in the server it is the turn of what waited."""
        self.session, self.moved_on = session, True
        if self.child is not None:
            self.child.tests(session)
        self.owners, held = owners_of(self.codes.values())
        chains = Chains(self)
        freeze()
        if task["mode"] == "measure":
            measure(self)
            return
        ready = []
        for number, candidate in list(self.waiting.items()):
            if any(path not in self.imported for path in candidate["files"]):
                self.can_wait(number, candidate)
            if number in self.waiting and not any(id(old) in held for old, _ in candidate.get("pairs", ())):
                ready.append((number, candidate))
        chains.run(ready)

    def over(self):
        """There is no time for another one, or enough was found."""
        return time.monotonic() > self.until or self.enough <= 0

    def attempt(self, number, candidate, where):
        """Try one. Returns twice: in the server when it is over, in a child forked at an import to go on from here."""
        if self.over():
            return
        order = task["order"] | {"how": task["mode"], "guards": candidate["guards"]}
        tell(k="try", c=[number])
        watched = self.fork(order, task["limits"], lambda: self.become(candidate, where))
        if watched is None:
            return
        if task["mode"] == "answer":
            self.say(number, watched.how, where, watched.detail, answers=watched.answers)
            return
        fixed = [n for n, o, _ in watched.done if o == "passed" and n in self.failing]
        still = [n for n, o, _ in watched.done if o != "passed" and n in self.failing]
        broken = [n for n, o, _ in watched.done if o != "passed" and n not in self.failing]
        self.enough -= watched.how == "end" and not broken and len(fixed) == len(self.failing)
        said = watched.detail or next((m for _, o, m in watched.done if o != "passed"), "")
        self.say(number, watched.how, where, said, fixed=fixed, still=still, broken=broken, at=watched.current)

    def become(self, candidate, where):
        """In the child: the changed files on the disk, and in the functions that exist already."""
        for path, text in self.texts(candidate).items():
            with open(self.prefix + path, "wb") as file:
                file.write(text)
            self.codes.pop(path, None)
        if where == "collected":
            for old, new in candidate.get("pairs", ()):
                for function in self.owners.get(id(old), ()):
                    function.__code__ = new

    def say(self, number, how, where="", detail="", **more):
        self.waiting.pop(number, None)
        tell(k="trial", c=number, how=how, where=where, detail=detail, **more)

    def fork(self, order, limits, become):
        """A child with an order; in the server what it told, in the child None."""
        if self.moved_on:
            self.tree.settle()
            self.moved_on = False
        secret = os.urandom(8).hex()
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.close(reader)
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("1000")
            self.child = Child(writer, secret, order)
            become()
            if self.session is not None:
                self.child.tests(self.session)
            return None
        os.close(writer)
        watched = Watched(pid, reader, secret, limits, order["how"] == "trace")
        watched.follow()
        self.tree.restore()
        return watched


class Plugin:
    """Ties pytest to the server."""

    def __init__(self, server):
        self.server, self.known = server, set(task["known_errors"])

    def pytest_load_initial_conftests(self, early_config):
        sys.path[:0] = [path for path in task["paths"] if os.path.isdir(path)]
        remember_rewritten(early_config, [os.path.join(task["tree"], path) for path in task["files"]])

    def pytest_collectreport(self, report):
        if not report.failed or report.nodeid in self.known:
            return
        if self.server.child is not None:
            self.server.child.leave("collect", "%s cannot be collected: %s" % (report.nodeid, brief(report)))
        tell(k="collect_error", id=report.nodeid, message=brief(report))

    def pytest_runtestloop(self, session):
        self.server.collected(session)
        return True

    def pytest_runtest_logreport(self, report):
        if self.server.child is not None:
            self.server.child.report(report)


def early(hook):
    import pytest

    return pytest.hookimpl(tryfirst=True)(hook)


def remember_rewritten(config, files):
    """Test files rewritten once, here, instead of in every child."""
    from pathlib import Path

    from _pytest.assertion import rewrite

    plain, known = rewrite._rewrite_test, {}

    def remembered(path, config):
        if str(path) not in known:
            known[str(path)] = plain(path, config)
        return known[str(path)]

    rewrite._rewrite_test = remembered
    for file in files:
        try:
            remembered(Path(file), config)
        except (OSError, SyntaxError, ValueError, TypeError, AttributeError):
            known.pop(file, None)


def shorten_failures(server):
    """No traceback of a failure, only what it says: to show one takes longer than most tests."""
    from _pytest.nodes import Node

    def said(node, excinfo, style=None):
        if server.child is not None:
            server.child.failed(excinfo)
        return excinfo.exconly(tryshort=True)

    Node._repr_failure_py = said


def compile_ahead(patterns):
    """Patterns that the repository compiles while it is imported: every child would do so again. None that warns."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for pattern, flags in patterns:
            try:
                re.compile(pattern, flags)
            except Exception:  # noqa: BLE001 - it is told when the repository itself compiles it
                continue


def freeze():
    gc.collect()
    gc.freeze()


def watch_imports(server):
    """Every import of a file of the tree goes by the server."""
    get_code, exec_module = SourceFileLoader.get_code, SourceFileLoader.exec_module

    def our_code(loader, name):
        path = server.path_of(loader.path)
        return get_code(loader, name) if path is None else server.code(path)

    def our_exec(loader, module):
        path = server.path_of(loader.path)
        if path is not None:
            server.reached(path)
        exec_module(loader, module)

    SourceFileLoader.get_code, SourceFileLoader.exec_module = our_code, our_exec


def main():
    import shutil

    try:
        shutil.copytree(task["source"], task["tree"], symlinks=True, dirs_exist_ok=True)
        os.makedirs(task["scratch"], exist_ok=True)
        with open(os.path.join(task["tree"], task["ini_name"]), "w", encoding="utf-8") as ini:
            ini.write(task["ini"])
        os.chdir(task["tree"])
    except OSError as broken:
        tell(k="fault", text="the tree cannot be copied: %s" % broken)
        os._exit(70)
    sys.dont_write_bytecode = True
    gc.disable()
    compile_ahead(task["patterns"])
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1), os.dup2(null, 2)
    import pytest

    Plugin.pytest_runtestloop = early(Plugin.pytest_runtestloop)
    Plugin.pytest_load_initial_conftests = early(Plugin.pytest_load_initial_conftests)
    tell(k="begin")
    server = Server(Tree(task["source"], task["tree"], task["home"], task["scratch"]))
    watch_imports(server)
    shorten_failures(server)
    if task["mode"] == "measure":
        note_what_runs(server)
    for path in task["imported"]:
        if os.path.exists(server.prefix + path):
            server.code(path)
    code = int(pytest.main(task["arguments"], plugins=[Plugin(server)]))
    if server.child is not None:
        server.child.leave("collect", "pytest ended with %d before the tests ran" % code)
    tell(k="end", exit=code)
    os._exit(0)


main()
