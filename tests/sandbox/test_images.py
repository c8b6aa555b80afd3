"""Dependency images on a real engine. The base image is made first when it is not there (about a minute, once)."""

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.build_network import BuildNetwork
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError, ImageUnavailable
from sandbox.images import Images
from sandbox.manifest import Manifest
from sandbox.owners import OWNER, RUN, this_process
from sandbox.protocol import Command, Limits
from tests.support.trees import RUN_ID, fastapi_image, images, network

pytestmark = pytest.mark.docker
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


def test_no_container_is_left_after_a_build() -> None:
    mine = images().api.containers(all=True, filters={"label": f"{OWNER}={this_process()}"})
    assert [one for one in mine if one["Labels"].get(RUN) == "build"] == []


def test_a_base_that_is_gone_is_named(engine: DockerEngine, tmp_path: Path) -> None:
    gone = Images(engine.client, network(), base="greenloop/base:none", cache=tmp_path)
    with pytest.raises(ImageUnavailable, match=r"the base image .* is gone"):
        gone.ensure(Manifest())


def test_nothing_is_pruned_while_there_is_room() -> None:
    fastapi_image()
    assert images().prune(10**15) == []
    assert fastapi_image() in {info.tag for info in images().list()}
