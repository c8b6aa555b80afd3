"""The desk: what a role may read and write, and what it is told when it may not."""

from pathlib import Path

import pytest

from agents.contracts import FileEdit
from agents.desk import BYTES_MAX, MemoryDesk, WorkspaceDesk, apply_edit
from agents.errors import EditRefused
from agents.protection import protected_from_builder, protected_from_tester
from agents.roles import Desk
from agents.symbol_index import blob_id
from sandbox.reports import SuiteReport, Word
from sandbox.workspace import Workspace


def desk_at(folder: Path, protected: tuple[str, ...] = (), told: list[str] | None = None) -> WorkspaceDesk:
    def run(node_ids: tuple[str, ...]) -> SuiteReport:
        return SuiteReport(word=Word.GREEN, output=" ".join(node_ids))

    workspace = Workspace.create(folder / "home", folder / "repository")
    return WorkspaceDesk(workspace, protected, run, (told if told is not None else []).append)


def test_both_desks_are_desks(tmp_path: Path) -> None:
    desks: list[Desk] = [desk_at(tmp_path), MemoryDesk()]
    assert [desk.files() for desk in desks] == [[], []]


def test_writing_reading_deleting_is_logged_and_told(tmp_path: Path) -> None:
    told: list[str] = []
    desk = desk_at(tmp_path, told=told)
    desk.write("./app//main.py", "x = 1\n")
    desk.write("app/main.py", "x = 1\n")
    desk.write("app/main.py", "x = 2\n")
    assert desk.files() == ["app/main.py"]
    assert desk.read("app/main.py") == "x = 2\n"
    desk.delete("app/main.py")
    assert [(edit.action, edit.content) for edit in desk.edits()] == [
        ("write", "x = 1\n"),
        ("write", "x = 2\n"),
        ("delete", ""),
    ]
    assert told == ["created app/main.py", "changed app/main.py", "removed app/main.py"]


def test_line_ends_and_byte_order_mark_survive_a_rewrite(tmp_path: Path) -> None:
    desk = desk_at(tmp_path)
    (desk.root / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")
    assert desk.read("a.py") == "x = 1\r\ny = 2\r\n"
    desk.write("a.py", "x = 3\ny = 4\n")
    assert (desk.root / "a.py").read_bytes() == b"\xef\xbb\xbfx = 3\r\ny = 4\r\n"
    apply_edit(desk, FileEdit(path="a.py", action="replace", old="y = 4", new="y = 5\nz = 6"))
    assert (desk.root / "a.py").read_bytes() == b"\xef\xbb\xbfx = 3\r\ny = 5\r\nz = 6\r\n"


@pytest.mark.parametrize(
    ("data", "word"), [(b"\x89PNG\0", "binary"), (b"caf\xe9", "UTF-8"), (b"x" * (BYTES_MAX + 1), "larger")]
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, word: str) -> None:
    desk = desk_at(tmp_path)
    (desk.root / "file").write_bytes(data)
    with pytest.raises(EditRefused, match=word):
        desk.read("file")
    with pytest.raises(EditRefused, match=word):
        desk.write("file", "text")


@pytest.mark.parametrize("content", ["a\0b", "\ud800", "x" * (BYTES_MAX + 1)])
def test_text_that_is_no_text_is_not_written(content: str) -> None:
    desk = MemoryDesk()
    with pytest.raises(EditRefused):
        desk.write("a.txt", content)
    assert desk.files() == []


@pytest.mark.parametrize("path", ["", ".", "/etc/passwd", "../x", "a/../../x", "~/x", "a\\b", "a\nb", "a\0b"])
def test_paths_that_leave_the_tree_are_refused(path: str) -> None:
    desk = MemoryDesk({"a": ""})
    for act in (lambda: desk.read(path), lambda: desk.write(path, "x"), lambda: desk.delete(path)):
        with pytest.raises(EditRefused):
            act()


def test_links_are_refused_by_the_workspace_and_explained(tmp_path: Path) -> None:
    desk = desk_at(tmp_path)
    (desk.root / "link.py").symlink_to("/etc/hostname")
    (desk.root / "folder").symlink_to("/etc")
    for path in ("link.py", "folder/hostname"):
        for act in (lambda path=path: desk.read(path), lambda path=path: desk.write(path, "x")):
            with pytest.raises(EditRefused, match=path):
                act()
    assert desk.edits() == ()


def test_what_git_ignores_is_refused_as_the_workspace_says(tmp_path: Path) -> None:
    desk = desk_at(tmp_path)
    desk.write(".gitignore", "*.log\n")
    with pytest.raises(EditRefused, match=r"ignored.*choose another path"):
        desk.write("run.log", "x")


def test_blob_ids_are_known_for_what_is_unchanged(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "home", tmp_path / "repository")
    desk = WorkspaceDesk(workspace, (), lambda _: SuiteReport(word=Word.GREEN))
    desk.write("a b.py", "x = 1\n")
    desk.write("c.py", "y = 1\n")
    assert desk.blobs() == {}
    workspace.commit("Add two files", step="build-1", trailers={})
    assert desk.blobs() == {"a b.py": blob_id(b"x = 1\n"), "c.py": blob_id(b"y = 1\n")}
    desk.write("c.py", "y = 2\n")
    desk.delete("a b.py")
    assert desk.blobs() == {}
    assert MemoryDesk({"a.py": ""}).blobs() == {}


def test_a_missing_file_is_answered_with_its_neighbours() -> None:
    desk = MemoryDesk({"app/main.py": "", "app/models.py": ""})
    with pytest.raises(EditRefused, match=r"Did you mean app/main.py\?"):
        desk.read("main.py")
    with pytest.raises(EditRefused, match=r"app/models.py"):
        desk.delete("app/model.py")


def test_globs_protect_by_path_and_by_name() -> None:
    desk = MemoryDesk({"a/b.txt": "x"}, protected=("secret/*", "*.pem"))
    for path in ("secret/a/b", "deep/key.PEM", "Secret/x"):
        with pytest.raises(EditRefused, match="protected"):
            desk.write(path, "x")
    desk.write("a/b.txt", "y")


BASE = ["app/main.py", "tests/test_books.py", "tests/helpers.py", "src/books_test.py", "conftest.py", ".gitignore"]


@pytest.mark.parametrize(
    "path",
    [
        "tests/acceptance/test_new.py",
        "Tests/Acceptance/x.py",
        "tests/test_books.py",
        "tests/helpers.py",
        "src/books_test.py",
        "conftest.py",
        "app/conftest.py",
        "pytest.ini",
        "sub/tox.ini",
        "setup.cfg",
        "uv.lock",
        "sitecustomize.py",
        "app/usercustomize.py",
        "x.pth",
        ".git/config",
        ".GIT/hooks/x",
        ".git./config",
        ".g\u200cit/config",
        "git~1/config",
        ".git:x/config",
        ".gitmodules",
        ".gitattributes",
        ".github/workflows/ci.yml",
        "sub/.git/config",
    ],
)
def test_the_builder_cannot_write_what_judges_it(path: str) -> None:
    assert protected_from_builder(BASE)(path)


@pytest.mark.parametrize(
    "path",
    [
        "app/main.py",
        "app/new.py",
        "tests/unit/test_mine.py",
        ".gitignore",
        "pyproject.toml",
        "requirements.txt",
        "a.lock",
    ],
)
def test_the_builder_writes_the_rest(path: str) -> None:
    assert not protected_from_builder(BASE)(path)


def test_the_tester_writes_tests_only() -> None:
    assert not protected_from_tester("tests/acceptance/test_a.py")
    assert not protected_from_tester("tests/conftest.py")
    for path in ("app/main.py", "test_x.py", "tests", "tests/pytest.ini", "tests/.git/config", "src/tests/x.py"):
        assert protected_from_tester(path)


def test_an_edit_that_breaks_a_file_leaves_it() -> None:
    desk = MemoryDesk({"app/main.py": "x = 1\n"})
    with pytest.raises(EditRefused, match="refused"):
        apply_edit(desk, FileEdit(path="app/main.py", action="replace", old="x = 1", new="x = ("))
    with pytest.raises(EditRefused, match="refused"):
        apply_edit(desk, FileEdit(path="app/new.py", action="write", content="def f(:\n"))
    assert desk.content == {"app/main.py": "x = 1\n"}
    assert desk.edits() == ()


def test_an_edit_writes_replaces_and_deletes() -> None:
    desk = MemoryDesk({"app/main.py": "x = 1\n", "old.py": ""})
    apply_edit(desk, FileEdit(path="./app/main.py", action="replace", old="x = 1", new="x = 2"))
    apply_edit(desk, FileEdit(path="app/new.py", action="write", content="y = 1\n"))
    apply_edit(desk, FileEdit(path="old.py", action="delete"))
    assert desk.content == {"app/main.py": "x = 2\n", "app/new.py": "y = 1\n"}


def test_a_file_cannot_stand_where_a_folder_is() -> None:
    desk = MemoryDesk({"app/main.py": ""})
    with pytest.raises(EditRefused, match="not a plain file"):
        desk.write("app", "x")


def test_tests_are_run_by_whom_the_desk_was_given(tmp_path: Path) -> None:
    assert desk_at(tmp_path).run_tests(("a::b",)).output == "a::b"
    with pytest.raises(EditRefused):
        MemoryDesk().run_tests()
