"""Programs that run inside the container: sent over stdin, never written to its disk, standard library only."""

import json
from collections.abc import Mapping
from pathlib import Path

BOOT = (
    "import sys;i=sys.stdin.buffer;exec(compile(i.read(int(i.readline())),'greenloop','exec'),{'__name__':'greenloop'})"
)
"""What `python -c` is given: reads the length of the program, the program, and leaves its task (JSON) on stdin."""


def stdin_for(task: Mapping[str, object], *parts: str) -> bytes:
    """The stdin of `python -c BOOT`: the sources of `parts` as one program, then its task."""
    source = source_of(*parts).encode()
    return b"%d\n" % len(source) + source + json.dumps(task).encode()


def source_of(*parts: str) -> str:
    """The sources of `parts` as one program."""
    folder = Path(__file__).parent
    return "\n".join((folder / f"{part}.py").read_text(encoding="utf-8") for part in parts)
