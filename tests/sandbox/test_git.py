"""The one way to call git: own environment, own clock, capped output, nothing left running."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from sandbox import git as hardened
from sandbox.errors import GitFailed
from sandbox.git import Git, alone


@pytest.fixture
def git(tmp_path: Path) -> Git:
    Git(cwd=tmp_path).run("init", "--quiet", "--template=", "store")
    (tmp_path / "tree").mkdir()
    return Git(git_dir=tmp_path / "store/.git", work_tree=tmp_path / "tree", lock=tmp_path / "lock")


def test_nothing_of_the_callers_environment_reaches_git(
    git: Git, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[user]\n\tname = somebody\n[alias]\n\tx = !touch marker\n")
    for name, value in {
        "GIT_DIR": "/elsewhere", "GIT_WORK_TREE": "/elsewhere", "GIT_INDEX_FILE": "/elsewhere", "GIT_TRACE": "1",
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "evil", "LD_PRELOAD": "",
        "GIT_CONFIG_GLOBAL": str(config), "HOME": str(tmp_path), "GIT_EXTERNAL_DIFF": "touch x", "SECRET": "s3cret",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    result = git.call("-c", "alias.env=!env", "env")
    seen = dict(line.split("=", 1) for line in result.out.decode().splitlines() if "=" in line)
    assert (
        seen["HOME"] == "/nonexistent" and seen["GIT_DIR"] == str(git.git_dir) and "s3cret" not in result.out.decode()
    )
    assert not {"GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_EXTERNAL_DIFF", "GIT_TRACE", "LD_PRELOAD"} & seen.keys()
    assert git.call("config", "user.name").code == 1 and result.err == b""


def test_a_git_that_hangs_is_killed_with_its_children(git: Git, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(GitFailed, match="did not finish within"):
        git.run("-c", f"alias.hang=!sleep 300 & echo $! > {pid}; wait", "hang", timeout_s=1)
    assert time.monotonic() - started < 5
    assert_gone(int(pid.read_text()))


def test_a_git_that_closes_its_output_and_hangs_is_killed_too(git: Git) -> None:
    with pytest.raises(GitFailed, match="did not finish within"):
        git.run("-c", "alias.hang=!exec >&- 2>&-; sleep 300", "hang", timeout_s=0.5)


def test_a_flood_is_cut(git: Git) -> None:
    with pytest.raises(GitFailed, match="more than 100000 bytes"):
        git.run("-c", "alias.flood=!yes", "flood", limit=100_000)


def assert_gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.02)
    pytest.fail(f"process {pid} is still there")


def test_large_input_and_output_pass_through_unharmed(git: Git) -> None:
    data = os.urandom(3_000_000)
    sha = git.run("hash-object", "-w", "--stdin", stdin=data).decode().strip()
    assert git.run("cat-file", "blob", sha) == data
    with pytest.raises(GitFailed, match="more than"):
        git.run("cat-file", "blob", sha, limit=1_000_000)


def test_a_failure_is_one_printable_line(git: Git) -> None:
    with pytest.raises(GitFailed) as caught:
        git.run("rev-parse", "--verify", "nothing\x1b[31m\nhere")
    assert str(caught.value).isprintable() and str(caught.value).startswith("git rev-parse: fatal:")


def test_a_missing_git_has_a_name(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardened, "SEARCH_PATH", "/nonexistent")
    with pytest.raises(GitFailed, match="cannot be started"):
        git.run("version")


def test_an_old_git_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hardened.installed() >= hardened.FLOOR
    monkeypatch.setattr(hardened, "FLOOR", (99, 0, 0))
    with pytest.raises(GitFailed, match=r"git version .* is too old: 99\.0\.0"):
        hardened.installed()


def test_what_a_repository_configures_is_overruled(git: Git, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    assert git.git_dir is not None
    (git.git_dir / "hooks").mkdir()
    for name in ("post-index-change", "reference-transaction", "pre-commit"):
        (git.git_dir / "hooks" / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (git.git_dir / "hooks" / name).chmod(0o755)
    with (git.git_dir / "config").open("a") as config:
        config.write(f"[core]\n\tfsmonitor = touch {marker}; false\n\tpager = touch {marker}\n")
    (tmp_path / "tree/file").write_text("1")
    git.run("add", "-A")
    git.run("status")
    git.run("commit", "-q", "-m", "x")
    git.run("log")
    assert not marker.exists() and git.text("log", "--format=%an") == "greenloop"
    plain = {"PATH": os.environ["PATH"], "GIT_DIR": str(git.git_dir), "GIT_WORK_TREE": str(tmp_path / "tree")}
    subprocess.run(["git", "status"], env=plain, capture_output=True, check=False)
    assert marker.exists(), "the trap does not work with plain git, so the test shows nothing"


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% marker", "file:///tmp", "https://127.0.0.1:1/x", "ssh://127.0.0.1/x"]
)
def test_nothing_can_be_fetched(git: Git, url: str) -> None:
    result = git.call("fetch", url)
    assert result.code != 0 and "not allowed" in result.reason()


def test_a_revision_that_looks_like_an_option_is_none(git: Git) -> None:
    assert git.sha("--version") is None and git.sha("--all") is None and git.sha("HEAD") is None


def test_an_orphan_of_a_killed_process_keeps_the_lock_until_it_ends(git: Git, tmp_path: Path) -> None:
    assert git.lock is not None
    with alone(git.lock, wait_s=0) as free:
        assert free
    pid = tmp_path / "pid"
    owner = os.fork()
    if owner == 0:
        try:
            git.call("-c", f"alias.work=!echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60", "work")
        finally:
            os._exit(1)
    while not pid.exists():
        time.sleep(0.01)
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    with alone(git.lock, wait_s=0) as free:
        assert not free
    os.killpg(os.getpgid(int(pid.read_text())), signal.SIGKILL)
    with alone(git.lock, wait_s=5) as free:
        assert free
