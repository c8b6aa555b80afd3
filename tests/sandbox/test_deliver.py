"""Delivery and merge: exactly one new branch, and a merge that happens completely or not at all."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.errors import BranchTaken, RepositoryRefused
from sandbox.intake import base_state
from sandbox.merge import merge
from sandbox.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]


def git(repo: Path, *args: str, check: bool = True) -> str:
    """Plain git, as a user would call it."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_AUTHOR_NAME": "u",
        "GIT_AUTHOR_EMAIL": "u@x",
        "GIT_COMMITTER_NAME": "u",
        "GIT_COMMITTER_EMAIL": "u@x",
    }
    done = subprocess.run(["git", "-C", str(repo), *args], env=env, capture_output=True, check=check)
    return os.fsdecode(done.stdout).removesuffix("\n")


def commit(repo: Path, files: dict[str, str]) -> str:
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "more")
    return git(repo, "rev-parse", "HEAD")


def everything(repo: Path) -> dict[str, str]:
    """Checkout, index, refs, reflogs, stash, configuration: all but the object store, byte for byte."""
    return {
        str(path.relative_to(repo)): hashlib.sha256(path.read_bytes()).hexdigest() + str(path.lstat().st_mtime_ns)
        for path in sorted(repo.rglob("*"))
        if path.is_file() and ".git/objects" not in str(path)
    }


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    path = tmp_path / "user"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    commit(path, {"app/main.py": "one\n", "README.md": "hello\n"})
    return path


def finished(repo: Path, files: dict[str, str], home: str = "home") -> tuple[Workspace, str]:
    """A workspace with one commit that writes `files`."""
    ws = Workspace.create(repo.parent / home, repo)
    for name, text in files.items():
        ws.write(name, text.encode())
    return ws, ws.commit("work", step="build-1", trailers={"Greenloop-Run": "r"})


def delivered(repo: Path, files: dict[str, str]) -> str:
    ws, sha = finished(repo, files)
    ws.deliver(sha, "greenloop/x")
    return sha


def test_only_the_new_branch_is_new(repo: Path) -> None:
    (repo / "stash.txt").write_text("1")
    git(repo, "stash", "-q", "-u")
    git(repo, "tag", "v1")
    before = everything(repo)
    ws, sha = finished(repo, {"app/new.py": "x = 1\n"})
    assert everything(repo) == before
    done = ws.deliver(sha, "greenloop/add-books-1")
    assert (done.repo, done.branch, done.commit, done.created, done.already) == (
        repo.resolve(), "greenloop/add-books-1", sha, False, False,
    )  # fmt: skip
    after = everything(repo)
    new = {".git/refs/heads/greenloop/add-books-1", ".git/logs/refs/heads/greenloop/add-books-1"}
    assert after.keys() - before.keys() == new and {k: v for k, v in after.items() if k not in new} == before
    assert git(repo, "log", "--format=%s", "main..greenloop/add-books-1") == "work"
    assert git(repo, "fsck", "--full", "--strict") == "" and git(repo, "status", "--porcelain") == ""


def test_delivery_is_idempotent_and_never_forced(repo: Path) -> None:
    ws, sha = finished(repo, {"a": "1"})
    ws.deliver(sha, "greenloop/x")
    assert ws.deliver(sha, "greenloop/x").already
    ws.write("b", b"2")
    more = ws.commit("more", step="2", trailers={})
    with pytest.raises(BranchTaken, match="exists already"):
        ws.deliver(more, "greenloop/x")
    assert git(repo, "rev-parse", "greenloop/x") == sha
    git(repo, "pack-refs", "--all")
    with pytest.raises(BranchTaken):
        ws.deliver(more, "greenloop/x")
    assert ws.deliver(more, "greenloop/y").commit == more


@pytest.mark.parametrize("name", ["-x", "a..b", "HEAD", "a b", "x.lock", "", "a/", "/a", "@{-1}", "a\n", "a~1", "x:y"])
def test_names_that_are_no_branch_are_refused(repo: Path, name: str) -> None:
    ws, sha = finished(repo, {"a": "1"})
    before = everything(repo)
    with pytest.raises(BranchTaken, match="not a valid branch name"):
        ws.deliver(sha, name)
    assert everything(repo) == before


def test_a_branch_in_the_way_is_named(repo: Path) -> None:
    git(repo, "branch", "greenloop")
    ws, sha = finished(repo, {"a": "1"})
    with pytest.raises(BranchTaken, match="clashes"):
        ws.deliver(sha, "greenloop/x")


@pytest.mark.parametrize("folder", ["missing/deep", "empty", "unborn"])
def test_nothing_becomes_a_repository_with_an_unborn_main(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder
    if folder != "missing/deep":
        path.mkdir()
    if folder == "unborn":
        git(path, "init", "-q", "-b", "main")
    ws = Workspace.create(tmp_path / "home", path)
    ws.write("app/main.py", b"x = 1\n")
    sha = ws.commit("first", step="1", trailers={})
    with pytest.raises(BranchTaken):
        Workspace.open(ws.home).deliver(sha, "main")
    assert not (path / ".git/refs/heads/main").exists()
    ws.deliver(sha, "greenloop/x")
    assert ws.deliver(sha, "greenloop/x").already
    assert git(path, "symbolic-ref", "HEAD") == "refs/heads/main" and git(path, "branch", "--list", "main") == ""
    assert [p.name for p in path.iterdir()] == [".git"] and git(path, "fsck", "--full") == ""
    assert merge(path, "greenloop/x").kind == "first"
    assert (path / "app/main.py").read_text() == "x = 1\n" and git(path, "rev-parse", "main") == sha
    assert git(path, "status", "--porcelain") == "" and merge(path, "greenloop/x").kind == "already"


def test_a_repository_half_made_by_a_killed_process_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "new"
    ws = Workspace.create(tmp_path / "home", path)
    ws.write("a", b"1")
    sha = ws.commit("a", step="1", trailers={})
    (path / ".greenloop-newabc/.git/objects").mkdir(parents=True)
    assert base_state(path).empty
    assert ws.deliver(sha, "greenloop/x").created
    assert [p.name for p in path.iterdir()] == [".git"]


def test_a_base_the_user_threw_away_is_sent_along(repo: Path) -> None:
    commit(repo, {"b": "2"})
    ws, sha = finished(repo, {"a": "1"})
    git(repo, "reset", "-q", "--hard", "HEAD~1")
    git(repo, "reflog", "expire", "--expire=now", "--all")
    git(repo, "gc", "-q", "--prune=now")
    ws.deliver(sha, "greenloop/x")
    assert git(repo, "fsck", "--full") == "" and git(repo, "show", "greenloop/x:b") == "2"


def test_a_base_whose_objects_are_partly_gone_is_sent_along(repo: Path) -> None:
    commit(repo, {"b": "2"})
    ws, sha = finished(repo, {"a": "1"})
    blob = git(repo, "rev-parse", "HEAD:b")
    git(repo, "update-ref", "refs/heads/main", "HEAD~1")
    (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    ws.deliver(sha, "greenloop/x")
    assert git(repo, "show", "greenloop/x:b") == "2"


def test_garbage_collection_on_either_side_harms_nobody(repo: Path) -> None:
    ws, sha = finished(repo, {"a": "1"})
    ws.deliver(sha, "greenloop/x")
    git(repo, "gc", "-q", "--prune=now", "--aggressive")
    ws.git.run("fsck", "--full")
    subprocess.run(["rm", "-rf", str(ws.home)], check=True)
    assert git(repo, "fsck", "--full") == "" and git(repo, "show", "greenloop/x:a") == "1"


DELIVER = """
import sys; from pathlib import Path; from sandbox.workspace import Workspace
ws = Workspace.open(Path(sys.argv[1])); print(ws.deliver(ws.head(), sys.argv[2]).commit)
"""


def test_runs_delivering_at_the_same_time_all_succeed(repo: Path) -> None:
    homes = [finished(repo, {f"f{n}": "1"}, f"home{n}")[0].home for n in range(6)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", DELIVER, str(h), f"greenloop/{h.name}"], cwd=ROOT, stderr=subprocess.PIPE
        )
        for h in homes
    ]
    for process in running:
        assert process.communicate()[1] == b"" and process.returncode == 0
    assert len(git(repo, "branch", "--list", "greenloop/*").splitlines()) == 6 and git(repo, "fsck", "--full") == ""


def test_merge_fast_forwards(repo: Path) -> None:
    sha = delivered(repo, {"app/main.py": "two\n", "new.txt": "1"})
    (repo / "untracked.txt").write_text("mine")
    done = merge(repo, "greenloop/x")
    assert (done.kind, done.commit, done.branch) == ("fast-forward", sha, "main")
    assert (repo / "app/main.py").read_text() == "two\n" and git(repo, "status", "--porcelain") == "?? untracked.txt"
    assert git(repo, "rev-parse", "HEAD") == sha and git(repo, "rev-parse", "ORIG_HEAD") == git(
        repo, "rev-parse", "HEAD~1"
    )


def test_merge_makes_a_merge_commit_when_both_moved(repo: Path) -> None:
    sha = delivered(repo, {"new.txt": "1", "README.md": "hello\nmore\n"})
    mine = commit(repo, {"mine.txt": "2"})
    done = merge(repo, "greenloop/x")
    assert (
        done.kind == "merge" and git(repo, "log", "-1", "--format=%P %s") == f"{mine} {sha} Merge branch 'greenloop/x'"
    )
    assert (repo / "new.txt").exists() and (repo / "mine.txt").exists() and git(repo, "status", "--porcelain") == ""
    assert git(repo, "fsck", "--full") == ""


def not_merged(repo: Path, match: str) -> None:
    before = everything(repo)
    with pytest.raises(RepositoryRefused, match=match) as caught:
        merge(repo, "greenloop/x")
    assert "\n" not in str(caught.value) and everything(repo) == before


def test_a_conflict_changes_nothing_and_names_the_file(repo: Path) -> None:
    delivered(repo, {"app/main.py": "theirs\n"})
    commit(repo, {"app/main.py": "mine\n"})
    not_merged(repo, r"conflicts with main in app/main\.py")


def test_a_merge_is_refused_when_it_could_lose_something(repo: Path) -> None:
    delivered(repo, {"app/main.py": "theirs\n", "new.txt": "theirs"})
    (repo / "new.txt").write_text("mine, untracked")
    not_merged(repo, "cannot be checked out")
    (repo / "new.txt").unlink()
    (repo / "app/main.py").write_text("mine, uncommitted\n")
    not_merged(repo, "uncommitted changes")
    git(repo, "checkout", "-q", "app/main.py")
    git(repo, "checkout", "-q", "--detach")
    not_merged(repo, "detached")
    git(repo, "checkout", "-q", "main")
    git(repo, "branch", "-q", "-m", "greenloop/x", "elsewhere")
    not_merged(repo, "no branch")


def test_a_merge_runs_no_hook_no_filter_and_no_driver(repo: Path) -> None:
    delivered(repo, {"app/main.py": "one\nmore\n"})
    commit(repo, {"app/main.py": "zero\none\n", "z": "1"})
    marker, hooks = repo.parent / "marker", repo / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-merge", "post-checkout", "pre-merge-commit", "reference-transaction", "post-index-change"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (hooks / name).chmod(0o755)
    (repo / ".git/info/attributes").write_text("* filter=a=b.c merge=a=b.c diff=a=b.c\n")
    for key in ("filter.a=b.c.clean", "filter.a=b.c.smudge", "merge.a=b.c.driver", "diff.a=b.c.textconv"):
        with (repo / ".git/config").open("a") as config:
            section, _, name = key.partition(".")
            config.write(f'[{section} "a=b.c"]\n\t{name.rpartition(".")[2]} = touch {marker}\n\trequired = true\n')
    with (repo / ".git/config").open("a") as config:
        config.write(
            f"[core]\n\tfsmonitor = touch {marker}\n[commit]\n\tgpgSign = true\n[gpg]\n\tprogram = touch {marker}\n"
        )
    (repo / "z").touch()
    try:
        merge(repo, "greenloop/x")
    except RepositoryRefused as error:
        assert "conflicts" in str(error)
    assert not marker.exists()


def test_line_ends_of_the_users_checkout_follow_the_users_settings(repo: Path) -> None:
    commit(repo, {".gitattributes": "*.txt text eol=crlf\n"})
    delivered(repo, {"a.txt": "1\n2\n"})
    merge(repo, "greenloop/x")
    assert (repo / "a.txt").read_bytes() == b"1\r\n2\r\n" and git(repo, "status", "--porcelain") == ""
