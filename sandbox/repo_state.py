"""The states a user's repository can be in, and which of them a run can start from: values and rules."""

import os
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import RepositoryRefused
from sandbox.staging import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class RepoState:
    """What is found at a path the user named. `problem` is one line when nothing can be read there at all."""

    path: Path
    exists: bool = False
    empty: bool = False
    """Missing, or a folder without any entry: becomes a new repository."""
    problem: str = ""
    advice: str = ""
    """What to do about the problem."""
    top: Path | None = None
    """The work tree's top folder; None when `bare` or no repository."""
    git_dir: Path | None = None
    common_dir: Path | None = None
    bare: bool = False
    unborn: bool = False
    detached: bool = False
    branch: str | None = None
    head: str | None = None
    dirty: tuple[str, ...] = ()
    """Tracked files that differ from HEAD, staged or not, safe to show."""
    untracked: tuple[str, ...] = ()
    """Files (or folders, with a final `/`) git does not know and does not ignore, safe to show."""
    in_progress: str | None = None
    shallow: bool = False
    partial: bool = False
    linked_worktree: bool = False
    subfolder: bool = False
    """The path lies below the top folder; the whole repository is used."""
    submodules: tuple[str, ...] = ()

    @property
    def new(self) -> bool:
        """Whether a run starts from nothing here."""
        return self.empty or (self.unborn and not self.dirty and not self.untracked)

    def objects(self) -> Path:
        """Where the repository keeps its objects."""
        if self.common_dir is None:
            raise RepositoryRefused("not a git repository", where=self.path)
        return self.common_dir / "objects"


def refuse(state: RepoState, *, include_dirty: bool) -> None:
    """Raise when a run cannot start here.

    Raises:
        RepositoryRefused: with one line that says what to do.
    """
    refused = refusal(state, include_dirty=include_dirty)
    if refused is not None:
        raise refused


def refusal(state: RepoState, *, include_dirty: bool) -> RepositoryRefused | None:
    """Why a run cannot start here, in one line; None when it can."""
    if state.problem:
        return unusable(state)
    if state.empty:
        return None
    if state.in_progress:
        return in_progress(state)
    changed = (*state.dirty, *state.untracked)
    listed = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    if state.unborn and changed:
        told = f"it has files but no commit yet ({listed})"
        return RepositoryRefused(told, advice="commit them first", where=state.path)
    if changed and not include_dirty:
        advice = "commit or stash them, or use --include-dirty"
        return RepositoryRefused(f"it has uncommitted changes ({listed})", advice=advice, where=state.path)
    return None


def unusable(state: RepoState) -> RepositoryRefused:
    """The error for a state without a repository that could be read."""
    return RepositoryRefused(state.problem or "not a git repository", advice=state.advice, where=state.path)


def in_progress(state: RepoState) -> RepositoryRefused:
    """The error for a merge, rebase or the like that was begun."""
    told = f"{state.in_progress} is in progress"
    return RepositoryRefused(told, advice="finish or abort it first", where=state.path)


def notes(state: RepoState) -> tuple[str, ...]:
    """What the user should know about a repository that is accepted."""
    found = []
    if state.subfolder:
        found.append(f"{state.path} is a folder inside a repository: the whole repository {state.top} is used")
    if state.submodules:
        found.append(f"submodules are left empty: {', '.join(shown(os.fsencode(s)) for s in state.submodules[:5])}")
    if state.shallow:
        found.append("a shallow clone: the run sees only the history that is there")
    if state.detached:
        found.append("HEAD is detached: the run starts from the commit that is checked out")
    return tuple(found)
