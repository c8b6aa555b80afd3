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
    folder = Path(__file__).parent
    source = b"\n".join((folder / f"{part}.py").read_bytes() for part in parts)
    return b"%d\n" % len(source) + source + json.dumps(task).encode()
