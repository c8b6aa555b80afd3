# mypy: ignore-errors
"""Runs inside the container as the service's user: copies the tree, prepares, then becomes the service."""

import json
import os
import shutil
import subprocess
import sys

task = globals().get("task") or json.loads(sys.stdin.buffer.read())
preloaded = globals().get("preloaded", False)


def leave(text, code):
    sys.stdout.flush()
    sys.stderr.write("greenloop: %s\n" % text)
    sys.stderr.flush()
    os._exit(code)


def is_module(argv):
    """`python -m module ...`, which a process that has its imports done can run itself."""
    return preloaded and argv[0] in ("python", "python3") and argv[1] == "-m"


def run_module(argv):
    import runpy

    tree = task["tree"]
    sys.path[:0] = [tree, tree, os.path.join(tree, "src")]
    sys.argv = argv[2:]
    runpy.run_module(argv[2], run_name="__main__", alter_sys=True)


def run_forked(argv):
    """The exit code of a module that ran in a child."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    code = 1
    try:
        run_module(argv)
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        if isinstance(leaving.code, str):
            sys.stderr.write(leaving.code + "\n")
    except BaseException:  # noqa: BLE001 - as an interpreter of its own would end
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def prepare(argv):
    if is_module(argv):
        return run_forked(argv)
    return subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode


try:
    shutil.copytree(task["source"], task["tree"], symlinks=True, dirs_exist_ok=True)
    os.chdir(task["tree"])
except OSError as broken:
    leave("the tree cannot be copied: %s" % broken, 70)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for argv in task["prepare"]:
    try:
        ended = prepare(argv)
    except OSError as broken:
        leave("`%s` cannot be run: %s" % (" ".join(argv), broken.strerror), 71)
    if ended:
        leave("`%s` ended with exit code %d" % (" ".join(argv), ended), 71)
if is_module(task["argv"]):
    run_module(task["argv"])
    sys.exit(0)
try:
    os.execvp(task["argv"][0], task["argv"])
except OSError as broken:
    leave("`%s` cannot be run: %s" % (" ".join(task["argv"]), broken.strerror), 127)
