"""A tree by what its files are called and hold, so that only what changed has to be read and sent."""

import hashlib
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from sandbox import history, treefiles
from sandbox.git import Git
from sandbox.staging import records
from sandbox.workspace import Workspace, on_disk

Key = tuple[str, bool]
"""What tells one content of a path from another (a git blob id), and whether it is executable."""
Read = Callable[[Collection[str]], Mapping[str, bytes]]
_MODES = {"100644": False, "100755": True}


@dataclass(frozen=True, slots=True)
class Listing:
    """The regular files of a tree."""

    keys: Mapping[str, Key]
    read: Read
    """Contents of some of its paths."""

    def content(self, path: str) -> bytes | None:
        """One file's content, None when it is not there."""
        return self.read([path])[path] if path in self.keys else None

    def overlaid(self, changes: Mapping[str, bytes | None]) -> "Listing":
        """The tree with some files replaced or added, and those of no content gone."""
        there = {path: content for path, content in changes.items() if content is not None}
        keys = {path: key for path, key in self.keys.items() if path not in changes}
        keys |= {path: (_blob_id(content), self.keys.get(path, ("", False))[1]) for path, content in there.items()}

        def read(paths: Collection[str]) -> dict[str, bytes]:
            below = self.read([path for path in paths if path not in there])
            return {**below, **{path: there[path] for path in paths if path in there}}

        return Listing(keys, read)

    def only(self, paths: Collection[str]) -> "Listing":
        """Some of its files."""
        return Listing({path: key for path, key in self.keys.items() if path in paths}, self.read)


def of_commit(workspace: Workspace, commit: str) -> Listing:
    """A commit of the workspace.

    Raises:
        GitFailed: git itself failed.
    """
    found: dict[str, Key] = {}
    for entry in history.entries(workspace.git, commit):
        path = os.fsdecode(entry.name)
        if entry.mode in _MODES and not _is_gits(path):
            found[path] = entry.sha, _MODES[entry.mode]
    return Listing(found, _reader(workspace.git, found, {}))


def of_tree(workspace: Workspace) -> Listing:
    """The tree as it is now, uncommitted changes included.

    Raises:
        GitFailed: git itself failed.
    """
    git = workspace.git
    found = _unchanged(git)
    there: dict[str, bytes] = {}
    for name in records(git.run("ls-files", "-z", "-m", "-o", "--exclude-standard", "--deduplicate")):
        entry = on_disk(workspace.tree, name)
        path = os.fsdecode(name)
        if entry is not None and entry[1] in _MODES and not _is_gits(path):
            found[path] = _blob_id(entry[2]), _MODES[entry[1]]
            there[path] = entry[2]
    return Listing(found, _reader(git, found, there))


def _unchanged(git: Git) -> dict[str, Key]:
    changed = set(records(git.run("ls-files", "-z", "-m")))
    found: dict[str, Key] = {}
    for record in records(git.run("ls-files", "-z", "-s")):
        facts, _, name = record.partition(b"\t")
        mode, sha, stage = facts.decode().split()
        path = os.fsdecode(name)
        if mode in _MODES and stage == "0" and name not in changed and not _is_gits(path):
            found[path] = sha, _MODES[mode]
    return found


def _reader(git: Git, keys: Mapping[str, Key], there: Mapping[str, bytes]) -> Read:
    def read(paths: Collection[str]) -> dict[str, bytes]:
        stored = [path for path in paths if path not in there]
        blobs = history.contents(git, [keys[path][0] for path in stored])
        return {p: content for p, (_, content) in zip(stored, blobs, strict=True)} | {
            p: there[p] for p in paths if p in there
        }

    return read


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _is_gits(path: str) -> bool:
    return not treefiles.is_ordinary(path) and any(treefiles.is_git_name(part) for part in path.split("/"))
