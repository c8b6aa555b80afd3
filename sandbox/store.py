"""Our own store of a run: how it is made, filled, kept tidy, and what a commit message of ours looks like."""

import re
import time
from collections.abc import Mapping
from pathlib import Path

from sandbox import intake
from sandbox.git import EXACT, Git, alone
from sandbox.repo_state import RepoState
from sandbox.repo_state import notes as notes_of

BRANCH = "refs/heads/run"
SCRATCH_S = 600
"""Seconds after which a file in `scratch` belongs to nobody alive."""
_ATTRIBUTES = "* -text !eol -ident -filter !working-tree-encoding !diff !merge !export-ignore !export-subst\n"


def on(home: Path) -> Git:
    """git on the store and tree of a workspace's home: byte-exact, and noticed by `tidy` while it runs."""
    home = home.resolve()
    return Git(git_dir=home / "git", work_tree=home / "tree", config=EXACT, lock=home / "git.lock")


def make(home: Path) -> Git:
    """An empty store, its settings ours alone."""
    git = on(home)
    Git(cwd=home).run("init", "--quiet", "--bare", "--template=", "--initial-branch=run", str(home.resolve() / "git"))
    (home / "git" / "info").mkdir(exist_ok=True)
    (home / "git" / "info" / "attributes").write_text(_ATTRIBUTES)
    git.run("config", "core.bare", "false")
    return git


def take(git: Git, state: RepoState) -> tuple[str, tuple[str, ...]]:
    """Bring the commit to start from into the store; returns it with what the user should know."""
    notes = notes_of(state)
    if state.new:
        tree = git.text("mktree")
        return git.text("commit-tree", tree, stdin=b"Start of a new repository\n"), notes
    base = str(state.head)
    if state.dirty or state.untracked:
        base, left_out = intake.snapshot(git, state)
        notes += tuple(f"not taken: {item.path} ({item.reason})" for item in left_out)
    intake.import_objects(git, state, base)
    return base, notes


def empty_commit(git: Git) -> str:
    """A commit without a file, the same every time: what a whole repository is compared with."""
    dated = git.with_env(GIT_AUTHOR_DATE="@0 +0000", GIT_COMMITTER_DATE="@0 +0000")
    return dated.text("commit-tree", git.text("mktree"), stdin=b"Nothing\n")


def message(subject: str, body: str, trailers: Mapping[str, str]) -> bytes:
    """A commit message whose last paragraph is ours alone, whatever a model wrote into subject and body."""
    for key in trailers:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", key):
            raise ValueError(f"not a trailer: {key!r}")
    told = [one_line(subject)[:200] or "Change"]
    text = "\n".join(
        "".join(c for c in line if c.isprintable() or c == "\t").rstrip() for line in body.splitlines()
    ).strip()
    last = "\n".join(f"{key}: {one_line(value)}" for key, value in trailers.items())
    return "\n\n".join([*told, *([text] if text else []), last]).encode(errors="replace") + b"\n"


def one_line(text: str) -> str:
    """Text as one line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def tidy(home: Path) -> None:
    """Remove what a killed process left: locks and half-written files. Not while a git of its is still alive."""
    stale = ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "objects/??/tmp_obj_*")
    with alone(home / "git.lock", wait_s=1.0) as nobody_else:
        for pattern in stale if nobody_else else ():
            for path in (home / "git").glob(pattern):
                path.unlink(missing_ok=True)
    for path in (home / "scratch").glob("*"):
        if path.lstat().st_mtime < time.time() - SCRATCH_S:
            path.unlink(missing_ok=True)
