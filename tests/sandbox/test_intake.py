"""Every state a user's repository can be in: it works, or it is refused with one clear line; it is never touched."""

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.errors import RepositoryRefused
from sandbox.intake import base_state
from sandbox.workspace import Workspace


def git(repo: Path, *args: str, env: dict[str, str] | None = None, check: bool = True) -> str:
    """Plain git, as a user would call it."""
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "u",
        "GIT_AUTHOR_EMAIL": "u@x",
        "GIT_COMMITTER_NAME": "u",
        "GIT_COMMITTER_EMAIL": "u@x",
    }
    done = subprocess.run(["git", "-C", str(repo), *args], env=clean | (env or {}), capture_output=True, check=check)
    return os.fsdecode(done.stdout).removesuffix("\n")


def commit(repo: Path, files: dict[str, str], message: str = "more") -> str:
    for name, text in files.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", message)
    return git(repo, "rev-parse", "HEAD")


def fingerprint(folder: Path, *, skip: tuple[str, ...] = ()) -> dict[str, str]:
    """Every file below a folder with a hash of its bytes, and every link with its target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.startswith(skip):
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    path = tmp_path / "user"
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    commit(path, {"app/main.py": "one\n", ".gitignore": "*.log\n"}, "one")
    commit(path, {"app/main.py": "two\n"}, "two")
    return path


def create(repo: Path, *, include_dirty: bool = False) -> Workspace:
    home = tempfile.mkdtemp(prefix="home-", dir=next(p for p in repo.parents if p.is_dir()))
    return Workspace.create(Path(home), repo, include_dirty=include_dirty)


def refused(repo: Path, *words: str, include_dirty: bool = False) -> str:
    before = fingerprint(repo) if repo.is_dir() else {}
    with pytest.raises(RepositoryRefused) as caught:
        create(repo, include_dirty=include_dirty)
    line = str(caught.value)
    assert "\n" not in line and len(line) < 600 and all(word in line for word in words), line
    assert not repo.is_dir() or fingerprint(repo) == before
    return line


def test_a_missing_and_an_empty_folder_start_from_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing", "missing/deeper"):
        ws = create(tmp_path / name)
        assert ws.files() == [] and ws.log() == [] and ws.git.text("rev-list", "--count", "HEAD") == "1"
    assert list((tmp_path / "empty").iterdir()) == [] and not (tmp_path / "missing").exists()


def test_a_path_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nothing")
    (tmp_path / "file").write_text("1")
    for name in ("loop", "dangling", "file"):
        refused(tmp_path / name, name)


def test_an_empty_folder_inside_a_repository_is_a_new_start(repo: Path) -> None:
    (repo / "fresh").mkdir()
    assert Workspace.create(repo.parent / "home", repo / "fresh").files() == []


def test_a_folder_with_files_and_no_git_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x/file").write_text("1")
    refused(tmp_path / "x", "not a git repository", "git init", "empty folder")


def test_an_unborn_head_works_without_files_only(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.mkdir()
    git(path, "init", "-q", "-b", "trunk")
    state = base_state(path)
    assert (state.unborn, state.branch, state.head, state.new) == (True, "trunk", None, True)
    assert create(path).files() == []
    (path / "file").write_text("1")
    refused(path, "no commit yet", "file", include_dirty=True)
    git(path, "add", "file")
    refused(path, "no commit yet")


def test_a_detached_head_works_from_its_commit(repo: Path) -> None:
    git(repo, "checkout", "-q", "--detach", "HEAD~1")
    ws = create(repo)
    assert ws.read("app/main.py") == b"one\n" and "detached" in ws.notes[0]


def test_a_shallow_clone_works_and_says_so(repo: Path) -> None:
    git(repo.parent, "clone", "-q", "--depth=1", f"file://{repo}", "shallow")
    ws = create(repo.parent / "shallow")
    assert ws.read("app/main.py") == b"two\n" and any("shallow" in note for note in ws.notes)
    ws.write("new.txt", b"1")
    sha = ws.commit("new", step="s", trailers={})
    ws.deliver(sha, "greenloop/x")
    assert git(repo.parent / "shallow", "log", "--format=%s", "greenloop/x") == "new\ntwo"
    assert git(repo.parent / "shallow", "fsck", "--full") == ""


def test_a_partial_clone_without_its_objects_is_refused(repo: Path) -> None:
    git(repo, "config", "uploadpack.allowFilter", "true")
    git(repo.parent, "clone", "-q", "--filter=blob:none", f"file://{repo}", "partial")
    refused(repo.parent / "partial", "partial clone")


def test_a_linked_worktree_works(repo: Path) -> None:
    git(repo, "worktree", "add", "-q", "-b", "side", "../linked")
    head = commit(repo.parent / "linked", {"side.txt": "1"})
    state = base_state(repo.parent / "linked")
    assert state.linked_worktree and state.branch == "side"
    ws = create(repo.parent / "linked")
    assert ws.base == head and "side.txt" in ws.files()
    ws.deliver(ws.base, "greenloop/x")
    assert git(repo, "rev-parse", "greenloop/x") == head


def test_a_worktree_of_a_bare_repository_works(repo: Path) -> None:
    git(repo.parent, "clone", "-q", "--bare", str(repo), "bare.git")
    git(repo.parent / "bare.git", "worktree", "add", "-q", "../checkout", "main")
    ws = create(repo.parent / "checkout")
    ws.deliver(ws.base, "greenloop/x")
    assert git(repo.parent / "bare.git", "rev-parse", "greenloop/x") == ws.base


def test_a_sparse_checkout_and_a_split_index_work(repo: Path) -> None:
    commit(repo, {"a/x": "1", "b/y": "2"})
    git(repo, "sparse-checkout", "set", "--cone", "--sparse-index", "a")
    assert not (repo / "b").exists() and base_state(repo).dirty == ()
    assert "b/y" in create(repo).files()
    git(repo, "sparse-checkout", "disable")
    git(repo, "update-index", "--split-index")
    (repo / "a/x").write_text("changed")
    assert base_state(repo).dirty == ("a/x",)
    assert create(repo, include_dirty=True).read("a/x") == b"changed"


def test_a_bare_repository_is_refused(repo: Path) -> None:
    git(repo.parent, "clone", "-q", "--bare", str(repo), "bare.git")
    refused(repo.parent / "bare.git", "bare repository", "checkout")
    git(repo, "config", "core.bare", "true")
    refused(repo, "bare repository")


def test_submodules_are_left_empty_and_named(repo: Path, tmp_path: Path) -> None:
    git(repo.parent, "clone", "-q", str(repo), "lib")
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../lib", "vendor/lib")
    git(repo, "commit", "-qm", "sub")
    (repo / "vendor/lib/scratch.txt").write_text("work in the submodule is not ours")
    ws = create(repo)
    assert ws.submodules == ("vendor/lib",) and "vendor/lib" in ws.notes[0]
    assert ws.files() == [".gitignore", "app/main.py"]
    assert list((ws.tree / "vendor/lib").iterdir()) == []
    with pytest.raises(ValueError, match="submodule"):
        ws.write("vendor/lib/x.py", b"1")
    ws.write("vendor/y.py", b"1")
    (ws.tree / "vendor/lib").rmdir()
    sha = ws.commit("y", step="s", trailers={})
    assert [c.path for c in ws.changes(ws.base, sha)] == ["vendor/y.py"]
    assert len(ws.export(sha)) > 0 and "vendor/lib" in ws.git.text("ls-tree", "-r", "--name-only", sha)


def test_a_dirty_checkout_is_refused_with_its_files(repo: Path) -> None:
    (repo / "app/main.py").write_text("three\n")
    for n in range(6):
        (repo / f"new{n}.txt").write_text("1")
    line = refused(repo, "uncommitted changes", "app/main.py", "new3.txt", "and 2 more", "--include-dirty")
    assert "new4" not in line
    (repo / "x.log").write_text("ignored")
    git(repo, "stash", "-q", "-u")
    assert create(repo).base == git(repo, "rev-parse", "HEAD")


def test_uncommitted_changes_are_taken_without_touching_the_users_index_or_stash(repo: Path) -> None:
    commit(repo, {"gone.txt": "1", "crlf.txt": "a\r\n", ".gitattributes": "crlf.txt -text\n"})
    (repo / "stashed").write_text("1")
    git(repo, "stash", "-q", "-u")
    (repo / "app/main.py").write_text("three\n")
    (repo / "staged.txt").write_text("staged")
    git(repo, "add", "staged.txt")
    (repo / "staged.txt").write_text("and changed again")
    (repo / "new dir").mkdir()
    (repo / "new dir/-new\n.txt").write_text("1")
    (repo / "gone.txt").unlink()
    (repo / "crlf.txt").write_bytes(b"b\r\n")
    (repo / "x.log").write_text("ignored")
    (repo / ".git ").write_text("odd")
    before = fingerprint(repo)
    ws = create(repo, include_dirty=True)
    assert fingerprint(repo) == before
    assert ws.read("app/main.py") == b"three\n" and ws.read("staged.txt") == b"and changed again"
    assert ws.read("crlf.txt") == b"b\r\n" and not (ws.tree / "gone.txt").exists()
    assert (ws.tree / "new dir/-new\n.txt").read_text() == "1" and not (ws.tree / "x.log").exists()
    assert ws.git.text("rev-parse", f"{ws.base}^") == git(repo, "rev-parse", "HEAD") and ws.log() == []
    assert any(".git " in note for note in ws.notes)
    ws.git.run("fsck", "--full")


def test_the_smallest_change_right_after_a_commit_is_seen(repo: Path) -> None:
    for n in range(6):
        commit(repo, {"app/main.py": f"{n:04}\n"})
        (repo / "app/main.py").write_text(f"{n:03}x\n")
        assert base_state(repo).dirty == ("app/main.py",)
        (repo / "app/main.py").write_text(f"{n:04}\n")
        assert base_state(repo).dirty == ()


def make_conflict(repo: Path) -> None:
    git(repo, "checkout", "-q", "-b", "other", "HEAD~1")
    commit(repo, {"app/main.py": "conflict\n"})
    git(repo, "checkout", "-q", "main")


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (("merge", "other"), "a merge"),
        (("rebase", "other"), "a rebase"),
        (("cherry-pick", "other"), "a cherry-pick"),
        (("revert", "--no-edit", "HEAD~1"), "a revert"),
    ],
)
def test_an_operation_in_progress_is_refused(repo: Path, command: tuple[str, ...], word: str) -> None:
    make_conflict(repo)
    git(repo, *command, check=False)
    refused(repo, word, "finish or abort", include_dirty=True)


def test_conflicts_without_a_merge_are_refused(repo: Path) -> None:
    (repo / "app/main.py").write_text("mine\n")
    git(repo, "stash", "-q")
    commit(repo, {"app/main.py": "theirs\n"})
    git(repo, "stash", "pop", "-q", check=False)
    refused(repo, "unresolved conflicts", include_dirty=True)


def test_a_subfolder_means_the_whole_repository(repo: Path) -> None:
    ws = Workspace.create(repo.parent / "home", repo / "app")
    assert ws.files() == [".gitignore", "app/main.py"] and "whole repository" in ws.notes[0]


def test_sha256_and_broken_repositories_are_refused(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "s").mkdir()
    git(tmp_path / "s", "init", "-q", "--object-format=sha256")
    refused(tmp_path / "s", "SHA-256")
    (tmp_path / "b/.git").mkdir(parents=True)
    refused(tmp_path / "b", "git cannot use it")
    (repo / ".git/config").write_text("not [ a config\n")
    refused(repo, "git cannot use it")


def test_missing_objects_are_refused(repo: Path) -> None:
    blob = git(repo, "rev-parse", "HEAD~1:app/main.py")
    (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    refused(repo, "missing or damaged")


def test_a_head_without_its_commit_is_refused(repo: Path) -> None:
    (repo / ".git/refs/heads/main").write_text("1" * 40 + "\n")
    refused(repo, "HEAD names a commit that is not there")


def test_a_work_tree_configured_elsewhere_is_refused(repo: Path) -> None:
    (repo.parent / "secrets").mkdir()
    (repo.parent / "secrets/key").write_text("secret")
    git(repo, "config", "core.worktree", str(repo.parent / "secrets"))
    refused(repo, "core.worktree", include_dirty=True)


def test_objects_borrowed_from_another_repository_become_ours(repo: Path) -> None:
    git(repo.parent, "clone", "-q", "--shared", str(repo), "sharing")
    ws = create(repo.parent / "sharing")
    subprocess.run(["rm", "-rf", str(repo)], check=True)
    ws.git.run("fsck", "--full")
    assert ws.read("app/main.py") == b"two\n"


def test_odd_places_work(tmp_path: Path, repo: Path) -> None:
    odd = tmp_path / 'a:b "c" \\n\n\u00e9'
    repo.rename(odd)
    ws = Workspace.create(tmp_path / "ho:me \n", odd)
    assert ws.read("app/main.py") == b"two\n"
    ws.write("x", b"1")
    ws.deliver(ws.commit("x", step="s", trailers={}), "greenloop/x")
    assert git(odd, "show", "greenloop/x:x") == "1"


def evil_filters(repo: Path, run: str) -> None:
    (repo / ".git/info/attributes").write_text("* filter=evil diff=evil merge=evil\n")
    for key in ("filter.evil.clean", "filter.evil.smudge", "diff.evil.textconv", "merge.evil.driver"):
        git(repo, "config", key, run)
    git(repo, "config", "filter.evil.required", "true")


def evil_settings(repo: Path, run: str) -> None:
    for key in (
        "core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.askPass", "core.gitProxy",
        "diff.external", "core.alternateRefsCommand", "credential.helper", "gpg.program", "uploadpack.packObjectsHook",
        "sequence.editor",
    ):  # fmt: skip
        git(repo, "config", key, run)
    git(repo, "config", "commit.gpgSign", "true")
    git(repo, "config", "gc.auto", "1")


def evil_hooks(repo: Path, run: str) -> None:
    hooks = repo.parent / "hooks"
    hooks.mkdir()
    for folder in (hooks, repo / ".git/hooks"):
        for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-commit", "post-merge",
                     "pre-auto-gc", "post-rewrite", "fsmonitor-watchman", "post-commit", "update"):  # fmt: skip
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(f"#!/bin/sh\n{run}\n")
            (folder / name).chmod(0o755)
    git(repo, "config", "core.hooksPath", str(hooks))


def evil_remote(repo: Path, run: str) -> None:
    script = repo.parent / "upload"
    script.write_text(f"#!/bin/sh\n{run}\n")
    script.chmod(0o755)
    blob = git(repo, "rev-parse", "HEAD:app/main.py")
    (repo / ".git/objects" / blob[:2] / blob[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1", "extensions.partialClone": "o", "remote.o.promisor": "true",
        "remote.o.url": str(repo.parent / "nowhere"), "remote.o.uploadpack": str(script),
    }.items():  # fmt: skip
        git(repo, "config", key, value)


@pytest.mark.parametrize("plant", [evil_filters, evil_settings, evil_hooks, evil_remote], ids=lambda f: f.__name__)
def test_nothing_a_hostile_repository_configures_is_run(repo: Path, plant: Callable[[Path, str], None]) -> None:
    marker = repo.parent / "marker"
    plant(repo, f"touch {marker}")
    (repo / "app/main.py").touch()
    (repo / "app/main.py").write_text("new\n")
    git(repo, "status", check=False)
    git(repo, "show", "HEAD:app/main.py", check=False)
    assert marker.exists(), "the trap does not work with plain git, so the test shows nothing"
    marker.unlink()
    (repo / "app/main.py").write_text("newer\n")
    assert base_state(repo).dirty in (("app/main.py",), ())
    try:
        ws = create(repo, include_dirty=True)
    except RepositoryRefused:
        assert plant is evil_remote
    else:
        ws.write("x", b"1")
        ws.deliver(ws.commit("x", step="s", trailers={}), "greenloop/x")
    assert not marker.exists()
