# mypy: ignore-errors
"""Runs inside the container as the service's `sitecustomize`: notes which of the lines asked for are reached."""

import json
import os
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))


def begin():
    with open(os.path.join(HERE, "lines.json"), encoding="utf-8") as asked:
        task = json.load(asked)
    if getattr(sys, "orig_argv", sys.argv)[1:] != task["argv"]:
        return
    left = {path: set(lines) for path, lines in task["lines"].items()}
    target = os.open(task["target"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    paths = {}

    def lines_of(code):
        """The lines still looked for in the file of a piece of code."""
        name = code.co_filename
        if name not in paths:
            paths[name] = os.path.abspath(name)
        return left.get(paths[name])

    def reached(code, line, _write=os.write):
        lines = lines_of(code)
        if lines and line in lines:
            lines.discard(line)
            _write(target, ("%s:%d\n" % (paths[code.co_filename], line)).encode())

    if hasattr(sys, "monitoring"):
        by_monitoring(lines_of, reached)
    else:
        by_tracing(lines_of, reached)


def by_monitoring(lines_of, reached):
    watch = sys.monitoring

    def line(code, number):
        if lines_of(code) is not None:
            reached(code, number)
        return watch.DISABLE

    watch.use_tool_id(watch.COVERAGE_ID, "greenloop")
    watch.register_callback(watch.COVERAGE_ID, watch.events.LINE, line)
    watch.set_events(watch.COVERAGE_ID, watch.events.LINE)


def by_tracing(lines_of, reached):
    def inside(frame, event, argument):
        if event == "line":
            reached(frame.f_code, frame.f_lineno)
        return inside

    def entered(frame, event, argument):
        if lines_of(frame.f_code):
            reached(frame.f_code, frame.f_lineno)
            return inside
        return None

    threading.settrace(entered)
    sys.settrace(entered)


try:
    begin()
except Exception as broken:  # noqa: BLE001 - the service starts all the same, and nothing is told as reached
    sys.stderr.write("greenloop: lines are not watched: %s\n" % broken)
