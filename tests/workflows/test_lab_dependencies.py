"""A package that must not be installed: told to the builder when a change asks for it, else the user's own error."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest

from sandbox.build_network import BuildNetwork
from sandbox.errors import DependencyError, PackageRefused
from sandbox.images import Images
from sandbox.protocol import Limits
from sandbox.reports import Word
from tests.support.index_server import IndexServer
from workflows.judgement import judge
from workflows.lab import Lab
from workflows.record import Record

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"
MakeLab = Callable[..., Lab]


class NoImageYet:
    """An engine that has the base image only."""

    def inspect_image(self, name: str) -> dict[str, Any]:
        if name != "base":
            raise docker.errors.ImageNotFound(name)
        return {"Id": "sha256:0", "Config": {"Labels": {}}}


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    with IndexServer() as index:

        def make(requirements: str) -> Lab:
            repo = tmp_path / "shop"
            repo.mkdir()
            (repo / "main.py").write_text(APP)
            (repo / "requirements.txt").write_text(requirements)
            for command in (
                ["init", "-q"],
                ["add", "-A"],
                ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
            ):
                subprocess.run(["git", *command], cwd=repo, check=True)
            store = Images(NoImageYet(), BuildNetwork(index_url=index.url), base="base", cache=tmp_path / "cache")
            lab = Lab(
                run_id="r", branch="greenloop/x", home=tmp_path / "workspace", source=repo, include_dirty=False,
                engine=SimpleNamespace(sweep=lambda: [], remove_run=lambda _: []), make_images=lambda: store,
                limits=Limits(), test_timeout_s=60, record=Record(tmp_path / "run"),
            )  # fmt: skip
            lab.prepare()
            return lab

        yield make


def test_what_a_change_may_not_have_comes_back_as_what_to_repair(make_lab: MakeLab) -> None:
    lab = make_lab("fastapi\n")
    base = lab.workspace.base
    lab.workspace.write("requirements.txt", b"fastapi\nfastapi-magic-jwt\nreqeusts\n")
    head = lab.commit("Ask for too much", step="build-0", verdict="unverified")
    for report in (lab.check(head, base, []), lab.try_tree((), base), judge(lab, head, base, base, [])):
        assert report.word is Word.RED
        assert "fastapi-magic-jwt does not exist" in report.reason and "did you mean requests?" in report.reason
    gate = judge(lab, head, base, base, []).gates[0]
    assert (gate.name, gate.passed, gate.blocking) == ("dependencies", False, True) and "reqeusts" in gate.evidence


def test_what_the_users_own_code_asks_for_is_the_users_error(make_lab: MakeLab) -> None:
    lab = make_lab("fastapi\nnever-on-any-index\n")
    with pytest.raises(PackageRefused, match="never-on-any-index does not exist"):
        lab.image(lab.workspace.base)
    with pytest.raises(DependencyError, match="never-on-any-index"):
        lab.prove_red(lab.workspace.base, lab.workspace.base, [])
