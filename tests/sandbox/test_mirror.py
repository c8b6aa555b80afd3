"""A directory of a sandbox kept equal to a tree, by what changed."""

from collections.abc import Iterator

import pytest

from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.errors import EngineFault
from sandbox.mirror import Courier, Mirror
from sandbox.protocol import Command, Limits
from sandbox.trust import TreeFile
from tests.support.trees import RUN_ID

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def box(image: str) -> Iterator[DockerSandbox]:
    engine = DockerEngine()
    with engine.open(image, run_id=RUN_ID, limits=Limits(disk_mb=8)) as sandbox:
        yield sandbox
    engine.close()


def tree(**files: str) -> dict[str, TreeFile]:
    return {name.replace("__", "/"): TreeFile(text.encode()) for name, text in files.items()}


def inside(box: DockerSandbox) -> list[str]:
    out = box.run(Command(argv=("find", "/src", "-mindepth", "1", "-printf", "%P:%y%m:%s\n"), timeout_s=20))
    return sorted(out.stdout.decode().split())


def test_only_what_changed_is_sent_and_the_directory_is_the_tree(box: DockerSandbox) -> None:
    courier = Courier(box)
    mirror = Mirror(courier, "/src")
    first = tree(a="1", b__c="22", b__d="333") | {"run.sh": TreeFile(b"#!/bin/sh\n", executable=True)}
    assert mirror.fill(first) == 4
    assert [one for one in inside(box) if ":f" in one] == ["a:f644:1", "b/c:f644:2", "b/d:f644:3", "run.sh:f755:10"]
    assert mirror.fill(first) == 0
    assert mirror.fill(first | tree(b__c="2222")) == 1
    assert "b/c:f644:4" in inside(box)
    # A folder becomes a file, a file a folder, the executable bit goes; nothing empty stays behind.
    assert mirror.fill(tree(a__b="x", b="y") | {"run.sh": TreeFile(b"#!/bin/sh\n")}) == 6
    assert [one for one in inside(box) if ":f" in one] == ["a/b:f644:1", "b:f644:1", "run.sh:f644:10"]
    assert mirror.fill({}) == 3
    assert inside(box) == []
    courier.close()


def test_names_are_taken_literally(box: DockerSandbox) -> None:
    courier = Courier(box)
    mirror = Mirror(courier, "/src")
    odd = {name: TreeFile(b"x") for name in ("-rf", "a b", "é", "new\nline", "$(touch x)", "*")}
    mirror.fill(odd)
    names = box.run(Command(argv=("find", "/src", "-mindepth", "1", "-printf", "%P\\0"), timeout_s=20)).stdout
    assert sorted(names.decode().strip("\0").split("\0")) == sorted(odd)
    assert mirror.fill({"*": TreeFile(b"x")}) == 5
    assert inside(box)[0].startswith("*:f644")
    assert mirror.fill({}) == 1
    courier.close()


def test_no_room_is_a_fault(box: DockerSandbox) -> None:
    courier = Courier(box)
    with pytest.raises(EngineFault, match="filling /src failed"):
        Mirror(courier, "/src").fill({"big": TreeFile(bytes(9_000_000))})
    courier.close()
