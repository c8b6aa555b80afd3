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
            raise RepositoryRefused(f"{self.path}: not a git repository")
        return self.common_dir / "objects"


def refuse(state: RepoState, *, include_dirty: bool) -> None:
    """Raise when a run cannot start here.

    Raises:
        RepositoryRefused: with one line that says what to do.
    """
    line = refusal(state, include_dirty=include_dirty)
    if line:
        raise RepositoryRefused(f"{state.path}: {line}")


def refusal(state: RepoState, *, include_dirty: bool) -> str:
    """Why a run cannot start here, in one line; empty when it can."""
    if state.problem or state.empty:
        return state.problem
    if state.in_progress:
        return f"{state.in_progress} is in progress: finish or abort it first"
    changed = (*state.dirty, *state.untracked)
    listed = ", ".join(changed[:5]) + (f" and {len(changed) - 5} more" if len(changed) > 5 else "")
    if state.unborn and changed:
        return f"it has files but no commit yet ({listed}): commit them first"
    if changed and not include_dirty:
        return f"it has uncommitted changes ({listed}): commit or stash them, or use --include-dirty"
    return ""


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
