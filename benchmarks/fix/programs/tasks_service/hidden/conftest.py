import pytest
from fastapi.testclient import TestClient

from app.main import app


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


@pytest.fixture
def people(client):
    tokens = [client.post("/users", json={"name": name}).json()["token"] for name in ("zoe", "yan", "xu")]
    return [{"Authorization": f"bearer {token}"} for token in tokens]
