"""Sandboxes to test with: the fake one, and real containers from the base image."""

import uuid
from collections.abc import Iterator

import pytest

from sandbox.docker import DockerEngine
from tests.support.trees import images


@pytest.fixture(scope="session")
def run_id() -> str:
    """Of this test session alone: others may use the same engine."""
    return f"tests-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def docker_engine(run_id: str) -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    left = engine.remove_run(run_id)
    engine.close()
    assert left == [], "a test left a container"


@pytest.fixture(scope="session")
def image() -> str:
    return images().base
