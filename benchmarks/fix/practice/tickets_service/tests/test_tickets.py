from datetime import timedelta

import pytest

from tickets import clock


@pytest.fixture
def ann(login):
    return login("ann")


@pytest.fixture
def url(client, ann):
    """Tickets of a project of ann's."""
    project = client.post("/projects", json={"name": "garden"}, headers=ann).json()["id"]
    return f"/projects/{project}/tickets"


@pytest.fixture
def ticket(client, ann, url):
    return client.post(url, json={"title": "water", "text": "every day"}, headers=ann).json()


def move(client, ann, url, ticket, *statuses):
    for status in statuses:
        response = client.post(f"{url}/{ticket['id']}/status", json={"status": status}, headers=ann)
    return response


def test_sign_up(client, ann):
    assert client.post("/users", json={"name": "ann"}).status_code == 409
    assert client.get("/projects", headers=ann).json() == []


def test_tokens(client, ann):
    token = ann["Authorization"].split()[1]
    assert client.get("/projects").status_code == 401
    assert client.get("/projects", headers={"Authorization": f"bearer {token}"}).status_code == 200
    assert client.get("/projects", headers={"Authorization": f"Basic {token}"}).status_code == 401
    assert client.get("/projects", headers={"Authorization": "Bearer 1234"}).status_code == 401


def test_outsiders_see_nothing(client, login, ann, url, ticket):
    bob = login("bob")
    assert client.get(url, headers=bob).status_code == 404
    assert client.get(f"{url}/{ticket['id']}", headers=bob).status_code == 404
    assert client.get("/projects", headers=bob).json() == []


def test_members(client, login, ann, url, ticket):
    bob, members = login("bob"), url.replace("tickets", "members")
    assert client.post(members, json={"name": "bob"}, headers=ann).status_code == 204
    assert client.post(members, json={"name": "bob"}, headers=ann).status_code == 204
    assert client.post(members, json={"name": "eve"}, headers=ann).status_code == 404
    assert client.post(members, json={"name": "ann"}, headers=bob).status_code == 403
    assert client.get(f"{url}/{ticket['id']}", headers=bob).status_code == 200
    assert [one["name"] for one in client.get("/projects", headers=bob).json()] == ["garden"]
    assert client.delete(f"{url}/{ticket['id']}", headers=bob).status_code == 403


def test_create(client, ann, url, ticket):
    assert ticket["status"] == "open"
    assert ticket["done_at"] is None
    assert client.post(url, json={"title": ""}, headers=ann).status_code == 422


def test_due(client, ann, url):
    response = client.post(url, json={"title": "x", "due": "2030-06-01T15:00:00+02:00"}, headers=ann)
    assert response.json()["due"] == "2030-06-01T13:00:00Z"
    assert client.post(url, json={"title": "x", "due": "2030-06-01T11:00:00"}, headers=ann).status_code == 422
    assert client.post(url, json={"title": "x", "due": "2030-06-01T13:00:00"}, headers=ann).status_code == 201


def test_ticket_of_another_project(client, ann, url, ticket):
    other = client.post("/projects", json={"name": "house"}, headers=ann).json()["id"]
    assert client.get(f"/projects/{other}/tickets/{ticket['id']}", headers=ann).status_code == 404
    assert client.get(f"/projects/{other}/tickets", headers=ann).json()["items"] == []


def test_change(client, ann, url, ticket):
    response = client.patch(f"{url}/{ticket['id']}", json={"title": "water twice", "assignee": "ann"}, headers=ann)
    assert response.json()["title"] == "water twice"
    assert response.json()["text"] == "every day"
    response = client.patch(f"{url}/{ticket['id']}", json={"assignee": None}, headers=ann)
    assert (response.json()["title"], response.json()["assignee"]) == ("water twice", None)


def test_assignee_must_belong(client, login, ann, url, ticket):
    login("bob")
    for name in ("bob", "nobody"):
        assert client.patch(f"{url}/{ticket['id']}", json={"assignee": name}, headers=ann).status_code == 422


def test_status(client, ann, url, ticket):
    assert move(client, ann, url, ticket, "doing").json()["status"] == "doing"
    assert move(client, ann, url, ticket, "closed").status_code == 409
    done = move(client, ann, url, ticket, "done").json()
    assert done["done_at"] == "2030-06-01T12:00:00Z"
    assert move(client, ann, url, ticket, "nothing").status_code == 422


def test_reopen(client, ann, url, ticket):
    reopened = move(client, ann, url, ticket, "doing", "done", "open").json()
    assert (reopened["status"], reopened["done_at"]) == ("open", None)
    assert move(client, ann, url, ticket, "closed", "open").status_code == 409


def test_comments(client, ann, url, ticket):
    own = f"{url}/{ticket['id']}"
    for text in ("first", "second"):
        assert client.post(f"{own}/comments", json={"text": text}, headers=ann).status_code == 201
    found = client.get(own, headers=ann).json()["comments"]
    assert found == [{"author": "ann", "text": "first"}, {"author": "ann", "text": "second"}]
    move(client, ann, url, ticket, "closed")
    assert client.post(f"{own}/comments", json={"text": "third"}, headers=ann).status_code == 409


def test_pages(client, ann, url):
    for number in range(5):
        client.post(url, json={"title": f"t{number}"}, headers=ann)
    seen, after = [], 0
    while after is not None:
        page = client.get(url, params={"limit": 2, "after": after}, headers=ann).json()
        seen.append([item["title"] for item in page["items"]])
        after = page["next"] if len(seen) < 9 else None
    assert seen == [["t0", "t1"], ["t2", "t3"], ["t4"]]


def test_filters(client, ann, url, ticket):
    second = client.post(url, json={"title": "dig"}, headers=ann).json()
    move(client, ann, url, second, "doing")
    client.patch(f"{url}/{second['id']}", json={"assignee": "ann"}, headers=ann)
    for params in ({"status": "doing"}, {"assignee": "ann"}, {"status": "doing", "assignee": "ann"}):
        assert [item["title"] for item in client.get(url, params=params, headers=ann).json()["items"]] == ["dig"]


def test_late(client, ann, url, ticket, monkeypatch):
    late = client.post(url, json={"title": "mow", "due": "2030-06-02T12:00:00Z"}, headers=ann).json()
    assert client.get(url, params={"late": True}, headers=ann).json()["items"] == []
    now = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert [item["title"] for item in client.get(url, params={"late": True}, headers=ann).json()["items"]] == ["mow"]
    move(client, ann, url, late, "doing", "done")
    assert client.get(url, params={"late": True}, headers=ann).json()["items"] == []


def test_summary(client, ann, url, ticket):
    client.post(url, json={"title": "dig"}, headers=ann)
    move(client, ann, url, ticket, "doing")
    found = client.get(url.replace("tickets", "summary"), headers=ann).json()
    assert found == {"open": 1, "doing": 1, "done": 0, "closed": 0}


def test_delete(client, ann, url, ticket):
    own = f"{url}/{ticket['id']}"
    client.post(f"{own}/comments", json={"text": "why?"}, headers=ann)
    assert client.delete(own, headers=ann).status_code == 204
    assert client.get(own, headers=ann).status_code == 404
