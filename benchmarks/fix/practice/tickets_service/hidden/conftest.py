from datetime import datetime, timezone

import pytest
from fastapi.testclient import TestClient

from tickets import clock
from tickets.main import app

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=timezone.utc)


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def login(client):
    """Headers of a new user."""

    def sign_up(name):
        token = client.post("/users", json={"name": name}).json()["token"]
        return {"Authorization": f"Bearer {token}"}

    return sign_up
