"""Every field type and awkward name, asked over HTTP."""

import pytest


@pytest.fixture
def body(client, unique):
    author = client.post("/authors", json={"name": "Zed"}).json()["id"]
    return {
        "title": "t",
        "weight": 1,
        "price": "12.5",
        "starts": "2024-01-01T10:00:00+02:00",
        "email": f"{unique()}@Example.ORG",
        "code": "12345678-1234-5678-1234-56781234567A",
        "author_id": author,
    }


@pytest.fixture
def new(client, body, unique):
    def make(**changes):
        answer = client.post("/order-items", json={**body, "email": f"{unique()}@example.org", **changes})
        assert answer.status_code == 201, answer.text
        assert client.get(f"/order-items/{answer.json()['id']}").json() == answer.json()
        return answer.json()

    return make


def test_values_and_defaults(client, body):
    made = client.post("/order-items", json=body).json()
    expected = {
        "price": "12.50",
        "starts": "2024-01-01T08:00:00Z",
        "email": body["email"].lower(),
        "code": body["code"].lower(),
        "status": "draft",
        "count": 0,
        "active": True,
        "copy": False,
        "from": "2020-01-02",
        "min_price": "1.50",
        "ref": "12345678-1234-5678-1234-567812345678",
        "seen": "2020-01-02T03:04:05Z",
        "class": None,
        "metadata": None,
        "json": None,
        "class_id": None,
        "courses": [],
    }
    assert {key: made[key] for key in expected} == expected
    assert client.post("/order-items", json={**body, "email": body["email"].upper()}).status_code == 409


@pytest.mark.parametrize(
    "change",
    [
        {"status": "it's"},
        {"status": 'out "now"'},
        {"homepage": "http://example.com"},
        {"title": "x" * 255},
        {"count": 2**31 - 1},
        {"born": "2024-02-29"},
        {"class": "c", "metadata": "m", "type": "t", "from": "2021-01-01", "json": "j", "date": "2022-02-02"},
        {"list": "l", "data": "d", "q": "q", "session": "s", "copy": True, "model_year": 3},
    ],
    ids=lambda value: str(value)[:40],
)
def test_values_are_kept(new, change):
    made = new(**change)
    assert {key: made[key] for key in change} == change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"author_id": 10**6}, 404),
        ({"author_id": None}, 422),
        ({"class_id": 10**6}, 404),
        ({"courses": ["no such course"]}, 422),
        ({"count": None}, 422),
        ({"count": -1}, 422),
        ({"count": 2**31}, 422),
        ({"weight": 10.5}, 422),
        ({"weight": 0}, 422),
        ({"weight": "inf"}, 422),
        ({"price": "1.234"}, 422),
        ({"price": "NaN"}, 422),
        ({"price": 10**12}, 422),
        ({"status": "x"}, 422),
        ({"homepage": "ftp://example.com"}, 422),
        ({"homepage": "nope"}, 422),
        ({"code": "x"}, 422),
        ({"email": "x"}, 422),
        ({"born": "2024-13-01"}, 422),
        ({"class_": "c"}, 422),
        ({"body": "x" * 10_001}, 422),
    ],
    ids=lambda value: str(value)[:40],
)
def test_values_are_refused(client, new, body, unique, change, code):
    assert client.post("/order-items", json={**body, "email": f"{unique()}@a.org", **change}).status_code == code
    assert client.patch(f"/order-items/{new()['id']}", json=change).status_code == code


@pytest.mark.parametrize("name", ["class", "type", "list", "q", "data", "session"])
def test_filters_with_awkward_names(client, new, unique, name):
    value = unique()
    made = new(**{name: value})
    assert [o["id"] for o in client.get("/order-items", params={name: value}).json()["items"]] == [made["id"]]
    other = unique()
    assert client.patch(f"/order-items/{made['id']}", json={name: other}).json()[name] == other
    assert client.get("/order-items", params={name: value}).json()["items"] == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("price", "12.5", 200),
        ("price", "x", 422),
        ("starts", "2024-01-01T08:00:00", 200),
        ("starts", "2024-01-01T09:00:00+01:00", 200),
        ("active", "true", 200),
        ("active", "maybe", 422),
        ("status", "draft", 200),
        ("status", "x", 422),
        ("code", "12345678-1234-5678-1234-56781234567A", 200),
        ("weight", "1", 200),
        ("count", "99999999999999999999", 422),
        ("author_id", "x", 422),
    ],
)
def test_filters_by_type(client, new, name, value, code):
    new()
    answer = client.get("/order-items", params={name: value})
    assert answer.status_code == code
    assert code != 200 or answer.json()["total"] > 0


def test_unique_is_free_to_be_absent(client, new, body, unique):
    slug = unique()
    new(slug=slug)
    new()
    new()
    again = client.post("/order-items", json={**body, "email": f"{unique()}@example.org", "slug": slug})
    assert again.status_code == 409


def test_courses_have_to_exist(client, new, unique):
    title = unique()
    assert client.post("/courses", json={"title": title, "credits": 3}).status_code == 201
    made = new(courses=[title])
    assert made["courses"] == [title]
    assert [o["id"] for o in client.get("/order-items", params={"course": title}).json()["items"]] == [made["id"]]


def test_deleting_what_is_referred_to(client, new, body, login):
    first = client.post("/classes", json={"name": "first"}).json()["id"]
    made = new(class_id=first)
    assert client.delete(f"/authors/{body['author_id']}").status_code == 401
    assert client.delete(f"/authors/{body['author_id']}", headers=login).status_code == 409
    assert client.delete(f"/classes/{first}").status_code == 204
    assert client.get(f"/order-items/{made['id']}").json()["class_id"] is None


def test_nested_and_guarded(client, new, body, login):
    item = new()
    path = f"/order-items/{item['id']}/customer-delivery-notes"
    assert client.get(path).status_code == client.get("/order-items/x/customer-delivery-notes").status_code == 401
    note = {"text": "Left at the door", "author_id": body["author_id"]}
    assert client.post(path, json={**note, "author_id": 10**6}, headers=login).status_code == 404
    made = client.post(path, json=note, headers=login).json()
    assert made["order_item_id"] == item["id"]
    assert client.get(path, params={"q": "DOOR"}, headers=login).json()["total"] == 1
    assert client.get(path, params={"q": "window"}, headers=login).json()["total"] == 0
    one = f"/customer-delivery-notes/{made['id']}"
    assert client.patch(one, json={"author_id": None}, headers=login).status_code == 422
    assert client.delete(f"/order-items/{item['id']}").status_code == 204
    assert client.get(one, headers=login).status_code == 404


def test_a_resource_that_refers_to_itself(client):
    parent = client.post("/categories", json={"name": "a"}).json()["id"]
    child = client.post("/categories", json={"name": "b", "category_id": parent}).json()["id"]
    assert [c["id"] for c in client.get("/categories", params={"category_id": parent}).json()] == [child]
    assert client.delete(f"/categories/{parent}").status_code == 204
    assert client.get(f"/categories/{child}").json()["category_id"] is None


def test_actions_that_were_not_asked_for(client):
    author = client.post("/authors", json={"name": "x"}).json()["id"]
    assert client.patch(f"/authors/{author}", json={}).status_code == 405


def test_order_and_search_of_a_plain_list(client, unique):
    mark = unique()
    for name in ("b", "a", "c"):
        client.post("/authors", json={"name": f"{mark} {name}"})
    found = client.get("/authors", params={"q": mark.upper()}).json()
    assert [a["name"][-1] for a in found] == ["a", "b", "c"]


def test_a_resource_named_like_a_library_class(client):
    table = client.post("/tables", json={"seats": 2, "metadata": "m"}).json()
    assert client.get(f"/tables/{table['id']}").json() == table and table["metadata"] == "m"
