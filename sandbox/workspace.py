"""The workspace of one run: our own store and work tree, never sharing a file with the user's repository.

    <home>/git              our store (bare); every commit of the run is on refs/heads/run
    <home>/tree             the work tree; holds no `.git`
    <home>/scratch          files on their way into the tree
    <home>/workspace.json   written last: a home without it is half-made and is made again

One process writes at a time (the run's owner sees to that); any number may read.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import history, intake, repo_state, store, treefiles
from sandbox.deliver import Delivery, deliver
from sandbox.errors import GitFailed, PathRefused, RepositoryRefused, WorkspaceError
from sandbox.git import Git, installed
from sandbox.history import CommitInfo, FileChange
from sandbox.staging import LeftOut, odd, records, shown, stage
from sandbox.store import BRANCH

_MARK = "workspace.json"
ASIDE = "refs/greenloop"
"""Commits that are nobody's parent; never delivered."""


@dataclass(slots=True)
class Memory:
    """What was read already; commits never change."""

    commits: set[str] = field(default_factory=set)
    infos: dict[str, CommitInfo] = field(default_factory=dict)
    lines: dict[str, list[CommitInfo]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workspace:
    """A complete workspace. Make one with `create`, find it again with `open`."""

    home: Path
    source: Path
    """The folder the user named."""
    base: str
    """The commit the run started from: the user's HEAD, a snapshot on top of it, or an empty root commit of ours."""
    notes: tuple[str, ...] = ()
    """What the user should know about how the repository was taken (submodules left empty, shallow clone ...)."""
    submodules: tuple[str, ...] = ()
    memory: Memory = field(default_factory=Memory, repr=False, compare=False)

    @classmethod
    def create(cls, home: Path, source: Path, *, include_dirty: bool = False) -> "Workspace":
        """Make the workspace, or open it when it was completed before.

        Raises:
            RepositoryRefused: the user's repository is in a state we do not work on; one line says which.
            GitFailed: git itself failed, is missing or too old.
        """
        if (home / _MARK).is_file():
            return cls.open(home)
        installed()
        state = intake.base_state(source)
        repo_state.refuse(state, include_dirty=include_dirty)
        for part in ("git", "tree", "scratch"):
            if (home / part).exists():
                shutil.rmtree(home / part)
            (home / part).mkdir(parents=True)
        git = store.make(home)
        base, notes = store.take(git, state)
        git.run("update-ref", BRANCH, base)
        checkout = git.call("reset", "--hard", "--quiet", base, "--", timeout_s=1800)
        if checkout.code != 0:
            raise RepositoryRefused(f"git cannot check it out ({checkout.reason()})", where=state.path)
        made = cls(home.resolve(), state.path, base, notes, state.submodules)
        made._complete()
        return made

    @classmethod
    def open(cls, home: Path) -> "Workspace":
        """Find a complete workspace again; locks and half-written files of a killed process are removed.

        Raises:
            WorkspaceError: there is none.
        """
        try:
            known = json.loads((home / _MARK).read_text())
        except FileNotFoundError as error:
            raise WorkspaceError(f"no workspace at {home}") from error
        found = cls(
            home.resolve(), Path(known["source"]), known["base"], tuple(known["notes"]), tuple(known["submodules"])
        )
        found._tidy()
        return found

    @property
    def tree(self) -> Path:
        """The work tree."""
        return self.home / "tree"

    @property
    def git(self) -> Git:
        """git on this workspace."""
        return store.on(self.home)

    def head(self) -> str:
        """The commit the next one will stand on."""
        return self._commit("HEAD")

    def tree_id(self, commit: str = "HEAD") -> str:
        """The tree of a commit: equal ids mean byte-identical content."""
        return self.git.text("rev-parse", "--verify", "--end-of-options", f"{self._commit(commit)}^{{tree}}")

    def files(self) -> list[str]:
        """Regular files agents may name: tracked and new ones not ignored, sorted. Odd names stay in git untouched."""
        names = (name.decode(errors="surrogateescape") for name in self._listed())
        return sorted(n for n in names if treefiles.is_plain(n) and treefiles.kind(self.tree / n) == "file")

    def read(self, path: str, limit: int = 2_000_000) -> bytes:
        """The content of one file of the tree.

        Raises:
            PathRefused: no regular file of the tree, or larger than `limit` bytes.
        """
        return treefiles.read(self.tree, path, limit)

    def write(self, path: str, content: bytes) -> None:
        """Create or replace one file, atomically.

        Raises:
            PathRefused: not a path of the tree, in a submodule, or ignored by the repository (so never committed).
        """
        parts = treefiles.checked(path)
        for depth in range(1, len(parts) + 1):
            if "/".join(parts[:depth]) in self.submodules:
                raise PathRefused(f"{path}: {'/'.join(parts[:depth])} is a submodule, which is left empty")
        if self._ignored(path):
            raise PathRefused(f"{path}: ignored by the repository's .gitignore, so it would not be committed")
        treefiles.write(self.tree, path, content, self.home / "scratch")

    def delete(self, path: str) -> None:
        """Remove one file and the folders that are empty then.

        Raises:
            PathRefused: no file of the tree.
        """
        treefiles.delete(self.tree, path)

    def commit(
        self,
        subject: str,
        *,
        step: str,
        trailers: Mapping[str, str],
        body: str = "",
        allow_empty: bool = False,
    ) -> str:
        """Commit everything in the tree (files that cannot be committed are left out, see `left_out`).

        Idempotent: a commit of this step on the run's line is returned as it is. Without any change HEAD is returned,
        or an empty commit made with `allow_empty`.

        Args:
            step: the value of the trailer `Greenloop-Step`.
            trailers: more trailers, e.g. `Greenloop-Run`.
        """
        done = self.find_step(step)
        if done is not None:
            return done
        git, head = self.git, self.head()
        stage(git, skip=self._in_submodule)
        tree = git.text("write-tree")
        if tree == self.tree_id(head) and not allow_empty:
            return head
        message = store.message(subject, body, {**trailers, "Greenloop-Step": step})
        made = git.text("commit-tree", tree, "-p", head, stdin=message)
        git.run("update-ref", BRANCH, made, head)
        return made

    def set_aside(self, subject: str, *, step: str, trailers: Mapping[str, str]) -> str:
        """Commit everything in the tree on top of HEAD without moving the run's line; idempotent per step."""
        git, ref = self.git, f"{ASIDE}/{step}"
        done = git.sha(f"{ref}^{{commit}}")
        if done is not None:
            return done
        stage(git, skip=self._in_submodule)
        message = store.message(subject, "", {**trailers, "Greenloop-Step": step})
        made = git.text("commit-tree", git.text("write-tree"), "-p", self.head(), stdin=message)
        git.run("update-ref", ref, made, "0" * 40)
        return made

    def relabelled(self, commit: str, trailers: Mapping[str, str]) -> str:
        """The same commit (tree, parents, text, time) with other values for some trailers; the run's line stays.

        Deterministic, so doing it again gives the same id.
        """
        sha = self._commit(commit)
        info = next((one for one in self.log() if one.sha == sha), None)
        if info is None or {**info.trailers, **trailers} == info.trailers:
            return sha
        text = store.message(info.subject, info.body, {**info.trailers, **trailers})
        stamp = f"{info.time} +0000"
        git = self.git.with_env(GIT_AUTHOR_DATE=stamp, GIT_COMMITTER_DATE=stamp)
        parents = [word for parent in self.git.text("rev-parse", f"{sha}^@").split() for word in ("-p", parent)]
        return git.text("commit-tree", self.tree_id(sha), *parents, stdin=text)

    def find_step(self, step: str) -> str | None:
        """The commit of a step on the run's line, None when there is none."""
        wanted = store.one_line(step)
        return next((c.sha for c in self.log() if c.trailers.get("Greenloop-Step") == wanted), None)

    def left_out(self) -> list[LeftOut]:
        """What lies in the tree and cannot be committed, each with its reason."""
        tracked_or_new = set(self._listed())
        found = {
            name: odd(self.tree, name) for name in tracked_or_new if treefiles.kind(_path(self.tree, name)) != "missing"
        }
        for name, entry in treefiles.walk(self.tree):
            if not entry.is_dir(follow_symlinks=False) and not entry.is_file(follow_symlinks=False):
                found[name] = odd(self.tree, name)
        return [
            LeftOut(shown(name), why) for name, why in sorted(found.items()) if why and not self._in_submodule(name)
        ]

    def reset(self, commit: str) -> None:
        """Make HEAD and the tree a commit again, byte for byte; whatever is not in the commit is removed."""
        git, target = self.git, self._commit(commit)
        shutil.rmtree(self.tree / ".git", ignore_errors=True)
        git.run("reset", "--hard", "--quiet", target, "--")
        treefiles.prune(self.tree, set(records(git.run("ls-files", "-z"))))

    def export(self, commit: str, paths: Sequence[str] = ()) -> bytes:
        """An uncompressed tar of a commit: regular files, and links that stay inside; only below `paths` when given."""
        wanted = tuple(os.fsencode(p.rstrip("/")) for p in paths)
        found = [
            entry
            for entry in history.entries(self.git, self._commit(commit))
            if entry.mode != "160000" and (not wanted or any(_below(entry.name, p) for p in wanted))
        ]
        blobs = history.contents(self.git, [entry.sha for entry in found])
        return history.archive((e.name, e.mode, content) for e, (_, content) in zip(found, blobs, strict=True))

    def snapshot(self) -> bytes:
        """The same of the tree as it is now, uncommitted changes included."""
        found = (on_disk(self.tree, name) for name in self._listed())
        return history.archive(item for item in found if item is not None)

    def read_at(self, commit: str, path: str) -> bytes | None:
        """A regular file's content in a commit, None when it has none there."""
        treefiles.checked(path)
        return history.read_at(self.git, self._commit(commit), path)

    def diff(self, old: str, new: str, *, stat: bool = False) -> str:
        """The difference between two commits as text."""
        return history.diff(self.git, self._commit(old), self._commit(new), stat=stat)

    def changes(self, old: str, new: str) -> list[FileChange]:
        """What differs between two commits, file by file."""
        return history.changes(self.git, self._commit(old), self._commit(new))

    def line(self, old: str, new: str) -> list[CommitInfo]:
        """The commits from `old` (excluded) to `new` along first parents, oldest first; none when it is no ancestor."""
        return history.line(self.git, self._commit(old), self._commit(new), self.memory.infos)

    def lines_of(self, commit: str) -> dict[str, list[int]]:
        """File -> numbers (from 1) of the lines a commit brought, as they stand in it."""
        return history.added_lines(self.git, self._commit(commit))

    def log(self) -> list[CommitInfo]:
        """The run's commits, oldest first."""
        tip = self.head()
        if tip not in self.memory.lines:
            self.memory.lines[tip] = history.log(self.git, self.base, tip, self.memory.infos)
        return self.memory.lines[tip]

    def deliver(self, commit: str, branch: str) -> Delivery:
        """Put a commit into the user's repository as one new branch; idempotent, never forced.

        Raises:
            BranchTaken: the branch is there and points to something else, or its name cannot be used.
            RepositoryRefused: the user's folder is no repository any more.
        """
        return deliver(self.git, self.source, self._commit(commit), branch, base=self.base)

    def _commit(self, revision: str) -> str:
        """The full id of `HEAD` or of a commit id; nothing else is a revision here."""
        if revision != "HEAD" and not re.fullmatch(r"[0-9a-f]{7,40}", revision):
            raise WorkspaceError(f"{revision[:60]!a} is not a commit id")
        if revision in self.memory.commits:
            return revision
        sha = self.git.sha(f"{revision}^{{commit}}")
        if sha is None:
            raise WorkspaceError(f"there is no commit {revision}")
        self.memory.commits.add(sha)
        return sha

    def _listed(self) -> list[bytes]:
        return records(self.git.run("ls-files", "-z", "-c", "-o", "--exclude-standard", "--deduplicate"))

    def _ignored(self, path: str) -> bool:
        asking = self.git.with_env(GIT_LITERAL_PATHSPECS="0")
        result = asking.call("check-ignore", "-z", "--stdin", stdin=b"./" + os.fsencode(path) + b"\0")
        if "beyond a symbolic link" in result.reason():
            raise PathRefused(f"{path}: leads through a symbolic link")
        if result.code > 1:
            raise GitFailed(f"git check-ignore: {result.reason()}")
        return result.code == 0

    def _in_submodule(self, name: bytes) -> bool:
        return any(_below(name.rstrip(b"/"), os.fsencode(s)) for s in self.submodules)

    def _complete(self) -> None:
        known = {"source": str(self.source), "base": self.base, "notes": self.notes, "submodules": self.submodules}
        temporary = self.home / f"{_MARK}.new"
        with temporary.open("w") as file:
            json.dump(known, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.home / _MARK)

    def _tidy(self) -> None:
        store.tidy(self.home)


def _below(name: bytes, folder: bytes) -> bool:
    return name == folder or name.startswith(folder + b"/")


def _path(root: Path, name: bytes) -> Path:
    return root / os.fsdecode(name)


def on_disk(root: Path, name: bytes) -> tuple[bytes, str, bytes] | None:
    """Name, git's mode and content of one file or link as it is now; None when it is something else or too large."""
    path = _path(root, name)
    found = treefiles.kind(path)
    if found == "link":
        return name, "120000", os.fsencode(path.readlink())
    if found != "file" or path.lstat().st_size > treefiles.MAX_FILE:
        return None
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        return name, "100755" if os.fstat(handle).st_mode & 0o100 else "100644", file.read()
