from datetime import datetime, timedelta, timezone

import pytest
from fastapi.testclient import TestClient

from booking import clock
from booking.main import app
from booking.store import reset

client = TestClient(app)
NOW = datetime(2030, 5, 1, 8, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    reset()
    monkeypatch.setattr(clock, "now", lambda: NOW)


def room(name="blue", seats=4):
    response = client.post("/rooms", json={"name": name, "seats": seats})
    assert response.status_code == 201
    return response.json()["id"]


def book(room_id, start, end, guest="anna"):
    body = {"room_id": room_id, "guest": guest, "start": start, "end": end}
    return client.post("/bookings", json=body)


def test_rooms():
    one = room()
    assert client.get(f"/rooms/{one}").json() == {"id": one, "name": "blue", "seats": 4}
    assert client.get("/rooms/99").status_code == 404
    assert client.post("/rooms", json={"name": "blue", "seats": 2}).status_code == 409


def test_book():
    one = room()
    response = book(one, "2030-05-02T10:00:00Z", "2030-05-02T12:00:00Z")
    assert response.status_code == 201
    assert response.json()["room"]["name"] == "blue"
    assert response.json()["start"] == "2030-05-02T10:00:00Z"


def test_other_zones():
    one = room()
    response = book(one, "2030-05-02T10:00:00+02:00", "2030-05-02T12:00:00+02:00")
    assert response.json()["start"] == "2030-05-02T08:00:00Z"
    assert book(one, "2030-05-02T08:30:00", "2030-05-02T09:30:00").status_code == 409


def test_taken():
    one = room()
    book(one, "2030-05-02T10:00:00Z", "2030-05-02T12:00:00Z")
    assert book(one, "2030-05-02T11:00:00Z", "2030-05-02T13:00:00Z").status_code == 409
    assert book(one, "2030-05-02T12:00:00Z", "2030-05-02T13:00:00Z").status_code == 201
    assert book(one, "2030-05-02T09:00:00Z", "2030-05-02T10:00:00Z").status_code == 201


def test_impossible_times():
    one = room()
    assert book(one, "2030-05-02T12:00:00Z", "2030-05-02T12:00:00Z").status_code == 422
    assert book(one, "2030-04-30T12:00:00Z", "2030-04-30T13:00:00Z").status_code == 422
    assert book(one, "2030-05-02T08:00:00Z", "2030-05-02T17:00:00Z").status_code == 422
    assert book(one, "2030-05-02T08:00:00Z", "2030-05-02T08:10:00Z").status_code == 422
    assert book(one, "2030-05-02T08:00:00Z", "2030-05-02T16:00:00Z").status_code == 201


def test_free_rooms():
    small, large = room("small", 2), room("large", 10)
    book(small, "2030-05-02T10:00:00Z", "2030-05-02T12:00:00Z")

    def free(start, end, **more):
        return [r["name"] for r in client.get("/rooms/free", params={"start": start, "end": end, **more}).json()]

    assert free("2030-05-02T11:00:00Z", "2030-05-02T11:30:00Z") == ["large"]
    assert free("2030-05-02T12:00:00Z", "2030-05-02T12:30:00Z") == ["small", "large"]
    assert free("2030-05-02T12:00:00Z", "2030-05-02T12:30:00Z", seats=3) == ["large"]


def test_day():
    one = room()
    book(one, "2030-05-03T14:00:00Z", "2030-05-03T15:00:00Z")
    book(one, "2030-05-03T09:00:00Z", "2030-05-03T10:00:00Z")
    book(one, "2030-05-04T09:00:00Z", "2030-05-04T10:00:00Z")
    found = client.get(f"/rooms/{one}/day/2030-05-03").json()
    assert [item["start"][11:16] for item in found] == ["09:00", "14:00"]


def test_of_guest():
    one = room()
    book(one, "2030-05-03T14:00:00Z", "2030-05-03T15:00:00Z")
    book(one, "2030-05-05T14:00:00Z", "2030-05-05T15:00:00Z")
    book(one, "2030-05-05T16:00:00Z", "2030-05-05T17:00:00Z", guest="ben")
    assert len(client.get("/bookings", params={"guest": "anna"}).json()) == 2
    later = client.get("/bookings", params={"guest": "anna", "after": "2030-05-04T00:00:00"}).json()
    assert [item["start"] for item in later] == ["2030-05-05T14:00:00Z"]


def test_price():
    one = room(seats=4)
    booking = book(one, "2030-05-02T10:00:00Z", "2030-05-02T12:00:00Z").json()["id"]
    assert client.get(f"/bookings/{booking}/price").json() == {"cents": 4000}
    longer = book(one, "2030-05-03T10:00:00Z", "2030-05-03T11:01:00Z").json()["id"]
    assert client.get(f"/bookings/{longer}/price").json() == {"cents": 4000}
    assert client.get("/bookings/99/price").status_code == 404


@pytest.mark.parametrize(("start", "refund"), [("2030-05-02T08:00:00", 2000), ("2030-05-02T07:00:00", 1000), ("2030-05-01T09:00:00", 1000)])
def test_cancel(start, refund):
    one = room(seats=4)
    end = (datetime.fromisoformat(start) + timedelta(hours=1)).isoformat()
    booking = book(one, start, end).json()["id"]
    assert client.delete(f"/bookings/{booking}").json() == {"refund": refund}
    assert client.delete(f"/bookings/{booking}").status_code == 404


def test_cancel_when_it_has_begun(monkeypatch):
    one = room()
    booking = book(one, "2030-05-01T09:00:00Z", "2030-05-01T10:00:00Z").json()["id"]
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(hours=1))
    assert client.delete(f"/bookings/{booking}").json() == {"refund": 0}
