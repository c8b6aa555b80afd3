"""G: whatever a repository tells git to run is not run by anything greenloop does with it."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from sandbox.errors import RepositoryRefused, SandboxError
from sandbox.intake import base_state
from sandbox.merge import merge
from sandbox.workspace import Workspace
from tests.hostile.arena import Note
from tests.hostile.cases.vectors import VECTORS, Vector

pytestmark = pytest.mark.hostile
CLEAN = {
    "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "u",
    "GIT_AUTHOR_EMAIL": "u@x", "GIT_COMMITTER_NAME": "u", "GIT_COMMITTER_EMAIL": "u@x", "TERM": "xterm",
}  # fmt: skip
SIGNED = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"


def git(repo: Path, *args: str, stdin: bytes = b"", check: bool = True) -> str:
    """Plain git, as a user would call it."""
    done = subprocess.run(
        ["git", *args], cwd=repo, env=CLEAN, input=stdin, capture_output=True, check=check, timeout=20
    )
    return os.fsdecode(done.stdout).strip()


def on_a_terminal(repo: Path, *args: str) -> None:
    """The same where output is a terminal."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run(["git", *args], cwd=repo, env=CLEAN, stdout=theirs, stderr=theirs, stdin=theirs, timeout=20)
    finally:
        os.close(ours)
        os.close(theirs)


def made(folder: Path) -> Path:
    """A repository with a branch ahead, one in conflict, a signed commit, and a bare neighbour."""
    repo = folder / "user"
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    for name in ("a.txt", "b.txt", "gone.txt"):
        (repo / name).write_text(f"{name}\n" * 5)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "one")
    for branch in ("ahead", "conflict"):
        git(repo, "checkout", "-qb", branch, "main")
        (repo / "a.txt").write_text(branch)
        git(repo, "commit", "-qam", branch)
    git(repo, "checkout", "-q", "main")
    raw = git(repo, "cat-file", "commit", "HEAD").replace("\n\n", f"\n{SIGNED}\n", 1) + "\n"
    git(repo, "branch", "signed", git(repo, "hash-object", "-t", "commit", "-w", "--stdin", stdin=raw.encode()))
    git(folder, "clone", "-q", "--bare", "user", "bare.git")
    return repo


def plant(vector: Vector, repo: Path, marker: Path) -> None:
    """Set the trap."""
    run = repo.parent / "run.sh"
    run.write_text(f"#!/bin/sh\ntouch {marker}\nexit 1\n")
    run.chmod(0o755)
    for folder in [repo / ".git/hooks"] * bool(vector.hook) + [repo.parent / "hooks"]:
        folder.mkdir(exist_ok=True)
        for name in [vector.hook] if vector.hook else ["pre-commit", "post-index-change", "reference-transaction"]:
            (folder / name).write_text(run.read_text())
            (folder / name).chmod(0o755)
    for path, text in vector.files.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text.replace("@RUN@", str(run)))
    for key, value in vector.config.items():
        git(repo, "config", key.replace("@RUN@", str(run)), value.replace("@RUN@", str(run)))
    if vector.attributes:
        (repo / ".git/info").mkdir(exist_ok=True)
        (repo / ".git/info/attributes").write_text(vector.attributes)
    if vector.name == "g34":
        blob = git(repo, "rev-parse", "HEAD:gone.txt")
        (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    if vector.name == "g35":
        (repo / ".git").rename(repo.parent / "elsewhere")
        (repo / ".git").write_text("gitdir: ../elsewhere\n")


def ours(repo: Path, home: Path) -> str:
    """Everything greenloop does to a repository, up to the delivered branch."""
    base_state(repo)
    try:
        ws = Workspace.create(home, repo, include_dirty=True)
    except RepositoryRefused:
        return "refused"
    ws.write("new.py", b"x = 1\n")
    sha = ws.commit("x", step="s", trailers={})
    ws.diff(ws.base, sha)
    ws.diff(ws.base, sha, stat=True)
    ws.changes(ws.base, sha)
    ws.log()
    ws.export(sha)
    ws.snapshot()
    ws.read_at(sha, "a.txt")
    ws.left_out()
    ws.write("a.txt", b"changed\n")
    ws.reset(sha)
    Workspace.open(home).files()
    ws.deliver(sha, "greenloop/x")
    ws.deliver(sha, "greenloop/x")
    return "not run"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_nothing_of_a_repository_is_run(tmp_path: Path, vector: Vector, note: Note) -> None:
    trap = tmp_path / "trap"
    trap.mkdir()
    repo, marker = made(trap), tmp_path / "marker"
    plant(vector, repo, marker)
    (repo / "a.txt").write_text("mine\n" * 5)
    if vector.trigger[0] == "merge":
        git(repo, "commit", "-qam", "mine") if "conflict" in vector.trigger else git(repo, "checkout", "-q", "a.txt")
        marker.unlink(missing_ok=True)
    if vector.terminal:
        on_a_terminal(repo, *vector.trigger)
    else:
        git(repo, *vector.trigger, stdin=vector.stdin, check=False)
    assert marker.exists(), "plain git does not fall into the trap, so the case shows nothing"

    fair = tmp_path / "fair"
    fair.mkdir()
    repo = made(fair)
    plant(vector, repo, marker)
    (repo / "b.txt").write_text("mine\n" * 5)
    marker.unlink()
    word = ours(repo, tmp_path / "home")
    if vector.name == "g36":
        ours(repo / "buried", tmp_path / "home2")
    assert not marker.exists()
    if word != "refused":
        git(repo, "-c", "core.hooksPath=/dev/null", "commit", "-qam", "mine", check=False)
        marker.unlink(missing_ok=True)
        for branch in ("greenloop/x", "ahead", "signed"):
            try:
                merge(repo, branch)
            except SandboxError as refused:
                assert str(refused).replace("\n", "").isprintable()
        assert not marker.exists()
    note(vector.name, vector.what, word)
