"""What the library application promises, asked over HTTP."""

import base64
import json

import pytest


@pytest.fixture
def new_book(client, unique, login):
    def make(**changes):
        body = {"title": "A title", "author": unique(), "isbn": unique(), **changes}
        answer = client.post("/books", json=body, headers=login)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


def test_health(client):
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/health/ready").status_code == 200


def test_account_and_login_never_show_the_password(client, unique):
    account = {"email": f"{unique()}@Example.ORG", "password": "correct horse"}
    made = client.post("/auth/register", json=account)
    assert made.status_code == 201 and set(made.json()) == {"id", "email", "created_at"}
    assert made.json()["email"] == account["email"].lower() and made.json()["created_at"].endswith("Z")
    again = client.post("/auth/register", json={**account, "email": account["email"].upper()})
    assert again.status_code == 409
    wrong = client.post("/auth/token", data={"username": account["email"], "password": "wrong"})
    nobody = client.post("/auth/token", data={"username": f"{unique()}@example.org", "password": "wrong"})
    assert wrong.status_code == nobody.status_code == 401 and wrong.json() == nobody.json()
    short = client.post("/auth/register", json={"email": "a@example.org", "password": "hunter2"})
    assert short.status_code == 422 and "hunter2" not in short.text


def test_only_our_own_unexpired_tokens_open_the_door(client, login):
    token = login["Authorization"].removeprefix("Bearer ")
    head, claims, signature = token.split(".")
    free = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).decode().rstrip("=")
    for forged in ("x", token[:-4] + "AAAA", f"{free}.{claims}.", f"{free}.{claims}.{signature}", f"{head}.{claims}."):
        answer = client.get("/auth/me", headers={"Authorization": f"Bearer {forged}"})
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/auth/me", headers=login).status_code == 200


def test_login_is_checked_before_body_and_id(client):
    assert client.post("/books", json={"nonsense": 1}).status_code == 401
    assert client.delete("/books/999999").status_code == 401
    assert client.get("/books/999999").status_code == 404


def test_a_book_comes_back_as_it_was_made(client, new_book):
    book = new_book(year=1450, tags=["b", "a", "b"])
    assert book["tags"] == ["a", "b"] and book["year"] == 1450
    assert client.get(f"/books/{book['id']}").json() == book


@pytest.mark.parametrize(
    "change",
    [
        {"title": ""},
        {"title": "x" * 201},
        {"title": None},
        {"author": "x" * 256},
        {"year": 1449},
        {"year": 10**30},
        {"isbn": None},
        {"surprise": 1},
        {"id": 7},
        {"tags": [""]},
        {"tags": None},
        {"tags": ["x"] * 51},
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_breaks_a_rule_is_refused(client, unique, login, new_book, change):
    body = {"title": "t", "author": "a", "isbn": unique(), **change}
    assert client.post("/books", json=body, headers=login).status_code == 422
    assert client.patch(f"/books/{new_book()['id']}", json=change).status_code == 422


def test_numbers_json_does_not_have_are_refused(client, login):
    body = '{"title": "t", "author": "a", "isbn": "nan", "year": NaN}'
    answer = client.post("/books", content=body, headers={**login, "Content-Type": "application/json"})
    assert answer.status_code == 422


def test_a_taken_isbn_is_a_conflict(client, unique, login, new_book):
    first, second = new_book(), new_book()
    body = {"title": "t", "author": "a", "isbn": first["isbn"]}
    assert client.post("/books", json=body, headers=login).status_code == 409
    assert client.patch(f"/books/{second['id']}", json={"isbn": first["isbn"]}).status_code == 409
    assert client.patch(f"/books/{first['id']}", json={"isbn": first["isbn"]}).status_code == 200
    assert client.get(f"/books/{second['id']}").json() == second


@pytest.mark.parametrize(("book_id", "code"), [(0, 404), (-1, 404), (2**31 - 1, 404), ("x", 422), (10**30, 422)])
def test_ids_that_are_none(client, book_id, code):
    assert client.get(f"/books/{book_id}").status_code == code


def test_changes_touch_what_was_named(client, new_book):
    book = new_book(year=2000, tags=["keep"])
    path = f"/books/{book['id']}"
    assert client.patch(path, json={}).json() == book
    assert client.patch(path, json={"year": None}).json() == {**book, "year": None}
    assert client.patch(path, json={"tags": ["new", "keep"]}).json()["tags"] == ["keep", "new"]
    assert client.patch(path, json={"tags": []}).json()["tags"] == []
    assert client.patch("/books/999999", json={}).status_code == 404


def test_pages_newest_first(client, unique, new_book):
    author = unique()
    ids = [new_book(author=author)["id"] for _ in range(3)]
    page = client.get("/books", params={"author": author}).json()
    assert [b["id"] for b in page["items"]] == ids[::-1]
    assert {k: page[k] for k in ("total", "limit", "offset")} == {"total": 3, "limit": 20, "offset": 0}
    second = client.get("/books", params={"author": author, "limit": 1, "offset": 1}).json()
    assert [b["id"] for b in second["items"]] == [ids[1]] and second["total"] == 3
    for wrong in ({"limit": 0}, {"limit": 101}, {"offset": -1}, {"offset": 2**63}):
        assert client.get("/books", params=wrong).status_code == 422


def test_filters_and_search(client, unique, new_book):
    tag, author = unique()[:20], unique()
    book = new_book(author=author, tags=[tag], title="100%_SURE")
    new_book(author=author, title="100 things")
    assert [b["id"] for b in client.get("/books", params={"tag": tag}).json()["items"]] == [book["id"]]
    assert client.get("/books", params={"tag": unique()}).json()["total"] == 0
    found = client.get("/books", params={"author": author, "q": "%_sure"}).json()["items"]
    assert [b["id"] for b in found] == [book["id"]]
    assert client.get("/books", params={"author": author, "q": ""}).json()["total"] == 2


def test_reviews_live_below_their_book(client, login, new_book):
    book, other = new_book(), new_book()
    path = f"/books/{book['id']}/reviews"
    review = client.post(path, json={"rating": 5, "text": "good"}).json()
    assert review["book_id"] == book["id"]
    assert client.get(path).json() == [review] and client.get(f"/books/{other['id']}/reviews").json() == []
    assert client.get("/reviews").status_code == 404
    assert client.get("/books/999999/reviews").status_code == 404
    assert client.post("/books/999999/reviews", json={"rating": 5, "text": "x"}).status_code == 404
    assert client.post(path, json={"rating": 6, "text": "x"}).status_code == 422
    assert client.post(path, json={"rating": 1, "text": "x", "book_id": other["id"]}).status_code == 422
    assert client.delete(f"/books/{book['id']}", headers=login).status_code == 204
    assert client.get(f"/reviews/{review['id']}").status_code == 404


def test_tags_outlive_books_and_books_outlive_tags(client, unique, login, new_book):
    first, second = unique()[:20], unique()[:20]
    book = new_book(tags=[first, second])
    tags = {tag["name"]: tag["id"] for tag in client.get("/tags").json()}
    assert client.post("/tags", json={"name": first}).status_code == 409
    assert client.delete(f"/tags/{tags[first]}").status_code == 204
    assert client.get(f"/books/{book['id']}").json()["tags"] == [second]
    assert client.delete(f"/books/{book['id']}", headers=login).status_code == 204
    assert client.get(f"/tags/{tags[second]}").status_code == 200


def test_the_description_names_every_route(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/books", "/books/{book_id}", "/books/{book_id}/reviews", "/reviews/{review_id}", "/tags"} <= set(paths)
    assert "409" in paths["/books"]["post"]["responses"] and paths["/books"]["post"]["security"]
