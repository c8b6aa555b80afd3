"""A whole run on a repository that does not even start without PostgreSQL."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.docker import DockerEngine
from tests.e2e.conftest import Greenloop, git
from tests.support.server_apps import NOTES

pytestmark = [pytest.mark.docker, pytest.mark.e2e]


def test_a_feature_on_postgresql(greenloop: Greenloop, tmp_path: Path, git_repo: Callable[[Path], Path]) -> None:
    for path, content in NOTES.items():
        if "acceptance" not in path:
            target = tmp_path / "as_found" / "notes" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    repo = git_repo(tmp_path / "as_found" / "notes")
    done = greenloop(
        "feature", "Add authors with name (str, unique), only create and list", "--repo", str(repo),
        GREENLOOP_MUTANTS="false", GREENLOOP_EXTRAS="postgresql, redis",
    )  # fmt: skip
    assert done.code == 0, done.text
    run = greenloop.last()
    assert git(repo, "log", "-1", "--format=%(trailers:key=Greenloop-Verdict,valueonly)", str(run["branch"])) == "green"
    events = (greenloop.record() / "events.jsonl").read_text()
    assert "PostgreSQL with notes_test is started beside the code" in events
    assert "repository's own tests: 1 of 1 tests passed" in done.out
    left = DockerEngine().client.containers(all=True, filters={"label": f"greenloop.run={run['id']}"})
    assert left == []
