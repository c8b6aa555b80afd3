# mypy: ignore-errors
"""Runs inside the container as the service's user: a recipe of the repository's own, on the repository's files as text.

`refactor(files)` is called twice, the second time on what the first gave: a recipe has to settle at once.
"""

import json
import os
import sys
import traceback


def settled(before, given):
    if not isinstance(given, dict):
        raise TypeError("refactor() has to return a dict of path -> text, got %s" % type(given).__name__)
    after = dict(before)
    for path, text in given.items():
        if not isinstance(path, str) or not (text is None or isinstance(text, str)):
            raise TypeError("refactor() has to return text (or None for a file that goes) by path")
        if text is None:
            after.pop(path, None)
        else:
            after[path] = text
    return after


def transform(task):
    files = task["files"]
    names = {"__name__": "greenloop_recipe", "__file__": task["path"]}
    exec(compile(task["source"], task["path"], "exec", dont_inherit=True), names)
    refactor = names.get("refactor")
    if not callable(refactor):
        raise TypeError("there is no function refactor(files)")
    once = settled(files, refactor(dict(files)))
    twice = settled(once, refactor(dict(once)))
    moved = sorted(path for path in {*once, *twice} if once.get(path) != twice.get(path))
    if moved:
        raise ValueError("a second time it changes %s again" % moved[0])
    return {path: once.get(path) for path in {*files, *once} if once.get(path) != files.get(path)}


def main():
    task = json.load(sys.stdin)
    try:
        said = {"changes": transform(task)}
    except BaseException as error:  # noqa: BLE001 - whatever it raises is what it did
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == task["path"]]
        line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else frames[-1].lineno if frames else 0
        said = {"error": "%s: %s" % (type(error).__name__, error), "line": line or 0}
    with open(task["result"], "w", encoding="ascii") as file:
        json.dump(said, file)
    sys.stdout.flush()
    os._exit(0)


main()
