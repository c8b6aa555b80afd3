"""G: what agents ask to edit, and what a tree or an archive may hold, never leads out of the tree."""

import os
import socket
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.contracts import FileEdit
from agents.desk import WorkspaceDesk, apply_edit
from agents.errors import EditRefused
from agents.protection import protected_from_builder
from sandbox import tars
from sandbox.errors import EngineFault, PathRefused
from sandbox.protocol import Command
from sandbox.reports import SuiteReport, Word
from sandbox.workspace import Workspace
from tests.hostile.arena import Arena, Note
from tests.hostile.cases.edits import BAD, JUDGES
from tests.hostile.cases.shop import APP, TRUSTED

pytestmark = pytest.mark.hostile
SECRET = "outside and never to be seen"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace with traps in its tree, and what they lead to."""
    folder = tmp_path_factory.mktemp("edits")
    (folder / "outside").mkdir()
    (folder / "outside/x.py").write_text(SECRET)
    ws = Workspace.create(folder / "home", folder / "repository")
    for path, text in {**APP, **TRUSTED}.items():
        ws.write(path, text.encode())
    ws.commit("Start", step="s", trailers={})
    (ws.tree / "link-out").symlink_to(folder / "outside")
    (ws.tree / "link-up").symlink_to("app")
    (ws.tree / "link-file").symlink_to(folder / "outside/x.py")
    (ws.tree / "proc-link").symlink_to("/proc")
    os.mkfifo(ws.tree / "pipe")
    door = socket.socket(socket.AF_UNIX)
    here = Path.cwd()
    os.chdir(ws.tree)
    door.bind("socket")
    os.chdir(here)
    yield folder
    door.close()


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and not p.is_symlink()}


def desk_at(place: Path) -> WorkspaceDesk:
    return WorkspaceDesk(
        Workspace.open(place / "home"),
        protected_from_builder(TRUSTED),
        lambda _: SuiteReport(word=Word.GREEN),
    )


@pytest.mark.parametrize(("name", "path", "what"), (*BAD, *JUDGES), ids=lambda text: text if len(text) == 3 else "")
def test_an_edit_stays_in_the_tree(place: Path, name: str, path: str, what: str, note: Note) -> None:
    desk, before, begun = desk_at(place), everything(place), time.monotonic()
    acts = {
        "write": lambda: desk.write(path, "evil"),
        "delete": lambda: desk.delete(path),
        "edit": lambda: apply_edit(desk, FileEdit(path=path, action="write", content="evil")),
        "replace": lambda: apply_edit(desk, FileEdit(path=path, action="replace", old="e", new="evil")),
    }
    if name < "p50":
        acts["read"] = lambda: desk.read(path)
    for act in acts.values():
        with pytest.raises(EditRefused) as refused:
            act()
        said = str(refused.value)
        assert said.replace("\n", "").isprintable() and SECRET not in said
    assert time.monotonic() - begun < 5
    assert everything(place) == before
    assert desk.edits() == ()
    note(name, f"{what}: {path[:40]!a}", "refused")


# Archives out of a container -----------------------------------------------------------------------------------------


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", data: bytes = b"data", **more: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, link, len(data) if kind == tarfile.REGTYPE else 0
    for key, value in more.items():
        setattr(info, key, value)
    return info.tobuf(tarfile.GNU_FORMAT) + (data.ljust(512, b"\0") if kind == tarfile.REGTYPE else b"")


WORK_FOLDER = member("work", tarfile.DIRTYPE)
TWICE = member("work/f") + member("work/f", tarfile.SYMTYPE, "/x")
ENDLESS = member("./@LongLink", tarfile.GNUTYPE_LONGNAME) * 2000
MEMBERS = (
    ("t01", "a link in place of the file", WORK_FOLDER + member("work/f", tarfile.SYMTYPE, "/etc/passwd")),
    ("t02", "a hard link", WORK_FOLDER + member("work/f", tarfile.LNKTYPE, "/etc/passwd")),
    ("t03", "a pipe", WORK_FOLDER + member("work/f", tarfile.FIFOTYPE)),
    ("t04", "a device", WORK_FOLDER + member("work/f", tarfile.CHRTYPE, devmajor=1, devminor=1)),
    ("t05", "a folder", WORK_FOLDER + member("work/f", tarfile.DIRTYPE)),
    ("t06", "a link on the way", member("work", tarfile.SYMTYPE, "/etc") + member("work/f")),
    ("t07", "the way is not in it", member("work/f")),
    ("t08", "another name that climbs", WORK_FOLDER + member("work/../etc/f")),
    ("t09", "an absolute name", WORK_FOLDER + member("/work/f")),
    ("t10", "larger than it says it is", WORK_FOLDER + member("work/f", size=1 << 33)),
    ("t11", "no archive at all", b"\x1b[2J" * 999),
    ("t12", "damaged sums", WORK_FOLDER + member("work/f")[:140] + b"99999999" + member("work/f")[148:]),
    ("t13", "a file, then a link of its name", WORK_FOLDER + TWICE),
    ("t14", "extended headers without an end", ENDLESS),
)  # fmt: skip


@pytest.mark.parametrize(("name", "what", "archive"), MEMBERS, ids=[row[0] for row in MEMBERS])
def test_an_archive_gives_plain_files_only(name: str, what: str, archive: bytes, note: Note) -> None:
    begun = time.monotonic()
    try:
        found = tars.read_one(archive + tars.END, ["work", "work/f"], 1000)
    except EngineFault as fault:
        word = "fault"
        assert len(str(fault)) < 500
    else:
        word = "nothing"
        assert found is None
    assert time.monotonic() - begun < 2
    note(name, what, word)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b", "..", ""])
def test_an_archive_for_a_container_holds_no_way_out(name: str) -> None:
    with pytest.raises(PathRefused):
        tars.build({name: b""})


PLANTS = (
    ("t20", "a link to a secret", "ln -s /etc/passwd f", "nothing"),
    ("t21", "a link on the way", "ln -s /etc d && ln -s d/passwd f", "nothing"),
    ("t22", "a pipe", "mkfifo f", "nothing"),
    ("t23", "50 GB of holes", "dd if=/dev/zero of=f bs=1 count=0 seek=30M", "fault"),
    ("t24", "more than was asked for", "head -c 2M /dev/zero > f", "fault"),
    ("t25", "no permission", "echo secret > f; chmod 0 f", "nothing"),
    ("t26", "a folder of that name", "mkdir -p f/f", "nothing"),
    ("t27", "changes while it is read", "while :; do echo x > f; ln -sf /etc/passwd g; mv g f; rm f; done", "anything"),
)  # fmt: skip


@pytest.mark.docker
@pytest.mark.parametrize(("name", "what", "script", "expected"), PLANTS, ids=[row[0] for row in PLANTS])
def test_what_a_container_holds_is_taken_only_when_plain(
    arena: Arena, name: str, what: str, script: str, expected: str, note: Note
) -> None:
    arena.box.start(Command(argv=("sh", "-c", f"{script}; sleep 20"), cwd="/work", timeout_s=20))
    time.sleep(0.6)
    begun = time.monotonic()
    try:
        content = arena.box.get("/work/f", limit=1_000_000)
    except EngineFault:
        word = "fault"
    else:
        assert content is None or b"root:" not in content
        word = "nothing" if content is None else "plain file"
    assert time.monotonic() - begun < 10
    assert expected in (word, "anything")
    arena.unharmed()
    note(name, f"in the container: {what}", word)
