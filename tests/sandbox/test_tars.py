"""Archives into and out of a sandbox."""

import io
import tarfile
from collections.abc import Iterable

import pytest

from sandbox import tars
from sandbox.errors import EngineFault, PathRefused


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def archive_of(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def test_the_same_files_are_the_same_bytes() -> None:
    files = {"b/c.py": b"c", "a.py": b"a", "b/x/y": b"\x00\xff"}
    built = tars.build(files)
    assert built == tars.build(dict(reversed(files.items())))
    with tarfile.open(fileobj=io.BytesIO(built)) as archive:
        assert [m.name for m in archive] == ["a.py", "b", "b/c.py", "b/x", "b/x/y"]


def test_modes_are_plain_and_nothing_else_is_told() -> None:
    with tarfile.open(fileobj=io.BytesIO(tars.build({"d/run": b"", "d/f": b""}, executable=frozenset({"d/run"})))) as a:
        assert {m.name: m.mode for m in a} == {"d": 0o755, "d/f": 0o644, "d/run": 0o755}
        assert {(m.mtime, m.uid, m.uname) for m in a} == {(0, 0, "")}


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b", ".."])
def test_names_that_leave_the_tree_are_refused(name: str) -> None:
    with pytest.raises(PathRefused):
        tars.build({name: b""})


@pytest.mark.parametrize("name", ["ü/ñ.py", "a b", "-rf", "x" * 200 + "/" + "y" * 200, "back\\slash", "new\nline", "*"])
def test_odd_names_survive(name: str) -> None:
    with tarfile.open(fileobj=io.BytesIO(tars.build({name: b"1"}))) as archive:
        assert archive.getnames()[-1] == name


def test_components_of_a_path() -> None:
    assert tars.components("/work/a/b.txt") == ["work", "work/a", "work/a/b.txt"]
    assert tars.components("/work//a/./b.txt") == ["work", "work/a", "work/a/b.txt"]
    for path in ("work/a", "", "/work/../etc", "/a\0"):
        with pytest.raises(PathRefused):
            tars.components(path)


def test_one_file_is_read() -> None:
    archive = archive_of([(member("work", tarfile.DIRTYPE), b""), (member("work/f"), b"content")])
    assert tars.read_one(archive, ["work", "work/f"], 7) == b"content"
    with pytest.raises(EngineFault, match="larger than 6"):
        tars.read_one(archive, ["work", "work/f"], 6)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_what_is_no_regular_file_is_nothing(kind: bytes) -> None:
    archive = archive_of([(member("work", tarfile.DIRTYPE), b""), (member("work/f", kind, "/etc/passwd"), b"")])
    assert tars.read_one(archive, ["work", "work/f"], 100) is None


def test_a_link_on_the_way_is_nothing() -> None:
    archive = archive_of([(member("work", tarfile.SYMTYPE, "/src"), b""), (member("work/f"), b"content")])
    assert tars.read_one(archive, ["work", "work/f"], 100) is None


def test_a_missing_file_is_nothing() -> None:
    archive = archive_of([(member("work", tarfile.DIRTYPE), b"")])
    assert tars.read_one(archive, ["work", "work/f"], 100) is None
    assert tars.read_one(archive_of([]), ["work", "work/f"], 100) is None


@pytest.mark.parametrize("cut", [0, 100, 512, 1024 + 5])
def test_a_damaged_archive_is_the_engines_fault(cut: int) -> None:
    archive = archive_of([(member("work", tarfile.DIRTYPE), b""), (member("work/f"), b"x" * 2000)])
    with pytest.raises(EngineFault):
        tars.read_one(archive[:cut], ["work", "work/f"], 5000)


def test_a_sparse_member_is_not_blown_up() -> None:
    header = tarfile.TarInfo("work/f")
    header.type = tarfile.GNUTYPE_SPARSE
    raw = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    raw[386:398] = b"%011o\0" % 0
    raw[398:410] = b"%011o\0" % 0
    raw[483:495] = b"%011o\0" % (1 << 32)
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw)
    folder = member("work", tarfile.DIRTYPE).tobuf(tarfile.GNU_FORMAT)
    assert tars.read_one(folder + bytes(raw) + bytes(1024), ["work", "work/f"], 100) is None
