"""Putting what changed in a work tree into an index, where one odd file never spoils the rest."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox import treefiles
from sandbox.errors import GitFailed
from sandbox.git import Git


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not committed, and why."""

    path: str
    """Safe to show: anything unprintable is escaped."""
    reason: str


def shown(name: bytes) -> str:
    """A path as text that can be printed and stored whatever its bytes are."""
    text = name.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def records(output: bytes) -> list[bytes]:
    """The parts of `-z` output."""
    return output.split(b"\0")[:-1]


def stage(git: Git, *, skip: Callable[[bytes], bool] = lambda _: False) -> list[LeftOut]:
    """Bring the index up to the work tree: new files not ignored, changed and deleted ones.

    Args:
        skip: paths never touched (submodules).

    Returns:
        What had to be left out, each with its reason.
    """
    root = git.work_tree
    if root is None:
        raise ValueError("staging needs a work tree")
    wanted: dict[bytes, None] = {}
    left_out: list[LeftOut] = []
    for record in records(git.run("ls-files", "-z", "-t", "-m", "-d", "-o", "--exclude-standard")):
        tag, name = record[:1], record[2:]
        if skip(name):
            continue
        reason = None if tag == b"R" else odd(root, name)
        if reason is None:
            wanted[name] = None
        elif name not in wanted:
            left_out.append(LeftOut(shown(name), reason))
    return left_out + _update(git, list(wanted))


def odd(root: Path, name: bytes) -> str | None:
    """Why this file cannot be committed, None when it can."""
    if name.endswith(b"/"):
        return "a git repository of its own"
    if any(treefiles.is_git_name(os.fsdecode(part)) for part in name.split(b"/")):
        return "its name is one of git's own"
    path = root / os.fsdecode(name)
    kind = treefiles.kind(path)
    if kind == "link":
        return None
    if kind != "file":
        return kind
    if path.lstat().st_size > treefiles.MAX_FILE:
        return f"larger than {treefiles.MAX_FILE // 1_000_000} MB"
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def _update(git: Git, names: list[bytes]) -> list[LeftOut]:
    """All at once; when git refuses one of them, one by one, so that only that one stays behind."""
    if not names:
        return []
    result = git.call(*_UPDATE, stdin=b"".join(name + b"\0" for name in names))
    if result.code == 0:
        return []
    if len(names) == 1:
        return [LeftOut(shown(names[0]), f"refused by git ({result.reason()})")]
    half = len(names) // 2
    left_out = _update(git, names[:half]) + _update(git, names[half:])
    if len(left_out) == len(names) > 8:
        raise GitFailed(f"git update-index: {result.reason()}")
    return left_out


_UPDATE = ("update-index", "--add", "--remove", "--replace", "-z", "--stdin")
