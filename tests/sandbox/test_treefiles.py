"""Reading and writing in a hostile tree: nothing outside is touched, nothing blocks, nothing is half-written."""

import os
import socket
from pathlib import Path

import pytest

from sandbox import treefiles
from sandbox.errors import PathRefused


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree/app").mkdir(parents=True)
    (tmp_path / "tree/app/main.py").write_text("one")
    (tmp_path / "scratch").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    return tmp_path / "tree"


def write(tree: Path, path: str, content: bytes = b"new") -> None:
    treefiles.write(tree, path, content, tree.parent / "scratch")


BAD = [
    "", "/", "/etc/passwd", "..", "../outside/secret", "app/../../outside/secret", "app/../main.py", "./app",
    "app//main.py", "app/", "app/.", ".git", ".git/config", "app/.git/hooks/x", ".GIT/config", ".Git", ".git.",
    ".git ", ".git . .", ".git::$INDEX_ALLOCATION", "git~1/config", "GIT~1", "git~2", "gi7eba~1",
    ".git\u200c/config", ".g\u200bit/config", "\uff0egit/config", ".git\ufeff", ".gi\u00adt", ".gitmodules",
    ".GitModules", "app\\main.py", "..\\outside", "C:\\x", "C:/x", "a\0b", "a\nb", "a\x1bb", "a\x7fb", "\udcff",
    "a\u202eb", "a\u2028b", "x" * 256, "/".join(["x" * 100] * 11), "\u00e9" * 200,
]  # fmt: skip


@pytest.mark.parametrize("path", BAD, ids=ascii)
def test_a_path_that_is_none_of_the_tree_is_refused(tree: Path, path: str) -> None:
    before = sorted(p for p in tree.parent.rglob("*"))
    for act in (
        lambda: treefiles.read(tree, path, 10),
        lambda: write(tree, path),
        lambda: treefiles.delete(tree, path),
    ):
        with pytest.raises(PathRefused) as caught:
            act()
        assert str(caught.value).isprintable() and len(str(caught.value)) < 700
    assert sorted(p for p in tree.parent.rglob("*")) == before and not treefiles.is_plain(path)


GOOD = [
    "a", "app/main.py", "-dash", "--help", ".gitignore", ".github/workflows/x.yml", ".gitattributes",
    "with space.py", "git", "x.git", "emoji-\U0001f600.md", "\u65e5\u672c.py", "a:b", "*", ":(top)x", "...", "a..b",
    ".env", "gitmodules", "x" * 255, "caf\u00e9", "e\u0301",
]  # fmt: skip


@pytest.mark.parametrize("path", GOOD, ids=ascii)
def test_an_ordinary_path_is_written_read_and_deleted(tree: Path, path: str) -> None:
    write(tree, path, b"\r\n\0\xff")
    assert treefiles.read(tree, path, 4) == b"\r\n\0\xff" == (tree / path).read_bytes()
    treefiles.delete(tree, path)
    assert not (tree / path).exists() and list((tree.parent / "scratch").iterdir()) == []


def test_links_are_never_followed(tree: Path) -> None:
    outside = tree.parent / "outside"
    (tree / "file").symlink_to(outside / "secret")
    (tree / "dir").symlink_to(outside)
    (tree / "self").symlink_to("self")
    (tree / "inside").symlink_to("app/main.py")
    (tree / "app/in").symlink_to("../app")
    for path in ("file", "dir/secret", "dir/new", "self", "self/x", "inside", "app/in/main.py"):
        with pytest.raises(PathRefused):
            treefiles.read(tree, path, 100)
        with pytest.raises(PathRefused):
            write(tree, path)
    for path in ("dir/secret", "self/x", "app/in/main.py"):
        with pytest.raises(PathRefused):
            treefiles.delete(tree, path)
    treefiles.delete(tree, "file")
    treefiles.delete(tree, "dir")
    assert [p.name for p in outside.iterdir()] == ["secret"] and (outside / "secret").read_text() == "secret"


def test_pipes_sockets_and_folders_are_no_files(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tree)
        server.bind("socket")
        os.chdir(here)
    for path in ("pipe", "socket", "app", "missing", "pipe/x", "app/main.py/x"):
        with pytest.raises(PathRefused):
            treefiles.read(tree, path, 100)
        if path != "missing":
            with pytest.raises(PathRefused):
                write(tree, path)
    assert [treefiles.kind(tree / p) for p in ("pipe", "socket", "app", "x", "app/main.py")] == [
        "a pipe", "a socket", "folder", "missing", "file",
    ]  # fmt: skip
    with pytest.raises(PathRefused):
        treefiles.delete(tree, "app")


def test_a_limit_is_a_limit(tree: Path) -> None:
    write(tree, "ten", b"0123456789")
    assert treefiles.read(tree, "ten", 10) == b"0123456789"
    with pytest.raises(PathRefused, match="larger than 9"):
        treefiles.read(tree, "ten", 9)
    with pytest.raises(PathRefused, match="larger than"):
        write(tree, "huge", bytes(treefiles.MAX_FILE + 1))
    assert not (tree / "huge").exists()


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tree: Path) -> None:
    (tree / "app/dir").mkdir()
    with pytest.raises(PathRefused):
        write(tree, "app/dir")
    assert (tree / "app/dir").is_dir() and list((tree.parent / "scratch").iterdir()) == []


def test_a_reader_sees_the_old_or_the_new_file_never_a_mixture(tree: Path) -> None:
    with (tree / "app/main.py").open("rb") as before:
        write(tree, "app/main.py", b"two" * 1000)
        assert before.read() == b"one"
    assert treefiles.read(tree, "app/main.py", 10_000) == b"two" * 1000


def test_a_hard_link_to_the_outside_is_broken_not_written_through(tree: Path) -> None:
    os.link(tree.parent / "outside/secret", tree / "hard")
    write(tree, "hard")
    assert (tree.parent / "outside/secret").read_text() == "secret"


def test_deleting_removes_folders_that_are_empty_then(tree: Path) -> None:
    write(tree, "a/b/c/d.txt")
    write(tree, "a/keep.txt")
    treefiles.delete(tree, "a/b/c/d.txt")
    assert [p.name for p in (tree / "a").iterdir()] == ["keep.txt"]


def test_prune_keeps_what_is_listed_and_follows_nothing(tree: Path) -> None:
    (tree / "link").symlink_to(tree.parent / "outside")
    (tree / "gone/deep").mkdir(parents=True)
    (tree / "gone/deep/x").write_text("x")
    (tree / os.fsdecode(b"\xff")).write_text("odd")
    treefiles.prune(tree, {b"app/main.py"})
    assert sorted(str(p.relative_to(tree)) for p in tree.rglob("*")) == ["app", "app/main.py"]
    assert (tree.parent / "outside/secret").read_text() == "secret"
