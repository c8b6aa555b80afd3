from datetime import datetime, timedelta, timezone

import pytest
from fastapi.testclient import TestClient

from booking import clock
from booking.main import app
from booking.store import reset

client = TestClient(app)
NOW = datetime(2031, 1, 31, 12, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    reset()
    monkeypatch.setattr(clock, "now", lambda: NOW)


def room(name="red", seats=2):
    return client.post("/rooms", json={"name": name, "seats": seats}).json()["id"]


def book(room_id, start, minutes=60, guest="zoe"):
    end = datetime.fromisoformat(start) + timedelta(minutes=minutes)
    return client.post("/bookings", json={"room_id": room_id, "guest": guest, "start": start, "end": end.isoformat()})


def test_two_rooms_do_not_clash():
    one, two = room("a"), room("b")
    assert book(one, "2031-02-01T10:00:00+00:00").status_code == 201
    assert book(two, "2031-02-01T10:00:00+00:00").status_code == 201
    assert book(9, "2031-02-01T10:00:00+00:00").status_code == 404
    assert book(one, "2031-02-01T10:00:00+00:00").json() == {"detail": "the room is taken"}


@pytest.mark.parametrize(
    ("start", "minutes", "code"),
    [
        ("2031-02-01T09:00:00", 60, 201), ("2031-02-01T09:00:00", 61, 409), ("2031-02-01T12:00:00", 60, 201),
        ("2031-02-01T11:59:00", 60, 409), ("2031-02-01T10:30:00", 30, 409), ("2031-02-01T09:00:00", 300, 409),
        ("2031-02-01T10:00:00", 120, 409), ("2031-02-01T09:30:00+01:00", 60, 201), ("2031-02-01T12:30:00+01:00", 60, 409),
    ],
)
def test_overlaps(start, minutes, code):
    one = room()
    assert book(one, "2031-02-01T10:00:00", 120).status_code == 201
    assert book(one, start, minutes).status_code == code


@pytest.mark.parametrize(
    ("start", "minutes", "code"),
    [
        ("2031-01-31T12:00:00", 60, 201), ("2031-01-31T11:59:00", 60, 422), ("2031-02-02T12:00:00", 480, 201),
        ("2031-02-02T12:00:00", 481, 422), ("2031-02-02T12:00:00", 15, 201), ("2031-02-02T12:00:00", 14, 422),
        ("2031-02-02T12:00:00", -30, 422), ("2031-01-31T12:30:00+01:00", 60, 422),
    ],
)
def test_times(start, minutes, code):
    assert book(room(), start, minutes).status_code == code


def test_free():
    a, b, c = room("c", 4), room("b", 4), room("a", 9)
    book(b, "2031-02-01T10:00:00", 60)

    def free(**params):
        params = {"start": "2031-02-01T09:00:00", "end": "2031-02-01T10:30:00"} | params
        return [r["name"] for r in client.get("/rooms/free", params=params).json()]

    assert free() == ["c", "a"]
    assert free(end="2031-02-01T10:00:00") == ["b", "c", "a"]
    assert free(seats=4) == ["c", "a"]
    assert free(seats=5) == ["a"]
    assert free(seats=10) == []
    assert client.get("/rooms/free").status_code == 422


def test_day_and_guest():
    one, two = room("a"), room("b")
    book(one, "2031-02-01T23:30:00", 60)
    book(one, "2031-02-01T00:00:00", 60)
    book(one, "2031-02-02T00:30:00", 60)
    book(two, "2031-02-01T10:00:00", 60)
    found = client.get(f"/rooms/{one}/day/2031-02-01").json()
    assert [item["start"][8:16] for item in found] == ["01T00:00", "01T23:30"]
    assert [i["start"][8:16] for i in client.get(f"/rooms/{one}/day/2031-02-02").json()] == ["01T23:30", "02T00:30"]
    assert client.get("/rooms/77/day/2031-02-02").status_code == 404
    mine = client.get("/bookings", params={"guest": "zoe", "after": "2031-02-01T10:00:00Z"}).json()
    assert [item["start"][8:16] for item in mine] == ["01T10:00", "01T23:30", "02T00:30"]
    assert client.get("/bookings", params={"guest": "yan"}).json() == []


@pytest.mark.parametrize(("minutes", "cents"), [(15, 1000), (60, 1000), (61, 2000), (120, 2000), (479, 8000), (480, 8000)])
def test_price(minutes, cents):
    booking = book(room(), "2031-02-02T12:00:00", minutes).json()["id"]
    assert client.get(f"/bookings/{booking}/price").json() == {"cents": cents}


@pytest.mark.parametrize(("hours", "refund"), [(24, 1000), (25, 1000), (23, 500), (1, 500), (0, 0)])
def test_refund(hours, refund):
    start = (NOW + timedelta(hours=hours)).isoformat()
    booking = book(room(), start).json()["id"]
    assert client.delete(f"/bookings/{booking}").json() == {"refund": refund}
    assert client.get("/bookings", params={"guest": "zoe"}).json() == []
