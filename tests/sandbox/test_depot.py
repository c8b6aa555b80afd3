"""The store between machines: what one leaves another finds, and a late holder touches nothing of anybody's."""

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.depot import Depot, clone, push_branch, shown_url
from sandbox.errors import BranchTaken, GitFailed, RepositoryRefused
from sandbox.intake import base_state
from sandbox.workspace import Workspace
from tests.support.farm import git, make_repository


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A folder behind a real `git daemon`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    subprocess.run(
        ["git", "init", "-q", "--bare", "--initial-branch=main", str(tmp_path / "served" / "store.git")], check=True
    )
    daemon = subprocess.Popen(
        ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all",
         "--enable=receive-pack", f"--base-path={tmp_path / 'served'}", str(tmp_path / "served")],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield f"git://127.0.0.1:{port}/store.git"
    daemon.terminate()
    daemon.wait()


@pytest.fixture(params=["folder", "served"])
def depot(request: pytest.FixtureRequest, tmp_path: Path) -> Depot:
    url = str(tmp_path / "store") if request.param == "folder" else request.getfixturevalue("served")
    found = Depot(url)
    found.make()
    return found


def workspace(folder: Path, depot: Depot) -> Workspace:
    depot.checkout("j", folder / "source")
    return Workspace.create(folder / "workspace", folder / "source")


def test_another_machine_goes_on_where_one_stopped(depot: Depot, tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo")
    depot.put_base(base_state(repo), "j")
    one = workspace(tmp_path / "one", depot)
    assert one.base == git(repo, "rev-parse", "HEAD")
    one.write("a.txt", b"a\n")
    commit = one.commit("Add a", step="build-0", trailers={})
    one.write("held.txt", b"held\n")
    aside = one.set_aside("Held", step="held-0", trailers={})
    depot.save(one, "j", 1)

    two = workspace(tmp_path / "two", depot)
    assert depot.load(two, "j", 1) == 0
    assert depot.load(two, "j", 2) == 1
    assert (two.head(), two.find_step("build-0")) == (commit, commit)
    assert two.files() == ["README.md", "a.txt"]
    assert two.set_aside("Held", step="held-0", trailers={}) == aside

    one.reset(one.head())
    one.write("late.txt", b"late\n")
    one.commit("Late", step="build-1", trailers={})
    depot.save(one, "j", 1)  # a late holder
    two.write("b.txt", b"b\n")
    last = two.commit("Add b", step="build-1", trailers={})
    depot.save(two, "j", 2)
    depot.save_result(two, last, "j", 2)
    depot.forget("j", but=2)
    for _ in range(2):
        delivery = depot.deliver("j", 2, repo, "result")
    assert delivery.already
    assert git(repo, "ls-tree", "--name-only", "result").splitlines() == ["README.md", "a.txt", "b.txt"]
    depot.forget("j")
    with pytest.raises(GitFailed):
        depot.deliver("j", 2, repo, "again")


def test_a_repository_elsewhere(served: str, tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo")
    subprocess.run(["git", "-C", str(repo), "push", "-q", served, "main"], check=True)
    store, commit = clone(served, "main", tmp_path / "mirror", {})
    assert commit == git(repo, "rev-parse", "HEAD")
    assert push_branch(store, served, commit, "new", {})
    assert not push_branch(store, served, commit, "new", {})
    git(repo, "commit", "-q", "--allow-empty", "-m", "More")
    subprocess.run(["git", "-C", str(repo), "push", "-q", served, "main"], check=True)
    store, later = clone(served, "", tmp_path / "mirror", {})
    assert later != commit
    with pytest.raises(BranchTaken, match="branch new exists already"):
        push_branch(store, served, later, "new", {})
    with pytest.raises(GitFailed):
        clone(served, "nowhere", tmp_path / "mirror", {})


def test_the_users_configuration_is_not_in_force(tmp_path: Path) -> None:
    """Neither a redirected address nor a hook of the repository has a say in where its commit goes."""
    repo, other = make_repository(tmp_path / "repo"), Depot(str(tmp_path / "other"))
    other.make()
    depot = Depot(str(tmp_path / "store"))
    depot.make()
    git(repo, "config", f"url.{other.url}.insteadOf", depot.url)
    (repo / ".git" / "hooks" / "pre-push").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (repo / ".git" / "hooks" / "pre-push").chmod(0o755)
    depot.put_base(base_state(repo), "j")
    assert git(Path(depot.url), "for-each-ref", "--format=%(refname)") == "refs/greenloop/j/base"
    assert git(Path(other.url), "for-each-ref") == ""
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("url", ["ext::sh -c touch% /tmp/x", "--upload-pack=x", "", "relative/path", "fd::17"])
def test_strange_addresses_are_refused(url: str) -> None:
    with pytest.raises(GitFailed, match="no address of a git repository"):
        Depot(url)


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    depot = Depot(str(tmp_path / "store"))
    depot.make()
    with pytest.raises(RepositoryRefused, match="no commit yet"):
        depot.put_base(base_state(tmp_path / "repo"), "j")


def test_passwords_are_not_shown() -> None:
    assert shown_url("https://me:secret@host/x.git") == "https://***@host/x.git"
    depot = Depot("https://me:secret@127.0.0.1:1/x.git")
    with pytest.raises(GitFailed) as caught:
        depot.forget("j")
    assert "secret" not in str(caught.value)
