import random
from datetime import datetime, timedelta, timezone

import pytest
from fastapi.testclient import TestClient

from depot import store
from depot.main import app

client = TestClient(app)
START = datetime(2027, 2, 27, 23, 50, tzinfo=timezone.utc)


@pytest.fixture
def go(monkeypatch):
    return lambda minutes: monkeypatch.setattr(store, "now", lambda: START + timedelta(minutes=minutes))


@pytest.fixture(autouse=True)
def fresh(go):
    store.reset()
    go(0)


def article(sku, minimum=0):
    return client.post("/articles", json={"sku": sku, "name": sku, "minimum": minimum})


def post(path, **body):
    return client.post(path, json=body)


def stock(sku):
    return client.get(f"/articles/{sku}/stock").json()


def test_random_moves_add_up():
    rng = random.Random(12)
    for sku in ("aa", "bb"):
        article(sku)
    known = {"aa": {}, "bb": {}}
    for _ in range(120):
        sku, place, other, pieces = rng.choice(["aa", "bb"]), rng.choice("xyz"), rng.choice("xyz"), rng.randint(1, 6)
        places = known[sku]
        if rng.random() < 0.4:
            places[place] = places.get(place, 0) + pieces
            assert post(f"/articles/{sku}/deliveries", place=place, pieces=pieces).json() == {"total": sum(places.values())}
        else:
            code = post(f"/articles/{sku}/transfers", source=place, target=other, pieces=pieces).status_code
            if place == other:
                assert code == 422
            elif places.get(place, 0) < pieces:
                assert code == 409
            else:
                assert code == 204
                places[place] -= pieces
                places[other] = places.get(other, 0) + pieces
        total = sum(places.values())
        assert stock(sku) == {"places": {p: n for p, n in sorted(places.items()) if n}, "total": total, "available": total}
    for sku, places in known.items():
        moved = client.get(f"/articles/{sku}/movements", params={"limit": 100}).json()
        for place in places:
            assert sum(one["pieces"] for one in moved if one["place"] == place) == places[place]


def test_versions():
    article("a")
    for number in range(1, 5):
        tag = client.get("/articles/a").headers["ETag"]
        response = client.put("/articles/a", json={"name": f"n{number}", "minimum": number}, headers={"If-Match": tag})
        assert response.status_code == 200 and response.headers["ETag"] == client.get("/articles/a").headers["ETag"] != tag
        for old in (tag, '"0"', "x"):
            assert client.put("/articles/a", json={"name": "no"}, headers={"If-Match": old}).status_code == 412
        assert client.get("/articles/A").json() == {"sku": "A", "name": f"n{number}", "minimum": number}
    assert client.put("/articles/b", json={"name": "no"}, headers={"If-Match": "1"}).status_code == 404


def test_low():
    for sku, minimum in (("d", 5), ("c", 5), ("b", 6), ("a", 0), ("e", 1), ("f", 9)):
        article(sku, minimum)
    for sku, pieces in (("b", 3), ("b", 2), ("c", 4), ("f", 5), ("f", 4), ("a", 1)):
        post(f"/articles/{sku}/deliveries", place=f"p{pieces}", pieces=pieces)
    missing = [(one["sku"], one["missing"]) for one in client.get("/articles/low").json()]
    assert missing == [("D", 5), ("B", 1), ("C", 1), ("E", 1)]


def test_two_articles_are_apart(go):
    for sku in "ab":
        article(sku)
        post(f"/articles/{sku}/deliveries", place="x", pieces=4)
    assert post("/reservations", sku=" A ", pieces=4).status_code == 201
    assert stock("a")["available"] == 0 and stock("b")["available"] == 4
    assert post("/reservations", sku="a", pieces=1).status_code == 409
    assert post("/reservations", sku="b", pieces=5).status_code == 409
    assert post("/reservations", sku="b", pieces=4).status_code == 201


@pytest.mark.parametrize(("minutes", "state", "code"), [(0, "open", 200), (29, "open", 200), (30, "expired", 410), (31, "expired", 410), (2000, "expired", 410)])
def test_running_out(go, minutes, state, code):
    article("a")
    post("/articles/a/deliveries", place="x", pieces=3)
    one = post("/reservations", sku="a", pieces=2).json()["id"]
    go(minutes)
    assert client.get(f"/reservations/{one}").json() == {"pieces": 2, "state": state}
    assert stock("a")["available"] == (1 if state == "open" else 3)
    assert post("/reservations", sku="a", pieces=2).status_code == (409 if state == "open" else 201)
    assert client.post(f"/reservations/{one}/confirm").status_code == code
    assert stock("a")["total"] == (1 if code == 200 else 3)


def test_states():
    article("a")
    post("/articles/a/deliveries", place="x", pieces=10)
    one, two = (post("/reservations", sku="a", pieces=3).json()["id"] for _ in range(2))
    assert client.post(f"/reservations/{one}/confirm").json() == {"taken": {"x": 3}}
    assert client.delete(f"/reservations/{two}").status_code == 204
    for number in (one, two):
        assert client.post(f"/reservations/{number}/confirm").status_code == 409
        assert client.delete(f"/reservations/{number}").status_code == 409
    assert stock("a") == {"places": {"x": 7}, "total": 7, "available": 7}
    assert [client.get(f"/reservations/{n}").json()["state"] for n in (one, two)] == ["confirmed", "released"]
    assert client.post("/reservations/9/confirm").status_code == 404


@pytest.mark.parametrize(
    ("pieces", "taken"),
    [(1, {"n": 1}), (5, {"n": 5}), (6, {"n": 5, "b": 1}), (9, {"n": 5, "b": 3, "q": 1}), (11, {"n": 5, "b": 3, "q": 3}), (12, {"n": 5, "b": 3, "q": 3, "a": 1})],
)
def test_the_fullest_first(pieces, taken):
    article("a")
    for place, number in (("q", 3), ("b", 3), ("a", 1), ("n", 5)):
        post("/articles/a/deliveries", place=place, pieces=number)
    one = post("/reservations", sku="a", pieces=pieces).json()["id"]
    found = client.post(f"/reservations/{one}/confirm").json()["taken"]
    assert list(found.items()) == list(taken.items())
    assert stock("a")["total"] == 12 - pieces


def test_days_of_movements(go):
    article("a")
    for minutes in (0, 9, 10, 11, 1449, 1450, 2890):
        go(minutes)
        post("/articles/a/deliveries", place=f"m{minutes}", pieces=1)

    def found(**params):
        return [int(one["place"][1:]) for one in client.get("/articles/a/movements", params=params).json()]

    assert found() == [2890, 1450, 1449, 11, 10, 9, 0]
    assert found(since="2027-02-28") == [2890, 1450, 1449, 11, 10]
    assert found(until="2027-02-28") == [1449, 11, 10, 9, 0]
    assert found(since="2027-02-28", until="2027-02-28") == [1449, 11, 10]
    assert found(since="2027-02-28", until="2027-02-28", limit=2) == [1449, 11]
    assert found(until="2027-02-26") == [] and found(since="2027-03-02") == [2890]
