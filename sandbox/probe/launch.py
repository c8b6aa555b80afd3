# mypy: ignore-errors
"""Runs inside the container as the service's user: copies the tree, prepares, then becomes the service."""

import json
import os
import shutil
import subprocess
import sys

task = json.loads(sys.stdin.buffer.read())


def leave(text, code):
    sys.stdout.flush()
    sys.stderr.write("greenloop: %s\n" % text)
    sys.stderr.flush()
    os._exit(code)


try:
    shutil.copytree(task["source"], task["tree"], symlinks=True, dirs_exist_ok=True)
    os.chdir(task["tree"])
except OSError as broken:
    leave("the tree cannot be copied: %s" % broken, 70)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
for argv in task["prepare"]:
    try:
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, check=False)
    except OSError as broken:
        leave("`%s` cannot be run: %s" % (" ".join(argv), broken.strerror), 71)
    if ended.returncode:
        leave("`%s` ended with exit code %d" % (" ".join(argv), ended.returncode), 71)
try:
    os.execvp(task["argv"][0], task["argv"])
except OSError as broken:
    leave("`%s` cannot be run: %s" % (" ".join(task["argv"]), broken.strerror), 127)
