"""Stack traces out of text: Python's own, and the way pytest prints them."""

import re
from collections.abc import Iterable, Sequence

from agents.bugs.report import Frame, Trace

_START = re.compile(r"^\s*Traceback \(most recent call last\):\s*$")
_FILE = re.compile(r'^\s*File "(?P<file>[^"\n]{1,1000})", line (?P<line>\d{1,9})(?:, in (?P<function>.+?))?\s*$')
_END = re.compile(r"^(?P<error>[A-Za-z_][\w.]*)(?::\s?(?P<message>.*))?$")
_PYTEST = re.compile(
    r"^(?P<file>[\w./\\-]{1,500}\.py):(?P<line>\d{1,9}): (?:in (?P<function>\S+)|(?P<error>[\w.]+))?\s*$"
)
_PYTEST_MESSAGE = re.compile(r"^E\s{2,}(?P<text>.+)$")
MOST = 50
"""Frames kept of one trace: the innermost."""


def traces_in(text: str) -> tuple[Trace, ...]:
    """Every trace in a text, in order; of a chain of exceptions, each."""
    lines = text.splitlines()
    found = [trace for start in _starts(lines) if (trace := _python(lines[start + 1 :])) is not None]
    return tuple(found) or _of_pytest(lines)


def _starts(lines: Sequence[str]) -> Iterable[int]:
    return (number for number, line in enumerate(lines) if _START.match(line))


def _python(lines: Sequence[str]) -> Trace | None:
    frames: list[Frame] = []
    for line in lines:
        if match := _FILE.match(line):
            frames.append(Frame(file=match["file"], line=int(match["line"]), function=match["function"] or ""))
        elif line[:1].isspace() or not line.strip():
            if frames and line.strip() and not frames[-1].code and not set(line.strip()) <= set("^~"):
                frames[-1] = frames[-1].model_copy(update={"code": line.strip()[:300]})
        elif frames and (match := _END.match(line)):
            return Trace(frames=tuple(frames[-MOST:]), error=_short(match["error"]), message=match["message"] or "")
        else:
            return None
    return None


def _of_pytest(lines: Sequence[str]) -> tuple[Trace, ...]:
    """`path:line: in function` lines, then `E   Error: message`."""
    found: list[Trace] = []
    frames: list[Frame] = []
    for line in lines:
        if match := _PYTEST.match(line.strip()):
            frames.append(Frame(file=match["file"], line=int(match["line"]), function=match["function"] or ""))
        elif (message := _PYTEST_MESSAGE.match(line)) and frames:
            end = _END.match(message["text"])
            error = _short(end["error"]) if end and "rror" in end["error"] else "AssertionError"
            text = (end["message"] or "") if end and "rror" in end["error"] else message["text"]
            found.append(Trace(frames=tuple(frames[-MOST:]), error=error, message=text[:500]))
            frames = []
    return tuple(found)


def _short(error: str) -> str:
    return error.rpartition(".")[2]


def located(trace: Trace, files: Sequence[str]) -> Trace:
    """The trace with the paths of this repository; frames of other code are left out.

    A path is taken for the file of the repository with which it shares most of its end.
    """
    return trace.model_copy(
        update={
            "frames": tuple(
                frame.model_copy(update={"file": path})
                for frame in trace.frames
                if (path := _match(frame.file, files)) is not None
            )
        }
    )


def _match(printed: str, files: Sequence[str]) -> str | None:
    path = printed.replace("\\", "/")
    if "site-packages/" in path or "/lib/python" in path:
        return None
    parts = path.split("/")
    best, length = None, 0
    for file in files:
        theirs = file.split("/")
        same = 0
        while same < min(len(parts), len(theirs)) and parts[-1 - same] == theirs[-1 - same]:
            same += 1
        if same == len(theirs) or same == len(parts):
            best, length = (file, same) if same > length else (best, length)
    return best
