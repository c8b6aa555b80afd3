"""The desk: a git workspace as one role may see and change it."""

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agents.blobs import blob_ids
from agents.contracts import FileEdit
from agents.edits import apply_replace, check_syntax
from agents.errors import EditRefused
from agents.protection import Protected, from_globs
from agents.roles import Desk
from sandbox.errors import PathRefused
from sandbox.reports import SuiteReport
from sandbox.workspace import Workspace

BYTES_MAX = 1_000_000
"""Largest file an agent reads or writes."""
BOM = "\ufeff"


class Tree(Protocol):
    """What the desk needs of a workspace."""

    @property
    def tree(self) -> Path: ...

    def files(self) -> list[str]: ...

    def read(self, path: str, limit: int) -> bytes: ...

    def write(self, path: str, content: bytes) -> None: ...

    def delete(self, path: str) -> None: ...


class WorkspaceDesk:
    """A `roles.Desk` over a workspace: UTF-8 text, byte-order mark and line ends kept, protected paths refused."""

    def __init__(
        self,
        workspace: Tree,
        protected: Protected | tuple[str, ...],
        run_tests: Callable[[tuple[str, ...]], SuiteReport],
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._workspace = workspace
        self._protected = from_globs(protected) if isinstance(protected, tuple) else protected
        self._run_tests = run_tests
        self._tell = tell
        self._edits: list[FileEdit] = []

    @property
    def root(self) -> Path:
        return self._workspace.tree

    def files(self) -> list[str]:
        return sorted(self._workspace.files())

    def blobs(self) -> dict[str, str]:
        """Git blob ids of unchanged files, where there is git."""
        return blob_ids(self._workspace.git) if isinstance(self._workspace, Workspace) else {}

    def edits(self) -> tuple[FileEdit, ...]:
        """What was changed through this desk, in order."""
        return tuple(self._edits)

    def read(self, path: str) -> str:
        path = relative(path)
        text = self._existing(path)
        if text is None:
            raise EditRefused(self._missing(path))
        return text.removeprefix(BOM)

    def write(self, path: str, content: str) -> None:
        path = self._writable(path)
        before = self._existing(path)
        data = _encode(path, _like(before, content))
        if before is not None and _encode(path, before) == data:
            return
        self._guarded(lambda: self._workspace.write(path, data))
        self._edits.append(FileEdit(path=path, action="write", content=content))
        self._tell(f"{'created' if before is None else 'changed'} {path}")

    def delete(self, path: str) -> None:
        path = self._writable(path)
        if path not in self._workspace.files():
            raise EditRefused(self._missing(path))
        self._guarded(lambda: self._workspace.delete(path))
        self._edits.append(FileEdit(path=path, action="delete"))
        self._tell(f"removed {path}")

    def run_tests(self, node_ids: tuple[str, ...] = ()) -> SuiteReport:
        return self._run_tests(node_ids)

    def _writable(self, path: str) -> str:
        path = relative(path)
        if self._protected(path):
            raise EditRefused(
                f"{path} is protected: it belongs to what this work is judged by, or is not yours to write. "
                "Make the change in the application's own files."
            )
        return path

    def _existing(self, path: str) -> str | None:
        """The file's text with its byte-order mark, None when there is none."""
        data = self._bytes(path)
        return None if data is None else _decode(path, data)

    def _bytes(self, path: str) -> bytes | None:
        try:
            return self._workspace.read(path, BYTES_MAX)
        except PathRefused as error:
            if "no such file" in str(error):
                return None
            raise EditRefused(str(error)) from error

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except PathRefused as error:
            raise EditRefused(f"{error}. The tree is unchanged; choose another path.") from error

    def _missing(self, path: str) -> str:
        files = self.files()
        name = path.rpartition("/")[2]
        near = [other for other in files if other.rpartition("/")[2] == name][:3]
        near = near or difflib.get_close_matches(path, files[:5000], n=3)
        return f"There is no file {path}." + (f" Did you mean {', '.join(near)}?" if near else "")


class _Files:
    """Files in memory with the manners of a workspace."""

    def __init__(self, files: dict[str, bytes], tree: Path) -> None:
        self.content = files
        self.tree = tree

    def files(self) -> list[str]:
        return sorted(self.content)

    def read(self, path: str, limit: int) -> bytes:
        if path not in self.content:
            raise PathRefused(f"{path}: no such file")
        if len(self.content[path]) > limit:
            raise PathRefused(f"{path}: larger than {limit} bytes")
        return self.content[path]

    def write(self, path: str, content: bytes) -> None:
        if any(other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in self.content):
            raise PathRefused(f"{path}: not a plain file")
        self.content[path] = content

    def delete(self, path: str) -> None:
        del self.content[path]


class MemoryDesk(WorkspaceDesk):
    """A desk on a dictionary of files (path -> text): the same behaviour without git, sandbox or disk."""

    def __init__(
        self,
        files: dict[str, str] | None = None,
        *,
        protected: Protected | tuple[str, ...] = (),
        run_tests: Callable[[tuple[str, ...]], SuiteReport] | None = None,
        root: Path = Path("memory"),
    ) -> None:
        self._store = _Files({path: text.encode() for path, text in (files or {}).items()}, root)
        super().__init__(self._store, protected, run_tests or _no_sandbox)

    @property
    def content(self) -> dict[str, str]:
        """Every file's text."""
        return {path: data.decode() for path, data in sorted(self._store.content.items())}


def apply_edit(desk: Desk, edit: FileEdit) -> None:
    """Apply one edit through a desk, unless it would break the file's syntax.

    Raises:
        EditRefused: the path or the text is refused; the file is unchanged.
    """
    if edit.action == "delete":
        desk.delete(edit.path)
        return
    known = relative(edit.path) in desk.files()
    before = desk.read(edit.path) if known or edit.action == "replace" else ""
    after = edit.content if edit.action == "write" else apply_replace(before, edit.old, edit.new)
    check_syntax(relative(edit.path), before, after)
    desk.write(edit.path, after)


def relative(path: str) -> str:
    """The path without `./` and doubled slashes.

    Raises:
        EditRefused: it is empty, absolute, climbs up, or holds a character no path of a repository needs.
    """
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or path.startswith(("/", "~")) or ".." in parts:
        raise EditRefused(f"{path!r} is not a path inside the repository. Write it from the root, such as app/main.py.")
    if "\\" in path or not path.isprintable():
        raise EditRefused(f"{path!r} holds characters a path here may not have. Use plain names with forward slashes.")
    return "/".join(parts)


def _decode(path: str, data: bytes) -> str:
    if b"\0" in data:
        raise EditRefused(f"{path} is a binary file.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EditRefused(f"{path} is not UTF-8 text (byte {error.start}).") from error


def _encode(path: str, content: str) -> bytes:
    try:
        data = content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EditRefused(f"{path}: the text holds a half character (position {error.start}).") from error
    if b"\0" in data:
        raise EditRefused(f"{path}: the text holds a NUL character; only text files are written here.")
    if len(data) > BYTES_MAX:
        raise EditRefused(f"{path}: {len(data)} bytes are more than the {BYTES_MAX} a file here may have.")
    return data


def _like(before: str | None, content: str) -> str:
    """`content` with the byte-order mark and, where it names none itself, the line ends of the file it replaces."""
    if before is None:
        return content
    if "\r\n" in before and "\n" not in before.replace("\r\n", "") and "\r\n" not in content:
        content = content.replace("\n", "\r\n")
    return BOM + content.removeprefix(BOM) if before.startswith(BOM) else content


def _no_sandbox(_: tuple[str, ...]) -> SuiteReport:
    raise EditRefused("No tests can be run at this desk.")
