"""An engine that is killed and started again while a run is at work on it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.docker import DockerEngine
from sandbox.manifest import Manifest
from sandbox.owners import RUN
from tests.e2e.conftest import Greenloop
from tests.e2e.session import CALLS, Run, Script, assert_only_a_branch_is_new, fingerprint, make_repo, serving
from tests.support.private_engine import PrivateEngine, can_run
from tests.support.trees import images
from workflows.endings import MEANING, Ending
from workflows.engines import manifest_of

pytestmark = [
    pytest.mark.docker,
    pytest.mark.e2e,
    pytest.mark.skipif(not can_run(), reason="an engine of one's own needs root"),
]
INFRA = MEANING[Ending.INFRA][0]


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    with PrivateEngine(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


def lend(engine: PrivateEngine, *tags: str) -> None:
    """Images of this machine's engine, to another."""
    with subprocess.Popen(["docker", "save", *tags], stdout=subprocess.PIPE) as saved:
        subprocess.run(["docker", "-H", engine.url, "load", "-q"], stdin=saved.stdout, check=True, capture_output=True)
    assert saved.returncode == 0


def test_a_run_goes_on_after_its_engine_was_killed_twice(
    greenloop: Greenloop, tmp_path: Path, engine: PrivateEngine
) -> None:
    repo = make_repo(tmp_path / "repo")
    before = fingerprint(repo)
    store = images()
    manifests = manifest_of(repo), Manifest(requirements=("fastapi", "uvicorn"))  # before the change, and after it
    lend(engine, store.base, *(store.ensure(manifest).tag for manifest in manifests))
    with serving(Script()) as server:
        run = Run(greenloop, server, repo, DOCKER_HOST=engine.url)
        for step in ("check-", "verdict-"):
            run.resume() if run.id else run.start()
            run.wait(run.step(step))
            engine.kill()
            assert run.end() == INFRA, run.said
            assert run.info()["ending"] == "infra"
            assert f"greenloop resume {run.id}" in run.said
            assert fingerprint(repo) == before
            engine.start()
        run.resume()
        assert run.end() == 0, run.said
        assert len(server.requests) == CALLS, "a call was paid twice"
    words = [event["data"]["word"] for event in run.events() if event["kind"] == "tests"]
    assert words == ["red", "green"], "the end of an engine is never a result of the tests"
    assert_only_a_branch_is_new(repo, before, run.info()["branch"])
    client = DockerEngine(engine.url).client
    assert client.containers(all=True, filters={"label": RUN}) == []
    client.close()
    assert "Traceback" not in run.said
