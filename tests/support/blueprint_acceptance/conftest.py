"""A client, an account, and a name nobody had before."""

import os
import uuid

import httpx
import pytest


@pytest.fixture
def client():
    with httpx.Client(base_url=os.environ["APP_BASE_URL"], timeout=30) as client:
        yield client


@pytest.fixture
def unique():
    return lambda: uuid.uuid4().hex


@pytest.fixture
def login(client, unique):
    account = {"email": f"{unique()}@example.org", "password": "correct horse"}
    assert client.post("/auth/register", json=account).status_code == 201
    form = {"username": account["email"], "password": account["password"]}
    token = client.post("/auth/token", data=form).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}
