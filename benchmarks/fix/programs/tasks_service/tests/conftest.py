import pytest
from fastapi.testclient import TestClient

from app.main import app


@pytest.fixture
def client():
    with TestClient(app) as client:
        yield client


@pytest.fixture
def anna(client):
    return {"Authorization": "Bearer " + client.post("/users", json={"name": "anna"}).json()["token"]}


@pytest.fixture
def ben(client):
    return {"Authorization": "Bearer " + client.post("/users", json={"name": "ben"}).json()["token"]}
