# mypy: ignore-errors
"""Runs inside the container and stays: imports what is heavy once, then forks a child for every job it is sent.

It is sent a line of JSON per job, or `stop`. It says frames on its stdout: `<secret> <kind> <child> <length>` and that
many bytes. Children get a pipe as stdout; nothing of the repository is ever imported here.
"""

import gc
import json
import os
import select
import signal
import sys
import time
from os import environ as variables

IMPORTED = set()
begin = json.loads(sys.stdin.buffer.readline())
SWEEP_S = 5.0


def say(kind, child=0, payload=b""):
    line = b"%s %s %d %d\n" % (begin["secret"].encode(), kind, child, len(payload)) + payload
    while line:
        line = line[os.write(1, line) :]


def control(option, value):
    import ctypes

    return ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def preload():
    """Import everything asked for; the answer says what could not be, and what makes this worker unfit."""
    started, absent = time.monotonic(), []
    quiet = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1), os.dup2(null, 2)
    unfit = culprit = ""
    try:
        for name in wanted():
            unfit = bring(name, absent)
            if unfit:
                culprit = name
                break
    finally:
        os.dup2(quiet[0], 1), os.dup2(quiet[1], 2)
        for one in (*quiet, null):
            os.close(one)
    return {
        "unfit": unfit,
        "culprit": culprit,
        "absent": absent,
        "modules": len(sys.modules),
        "seconds": round(time.monotonic() - started, 3),
    }


def wanted():
    """The modules to import, in order."""
    from importlib import metadata

    names = list(begin["imports"])
    for distribution in begin["distributions"]:
        try:
            files = metadata.distribution(distribution).files or ()
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            top = file.parts[0]
            if len(file.parts) == 2 and file.parts[1] == "__init__.py" and top.isidentifier():
                names.append(top)
            elif len(file.parts) == 1 and top.endswith(".py") and top[:-3].isidentifier():
                names.append(top[:-3])
    return [name for name in dict.fromkeys(names) if name not in begin["without"]]


def bring(name, absent):
    """Import one; returns why the process cannot be forked from after it."""
    before = len(os.listdir("/proc/self/fd"))
    try:
        if name == "pytest":
            warm_up_pytest()
        else:
            __import__(name)
    except ImportError as broken:
        if is_missing(broken) or is_missing(broken.__context__):
            absent.append(name)
            return ""
        return "importing %s failed: %s" % (name, broken)
    except BaseException as broken:  # noqa: BLE001 - an import can end in anything, and only its name matters
        return "importing %s failed: %s" % (name, type(broken).__name__)
    if len(os.listdir("/proc/self/task")) > 1:
        return "importing %s starts threads" % name
    if len(os.listdir("/proc/self/fd")) > before:
        return "importing %s leaves files open" % name
    return ""


def is_missing(broken):
    """It, or something optional that it builds on, is not installed."""
    return isinstance(broken, ModuleNotFoundError)


def warm_up_pytest():
    """One empty run, so that plugins are imported by pytest's own rewriter."""
    import pytest

    os.chdir("/")
    quiet = ["-q", "-c", os.devnull, "--rootdir", "/", "--noconftest", "-p", "no:cacheprovider"]
    pytest.main([*quiet, "--co", "/var/empty-of-greenloop"])


def cheapen():
    """Password hashes at the lowest cost their own format allows; they still verify, and nobody needs a rehash."""
    low = sys.modules.get("argon2.low_level")
    if low is not None:
        hasher = sys.modules["argon2._password_hasher"]
        real, needs = low.hash_secret, hasher.PasswordHasher.check_needs_rehash

        def hash_secret(secret, salt, time_cost, memory_cost, parallelism, hash_len, type, version=19):
            return real(secret, salt, 1, 8, 1, hash_len, type, version)

        def check_needs_rehash(self, hash):
            text = hash.decode() if isinstance(hash, bytes) else hash
            return "$m=8,t=1,p=1$" not in text and needs(self, hash)

        low.hash_secret = hasher.hash_secret = hash_secret
        hasher.PasswordHasher.check_needs_rehash = check_needs_rehash
    crypt = sys.modules.get("bcrypt")
    if crypt is not None:
        salt = crypt.gensalt
        crypt.gensalt = lambda rounds=12, prefix=b"2b": salt(min(rounds, 4), prefix)


class Jobs:
    """One job at a time: its children, their output, and what they leave behind."""

    def __init__(self, programs, wake):
        self.programs, self.wake, self.rest = programs, wake, b""

    def line(self):
        """The next line of input, None at its end."""
        while b"\n" not in self.rest:
            data = os.read(0, 65536)
            if not data:
                return None
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\n")
        return line

    def serve(self):
        while True:
            line = self.line()
            if line is None:
                return
            if line == b"stop":
                continue
            self.run(json.loads(line))

    def run(self, job):
        self.pids, self.pipes, self.ended = {}, {}, {}
        for number, task in enumerate(job["tasks"]):
            out, err = os.pipe(), os.pipe()
            pid = os.fork()
            if pid == 0:
                become(self.programs, job, task, out[1], err[1], [*self.pipes, out[0], err[0], *self.wake])
            self.pids[pid] = number
            for (reader, writer), kind in ((out, b"out"), (err, b"err")):
                os.close(writer)
                os.set_blocking(reader, False)
                self.pipes[reader] = kind, number
        self.watch()
        clean = sweep()
        for reader in list(self.pipes):
            self.drain(reader)
            if reader in self.pipes:
                os.close(reader)
        statuses = [self.ended[number] for number in sorted(self.ended)]
        say(b"end", 0, json.dumps({"statuses": statuses, "clean": clean}).encode())
        if not clean:
            os._exit(75)

    def watch(self):
        """Pass output on until every child of ours has ended, or we are told to stop."""
        stopping = False
        while self.pids:
            ready = select.select([0, self.wake[0], *self.pipes], [], [])[0]
            for fd in ready:
                if fd == 0:
                    stopping = self.told_to_stop()
                elif fd == self.wake[0]:
                    os.read(fd, 4096)
                else:
                    self.drain(fd)
            if stopping:
                for pid in self.pids:
                    os.kill(pid, signal.SIGKILL)
            self.reap()

    def told_to_stop(self):
        data = os.read(0, 65536)
        if not data:
            os._exit(0)
        self.rest += data
        told, self.rest = b"stop\n" in self.rest, self.rest.replace(b"stop\n", b"")
        return told

    def drain(self, fd):
        try:
            while True:
                data = os.read(fd, 65536)
                if not data:
                    os.close(fd)
                    del self.pipes[fd]
                    return
                say(*self.pipes[fd], data)
        except BlockingIOError:
            pass

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.pids:
                code = os.waitstatus_to_exitcode(status)
                self.ended[self.pids.pop(pid)] = code if code >= 0 else 128 - code


def become(programs, job, task, out, err, ours):
    """In the child: look like a fresh process, run the program, end."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        for number, fd in enumerate((null, out, err)):
            os.dup2(fd, number)
        for fd in (null, out, err, *ours):
            os.close(fd)
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write(str(task.get("oom", 1000)))
        variables.clear()
        variables.update(task.get("env", job["env"]))
        time.tzset()
        home = task.get("home", job["cwd"])
        os.makedirs(home, exist_ok=True)
        os.chdir(home)
        if "numpy.random" in sys.modules:
            sys.modules["numpy.random"].seed()
        shadow = shadowed(task)
        if shadow:
            sys.stderr.write("greenloop: %s is imported already\n" % shadow)
            sys.stderr.flush()
            os._exit(76)
        names = {"__name__": "greenloop", "task": task, "preloaded": True}
        exec(programs[job["program"]], names)
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0 if leaving.code is None else 1
    except BaseException:  # noqa: BLE001 - whatever it is ends this child here, never goes back into the worker
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def shadowed(task):
    """A module the tree has of its own and that is imported here already from elsewhere."""
    source = task.get("source")
    for folder in (source, os.path.join(source, "src")) if source else ():
        try:
            found = os.listdir(folder)
        except OSError:
            continue
        for entry in found:
            name = entry[:-3] if entry.endswith(".py") else entry
            if name in IMPORTED and (name != entry or os.path.exists(os.path.join(folder, entry, "__init__.py"))):
                return name
    return ""


def sweep():
    """Kill whatever is left below this process; being its subreaper, everything ends up here."""
    deadline = time.monotonic() + SWEEP_S
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return True
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
                if parent == os.getpid():
                    os.kill(int(pid), signal.SIGKILL)
            except (OSError, ValueError, IndexError):
                continue
        time.sleep(0.001)
    return False


def main():
    programs = {name: compile(text, "greenloop", "exec") for name, text in begin["programs"].items()}
    try:
        fit = control(36, 1) == 0  # PR_SET_CHILD_SUBREAPER
    except (ImportError, AttributeError, OSError):
        fit = False
    known = set(sys.modules)
    hello = preload() if fit else {"unfit": "stray processes cannot be collected", "culprit": ""}
    IMPORTED.update(name.split(".")[0] for name in set(sys.modules) - known)
    if begin["cheap_hashes"]:
        cheapen()
    say(b"hello", 0, json.dumps(hello).encode())
    if hello["unfit"]:
        return
    gc.collect()
    gc.freeze()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    Jobs(programs, (reader, writer)).serve()


main()
