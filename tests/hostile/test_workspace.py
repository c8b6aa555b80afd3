"""G: odd files and odd names in a tree are committed byte for byte or left out; nothing hangs or is followed."""

import contextlib
import io
import os
import socket
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from sandbox.errors import PathRefused
from sandbox.workspace import Workspace
from tests.hostile.arena import Note
from tests.hostile.cases.edits import KINDS, NAMES, REFUSED_NAMES

pytestmark = pytest.mark.hostile
SECRET = b"outside and never to be seen"


def at(folder: Path, name: bytes) -> bytes:
    return os.path.join(os.fsencode(folder), name)


def put(folder: Path, name: bytes, content: bytes) -> None:
    path = at(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "home", tmp_path / "repository")


@pytest.mark.parametrize("number", range(len(NAMES)), ids=lambda n: f"n{n + 1:02}")
def test_a_name_survives_a_round_trip(ws: Workspace, number: int, note: Note) -> None:
    name = NAMES[number]
    put(ws.tree, name, b"one")
    put(ws.tree, b"plain beside it", b"1")
    first = ws.commit("one", step="1", trailers={})
    put(ws.tree, name, b"two")
    second = ws.commit("two", step="2", trailers={})
    assert ws.left_out() == []
    for sha, content in ((first, b"one"), (second, b"two")):
        with tarfile.open(fileobj=io.BytesIO(ws.export(sha)), encoding="utf-8", errors="surrogateescape") as tar:
            found = {os.fsencode(m.name): tar.extractfile(m).read() for m in tar if m.isreg()}  # type: ignore[union-attr]
        assert found == {name: content, b"plain beside it": b"1"}
    ws.reset(first)
    with open(at(ws.tree, name), "rb") as file:
        assert file.read() == b"one"
    (change,) = ws.changes(first, second)
    assert change.path.isprintable()
    assert all(one.isprintable() for one in ws.files())
    note(f"n{number + 1:02}", ascii(name)[:60], "kept")


@pytest.mark.parametrize("number", range(len(REFUSED_NAMES)), ids=lambda n: f"n{n + 80}")
def test_a_name_of_gits_is_left_out_alone(ws: Workspace, number: int, note: Note) -> None:
    name = REFUSED_NAMES[number]
    put(ws.tree, name + b"/hooks/pre-commit", b"#!/bin/sh\n")
    put(ws.tree, name + b"/config", b"[core]\n\tfsmonitor = false\n")
    put(ws.tree, name + b"/HEAD", b"ref: refs/heads/x\n")
    put(ws.tree, b"good.py", b"1")
    sha = ws.commit("x", step="1", trailers={})
    assert [change.path for change in ws.changes(ws.base, sha)] == ["good.py"]
    assert ws.left_out() != [] or name == b"sub/.git", "git itself passes over a .git without a word"
    with tarfile.open(fileobj=io.BytesIO(ws.snapshot())) as tar:
        assert tar.getnames() == ["good.py"]
    ws.reset(sha)
    assert os.listdir(ws.tree) == ["good.py"]
    note(f"n{number + 80}", f"git's own: {name!a}", "left out")


def plant(kind: str, place: Path, outside: Path) -> None:
    """Something of one kind at `place`."""
    if kind == "link out":
        place.symlink_to(outside / "secret")
    elif kind == "link to a folder":
        place.symlink_to(outside)
    elif kind == "link to itself":
        place.symlink_to(place.name)
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(place))
    elif kind == "repository":
        subprocess.run(["git", "init", "-q", str(place)], check=True)
        (place / "secret").write_bytes(b"x")
    elif kind == "huge":
        with place.open("wb") as file:
            file.truncate(50 << 30)
    else:
        place.write_bytes(b"x")
        place.chmod(0 if kind == "no permissions" else 0o4755)


@pytest.mark.parametrize("number", range(len(KINDS)), ids=lambda n: f"k{n + 1:02}")
def test_an_odd_kind_is_never_followed_or_waited_for(ws: Workspace, tmp_path: Path, number: int, note: Note) -> None:
    kind, outside = KINDS[number], tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(SECRET)
    ws.write("README.md", b"plain")
    base = ws.commit("base", step="0", trailers={})
    begun = time.monotonic()
    (ws.tree / "README.md").unlink()
    for name in ("README.md", "odd"):
        plant(kind, ws.tree / name, outside)
    ws.write("good.py", b"1")
    sha = ws.commit("x", step="1", trailers={})
    for archive in (ws.export(sha), ws.snapshot()):
        assert SECRET not in archive and len(archive) < 1 << 20
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            links = {m.linkname for m in tar if m.issym()}
            assert links == ({"README.md", "odd"} if kind == "link to itself" else set())
            assert all(m.issym() or (m.isreg() and m.mode in (0o644, 0o755)) for m in tar)
    for path in ("README.md", "odd", "odd/secret"):
        with contextlib.suppress(PathRefused):
            assert SECRET not in ws.read(path)
    ws.reset(base)
    assert (ws.tree / "README.md").read_bytes() == b"plain"
    assert sorted(os.listdir(ws.tree)) == ["README.md"]
    assert (outside / "secret").read_bytes() == SECRET
    assert time.monotonic() - begun < 20
    kept = kind in ("link to itself", "set-uid", "no permissions")
    note(f"k{number + 1:02}", kind, "kept plain" if kept else "left out")
