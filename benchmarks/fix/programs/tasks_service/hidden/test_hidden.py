import pytest


def add(client, who, title, **more):
    return client.post("/tasks", json={"title": title, **more}, headers=who).json()


def test_users(client, people):
    assert [client.get("/users/me", headers=who).json()["name"] for who in people] == ["zoe", "yan", "xu"]
    assert client.get("/users/3").json() == {"id": 3, "name": "xu"}
    assert client.get("/users/4").status_code == 404
    assert client.get("/users/0").status_code == 404
    assert client.get("/users/me").status_code == 401
    assert client.post("/users", json={"name": "zoe"}).status_code == 409
    assert client.post("/users", json={"name": "new"}).status_code == 201


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "token"])
def test_not_logged_in(client, people, header):
    for method, url in (("get", "/tasks"), ("get", "/tasks/1"), ("delete", "/tasks/1"), ("post", "/tasks/1/done")):
        assert getattr(client, method)(url, headers={"Authorization": header}).status_code == 401


def test_other_schemes(client, people):
    token = people[0]["Authorization"].split()[1]
    for scheme, code in (("Basic", 401), ("", 401), ("BEARER", 200), ("Bearer", 200)):
        assert client.get("/tasks", headers={"Authorization": f"{scheme} {token}"}).status_code == code
    assert client.get("/tasks", headers={"Authorization": token}).status_code == 401


def test_life_of_a_task(client, people):
    one, two, three = people
    task = add(client, two, "write", notes="n", priority=1)
    assert task["owner"]["name"] == "yan" and task["done_at"] is None
    url = f"/tasks/{task['id']}"
    for other in (one, three):
        assert client.get(url, headers=other).status_code == 403
        assert client.patch(url, json={"title": "mine"}, headers=other).status_code == 403
        assert client.post(url + "/done", headers=other).status_code == 403
        assert client.delete(url, headers=other).status_code == 403
    assert client.patch(url, json={"notes": None}, headers=two).json()["notes"] is None
    assert client.patch(url, json={"priority": 4}, headers=two).json()["title"] == "write"
    assert client.patch(url, json={"priority": 0}, headers=two).status_code == 422
    assert client.get(url, headers=two).json()["priority"] == 4
    assert client.post(url + "/done", headers=two).status_code == 200
    again = client.get(url, headers=two).json()
    assert again["status"] == "done" and again["done_at"]
    assert client.post(url + "/done", headers=two).status_code == 409
    assert client.delete(url, headers=two).status_code == 204
    assert client.delete(url, headers=two).status_code == 404


def test_pages(client, people):
    one, two, _ = people
    for number in range(7):
        add(client, one, f"a{number}", priority=number % 3 + 1)
        add(client, two, f"b{number}")
    seen = []
    for page in range(1, 5):
        answer = client.get("/tasks", params={"page": page, "size": 2}, headers=one).json()
        assert answer["total"] == 7 and answer["pages"] == 4
        seen += [item["title"] for item in answer["items"]]
    assert seen == ["a2", "a5", "a1", "a4", "a0", "a3", "a6"]
    assert client.get("/tasks", params={"page": 5, "size": 2}, headers=one).json()["items"] == []
    assert client.get("/tasks", params={"size": 7}, headers=one).json()["pages"] == 1
    for bad in ({"page": 0}, {"size": 0}, {"size": 51}):
        assert client.get("/tasks", params=bad, headers=one).status_code == 422


def test_filters(client, people):
    one, two, _ = people
    a = add(client, one, "Buy Milk")
    add(client, one, "milk the cow")
    add(client, two, "milk shake")
    add(client, one, "walk")
    client.post(f"/tasks/{a['id']}/done", headers=one)

    def titles(**params):
        answer = client.get("/tasks", params=params, headers=one).json()
        assert answer["total"] == len(answer["items"])
        return [item["title"] for item in answer["items"]]

    assert titles(text="milk") == ["Buy Milk", "milk the cow"]
    assert titles(text="milk", status="done") == ["Buy Milk"]
    assert titles(status="open") == ["milk the cow", "walk"]
    assert titles(status="in-progress") == []
    assert client.get("/tasks", params={"status": "nope"}, headers=one).status_code == 422
    assert client.get("/users/1").json() == {"id": 1, "name": "zoe"}


def test_limits(client, people):
    for title, priority, code in (("", 3, 422), ("x" * 100, 1, 201), ("x" * 101, 1, 422), ("x", 0, 422)):
        assert client.post("/tasks", json={"title": title, "priority": priority}, headers=people[0]).status_code == code
