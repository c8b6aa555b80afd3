import pytest
from fastapi.testclient import TestClient

import notes
from notes import Store, app

client = TestClient(app)
ANNA, BEN = {"X-Key": "anna-key"}, {"X-Key": "ben-key"}


@pytest.fixture(autouse=True)
def empty(monkeypatch):
    store = Store()
    store.add_user("anna", "anna-key")
    store.add_user("ben", "ben-key")
    monkeypatch.setattr(notes, "store", store)


def add(title, who=ANNA, **more):
    response = client.post("/notes", json={"title": title, **more}, headers=who)
    assert response.status_code == 201
    return response.json()


def titles(who=ANNA, **params):
    return [note["title"] for note in client.get("/notes", params=params, headers=who).json()["notes"]]


def test_key():
    assert client.get("/notes").status_code == 401
    assert client.get("/notes", headers={"X-Key": "wrong"}).status_code == 401


def test_create():
    note = add("one", text="x", tags=[" B", "a", "b", ""])
    assert note == {"id": 1, "owner": "anna", "title": "one", "text": "x", "tags": ["a", "b"], "version": 1}
    assert client.get("/notes/1", headers=ANNA).json() == note


def test_title_is_needed():
    assert client.post("/notes", json={"title": ""}, headers=ANNA).status_code == 422


def test_foreign_notes_are_hidden():
    add("one")
    assert client.get("/notes/1", headers=BEN).status_code == 404
    assert client.get("/notes/9", headers=ANNA).status_code == 404
    assert titles(BEN) == []


def test_share():
    add("one")
    assert client.put("/notes/1/shared/ben", headers=ANNA).status_code == 204
    assert client.put("/notes/1/shared/nobody", headers=ANNA).status_code == 404
    assert client.get("/notes/1", headers=BEN).status_code == 200
    assert titles(BEN) == ["one"]
    assert client.delete("/notes/1", headers=BEN).status_code == 403
    assert client.delete("/notes/1", headers=ANNA).status_code == 204
    assert titles(BEN) == []


def test_sharing_one_does_not_share_another():
    add("one")
    add("two")
    client.put("/notes/1/shared/ben", headers=ANNA)
    assert titles(BEN) == ["one"]


def test_search():
    add("Tea", tags=["Drink"])
    add("milk", text="for tea", tags=["drink", "food"])
    add("bread", tags=["food"])
    assert titles() == ["bread", "milk", "Tea"]
    assert titles(sort="oldest") == ["Tea", "milk", "bread"]
    assert titles(sort="title") == ["bread", "milk", "Tea"]
    assert titles(tag="DRINK") == ["milk", "Tea"]
    assert titles(text="TEA") == ["milk", "Tea"]


def test_pages():
    for number in range(5):
        add(f"n{number}")
    first = client.get("/notes", params={"limit": 2, "sort": "oldest"}, headers=ANNA).json()
    assert [note["title"] for note in first["notes"]] == ["n0", "n1"]
    assert first["next"] == 2
    assert titles(limit=2, offset=2, sort="oldest") == ["n2", "n3"]
    assert client.get("/notes", params={"limit": 2, "offset": 4}, headers=ANNA).json()["next"] is None
    assert client.get("/notes", params={"limit": 5}, headers=ANNA).json()["next"] is None


def test_tags():
    add("a", tags=["x", "y"])
    add("b", tags=["x"])
    add("c", who=BEN, tags=["x"])
    assert client.get("/notes/tags", headers=ANNA).json() == {"x": 2, "y": 1}


def test_change():
    add("one", text="old")
    changed = client.patch("/notes/1", json={"text": "new", "version": 1}, headers=ANNA)
    assert changed.json()["text"] == "new"
    assert changed.json()["title"] == "one"
    assert changed.json()["version"] == 2
    assert client.patch("/notes/1", json={"text": "newer", "version": 1}, headers=ANNA).status_code == 409
    assert client.patch("/notes/1", json={"text": "", "version": 2}, headers=ANNA).json()["text"] == ""


def test_delete():
    add("one", tags=["x"])
    assert client.delete("/notes/1", headers=ANNA).status_code == 204
    assert client.get("/notes/1", headers=ANNA).status_code == 404
    assert titles() == []
    assert client.get("/notes/tags", headers=ANNA).json() == {}
