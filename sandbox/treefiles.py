"""Files of a work tree, touched from the host without ever following a link, blocking on a pipe or leaving the tree.

Paths are POSIX, relative to the tree. A path offered by `is_plain` is one that agents may name.
"""

import errno
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import GitFailed, PathRefused, WorkspaceError

MAX_PATH = 1000
MAX_NAME = 255
MAX_FILE = 100_000_000
"""Bytes; a larger file is neither written nor committed."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
_SHORT_GIT = re.compile(r"git~\d+|gi[0-9a-f]{4}~\d+")


_ORDINARY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")


def is_ordinary(path: str) -> bool:
    """Whether a path has nothing that would have to be looked at closely; most have not."""
    return len(path) <= MAX_NAME and _ORDINARY.fullmatch(path) is not None


def is_git_name(name: str) -> bool:
    """Whether some file system takes this name for git's own folder (`.GIT`, `.git.`, `git~1`, zero-width letters)."""
    if not name.isascii():
        name = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) not in ("Cf", "Cc"))
    plain = name.casefold().split(":")[0].rstrip(" .")
    return plain == ".git" or _SHORT_GIT.fullmatch(plain) is not None


def checked(path: str) -> tuple[str, ...]:
    """The parts of a path that may name a file of the tree.

    Raises:
        PathRefused: it is empty, absolute, too long, holds `.`, `..`, `//`, a backslash, control characters, bytes that
            are no UTF-8, or one of git's own names.
    """
    if is_ordinary(path):
        return tuple(path.split("/"))
    shown = ascii(path[:80])
    if not path or path.startswith("/") or re.match(r"[A-Za-z]:[\\/]", path):
        raise PathRefused(f"{shown}: give a path relative to the repository's root")
    if "\\" in path or not (path.isprintable() or _printable(path)):
        raise PathRefused(
            f"{shown}: backslashes, control characters and bytes that are no UTF-8 are not allowed in a path"
        )
    parts = tuple(path.split("/"))
    if any(part in ("", ".", "..") for part in parts):
        raise PathRefused(f"{shown}: write the path without empty parts, '.' and '..'")
    if len(path.encode()) > MAX_PATH or any(len(part.encode()) > MAX_NAME for part in parts):
        raise PathRefused(f"{shown}...: the path is too long")
    if any(is_git_name(part) for part in parts) or parts[-1].casefold() == ".gitmodules":
        raise PathRefused(f"{shown}: git's own files cannot be read or written")
    return parts


def _printable(path: str) -> bool:
    """Without control characters, halves of surrogate pairs, and characters that hide or turn others."""
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Cf", "Zl", "Zp") for c in path)


def is_plain(path: str) -> bool:
    """Whether agents may name this path."""
    try:
        checked(path)
    except PathRefused:
        return False
    return True


def read(root: Path, path: str, limit: int) -> bytes:
    """The content of one regular file.

    Raises:
        PathRefused: no such file, no regular file, reached through a link, or larger than `limit` bytes.
    """
    parts = checked(path)
    with _folder(root, parts) as folder:
        handle = _open_file(folder, parts[-1], path)
    with os.fdopen(handle, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise PathRefused(f"{path}: larger than {limit} bytes")
    return content


def write(root: Path, path: str, content: bytes, scratch: Path) -> None:
    """Replace or create one file atomically; folders are made, an executable stays executable.

    Args:
        scratch: a folder outside the tree on the same file system, where the new file is prepared.

    Raises:
        PathRefused: the path is not allowed, leads through a link, or something other than a file is there.
        GitFailed: the disk is full or broken.
    """
    parts = checked(path)
    if len(content) > MAX_FILE:
        raise PathRefused(f"{path}: larger than {MAX_FILE} bytes")
    with _folder(root, parts, make=True) as folder:
        mode = _mode_there(folder, parts[-1], path)
        temporary = scratch / f"write-{secrets.token_hex(8)}"
        try:
            with temporary.open("xb") as file:
                file.write(content)
                os.fchmod(file.fileno(), mode)
            os.replace(temporary, parts[-1], dst_dir_fd=folder)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _told(path, error) from error


def delete(root: Path, path: str) -> None:
    """Remove one file (or the link itself) and the folders that are empty then.

    Raises:
        PathRefused: no such file, a folder, or reached through a link.
    """
    parts = checked(path)
    with _folder(root, parts) as folder:
        try:
            os.unlink(parts[-1], dir_fd=folder)
        except OSError as error:
            raise PathRefused(f"{path}: {'no such file' if error.errno == errno.ENOENT else 'a folder'}") from error
    for depth in range(len(parts) - 1, 0, -1):
        try:
            root.joinpath(*parts[:depth]).rmdir()
        except OSError:
            return


def kind(path: Path) -> str:
    """`file`, `link`, `folder`, `missing`, or what else is there in words (`a pipe` ...); never opens it."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return "missing"
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}.get(stat.S_IFMT(mode), "a device")


def walk(root: Path) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
    """Every entry below the root (children first), as bytes paths relative to it; links are not entered."""

    def below(folder: bytes, prefix: bytes) -> Iterator[tuple[bytes, os.DirEntry[bytes]]]:
        for entry in _entries(folder):
            name = prefix + entry.name
            if entry.is_dir(follow_symlinks=False):
                yield from below(entry.path, name + b"/")
            yield name, entry

    yield from below(os.fsencode(root), b"")


def _entries(folder: bytes) -> list[os.DirEntry[bytes]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except PermissionError:
        Path(os.fsdecode(folder)).chmod(0o700)
        with os.scandir(folder) as entries:
            return list(entries)


def prune(root: Path, keep: set[bytes]) -> None:
    """Remove everything below the root that is not in `keep` (paths of files and links); folders left empty go too."""
    for name, entry in walk(root):
        if entry.is_dir(follow_symlinks=False):
            if name not in keep:
                with _ignore_not_empty():
                    Path(os.fsdecode(entry.path)).rmdir()
        elif name not in keep:
            Path(os.fsdecode(entry.path)).unlink()


def _told(path: str, error: OSError) -> WorkspaceError:
    """What an agent may be told, or a fault of the machine (a full disk), which is nobody's edit."""
    if error.errno in _MACHINE:
        return GitFailed(f"the workspace cannot be written: {error.strerror}")
    return PathRefused(f"{path}: {error.strerror}")


@contextmanager
def _ignore_not_empty() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


@contextmanager
def _folder(root: Path, parts: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
    """An open handle of the folder a path's last part lies in; no part of the way may be a link."""
    handle = os.open(root, _FOLDER)
    try:
        for part in parts[:-1]:
            handle = _step(handle, part, "/".join(parts), make)
        yield handle
    finally:
        os.close(handle)


def _step(folder: int, part: str, path: str, make: bool) -> int:
    if make:
        try:
            os.mkdir(part, 0o755, dir_fd=folder)
        except FileExistsError:
            pass
        except OSError as error:
            raise _told(path, error) from error
    try:
        deeper = os.open(part, _FOLDER, dir_fd=folder)
    except OSError as error:
        missing = error.errno == errno.ENOENT
        raise PathRefused(f"{path}: {'no such file' if missing else f'{part} is no folder of the tree'}") from error
    os.close(folder)
    return deeper


def _open_file(folder: int, name: str, path: str) -> int:
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError as error:
        raise PathRefused(f"{path}: no such file") from error
    except OSError as error:
        why = "a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise PathRefused(f"{path}: {why}, not a regular file") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise PathRefused(f"{path}: not a regular file")
    return handle


def _mode_there(folder: int, name: str, path: str) -> int:
    """The permissions the new file gets: those of git, 0755 when an executable is replaced, else 0644."""
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return 0o644
    except OSError as error:
        raise PathRefused(f"{path}: {error.strerror}") from error
    if not stat.S_ISREG(there):
        raise PathRefused(f"{path}: not a regular file")
    return 0o755 if there & 0o100 else 0o644
