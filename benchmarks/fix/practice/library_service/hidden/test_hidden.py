from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient

from library import clock
from library.main import app
from library.models import reset

client = TestClient(app)
START = date(2027, 12, 24)


@pytest.fixture(autouse=True)
def day(monkeypatch):
    reset()

    def go(days):
        monkeypatch.setattr(clock, "today", lambda: START + timedelta(days=days))

    go(0)
    for card in ("x-1", "X-2", " x-3", "x-4"):
        assert client.post("/members", json={"name": "m", "card": card}).status_code == 201
    return go


def title(isbn, copies=1, name="T", author="A"):
    return client.post("/titles", json={"isbn": isbn, "name": name, "author": author, "copies": copies}).json()


def lend(card, isbn="i"):
    return client.post("/loans", json={"card": card, "isbn": isbn})


def hold(card, isbn="i"):
    return client.post("/holds", json={"card": card, "isbn": isbn})


def give_back(response):
    return client.post(f"/loans/{response.json()['id']}/return")


def test_spellings():
    title("i", 3)
    assert [lend(card).status_code for card in ("x-1", " X-2 ", "X-3")] == [201] * 3
    for card in ("X-1", "x-2", "x-3 "):
        assert len(client.get(f"/members/{card}/loans").json()) == 1
    assert hold("x-4 ").status_code == 201
    assert client.get("/titles/i/holds").json() == ["X-4"]
    assert client.post("/members", json={"name": "m", "card": "X-1 "}).status_code == 409


def test_copies_come_and_go():
    title("i", 2)
    first, second = lend("x-1"), lend("x-2")
    assert second.json()["title"]["available"] == 0
    assert lend("x-3").status_code == 409
    assert give_back(first).json() == {"fine": 0}
    assert client.get("/titles").json()["items"][0]["available"] == 1
    assert lend("x-3").status_code == 201
    assert give_back(first).status_code == 409
    loan = client.get(f"/loans/{first.json()['id']}").json()
    assert (loan["returned"], loan["due"], loan["renewals"]) == ("2027-12-24", "2028-01-07", 0)


def test_queue_with_two_copies():
    title("i", 2)
    one, two = lend("x-1"), lend("x-2")
    assert hold("x-3").json() == {"place": 1}
    assert hold("x-4").json() == {"place": 2}
    give_back(one)
    assert lend("x-4").status_code == 409
    assert lend("x-1").status_code == 409
    give_back(two)
    assert lend("x-4").status_code == 201
    assert client.get("/titles/i/holds").json() == ["X-3"]
    assert hold("x-1").json() == {"place": 2}
    assert lend("x-3").status_code == 201
    assert client.get("/titles/i/holds").json() == ["X-1"]


@pytest.mark.parametrize("days", [0, 5, 14])
def test_renewals_follow_each_other(day, days):
    title("i")
    loan = lend("x-1").json()["id"]
    day(days)
    assert client.post(f"/loans/{loan}/renew").json()["due"] == "2028-01-21"
    day(days + 9)
    assert client.post(f"/loans/{loan}/renew").json()["due"] == "2028-02-04"
    assert client.post(f"/loans/{loan}/renew").status_code == 409
    assert client.get(f"/loans/{loan}").json()["due"] == "2028-02-04"


def test_renew_overdue_and_returned(day):
    title("i")
    loan = lend("x-1")
    day(15)
    assert client.post(f"/loans/{loan.json()['id']}/renew").status_code == 409
    assert give_back(loan).json() == {"fine": 25}
    assert client.post(f"/loans/{loan.json()['id']}/renew").status_code == 409


@pytest.mark.parametrize(("days", "fine"), [(0, 0), (13, 0), (14, 0), (16, 50), (53, 975), (54, 1000), (55, 1000)])
def test_fines(day, days, fine):
    title("i")
    loan = lend("x-1")
    day(days)
    assert give_back(loan).json() == {"fine": fine}


def test_overdue(day):
    for isbn in "ijk":
        title(isbn)
    first = lend("x-1", "i")
    day(2)
    second = lend("x-2", "j")
    third = lend("x-2", "k")
    day(15)
    assert [one["card"] for one in client.get("/loans/overdue").json()] == ["X-1"]
    give_back(third)
    day(20)
    assert [(o["card"], o["days"]) for o in client.get("/loans/overdue").json()] == [("X-1", 6), ("X-2", 4)]
    give_back(first)
    assert [one["id"] for one in client.get("/loans/overdue").json()] == [second.json()["id"]]
    assert lend("x-2", "i").status_code == 403
    assert lend("x-1", "i").status_code == 201


def test_limit_counts_open_loans():
    for number in range(5):
        title(str(number))
    loans = [lend("x-1", str(number)) for number in range(3)]
    assert lend("x-1", "3").status_code == 403
    for loan in loans:
        give_back(loan)
    assert [lend("x-1", str(number)).status_code for number in (1, 2, 3, 4)] == [201, 201, 201, 403]
    assert len(client.get("/members/x-1/loans").json()) == 3
    assert len(client.get("/members/x-1/loans", params={"every": "true"}).json()) == 6


def test_pages():
    for number in range(7):
        title(str(number), name=f"n{6 - number}", author="Even" if number % 2 == 0 else "Odd")
    for size in (1, 2, 3, 7, 10):
        seen, pages = [], -(-7 // size)
        for page in range(1, pages + 1):
            found = client.get("/titles", params={"size": size, "page": page}).json()
            assert (found["total"], found["pages"]) == (7, pages)
            seen += [item["name"] for item in found["items"]]
        assert seen == [f"n{n}" for n in range(7)]
        assert client.get("/titles", params={"size": size, "page": pages + 1}).json()["items"] == []
    odd = client.get("/titles", params={"q": " ODD ", "size": 2, "page": 2}).json()
    assert ([item["name"] for item in odd["items"]], odd["total"], odd["pages"]) == (["n5"], 3, 2)
    assert client.get("/titles", params={"q": "zz"}).json() == {"items": [], "total": 0, "pages": 0}
    assert client.get("/titles", params={"page": 0}).status_code == 422
