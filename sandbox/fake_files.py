"""The file system of the fake sandbox: a dictionary with the owners and permissions of the real one."""

import io
import posixpath
import stat
import tarfile
from dataclasses import dataclass

from sandbox.errors import EngineFault
from sandbox.hardening import OWNER_OF, WRITABLE
from sandbox.protocol import SCRATCH, SOURCE, TESTS, WORK, User

TMP = "/tmp"  # noqa: S108 - a path inside the fake
PLACES = ("/", SOURCE, WORK, TESTS, SCRATCH, TMP)
PRIVATE: dict[str, tuple[User, ...]] = {WORK: ("app",), SCRATCH: ("tests",), TESTS: ("root", "tests")}


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file, or anything else by the name of its kind (`link`, `fifo`)."""

    data: bytes
    owner: User
    mode: int = 0o644
    kind: str = "file"


class FakeFiles:
    """Absolute paths to entries; directories exist when something is below them."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def is_dir(self, path: str) -> bool:
        """True for a place of the sandbox or an ancestor of an entry."""
        return path in PLACES or any(name.startswith(path.rstrip("/") + "/") for name in self.entries)

    def listing(self, path: str) -> list[str]:
        """Names directly below a directory, sorted."""
        prefix = path.rstrip("/") + "/"
        return sorted({name[len(prefix) :].split("/")[0] for name in self.entries if name.startswith(prefix)})

    def read(self, path: str, user: User) -> bytes:
        """A file's content, following a link at its end.

        Raises:
            FileNotFoundError: there is none.
            PermissionError: `user` may not.
        """
        path = posixpath.normpath(path)
        entry = self.entries.get(path)
        if entry is not None and entry.kind == "link":
            return self.read(entry.data.decode(), user)
        if user not in PRIVATE.get(place_of(path), (user,)):
            raise PermissionError(f"Permission denied: {path!r}")
        if entry is None or entry.kind != "file":
            raise FileNotFoundError(f"No such file or directory: {path!r}")
        if entry.owner != user and not entry.mode & 0o004:
            raise PermissionError(f"Permission denied: {path!r}")
        return entry.data

    def write(self, path: str, data: bytes, user: User, *, mode: int = 0o644, kind: str = "file") -> None:
        """Create or replace an entry.

        Raises:
            PermissionError: `user` may not write there.
        """
        path = posixpath.normpath(path)
        owner = OWNER_OF.get(place_of(path), user if place_of(path) == TMP else None)
        standing = self.entries.get(path)
        if owner != user or (standing is not None and standing.owner != user):
            raise PermissionError(f"Permission denied: {path!r}")
        self.entries[path] = Entry(data, user, mode, kind)

    def unpack(self, archive: bytes, target: str) -> None:
        """What `Sandbox.put` does.

        Raises:
            EngineFault: no archive, or a member that is neither file, directory nor link.
        """
        owner = OWNER_OF[target]
        try:
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
                for member in opened:
                    path = posixpath.join(target, member.name)
                    if member.issym():
                        self.write(path, member.linkname.encode(), owner, kind="link")
                    elif member.isreg():
                        content = opened.extractfile(member)
                        mode = 0o755 if member.mode & stat.S_IXUSR else 0o644
                        self.write(path, content.read() if content else b"", owner, mode=mode)
                    elif not member.isdir():
                        raise EngineFault(f"unpacking into {target} failed: {member.name} is no file")
        except (tarfile.TarError, PermissionError) as error:
            raise EngineFault(f"unpacking into {target} failed: {error}") from error

    def regular(self, parts: list[str]) -> bytes | None:
        """The file named by the last of `a`, `a/b`, `a/b/c`; None for anything else, or with a link on the way."""
        found = [self.entries.get("/" + part) for part in parts]
        if found[-1] is None or any(entry is not None and entry.kind != "file" for entry in found):
            return None
        return found[-1].data

    def wipe(self) -> None:
        """Empty what the users may write to."""
        writable = {place for user in ("app", "tests") for place in WRITABLE[user]}
        self.entries = {path: entry for path, entry in self.entries.items() if place_of(path) not in writable}


def place_of(path: str) -> str:
    """The top directory of an absolute path."""
    return "/" + path.lstrip("/").split("/")[0]
