"""A small FastAPI application, its tests, and the image its dependencies are in."""

import functools
import tempfile
import uuid
from pathlib import Path

from sandbox.base_image import ensure_base
from sandbox.build_network import BuildNetwork
from sandbox.docker import DockerEngine
from sandbox.images import Images
from sandbox.manifest import Manifest
from sandbox.reports import Service

RUN_ID = f"tests-{uuid.uuid4().hex[:12]}"
SERVICE = Service(argv=("python", "-m", "uvicorn", "app.main:app", "--port", "{port}"), ready_path="/health")

APP: dict[str, bytes] = {
    "app/__init__.py": b"",
    "app/main.py": b"""
from pathlib import Path

from fastapi import FastAPI

app = FastAPI()
store = Path(__file__).parent.parent / "notes.txt"


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


@app.post("/notes/{text}", status_code=201)
def add(text: str) -> dict[str, int]:
    with store.open("a") as file:
        file.write(text + "\\n")
    return {"count": len(store.read_text().splitlines())}
""",
}
CONFTEST = b"""
import os

import httpx
import pytest


@pytest.fixture
def client():
    with httpx.Client(base_url=os.environ["APP_BASE_URL"]) as client:
        yield client
"""
ACCEPTANCE: dict[str, bytes] = {
    "tests/acceptance/conftest.py": CONFTEST,
    "tests/acceptance/test_notes.py": b"""
def test_health(client):
    assert client.get("/health").json() == {"ok": True}


def test_first_note(client):
    answer = client.post("/notes/hello")
    assert answer.status_code == 201
    assert answer.json() == {"count": 1}
""",
}
ACCEPTANCE_IDS = ("tests/acceptance/test_notes.py::test_health", "tests/acceptance/test_notes.py::test_first_note")
UNIT: dict[str, bytes] = {
    "tests/test_unit.py": b"""
import pytest
from fastapi.testclient import TestClient

from app.main import app


def test_health():
    assert TestClient(app).get("/health").json() == {"ok": True}


@pytest.mark.parametrize("number", [1, 2])
def test_number(number):
    assert number > 0
""",
}
UNIT_IDS = ("tests/test_unit.py::test_health", "tests/test_unit.py::test_number")


def network() -> BuildNetwork:
    """The certificates of this machine, and its pip configuration."""
    return BuildNetwork(ca_dir=Path("/etc/ssl/certs"), pip_conf=Path("/etc/pip.conf"))


@functools.cache
def images() -> Images:
    """The dependency images of the local engine; makes the base image when it is not there."""
    client = DockerEngine().client
    cache = Path(tempfile.gettempdir()) / "greenloop-test-images"
    base = ensure_base(client, network=network(), cache=cache)
    return Images(client, network(), base=base, cache=cache)


@functools.cache
def fastapi_image() -> str:
    """The tag of an image that can run `APP`."""
    return images().ensure(Manifest(requirements=("fastapi>=0.110", "uvicorn>=0.30", "pytest-asyncio"))).tag
