from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient

from library import clock
from library.main import app
from library.models import reset

client = TestClient(app)
TODAY = date(2030, 3, 1)


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    reset()
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    for card in ("A1", "B2", "C3"):
        client.post("/members", json={"name": f"member {card}", "card": card})


@pytest.fixture
def later(monkeypatch):
    return lambda days: monkeypatch.setattr(clock, "today", lambda: TODAY + timedelta(days=days))


def title(isbn="1", name="Emma", author="Austen", copies=1):
    response = client.post("/titles", json={"isbn": isbn, "name": name, "author": author, "copies": copies})
    assert response.status_code == 201
    return response.json()


def lend(card="A1", isbn="1"):
    return client.post("/loans", json={"card": card, "isbn": isbn})


def hold(card, isbn="1"):
    return client.post("/holds", json={"card": card, "isbn": isbn})


def test_members():
    response = client.post("/members", json={"name": "Dora", "card": " d4 "})
    assert response.status_code == 201
    assert response.json()["card"] == "D4"
    assert client.post("/members", json={"name": "Dora", "card": "d4"}).status_code == 409
    assert client.post("/members", json={"name": "", "card": "E5"}).status_code == 422


def test_card_is_found_in_any_spelling():
    title()
    assert lend(" a1").status_code == 201
    assert len(client.get("/members/a1/loans").json()) == 1
    assert client.get("/members/Z9/loans").status_code == 404


def test_titles():
    assert title(copies=2)["available"] == 2
    assert client.post("/titles", json={"isbn": "1", "name": "x", "author": "y"}).status_code == 409


def test_search():
    for isbn, name in enumerate(["Emma", "Persuasion", "Dubliners"]):
        title(str(isbn), name, "Joyce" if name == "Dubliners" else "Austen")
    found = client.get("/titles", params={"q": "austen"}).json()
    assert [item["name"] for item in found["items"]] == ["Emma", "Persuasion"]
    assert client.get("/titles", params={"q": "emm"}).json()["total"] == 1
    assert client.get("/titles", params={"q": "  "}).json()["total"] == 3


def test_pages():
    for number in range(5):
        title(str(number), f"Book {number}")
    first = client.get("/titles", params={"size": 2}).json()
    assert [item["name"] for item in first["items"]] == ["Book 0", "Book 1"]
    assert (first["total"], first["pages"]) == (5, 3)
    last = client.get("/titles", params={"size": 2, "page": 3}).json()
    assert [item["name"] for item in last["items"]] == ["Book 4"]


def test_lend():
    title()
    response = lend()
    assert response.status_code == 201
    assert response.json()["due"] == "2030-03-15"
    assert response.json()["title"]["available"] == 0
    assert lend("B2").status_code == 409
    assert lend(isbn="7").status_code == 404


def test_return():
    title()
    loan = lend().json()["id"]
    assert client.post(f"/loans/{loan}/return").json() == {"fine": 0}
    assert client.get(f"/loans/{loan}").json()["returned"] == "2030-03-01"
    assert client.post(f"/loans/{loan}/return").status_code == 409
    assert lend("B2").status_code == 201


@pytest.mark.parametrize(("days", "fine"), [(14, 0), (15, 25), (20, 150), (200, 1000)])
def test_fine(later, days, fine):
    title()
    loan = lend().json()["id"]
    later(days)
    assert client.post(f"/loans/{loan}/return").json() == {"fine": fine}


def test_three_loans():
    for number in range(4):
        title(str(number))
    loans = [lend(isbn=str(number)) for number in range(4)]
    assert [one.status_code for one in loans] == [201, 201, 201, 403]
    client.post(f"/loans/{loans[0].json()['id']}/return")
    assert lend(isbn="3").status_code == 201


def test_overdue(later):
    title("1")
    title("2")
    loan = lend().json()["id"]
    later(14)
    assert client.get("/loans/overdue").json() == []
    later(16)
    assert client.get("/loans/overdue").json() == [{"id": loan, "card": "A1", "days": 2}]
    assert lend(isbn="2").status_code == 403


def test_renew(later):
    title()
    loan = lend().json()["id"]
    later(3)
    assert client.post(f"/loans/{loan}/renew").json()["due"] == "2030-03-29"
    assert client.post(f"/loans/{loan}/renew").json()["renewals"] == 2
    assert client.post(f"/loans/{loan}/renew").status_code == 409


def test_renew_refused(later):
    title()
    loan = lend().json()["id"]
    hold("B2")
    assert client.post(f"/loans/{loan}/renew").status_code == 409
    later(30)
    assert client.post(f"/loans/{loan}/renew").status_code == 409
    assert client.post("/loans/99/renew").status_code == 404


def test_holds():
    title()
    assert hold("B2").status_code == 409
    loan = lend().json()["id"]
    assert hold("B2").json() == {"place": 1}
    assert hold("B2").status_code == 409
    assert hold("C3").json() == {"place": 2}
    client.post(f"/loans/{loan}/return")
    assert lend("A1").status_code == 409
    assert lend("C3").status_code == 409
    assert lend("B2").status_code == 201
    assert client.get("/titles/1/holds").json() == ["C3"]


def test_loans_of_a_member():
    for number in range(2):
        title(str(number))
    first, _ = lend(isbn="0").json()["id"], lend(isbn="1")
    client.post(f"/loans/{first}/return")
    assert [one["title"]["isbn"] for one in client.get("/members/A1/loans").json()] == ["1"]
    assert len(client.get("/members/A1/loans", params={"every": True}).json()) == 2
