def add(client, who, title, **more):
    response = client.post("/tasks", json={"title": title, **more}, headers=who)
    assert response.status_code == 201
    return response.json()


def test_register(client):
    response = client.post("/users", json={"name": "anna"})
    assert response.status_code == 201
    assert client.post("/users", json={"name": "anna"}).status_code == 409
    assert client.post("/users", json={"name": "x"}).status_code == 422


def test_me(client, anna):
    assert client.get("/users/me", headers=anna).json() == {"id": 1, "name": "anna"}


def test_read_user(client, anna):
    assert client.get("/users/1").json() == {"id": 1, "name": "anna"}
    assert client.get("/users/99").status_code == 404


def test_login_is_needed(client, anna):
    assert client.get("/tasks").status_code == 401
    assert client.get("/tasks", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/tasks", headers={"Authorization": anna["Authorization"].replace("Bearer", "Basic")}).status_code == 401


def test_create(client, anna):
    task = add(client, anna, "tea", notes="green")
    assert task["status"] == "open"
    assert task["notes"] == "green"
    assert task["priority"] == 3
    assert task["owner"] == {"id": 1, "name": "anna"}
    assert client.get(f"/tasks/{task['id']}", headers=anna).json() == task


def test_priority_is_limited(client, anna):
    assert client.post("/tasks", json={"title": "x", "priority": 6}, headers=anna).status_code == 422
    assert client.post("/tasks", json={"title": "x", "priority": 5}, headers=anna).status_code == 201


def test_missing_and_foreign(client, anna, ben):
    task = add(client, anna, "tea")
    assert client.get("/tasks/77", headers=anna).status_code == 404
    assert client.get(f"/tasks/{task['id']}", headers=ben).status_code == 403
    assert client.delete(f"/tasks/{task['id']}", headers=ben).status_code == 403


def test_change_only_what_was_sent(client, anna):
    task = add(client, anna, "tea", notes="green")
    changed = client.patch(f"/tasks/{task['id']}", json={"title": "coffee"}, headers=anna).json()
    assert changed["title"] == "coffee"
    assert changed["notes"] == "green"
    assert client.get(f"/tasks/{task['id']}", headers=anna).json()["title"] == "coffee"


def test_finish(client, anna):
    task = add(client, anna, "tea")
    done = client.post(f"/tasks/{task['id']}/done", headers=anna)
    assert done.json()["status"] == "done"
    assert done.json()["done_at"] is not None
    assert client.post(f"/tasks/{task['id']}/done", headers=anna).status_code == 409


def test_delete(client, anna):
    task = add(client, anna, "tea")
    assert client.delete(f"/tasks/{task['id']}", headers=anna).status_code == 204
    assert client.get(f"/tasks/{task['id']}", headers=anna).status_code == 404


def test_search_only_own(client, anna, ben):
    add(client, anna, "tea")
    add(client, ben, "milk")
    found = client.get("/tasks", headers=ben).json()
    assert [item["title"] for item in found["items"]] == ["milk"]
    assert found["total"] == 1


def test_search_text_and_status(client, anna):
    tea = add(client, anna, "Green tea")
    add(client, anna, "milk")
    client.post(f"/tasks/{tea['id']}/done", headers=anna)
    found = client.get("/tasks", params={"text": "TEA"}, headers=anna).json()
    assert [item["title"] for item in found["items"]] == ["Green tea"]
    found = client.get("/tasks", params={"status": "open"}, headers=anna).json()
    assert [item["title"] for item in found["items"]] == ["milk"]


def test_search_pages(client, anna):
    for number in range(5):
        add(client, anna, f"t{number}")
    first = client.get("/tasks", params={"size": 2}, headers=anna).json()
    assert [item["title"] for item in first["items"]] == ["t0", "t1"]
    assert first["total"] == 5
    assert first["pages"] == 3
    last = client.get("/tasks", params={"size": 2, "page": 3}, headers=anna).json()
    assert [item["title"] for item in last["items"]] == ["t4"]


def test_important_first(client, anna):
    add(client, anna, "low", priority=1)
    add(client, anna, "high", priority=5)
    found = client.get("/tasks", headers=anna).json()
    assert [item["title"] for item in found["items"]] == ["high", "low"]
