"""Putting a finished commit into the user's repository: one new branch, nothing else is touched.

Objects are written with our own configuration in force, as one pack; the user's is in force only while the new branch
is checked and created, with hooks off. A folder that is missing or no repository becomes one (HEAD unborn on `main`).
"""

import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import BranchTaken, GitFailed, RepositoryRefused
from sandbox.git import Git
from sandbox.intake import LEFTOVER, Places, discover, is_empty

ATTEMPTS = 5
OTHER_NAME = "use --branch NAME"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a result went."""

    repo: Path
    branch: str
    commit: str
    created: bool = False
    """The repository was made for it."""
    already: bool = False
    """The branch was there and pointed to the commit."""


def deliver(store: Git, source: Path, commit: str, branch: str, *, base: str) -> Delivery:
    """Create `branch` at `commit` in the user's repository.

    Args:
        store: our store, which has the commit.
        base: a commit the user's repository probably has, with everything it needs.

    Raises:
        BranchTaken: the branch exists and points elsewhere, is checked out unborn, or is no valid name.
        RepositoryRefused: the path holds something that is no repository.
        GitFailed: git itself failed, or the branch would have been incomplete.
    """
    ref = _ref(store, branch)
    places, created = _repository(source)
    user = Git(git_dir=places.git_dir)
    if user.call("symbolic-ref", "--quiet", "HEAD").out.decode(errors="replace").strip() == ref and not user.sha(
        "HEAD"
    ):
        raise BranchTaken(f"{branch} is the branch that is checked out in {places.top}")
    there = user.sha(ref)
    if there is not None:
        return _already(there, places, branch, commit, created)
    _transfer(store, user, places, commit, base)
    _create(user, ref, commit, places)
    return Delivery(places.top, branch, commit, created=created)


def refuse_branch(store: Git, source: Path, branch: str) -> None:
    """See to it before any work that `deliver` can create the branch.

    Raises:
        BranchTaken: it exists, or is no valid name.
    """
    ref = _ref(store, branch)
    places = discover(source.resolve()) if source.exists() else None
    if isinstance(places, Places) and (there := Git(git_dir=places.git_dir).sha(ref)):
        raise _taken(branch, places, there, OTHER_NAME)


def refuse_name(branch: str) -> None:
    """See to it that a branch could have this name; no repository is needed.

    Raises:
        BranchTaken: it is no valid name.
    """
    _ref(Git(), branch)


def _ref(store: Git, branch: str) -> str:
    ref = f"refs/heads/{branch}"
    if branch.startswith("-") or branch == "HEAD" or store.call("check-ref-format", ref).code != 0:
        raise BranchTaken(f"{branch[:80]!a} is not a valid branch name", advice=OTHER_NAME)
    return ref


def _taken(branch: str, places: Places, there: str, advice: str = "") -> BranchTaken:
    return BranchTaken(f"branch {branch} exists already in {places.top} and points to {there[:12]}", advice=advice)


def _already(there: str, places: Places, branch: str, commit: str, created: bool) -> Delivery:
    if there != commit:
        raise _taken(branch, places, there)
    return Delivery(places.top, branch, commit, created=created, already=True)


def _repository(source: Path) -> tuple[Places, bool]:
    """The user's repository, made when there is none; True when it was made."""
    made = not os.path.lexists(source / ".git") and _is_new(source)
    if made:
        _make_repository(source)
    found = discover(source.resolve())
    if not isinstance(found, Places):
        raise RepositoryRefused(found.problem, advice=found.advice, where=source)
    return found, made


def _is_new(source: Path) -> bool:
    if not source.exists():
        return True
    if is_empty(source):
        return True
    return not isinstance(discover(source.resolve()), Places)


def _make_repository(source: Path) -> None:
    """`git init` that is there completely or not at all: prepared beside, then renamed to `.git`."""
    source.mkdir(parents=True, exist_ok=True)
    for leftover in source.glob(f"{LEFTOVER}*"):
        shutil.rmtree(leftover)
    beside = Path(tempfile.mkdtemp(prefix=LEFTOVER, dir=source))
    Git(cwd=beside).run("init", "--quiet", "--template=", "--initial-branch=main", str(beside))
    (beside / ".git").rename(source / ".git")
    beside.rmdir()


def _transfer(store: Git, user: Git, places: Places, commit: str, base: str) -> None:
    """Send what the user's repository lacks; everything when the part after `base` does not fit any more."""
    lacking = [f"{commit}\n^{base}\n"] if user.sha(f"{base}^{{commit}}") else []
    for wanted in (*lacking, f"{commit}\n"):
        with tempfile.TemporaryFile() as pack:
            store.run(
                "pack-objects", "--quiet", "--revs", "--stdout", stdin=wanted.encode(), stdout=pack, timeout_s=1800
            )
            pack.seek(0)
            writing = store.with_env(GIT_OBJECT_DIRECTORY=str(places.common_dir / "objects"))
            writing.run("index-pack", "--stdin", "--fix-thin", stdin=pack, timeout_s=1800)
        complete = user.call("rev-list", "--objects", "--quiet", commit, "--not", "--all", "--", timeout_s=600)
        if complete.code == 0:
            return
    raise GitFailed(f"the branch would be incomplete in {places.top}: {complete.reason()}")


def _create(user: Git, ref: str, commit: str, places: Places) -> None:
    """Create the branch if it is not there; another process holding a lock is waited for, a bounded time."""
    for attempt in range(ATTEMPTS):
        result = user.call("update-ref", "-m", "greenloop: delivered", ref, commit, "0" * 40)
        there = user.sha(ref)
        if there == commit:
            return
        if there is not None:
            raise BranchTaken(f"{ref.removeprefix('refs/heads/')} exists already in {places.top}")
        if "exists; cannot create" in result.reason() or "there is a non-empty directory" in result.reason():
            raise BranchTaken(f"{ref.removeprefix('refs/heads/')} clashes with another branch ({result.reason()})")
        time.sleep(0.05 * 2**attempt)
    raise GitFailed(f"the branch cannot be created in {places.top}: {result.reason()}")
