from datetime import datetime, timedelta, timezone

import pytest
from fastapi.testclient import TestClient

from depot import store
from depot.main import app

client = TestClient(app)
NOW = datetime(2030, 4, 10, 9, 0, tzinfo=timezone.utc)


@pytest.fixture
def at(monkeypatch):
    return lambda moment: monkeypatch.setattr(store, "now", lambda: moment)


@pytest.fixture(autouse=True)
def fresh(at):
    store.reset()
    at(NOW)


def article(sku="NUT", minimum=0):
    response = client.post("/articles", json={"sku": sku, "name": "a nut", "minimum": minimum})
    assert response.status_code == 201


def deliver(pieces, place="north", sku="NUT"):
    return client.post(f"/articles/{sku}/deliveries", json={"place": place, "pieces": pieces})


def transfer(pieces, source="north", target="south"):
    return client.post("/articles/NUT/transfers", json={"source": source, "target": target, "pieces": pieces})


def reserve(pieces, sku="NUT"):
    return client.post("/reservations", json={"sku": sku, "pieces": pieces})


def stock(sku="NUT"):
    return client.get(f"/articles/{sku}/stock").json()


def test_articles():
    article(" nut ")
    assert client.get("/articles/nut").json() == {"sku": "NUT", "name": "a nut", "minimum": 0}
    assert client.post("/articles", json={"sku": "Nut", "name": "b"}).status_code == 409
    assert client.get("/articles/bolt").status_code == 404


def test_change():
    article()
    tag = client.get("/articles/NUT").headers["ETag"]
    response = client.put("/articles/NUT", json={"name": "nut 2", "minimum": 3}, headers={"If-Match": tag})
    assert response.json() == {"sku": "NUT", "name": "nut 2", "minimum": 3}
    assert response.headers["ETag"] != tag


def test_change_of_an_old_version():
    article()
    tag = client.get("/articles/NUT").headers["ETag"]
    client.put("/articles/NUT", json={"name": "mine"}, headers={"If-Match": tag})
    assert client.put("/articles/NUT", json={"name": "yours"}, headers={"If-Match": tag}).status_code == 412
    assert client.put("/articles/NUT", json={"name": "yours"}).status_code == 428
    assert client.get("/articles/NUT").json()["name"] == "mine"


def test_deliver():
    article()
    assert deliver(5).json() == {"total": 5}
    assert deliver(2, "south").json() == {"total": 7}
    assert deliver(1).json() == {"total": 8}
    assert stock() == {"places": {"north": 6, "south": 2}, "total": 8, "available": 8}
    assert deliver(0).status_code == 422


def test_stock_of_nothing():
    article()
    assert stock() == {"places": {}, "total": 0, "available": 0}


def test_stock_of_another_article():
    article("NUT")
    article("BOLT")
    deliver(5)
    deliver(2, sku="BOLT")
    assert stock("BOLT") == {"places": {"north": 2}, "total": 2, "available": 2}


def test_transfer():
    article()
    deliver(5)
    assert transfer(2).status_code == 204
    assert stock()["places"] == {"north": 3, "south": 2}
    assert transfer(3).status_code == 204
    assert stock()["places"] == {"south": 5}


def test_transfer_refused():
    article()
    deliver(5)
    assert transfer(6).status_code == 409
    assert transfer(1, "north", "north").status_code == 422
    assert stock()["places"] == {"north": 5}


def test_low():
    article("NUT", 10)
    article("BOLT", 4)
    article("CAP", 3)
    article("ROD")
    deliver(4, "north")
    deliver(4, "south")
    deliver(4, sku="BOLT")
    assert client.get("/articles/low").json() == [{"sku": "CAP", "missing": 3}, {"sku": "NUT", "missing": 2}]


def test_reserve():
    article()
    deliver(5)
    first = reserve(3).json()
    assert first["state"] == "open"
    assert stock()["available"] == 2
    assert stock()["total"] == 5
    assert reserve(3).status_code == 409
    assert reserve(2, "nut").status_code == 201
    assert reserve(1, "bolt").status_code == 404


def test_confirm_takes_from_the_fullest_place():
    article()
    deliver(2, "north")
    deliver(5, "south")
    one = reserve(6).json()["id"]
    assert client.post(f"/reservations/{one}/confirm").json() == {"taken": {"south": 5, "north": 1}}
    assert stock() == {"places": {"north": 1}, "total": 1, "available": 1}
    assert client.get(f"/reservations/{one}").json() == {"pieces": 6, "state": "confirmed"}


def test_confirm_once():
    article()
    deliver(5)
    one = reserve(2).json()["id"]
    assert client.post(f"/reservations/{one}/confirm").status_code == 200
    assert client.post(f"/reservations/{one}/confirm").status_code == 409
    assert client.delete(f"/reservations/{one}").status_code == 409
    assert stock()["total"] == 3


def test_release():
    article()
    deliver(5)
    one = reserve(2).json()["id"]
    assert client.delete(f"/reservations/{one}").status_code == 204
    assert stock()["available"] == 5
    assert client.post(f"/reservations/{one}/confirm").status_code == 409
    assert client.delete("/reservations/99").status_code == 404


def test_reservations_run_out(at):
    article()
    deliver(5)
    one = reserve(5).json()["id"]
    at(NOW + timedelta(minutes=29))
    assert reserve(1).status_code == 409
    at(NOW + timedelta(minutes=30))
    assert stock()["available"] == 5
    assert client.get(f"/reservations/{one}").json()["state"] == "expired"
    assert client.post(f"/reservations/{one}/confirm").status_code == 410
    assert reserve(5).status_code == 201


def test_movements(at):
    article()
    deliver(5)
    at(NOW + timedelta(days=1))
    transfer(2)
    at(NOW + timedelta(days=2))
    deliver(1)
    found = client.get("/articles/NUT/movements").json()
    assert [(one["place"], one["pieces"]) for one in found] == [("north", 1), ("south", 2), ("north", -2), ("north", 5)]
    assert found[0]["reason"] == "delivery"
    assert len(client.get("/articles/NUT/movements", params={"since": "2030-04-11"}).json()) == 3
    assert len(client.get("/articles/NUT/movements", params={"until": "2030-04-11"}).json()) == 3
    assert len(client.get("/articles/NUT/movements", params={"limit": 2}).json()) == 2


def test_confirm_after_a_transfer():
    article()
    deliver(3, "north")
    one = reserve(3).json()["id"]
    client.post("/articles/NUT/transfers", json={"source": "north", "target": "south", "pieces": 1})
    assert client.post(f"/reservations/{one}/confirm").json() == {"taken": {"north": 2, "south": 1}}
    assert [item["reason"] for item in client.get("/articles/NUT/movements", params={"limit": 2}).json()] == [f"reservation {one}"] * 2
