"""What counts as reached of a change."""

import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.covering import Missed, Reached, merged, missed, read_reached
from sandbox.probe import source_of

CODE = b'''"""A module."""
import typing

if typing.TYPE_CHECKING:
    import json


class Size:
    """A size."""

    name: str
    most: int = 10


@typing.no_type_check
def size(
    number: int,
) -> str:
    """In words."""
    if (
        number > 10
    ):
        return "large"
    elif number > 5:
        return "medium"
    if number > 0:
        number += 1
    try:
        return str(
            number,
        )
    except ValueError:
        return ""
'''
ALL = set(range(1, CODE.count(b"\n") + 1))
RAN = {2, 8, 12, 16, 20, 24, 26, 27, 28, 29}


def test_statements_that_never_ran_and_conditions_that_were_never_false() -> None:
    count, found = missed(CODE, ALL, Reached(RAN, {24}))
    assert found == [
        Missed(23, "never ran"),
        Missed(25, "never ran"),
        Missed(26, "its condition was never false"),
        Missed(33, "never ran"),
    ]
    assert count == 15
    assert Missed(26, "its condition was never false") not in missed(CODE, ALL, Reached(RAN, {24, 26}))[1]


def test_only_what_changed_counts() -> None:
    assert missed(CODE, {1, 9, 11, 19, 5}, Reached()) == (0, []), "nothing of that does anything"
    assert missed(CODE, {31}, Reached(RAN)) == (1, [])
    assert missed(CODE, {23}, Reached(RAN)) == (1, [Missed(23, "never ran")])
    assert missed(b"def (", {1}, Reached()) == (0, [])


@pytest.mark.parametrize("broken", [b"", b"line\n", b"line\t/work/tree/a.py\tx\nother\t/work/tree/a.py", b"\xff\t\xfe"])
def test_lines_that_the_watcher_did_not_write_tell_nothing(broken: bytes) -> None:
    assert not any(one.lines or one.branches for one in read_reached(broken, "/work/tree").values())


def test_runs_together() -> None:
    one = read_reached(b"line\t/work/tree/a.py\t3\nelse\t/work/tree/a.py\t3\n", "/work/tree")
    other = read_reached(b"line\t/work/tree/a.py\t4\n", "/work/tree")
    assert merged([one, other])["a.py"] == Reached({3, 4}, {3})


def test_statements_tell_that_they_run_and_change_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "sizes.py").write_bytes(b"from __future__ import annotations\n" + CODE)
    told = tmp_path / "told"
    program = source_of("reached") + (
        f"\nimport sys\nsys.path.insert(0, {str(tmp_path)!r})\nsys.dont_write_bytecode = True\n"
        f"watch([{str(tmp_path / 'sizes.py')!r}], {str(told)!r})\n"
        "import sizes\nassert sizes.size.__doc__ == 'In words.' and sizes.Size.__doc__ == 'A size.'\n"
        "assert sizes.size(1) == '2' and sizes.size(11) == 'large'\n"
    )
    subprocess.run([sys.executable, "-I", "-c", program], check=True)
    found = read_reached(told.read_bytes(), str(tmp_path))["sizes.py"]
    source = (tmp_path / "sizes.py").read_bytes()
    assert missed(source, set(range(1, 40)), found)[1] == [
        Missed(26, "never ran"),
        Missed(27, "its condition was never false"),
        Missed(34, "never ran"),
    ]
