"""Which lines run, by each of the two ways an interpreter has to tell, threads included."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.probe import source_of

MODULE = "def f(x):\n    if x:\n        return 1\n    return 2\n\n\ndef g():\n    return 3\n"
PROGRAM = """
import sys, threading
sys.path.insert(0, {tree!r})
{before}
exec(compile({source!r}, "tracer", "exec"), {{"__name__": "tracer"}})
import m
m.f(1)
thread = threading.Thread(target=m.f, args=(0,))
thread.start()
thread.join()
"""


@pytest.mark.parametrize("before", ["", 'getattr(sys, "monitoring", None) and delattr(sys, "monitoring")'])
def test_every_line_is_noted_once(tmp_path: Path, before: str) -> None:
    tree, lines = tmp_path / "tree", tmp_path / "lines"
    tree.mkdir()
    (tree / "m.py").write_text(MODULE)
    source = source_of("tracer").replace("/work/lines.txt", str(lines)).replace("/work/tree/", f"{tree}/")
    program = PROGRAM.format(tree=str(tree), before=before, source=source)
    subprocess.run([sys.executable, "-I", "-B", "-c", program], check=True, timeout=60)
    told = lines.read_text().splitlines()
    assert sorted(told) == ["m.py:1", "m.py:2", "m.py:3", "m.py:4", "m.py:7"]
