"""What a commit changed, made again on another one: a merge in git's own store, the tree stays as it is."""

import os

from sandbox.errors import GitFailed
from sandbox.git import Git
from sandbox.history import FileChange, changes, read_at
from sandbox.workspace import ASIDE

_STAMP = dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), "1000000000 +0000")
"""The same merge has the same ids."""


def hold(git: Git, commit: str, name: str) -> None:
    """Keep a commit that is about to leave the run's line, under a name; whoever carries the run on gets it too."""
    git.run("update-ref", f"{ASIDE}/{name}", commit)


def replayed(git: Git, start: str, commit: str, onto: str) -> dict[str, bytes | None] | None:
    """Contents of the files that differ from `onto` when what lies between `start` and `commit` is done to it.

    Returns:
        Path -> content (None: the file goes); None when it does not apply cleanly, or a commit is not there.

    Raises:
        GitFailed: git itself failed.
    """
    if any(git.sha(f"{one}^{{commit}}") is None for one in (start, commit, onto)):
        return None
    stamped = git.with_env(**_STAMP)
    root = stamped.text("commit-tree", f"{start}^{{tree}}", stdin=b"start\n")
    ours, theirs = (
        stamped.text("commit-tree", f"{one}^{{tree}}", "-p", root, stdin=b"side\n") for one in (onto, commit)
    )
    merged = git.call("merge-tree", "--write-tree", "--no-messages", ours, theirs)
    if merged.code == 1:
        return None
    if merged.code != 0:
        raise GitFailed(f"git merge-tree: {merged.reason()}")
    tree = os.fsdecode(merged.out).strip()
    result = stamped.text("commit-tree", tree, "-p", ours, stdin=b"merged\n")
    return {one.path: _content(git, result, one) for one in changes(git, ours, result)}


def _content(git: Git, commit: str, change: FileChange) -> bytes | None:
    return None if change.status == "D" else read_at(git, commit, change.path)
