"""Reading the user's repository: what state it is in, and taking its objects and uncommitted changes into our store.

Its configuration is never in force while files or objects are read: status and snapshots work on a copy of its index
from a git folder of our own, and objects are read through an alternate. So its filters, hooks and remotes cannot run,
and nothing of it is written.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sandbox.errors import GitFailed, RepositoryRefused
from sandbox.git import Git
from sandbox.repo_state import RepoState, unusable
from sandbox.staging import LeftOut, records, shown, stage

LEFTOVER = ".greenloop-new"
"""Where a new repository is prepared in an empty folder; what a killed process left of it does not count as content."""

_IN_PROGRESS = {
    "MERGE_HEAD": "a merge",
    "rebase-merge": "a rebase",
    "rebase-apply": "a rebase or git am",
    "CHERRY_PICK_HEAD": "a cherry-pick",
    "REVERT_HEAD": "a revert",
}
_CONVERSIONS = ("autocrlf", "eol", "filemode", "ignorecase", "symlinks", "precomposeunicode", "checkstat", "trustctime")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a repository keeps its parts."""

    top: Path
    git_dir: Path
    common_dir: Path


def base_state(repo: Path) -> RepoState:
    """Look at the user's repository without changing anything or running anything it configures."""
    path = repo.absolute()
    if not os.path.lexists(path):
        return RepoState(path=path, empty=True)
    try:
        path = path.resolve(strict=True)
        if not path.is_dir():
            return RepoState(path=path, exists=True, problem="not a folder")
        if is_empty(path):
            return RepoState(path=path, exists=True, empty=True)
    except (OSError, RuntimeError) as error:
        return RepoState(path=path, exists=True, problem=f"it cannot be opened ({type(error).__name__})")
    found = discover(path)
    if isinstance(found, RepoState):
        return found
    return _state(path, found)


def commit_named(repo: Path, revision: str) -> str | None:
    """The id of a commit of the user's repository, None when it has none of that name.

    Raises:
        RepositoryRefused: there is no repository.
    """
    state = base_state(repo)
    if state.git_dir is None:
        raise RepositoryRefused("not a git repository", where=repo)
    return Git(git_dir=state.git_dir).sha(f"{revision}^{{commit}}")


def common_ancestor(repo: Path, revision: str) -> str | None:
    """The last commit that HEAD and `revision` share, None when they share none or there is no such revision.

    Raises:
        RepositoryRefused: there is no repository.
    """
    state = base_state(repo)
    found = commit_named(repo, revision)
    if found is None or state.git_dir is None or state.head is None:
        return None
    shared = Git(git_dir=state.git_dir).call("merge-base", "--end-of-options", state.head, found)
    return shared.out.decode().split("\n")[0] if shared.code == 0 else None


def is_empty(folder: Path) -> bool:
    """Whether a folder has no entry (of anybody but us)."""
    return all(entry.name.startswith(LEFTOVER) for entry in folder.iterdir())


def discover(path: Path) -> Places | RepoState:
    """Find the repository a folder belongs to: its folders, or the state that says why not."""
    git = Git(cwd=path)
    asked = git.call("rev-parse", "--is-bare-repository")
    if asked.code != 0:
        return _no_repository(path, asked.reason())
    if asked.out.strip() == b"true":
        return _bare(path)
    answers = [git.call("rev-parse", "--path-format=absolute", what) for what in _PLACES]
    failed = next((a for a in answers if a.code != 0), None)
    if failed is not None:
        return RepoState(path=path, exists=True, problem=f"git cannot use it: {failed.reason()}")
    top, git_dir, common = (Path(os.fsdecode(a.out.removesuffix(b"\n"))).resolve() for a in answers)
    if top != path and top not in path.parents:
        return RepoState(
            path=path, exists=True, problem=f"its configuration (core.worktree) points to {top}, outside of it"
        )
    return Places(top, git_dir, common)


_PLACES = ("--show-toplevel", "--git-dir", "--git-common-dir")


def _bare(path: Path) -> RepoState:
    advice = "point --repo at a checkout of it"
    return RepoState(path=path, exists=True, bare=True, problem="a bare repository", advice=advice)


def _no_repository(path: Path, reason: str) -> RepoState:
    if "safe.bareRepository" in reason or "cannot use bare repository" in reason:
        return _bare(path)
    if "dubious ownership" in reason:
        advice = "run greenloop as its owner"
        return RepoState(path=path, exists=True, problem="it belongs to another user", advice=advice)
    if "not a git repository" in reason and not os.path.lexists(path / ".git"):
        advice = "run `git init && git add -A && git commit`, or name an empty folder"
        return RepoState(path=path, exists=True, problem="not a git repository", advice=advice)
    return RepoState(path=path, exists=True, problem=f"git cannot use it: {reason}")


def _state(path: Path, found: Places) -> RepoState:
    user = Git(git_dir=found.git_dir)
    if user.text("rev-parse", "--show-object-format") != "sha1":
        return RepoState(path=path, exists=True, problem="it uses SHA-256 objects, which greenloop does not support")
    symbolic = user.call("symbolic-ref", "--quiet", "HEAD")
    ref = os.fsdecode(symbolic.out).strip() if symbolic.code == 0 else None
    head = user.sha("HEAD^{commit}")
    state = RepoState(
        path=path,
        exists=True,
        top=found.top,
        git_dir=found.git_dir,
        common_dir=found.common_dir,
        head=head,
        branch=ref.removeprefix("refs/heads/") if ref else None,
        detached=ref is None,
        unborn=head is None,
        shallow=(found.common_dir / "shallow").is_file(),
        partial=any((found.common_dir / "objects" / "pack").glob("*.promisor")),
        linked_worktree=found.git_dir != found.common_dir,
        subfolder=found.top != path,
        in_progress=next((what for name, what in _IN_PROGRESS.items() if os.path.lexists(found.git_dir / name)), None),
    )
    if head is None and (ref is None or user.call("rev-parse", "--quiet", "--verify", "HEAD").code == 0):
        return replace(state, problem="its HEAD names a commit that is not there")
    try:
        with borrowed(state) as git:
            return _with_changes(state, git)
    except (GitFailed, OSError) as error:
        return replace(state, problem=f"it cannot be read: {error}")


def _with_changes(state: RepoState, git: Git) -> RepoState:
    dirty: list[str] = []
    untracked: list[str] = []
    in_progress = state.in_progress
    status = ("status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all", "--untracked-files=normal")
    for record in records(git.run(*status)):
        code, name = record[:2], shown(record[3:])
        (untracked if code == b"??" else dirty).append(name)
        if b"U" in code or code in (b"AA", b"DD"):
            in_progress = in_progress or "a merge (there are unresolved conflicts)"
    staged = records(git.run("ls-files", "-z", "--stage"))
    links = tuple(os.fsdecode(r.partition(b"\t")[2]) for r in staged if r.startswith(b"160000 "))
    return replace(state, dirty=tuple(dirty), untracked=tuple(untracked), submodules=links, in_progress=in_progress)


@contextmanager
def borrowed(state: RepoState, objects: Path | None = None) -> Iterator[Git]:
    """A throw-away git folder of ours: the user's work tree, a copy of the index, the objects as an alternate.

    Args:
        objects: where new objects go (our store's); thrown away when None.
    """
    if state.git_dir is None or state.common_dir is None or state.top is None:
        raise unusable(state)
    with tempfile.TemporaryDirectory(prefix="greenloop-") as folder:
        ours = Path(folder)
        for name in ("refs", "objects", "info"):
            (ours / name).mkdir()
        (ours / "HEAD").write_text(f"{state.head}\n" if state.head else "ref: refs/heads/unborn\n")
        (ours / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = false\n")
        for index in (state.git_dir / "index", *state.git_dir.glob("sharedindex.*")):
            copy_plain(index, ours / index.name)
        copy_plain(state.common_dir / "info" / "exclude", ours / "info" / "exclude")
        copy_plain(state.common_dir / "shallow", ours / "shallow")
        store = objects or ours / "objects"
        git = Git(git_dir=ours, work_tree=state.top, config=_conversions(state.git_dir))
        yield git.with_env(GIT_OBJECT_DIRECTORY=str(store), **alternate(state.objects()))


def copy_plain(source: Path, target: Path) -> None:
    """Copy a regular file with its times (git compares them); anything else is no file to us."""
    if source.is_file() and not source.is_symlink():
        shutil.copy2(source, target)


def alternate(objects: Path) -> dict[str, str]:
    """The environment that lets git read objects from another store, whatever is in its path."""
    text = str(objects).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return {"GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{text}"'}


def _conversions(git_dir: Path) -> tuple[tuple[str, str], ...]:
    """The repository's own settings for line ends and file systems: plain words, nothing that runs."""
    listed = Git(git_dir=git_dir).call("config", "-z", "--get-regexp", rf"^core\.({'|'.join(_CONVERSIONS)})$")
    pairs = (os.fsdecode(record).partition("\n") for record in records(listed.out))
    excludes = _global_ignores()
    found = tuple((key, value) for key, _, value in pairs if re.fullmatch(r"[a-z]{2,9}", value))
    return (*found, ("core.excludesFile", str(excludes))) if excludes else found


def _global_ignores() -> Path | None:
    """The user's own list of ignored names, so that an editor's folder does not make a checkout look dirty."""
    try:
        path = Path("~/.config/git/ignore").expanduser()
    except RuntimeError:
        return None
    return path if os.access(path, os.R_OK) and path.is_file() else None


def import_objects(store: Git, state: RepoState, tip: str) -> None:
    """Copy every object `tip` needs into our store, without hard links and without reading the user's configuration.

    Raises:
        RepositoryRefused: objects are missing or damaged.
    """
    if store.git_dir is None or state.common_dir is None:
        raise ValueError("importing needs two repositories")
    copy_plain(state.common_dir / "shallow", store.git_dir / "shallow")
    reading = store.with_env(**alternate(state.objects()))
    target = store.git_dir / "objects" / "pack" / "pack"
    packed = reading.call(
        "pack-objects",
        "--quiet",
        "--revs",
        "--delta-base-offset",
        str(target),
        stdin=f"{tip}\n".encode(),
        timeout_s=1800,
    )
    if packed.code != 0:
        raise _lacking(state, packed.reason())


def _lacking(state: RepoState, reason: str) -> RepositoryRefused:
    told = "it is a partial clone" if state.partial else "objects are missing or damaged"
    advice = "fetch the missing objects first" if state.partial else ""
    return RepositoryRefused(f"{told} ({reason})", advice=advice, where=state.path)


def snapshot(store: Git, state: RepoState) -> tuple[str, list[LeftOut]]:
    """Commit the user's uncommitted changes (with new files not ignored) in our store; index and stash stay as is.

    Returns:
        The commit and what could not be taken.

    Raises:
        RepositoryRefused: objects are missing or damaged.
    """
    if store.git_dir is None or state.head is None:
        raise ValueError("a snapshot needs a commit to stand on")
    links = {os.fsencode(name) for name in state.submodules}
    with borrowed(state, store.git_dir / "objects") as git:
        left_out = stage(git, skip=lambda name: name in links)
        written = git.call("write-tree")
        if written.code != 0:
            raise _lacking(state, written.reason())
        tree = written.out.decode().strip()
        message = b"Uncommitted changes\n\nTaken as they were when the run started.\n"
        commit = git.text("commit-tree", tree, "-p", state.head, stdin=message)
    return commit, left_out
