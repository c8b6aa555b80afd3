"""The base image: what is in it, and what is said when there is none. And how a build is told about its network."""

import threading
import time
from pathlib import Path

import docker.errors
import pytest

from sandbox import base_image
from sandbox.base_image import base_tag, ensure_base, is_present
from sandbox.build_network import BuildNetwork
from sandbox.docker import DockerEngine
from sandbox.errors import DependencyError, ImageUnavailable
from sandbox.protocol import Command, Limits
from tests.support.trees import RUN_ID, images, network


@pytest.mark.docker
def test_the_tool_environment_runs_as_the_tests_user_and_holds_no_project() -> None:
    base = images().base
    assert is_present(images().api, base) and base == base_tag()
    program = "import sys, pytest, httpx; print(pytest.__version__, httpx.__version__, sys.prefix)"
    with DockerEngine().open(base, run_id=RUN_ID, limits=Limits()) as sandbox:
        command = Command(argv=("/opt/greenloop/bin/python", "-I", "-c", program), timeout_s=30, user="tests")
        assert sandbox.run(command).stdout.split() == [b"9.2.0", b"0.28.1", b"/opt/greenloop"]
        other = Command(argv=("/opt/greenloop/bin/python", "-I", "-c", "import fastapi"), timeout_s=30, user="tests")
        assert b"ModuleNotFoundError" in sandbox.run(other).stderr


@pytest.mark.docker
def test_a_base_that_is_there_is_found_without_work(tmp_path: Path) -> None:
    told: list[str] = []
    assert ensure_base(images().api, tell=told.append, network=network(), cache=tmp_path) == images().base
    assert told == []


class NoImages:
    """An engine without any image and without a registry."""

    def inspect_image(self, name: str) -> dict[str, str]:
        raise docker.errors.ImageNotFound(name)

    def pull(self, *_: object, **__: object) -> list[dict[str, str]]:
        return [{"status": "trying"}, {"error": "no such host"}]


def test_two_who_need_the_base_make_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Engine(NoImages):
        def inspect_image(self, name: str) -> dict[str, str]:
            return {} if name in made else super().inspect_image(name)

    def add_tools(api: object, foundation: str, tag: str, *_: object) -> None:
        time.sleep(0.3)
        made.append(tag)

    monkeypatch.setattr(base_image, "_foundation", lambda *_: "foundation")
    monkeypatch.setattr(base_image, "_add_tools", add_tools)
    told: list[str] = []
    threads = [
        threading.Thread(target=lambda: ensure_base(Engine(), cache=tmp_path, tell=told.append)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [base_tag()] and told == ["waiting for another build of the base image"]


def test_no_base_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ImageUnavailable, match=r"python:3\.12-slim is not here and cannot be pulled \(no such host\)"):
        ensure_base(NoImages(), cache=tmp_path)


def test_the_tag_follows_the_recipe() -> None:
    assert base_tag() == base_tag() != base_tag("python:3.13-slim")


def test_pip_settings_are_translated_for_the_installer(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text(
        "[global]\nindex-url = https://user:pw@example.org/simple\ntrusted-host = example.org\n"
        "[install]\nextra_index_url =\n  https://a.example/simple\n  file:///opt/wheels\n"
    )
    (tmp_path / "ca-certificates.crt").write_text("")
    network = BuildNetwork(pip_conf=conf, ca_dir=tmp_path, proxies={"https": "http://proxy:3128"})
    assert network.environment() == {
        "UV_DEFAULT_INDEX": "https://user:pw@example.org/simple",
        "UV_INDEX": "https://a.example/simple",
        "UV_INSECURE_HOST": "example.org",
        "SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt",
        "https_proxy": "http://proxy:3128",
        "HTTPS_PROXY": "http://proxy:3128",
    }
    through = network.environment(through="http://127.0.0.1:1")
    assert through["https_proxy"] == through["HTTP_PROXY"] == "http://127.0.0.1:1" and "no_proxy" not in through
    assert [(index.url, index.own) for index in network.indexes()] == [
        ("https://a.example/simple/", True), ("https://user:pw@example.org/simple/", False),
    ]  # fmt: skip
    explicit = BuildNetwork(pip_conf=conf, index_url="https://b.example/simple").environment()
    assert explicit["UV_DEFAULT_INDEX"] == "https://b.example/simple"
    assert network.mounts() == {str(tmp_path): {"bind": "/etc/ssl/certs", "mode": "ro"}}


def test_a_damaged_pip_configuration_is_named(tmp_path: Path) -> None:
    conf = tmp_path / "pip.conf"
    conf.write_text("index-url = x")
    with pytest.raises(DependencyError, match=r"pip\.conf"):
        BuildNetwork(pip_conf=conf).environment()
    assert BuildNetwork(pip_conf=tmp_path / "none").environment() == {}
