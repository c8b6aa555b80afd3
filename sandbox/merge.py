"""`greenloop merge`: bring a delivered branch into the branch that is checked out, at the user's own command.

This is the only place that writes into the user's checkout. The merge itself is computed outside of it, then put in
place as a fast-forward in one step, so that a conflict leaves nothing half-merged. Hooks, filters, merge and diff
drivers of the repository's configuration do not run.
"""

import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.errors import RepositoryRefused
from sandbox.git import Git, Result
from sandbox.intake import base_state, borrowed, copy_plain
from sandbox.repo_state import RepoState, in_progress, unusable
from sandbox.staging import records

_PROGRAM = re.compile(r"(filter|merge|diff)\.(?s:.*)\.(clean|smudge|process|driver|command|textconv|required)")


@dataclass(frozen=True, slots=True)
class MergeResult:
    """What a merge did."""

    kind: Literal["already", "fast-forward", "merge", "first"]
    """`first`: HEAD was unborn, the branch's content became its first commit."""
    commit: str
    branch: str
    """The branch that was merged into."""


def merge(repo: Path, branch: str) -> MergeResult:
    """Merge a branch of the user's repository into the one that is checked out.

    Raises:
        RepositoryRefused: the checkout has uncommitted changes, the merge has conflicts, untracked files are in the
            way, HEAD is detached, or there is no such branch. Nothing was changed then.
    """
    state = base_state(repo)
    _refuse(state)
    user = _disarmed(Git(git_dir=state.git_dir, work_tree=state.top))
    tip = user.sha(f"refs/heads/{branch}^{{commit}}")
    if tip is None:
        raise RepositoryRefused(f"there is no branch {branch[:80]!a}", where=state.path)
    into = str(state.branch)
    if state.head is None:
        _put(user, state, None, tip, branch)
        return MergeResult("first", tip, into)
    if user.call("merge-base", "--is-ancestor", tip, state.head).code == 0:
        return MergeResult("already", state.head, into)
    if user.call("merge-base", "--is-ancestor", state.head, tip).code == 0:
        _put(user, state, state.head, tip, branch)
        return MergeResult("fast-forward", tip, into)
    commit = _merge_commit(state, state.head, tip, branch)
    _put(user, state, state.head, commit, branch)
    return MergeResult("merge", commit, into)


def _refuse(state: RepoState) -> None:
    if state.problem:
        raise unusable(state)
    if state.empty:
        raise RepositoryRefused("there is no repository", where=state.path)
    if state.in_progress:
        raise in_progress(state)
    if state.dirty:
        told = f"it has uncommitted changes ({', '.join(state.dirty[:5])})"
        raise RepositoryRefused(told, advice="commit or stash them first", where=state.path)
    if state.detached:
        advice = "check out the branch to merge into first"
        raise RepositoryRefused("HEAD is detached", advice=advice, where=state.path)


def _disarmed(user: Git) -> Git:
    """The user's git with every program its configuration names switched off (a merge driver then means a conflict)."""
    keys = (os.fsdecode(r) for r in records(user.run("config", "-z", "--name-only", "--list")))
    values = {"driver": "false", "required": "false"}
    off = [(key, values.get(key.rpartition(".")[2], "")) for key in keys if _PROGRAM.fullmatch(key)]
    env = {"GIT_CONFIG_COUNT": str(len(off))}
    for number, (key, value) in enumerate(off):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return user.with_env(**env)


def _merge_commit(state: RepoState, head: str, tip: str, branch: str) -> str:
    """Compute the merge in a git folder of our own and write its commit into the user's objects."""
    with borrowed(state, state.objects()) as git:
        result = git.call("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", head, tip)
        parts = records(result.out)
        if result.code == 1:
            names = ", ".join(os.fsdecode(n).encode("unicode_escape").decode() for n in parts[1:6])
            told = f"{branch} conflicts with {state.branch} in {names}"
            raise RepositoryRefused(told, advice="merge it by hand", where=state.path)
        if result.code != 0:
            raise RepositoryRefused(f"{branch} cannot be merged ({result.reason()})", where=state.path)
        message = f"Merge branch '{branch}'\n".encode()
        return git.text("commit-tree", parts[0].decode(), "-p", head, "-p", tip, stdin=message)


def _put(user: Git, state: RepoState, old: str | None, new: str, branch: str) -> None:
    """Move the checkout from one commit to the next, all or nothing as far as git can tell beforehand."""
    commits = [old, new] if old else [new]
    with tempfile.TemporaryDirectory(prefix="greenloop-") as folder:
        index = Path(folder) / "index"
        copy_plain(Path(str(state.git_dir)) / "index", index)
        trial = _move(user.with_env(GIT_INDEX_FILE=str(index)), "--dry-run", *commits)
    moved = _move(user, *commits) if trial.code == 0 else trial
    if moved.code != 0:
        raise RepositoryRefused(f"{branch} cannot be checked out ({moved.reason()})", where=state.path)
    if old:
        user.run("update-ref", "-m", f"merge {branch}", "ORIG_HEAD", old)
    user.run("update-ref", "-m", f"merge {branch}: greenloop", "HEAD", new, old or "0" * 40)


def _move(git: Git, *arguments: str) -> Result:
    git.call("update-index", "-q", "--refresh", "--ignore-submodules")
    return git.call("read-tree", "-m", "-u", *arguments, timeout_s=600)
