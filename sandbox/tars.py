"""Archives that go into and come out of a sandbox. Nothing is ever unpacked on the host's file system."""

import io
import posixpath
import tarfile
from collections.abc import Mapping

from sandbox.errors import EngineFault, PathRefused

END = bytes(1024)
"""The two empty blocks that end an archive."""
MARGIN = 64 * 1024
"""Bytes an archive of one file may be larger than the file: headers, long names, padding."""


def build(files: Mapping[str, bytes], *, executable: frozenset[str] = frozenset()) -> bytes:
    """An uncompressed tar of plain files, the same bytes for the same files (sorted, no times, no owners).

    Names are relative POSIX paths; files are 0644, those in `executable` 0755, directories in between 0755.

    Raises:
        PathRefused: a name is empty, absolute, or leaves the tree.
    """
    buffer = io.BytesIO()
    folders: set[str] = set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            for folder in _parents(checked(name)):
                if folder not in folders:
                    folders.add(folder)
                    archive.addfile(_member(folder, tarfile.DIRTYPE, 0o755, 0))
            member = _member(name, tarfile.REGTYPE, 0o755 if name in executable else 0o644, len(files[name]))
            archive.addfile(member, io.BytesIO(files[name]))
    return buffer.getvalue()


def checked(name: str) -> str:
    """`name`, when it is a relative path that stays below its root.

    Raises:
        PathRefused: it is not.
    """
    parts = name.split("/")
    if not name or "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise PathRefused(f"not a path inside the tree: {name[:200]!r}")
    return name


def _parents(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: i + 1]) for i in range(len(parts))]


def _member(name: str, kind: bytes, mode: int, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.size = kind, mode, size
    return member


def components(path: str) -> list[str]:
    """Every directory on the way to an absolute path, and the path: `/a/b` gives `a`, `a/b`.

    Raises:
        PathRefused: the path is not absolute or contains `..` or a NUL.
    """
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise PathRefused(f"not an absolute path: {path[:200]!r}")
    name = posixpath.normpath(path).lstrip("/")
    return [*_parents(name), name]


def read_one(archive: bytes, names: list[str], limit: int) -> bytes | None:
    """The regular file `names[-1]` of an archive that lists `names` (its directories, then the file).

    None when it is missing, is no regular file, or a directory on the way is none (a link, say).

    Raises:
        EngineFault: the archive is damaged, or the file larger than `limit` bytes.
    """
    *folders, wanted = names
    if not archive.endswith(END):
        raise EngineFault(f"what came out of the sandbox for {wanted} is cut short")
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
            members = {member.name.rstrip("/"): member for member in opened}
            member = members.get(wanted)
            if member is None or not member.isreg() or member.issparse():
                return None
            if not all(folder in members and members[folder].isdir() for folder in folders):
                return None
            if member.size > limit:
                raise EngineFault(f"{wanted} is larger than {limit} bytes")
            content = opened.extractfile(member)
            data = content.read(limit + 1) if content else b""
    except (tarfile.TarError, ValueError, OSError, RecursionError) as error:
        raise EngineFault(f"what came out of the sandbox for {wanted} is no archive: {error}") from error
    if len(data) != member.size:
        raise EngineFault(f"{wanted} came out of the sandbox cut short")
    return data
