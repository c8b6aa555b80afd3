"""Trees as the profile reader and the manifest reader want them: a commit, or the workspace as it is now."""

from functools import cached_property
from pathlib import Path

from agents.errors import EditRefused
from agents.protection import is_test_file
from sandbox import treefiles
from sandbox.errors import PathRefused
from sandbox.listing import of_commit
from sandbox.reports import Service
from sandbox.workspace import Workspace

READ_LIMIT = 1_000_000

EMPTY_TREE = Service(argv=("python", "-m", "http.server", "{port}", "--bind", "127.0.0.1"), ready_path="/")
"""Stands in for an application that is not there yet: it answers, and knows no route."""


class CommitSource:
    """A commit of the workspace (`agents.profile.Source`)."""

    def __init__(self, workspace: Workspace, commit: str) -> None:
        self.listing = of_commit(workspace, commit)
        self._files = sorted(name for name in self.listing.keys if treefiles.is_plain(name))

    def files(self) -> list[str]:
        """Every plain path of the commit."""
        return self._files

    @cached_property
    def test_files(self) -> list[str]:
        """Those of them that pytest reads, and helpers of tests."""
        return [path for path in self._files if is_test_file(path)]

    def read(self, path: str) -> str:
        """Text of one file.

        Raises:
            EditRefused: no such file, too large, or not UTF-8.
        """
        data = self.raw(path)
        if data is None or len(data) > READ_LIMIT:
            raise EditRefused(f"{path}: no text file of the commit")
        return _decoded(path, data)

    def raw(self, path: str) -> bytes | None:
        """Bytes of one file, None when there is none."""
        return self.listing.content(path)


class TreeSource:
    """A folder on disk as it is now; nothing in it is followed or run."""

    def __init__(self, root: Path, files: list[str]) -> None:
        self._root = root
        self._files = files

    def files(self) -> list[str]:
        """The paths given."""
        return self._files

    def read(self, path: str) -> str:
        """Text of one file (same errors as `CommitSource.read`)."""
        data = self.raw(path)
        if data is None:
            raise EditRefused(f"{path}: no text file of the tree")
        return _decoded(path, data)

    def raw(self, path: str) -> bytes | None:
        """Bytes of one file, None when there is none or it is too large."""
        try:
            return treefiles.read(self._root, path, READ_LIMIT)
        except PathRefused:
            return None


def _decoded(path: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EditRefused(f"{path}: not UTF-8") from None
