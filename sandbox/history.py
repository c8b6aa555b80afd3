"""Reading commits: GitPython's object model over our own hardened git, and the differences between two commits.

GitPython parses commits and trees here; every byte it parses comes from `Objects`, which asks `sandbox.git`, so that no
git process is started by GitPython itself. `git` is imported when first used: the import costs 0.3 s.
"""

import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar, Literal

from sandbox.errors import GitFailed
from sandbox.git import Git
from sandbox.staging import records, shown
from sandbox.treefiles import is_git_name

if TYPE_CHECKING:
    from git import Commit

_HUNK = re.compile(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@")
EXPORT_LIMIT = 2**30
DIFF_LIMIT = 64 * 2**20


@dataclass(frozen=True, slots=True)
class CommitInfo:
    """One commit of the run's line."""

    sha: str
    subject: str
    body: str
    trailers: dict[str, str]
    time: int
    """Committer time, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class FileChange:
    """What happened to one file between two commits."""

    path: str
    """Safe to show: anything unprintable is escaped."""
    status: Literal["A", "M", "D"]
    added: int
    removed: int
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a commit's tree."""

    mode: str
    sha: str
    name: bytes


def contents(git: Git, shas: Sequence[str]) -> list[tuple[str, bytes]]:
    """Type and content of objects, in the order asked.

    Raises:
        GitFailed: one is missing, or all together are larger than `EXPORT_LIMIT`.
    """
    if not shas:
        return []
    asked = "".join(f"{sha}\n" for sha in shas).encode()
    stream = io.BytesIO(git.run("cat-file", "--batch", stdin=asked, limit=EXPORT_LIMIT))
    found = []
    for sha in shas:
        header = stream.readline().split()
        if len(header) != 3:
            raise GitFailed(f"git cat-file: {sha} is missing")
        found.append((header[1].decode(), stream.read(int(header[2]))))
        stream.read(1)
    return found


def commits(git: Git, shas: Sequence[str]) -> "list[Commit]":
    """The commits as GitPython reads them."""
    from git import Commit, Repo
    from gitdb.base import OInfo, OStream
    from gitdb.db.loose import LooseObjectDB

    class Objects(LooseObjectDB):  # type: ignore[misc]
        """GitPython's object database, answered by our own git."""

        known: ClassVar = {bytes.fromhex(sha): found for sha, found in zip(shas, contents(git, shas), strict=True)}

        def info(self, sha: bytes) -> OInfo:
            return OInfo(sha, self.get(sha)[0], len(self.get(sha)[1]))

        def stream(self, sha: bytes) -> OStream:
            kind, data = self.get(sha)
            return OStream(sha, kind, len(data), io.BytesIO(data))

        def get(self, sha: bytes) -> tuple[str, bytes]:
            if sha not in self.known:
                self.known[sha] = contents(git, [sha.hex()])[0]
            return self.known[sha]

    if git.git_dir is None:
        raise ValueError("reading commits needs a git dir")
    repo = Repo(git.git_dir, odbt=Objects, expand_vars=False)
    return [Commit(repo, bytes.fromhex(sha)) for sha in shas]


def log(git: Git, base: str, tip: str, known: dict[str, CommitInfo]) -> list[CommitInfo]:
    """The commits after `base` up to `tip`, oldest first; `known` is filled, so that none is read twice."""
    return _infos(git, git.text("rev-list", "--reverse", f"{base}..{tip}", "--").split(), known)


def line(git: Git, base: str, tip: str, known: dict[str, CommitInfo]) -> list[CommitInfo]:
    """The same along first parents only; none when `base` is not among `tip`'s ancestors."""
    if git.call("merge-base", "--is-ancestor", base, tip).code != 0:
        return []
    return _infos(git, git.text("rev-list", "--reverse", "--first-parent", f"{base}..{tip}", "--").split(), known)


def recent(git: Git, commit: str, most: int) -> list[str]:
    """The last commits up to this one that have a parent, newest first."""
    return git.text("rev-list", "--first-parent", "--min-parents=1", f"--max-count={most}", commit, "--").split()


def _infos(git: Git, listed: list[str], known: dict[str, CommitInfo]) -> list[CommitInfo]:
    new = [sha for sha in listed if sha not in known]
    known |= {sha: _info(commit) for sha, commit in zip(new, commits(git, new), strict=True)} if new else {}
    return [known[sha] for sha in listed]


def _info(commit: "Commit") -> CommitInfo:
    message = commit.message if isinstance(commit.message, str) else commit.message.decode(errors="replace")
    subject, _, rest = message.strip().partition("\n")
    paragraphs = rest.strip().split("\n\n")
    trailers = _trailers(paragraphs[-1])
    body = "\n\n".join(paragraphs[:-1] if trailers else paragraphs)
    return CommitInfo(commit.hexsha, subject, body.strip(), trailers, int(commit.committed_date))


def _trailers(paragraph: str) -> dict[str, str]:
    pairs = [line.partition(": ") for line in paragraph.splitlines()]
    if not all(sep and key.replace("-", "").isalnum() for key, sep, _ in pairs):
        return {}
    return {key: value for key, _, value in pairs}


def entries(git: Git, commit: str) -> list[Entry]:
    """Every file, link and submodule of a commit, in git's order."""
    found = []
    for record in records(git.run("ls-tree", "-r", "-z", "--full-tree", commit)):
        meta, _, name = record.partition(b"\t")
        mode, _, sha = meta.decode().split()
        found.append(Entry(mode, sha, name))
    return found


def read_at(git: Git, commit: str, path: str) -> bytes | None:
    """The content of one regular file of a commit; None when there is none (links and folders are none)."""
    tree = commits(git, [commit])[0].tree
    try:
        found = tree / path
    except KeyError:
        return None
    if found.type != "blob" or found.mode & 0o170000 != 0o100000:
        return None
    return bytes(found.data_stream.read())


def changes(git: Git, old: str, new: str) -> list[FileChange]:
    """What differs between two commits, one entry per file, renames told as delete and add."""
    options = ("-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv")
    status: dict[bytes, Literal["A", "M", "D"]] = {}
    names = records(git.run("diff-tree", *options, "--name-status", old, new, "--"))
    for letter, name in zip(names[::2], names[1::2], strict=True):
        status[name] = "A" if letter == b"A" else "D" if letter == b"D" else "M"
    found = []
    for record in records(git.run("diff-tree", *options, "--numstat", old, new, "--")):
        added, removed, name = record.split(b"\t", 2)
        binary = added == b"-"
        found.append(
            FileChange(shown(name), status[name], 0 if binary else int(added), 0 if binary else int(removed), binary)
        )
    return found


def diff(git: Git, old: str, new: str, *, stat: bool = False) -> str:
    """The difference as text (unified, or the summary with `stat`), bytes that are no UTF-8 replaced."""
    form = ("--stat=100",) if stat else ("--patch",)
    options = ("--no-color", "--no-renames", "--no-ext-diff", "--no-textconv", "--submodule=short")
    return git.run("diff", *options, *form, old, new, "--", limit=DIFF_LIMIT).decode(errors="replace")


def added_lines(git: Git, commit: str) -> dict[str, list[int]]:
    """File -> numbers of the lines a commit added or changed against its first parent, as they stand in it."""
    options = ("-r", "--root", "--no-commit-id", "--no-renames", "--no-ext-diff", "--no-textconv", "--unified=0", "-p")
    text = git.run("diff-tree", *options, "--diff-merges=first-parent", commit, "--", limit=DIFF_LIMIT)
    found: dict[str, list[int]] = {}
    path = ""
    for row in text.decode("utf-8", "replace").splitlines():
        if row.startswith("+++ "):
            path = row[6:] if row.startswith("+++ b/") else ""
        elif path and (match := _HUNK.match(row)):
            start, count = int(match[1]), int(match[2] or 1)
            found.setdefault(path, []).extend(range(start, start + count))
    return found


def archive(files: Iterable[tuple[bytes, str, bytes]]) -> bytes:
    """An uncompressed tar of `(name, mode, content)`, sorted, the same bytes for the same files.

    Modes are git's: 100644, 100755, 120000 (a link, its target as content; left out when it leads out of the tree). A
    file's time is made from its content, so that a changed file never looks unchanged to Python's bytecode cache.
    """
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as tar:
        for name, mode, content in sorted(files):
            text = name.decode(errors="surrogateescape")
            member = tarfile.TarInfo(text)
            member.mtime = 1_000_000_000 + zlib.crc32(content) % 500_000_000
            if mode == "120000":
                member.type, member.linkname = tarfile.SYMTYPE, content.decode(errors="surrogateescape")
                if stays_inside(text, member.linkname):
                    tar.addfile(member)
            elif mode.startswith("100") and not any(is_git_name(part) for part in text.split("/")):
                member.mode, member.size = (0o755 if mode == "100755" else 0o644), len(content)
                tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def stays_inside(link: str, target: str) -> bool:
    """Whether a relative link at `link` (path in the tree) names something inside the tree, read literally."""
    if not target or target.startswith("/") or "\0" in target:
        return False
    depth = len(PurePosixPath(link).parts) - 1
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif is_git_name(part):
            return False
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return False
    return True
