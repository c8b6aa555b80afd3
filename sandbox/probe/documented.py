# mypy: ignore-errors
"""Runs inside the container as the service's user: the examples of docstrings and pages, a process for each module."""

import contextlib
import doctest
import importlib
import select
import signal
import time

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
tell = open_channel(task.pop("nonce"))


def names_for(module):
    if not module:
        return {}
    return dict(vars(importlib.import_module(module)))


def outcomes(block):
    """Which examples of a block hold, in their order; none when it cannot be run."""
    try:
        names = names_for(block["module"])
    except Exception:  # noqa: BLE001 - whatever importing the tested code raises: nothing can be said then
        return []
    try:
        parsed = doctest.DocTestParser().get_doctest(block["text"], names, block["key"], block["path"], 0)
    except ValueError:
        return []
    bad = set()

    class Runner(doctest.DocTestRunner):
        def report_failure(self, out, test, example, got):
            bad.add(example.lineno)

        def report_unexpected_exception(self, out, test, example, exc_info):
            bad.add(example.lineno)

    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    Runner(verbose=False, optionflags=flags).run(parsed, out=lambda _: None, clear_globs=False)
    return [[e.lineno, e.source.strip()[:200], e.want.strip()[:200], e.lineno not in bad] for e in parsed.examples]


def in_child(blocks, write):
    sys.path[:0] = task["roots"]
    data = json.dumps([[block["key"], outcomes(block)] for block in blocks]).encode()
    while data:
        data = data[os.write(write, data) :]
    os._exit(0)


def read_all(fd, until):
    data = b""
    while time.monotonic() < until and select.select([fd], [], [], max(0.0, until - time.monotonic()))[0]:
        piece = os.read(fd, 65536)
        if not piece or len(data) > 2_000_000:
            return data
        data += piece
    return b""


def of_module(blocks):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.setpgid(0, 0)
        in_child(blocks, write)
    os.close(write)
    data = read_all(read, time.monotonic() + task["within_s"])
    os.close(read)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        return json.loads(data)
    except ValueError:
        return []


modules = {}
for block in task["blocks"]:
    modules.setdefault(block["module"] or block["key"], []).append(block)
for blocks in modules.values():
    for key, found in of_module(blocks):
        for number, said, want, good in found:
            tell(k="example", key=key, line=number, said=said, want=want, good=good)
tell(k="end")
os._exit(0)
