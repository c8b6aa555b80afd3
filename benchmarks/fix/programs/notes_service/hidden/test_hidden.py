import pytest
from fastapi.testclient import TestClient

import notes
from notes import Store, app

client = TestClient(app)
WHO = [{"X-Key": f"key{n}"} for n in range(3)]


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    store = Store()
    for number in range(3):
        store.add_user(f"u{number}", f"key{number}")
    monkeypatch.setattr(notes, "store", store)


def add(who, title, **more):
    return client.post("/notes", json={"title": title, **more}, headers=WHO[who]).json()


def listing(who, **params):
    return client.get("/notes", params=params, headers=WHO[who]).json()


def titles(who, **params):
    return [note["title"] for note in listing(who, **params)["notes"]]


def test_rights():
    add(0, "a")
    for method, path in (("get", "/notes/1"), ("delete", "/notes/1"), ("put", "/notes/1/shared/u1")):
        assert getattr(client, method)(path).status_code == 401
        assert getattr(client, method)(path, headers=WHO[1]).status_code == 404
    assert client.patch("/notes/1", json={"version": 1}, headers=WHO[1]).status_code == 404
    client.put("/notes/1/shared/u1", headers=WHO[0])
    assert client.get("/notes/1", headers=WHO[1]).json()["owner"] == "u0"
    assert client.get("/notes/1", headers=WHO[2]).status_code == 404
    assert client.patch("/notes/1", json={"version": 1, "text": "x"}, headers=WHO[1]).status_code == 403
    assert client.put("/notes/1/shared/u2", headers=WHO[1]).status_code == 403
    assert client.delete("/notes/1", headers=WHO[0]).status_code == 204
    assert client.get("/notes/1", headers=WHO[1]).status_code == 404
    assert titles(0) == titles(1) == []
    assert client.delete("/notes/1", headers=WHO[0]).status_code == 404


def test_lists_are_apart():
    add(0, "a", tags=["x"])
    add(0, "b")
    add(1, "c", tags=["y"])
    client.put("/notes/2/shared/u1", headers=WHO[0])
    assert titles(1) == ["c", "b"]
    assert titles(2) == []
    assert client.get("/notes/tags", headers=WHO[1]).json() == {"y": 1}
    assert client.get("/notes/2", headers=WHO[0]).json()["tags"] == []


def test_pages_meet():
    for number in range(7):
        add(0, f"n{number}")
    seen, offset = [], 0
    while offset is not None:
        page = listing(0, offset=offset, limit=3, sort="oldest")
        seen += [note["title"] for note in page["notes"]]
        offset = page["next"]
    assert seen == [f"n{n}" for n in range(7)]
    assert listing(0, limit=7)["next"] is None
    assert listing(0, limit=6)["next"] == 6
    assert titles(0, limit=2, offset=1) == ["n5", "n4"]


def test_search():
    add(0, "Apple pie", text="SUGAR", tags=["Sweet ", "sweet"])
    add(0, "banana", text="apple", tags=[])
    add(0, "Cherry", tags=["sweet", "red"])
    assert titles(0, text="apple", sort="title") == ["Apple pie", "banana"]
    assert titles(0, text="sugar") == ["Apple pie"]
    assert titles(0, tag="Sweet", sort="oldest") == ["Apple pie", "Cherry"]
    assert titles(0, tag="sweet", text="cherry") == ["Cherry"]
    assert titles(0, tag="blue") == []
    assert client.get("/notes/tags", headers=WHO[0]).json() == {"sweet": 2, "red": 1}
    assert client.get("/notes", params={"sort": "wild"}, headers=WHO[0]).status_code == 422


def test_versions():
    add(0, "a")
    for version in (1, 2, 3):
        body = client.patch("/notes/1", json={"title": f"t{version}", "version": version}, headers=WHO[0]).json()
        assert body["version"] == version + 1 and body["title"] == f"t{version}" and body["text"] == ""
    assert client.patch("/notes/1", json={"version": 3}, headers=WHO[0]).status_code == 409
    assert client.patch("/notes/1", json={"title": "", "version": 4}, headers=WHO[0]).status_code == 422
    assert client.patch("/notes/1", json={"title": "x"}, headers=WHO[0]).status_code == 422
    assert client.get("/notes/1", headers=WHO[0]).json()["version"] == 4
    full = client.patch("/notes/1", json={"text": "full", "version": 4}, headers=WHO[0]).json()
    assert full["text"] == "full"
    assert client.patch("/notes/1", json={"text": "", "version": 5}, headers=WHO[0]).json()["text"] == ""


def test_titles():
    for title, code in (("x" * 80, 201), ("x" * 81, 422)):
        assert client.post("/notes", json={"title": title}, headers=WHO[0]).status_code == code
