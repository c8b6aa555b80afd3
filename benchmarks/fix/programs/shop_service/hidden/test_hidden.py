import pytest
from fastapi.testclient import TestClient

from shop.db import reset
from shop.main import app
from shop.prices import discounted, shipping

client = TestClient(app)


@pytest.fixture(autouse=True)
def empty():
    reset()


def product(name="pen", category="office", price=120, stock=10):
    return client.post("/products", json={"name": name, "category": category, "price": price, "stock": stock}).json()["id"]


def order(*lines, customer="zoe", coupon=None):
    body = {"customer": customer, "coupon": coupon, "lines": [{"product_id": p, "count": c} for p, c in lines]}
    return client.post("/orders", json=body)


def names(**params):
    response = client.get("/products", params=params)
    assert response.status_code == 200
    return [item["name"] for item in response.json()]


def test_prices():
    assert [shipping(amount) for amount in (0, 4999, 5000, 5001)] == [490, 490, 0, 0]
    assert discounted(999, "half") == 500
    assert discounted(1000, "WELCOME") == 900
    assert discounted(1000) == 1000


def test_filters_together():
    product("a", "x", 100, 0)
    product("b", "x", 300, 1)
    product("c", "y", 100, 1)
    product("d", "x", 100, 7)
    assert names(category="x", max_price=100) == ["a", "d"]
    assert names(category="x", max_price=100, in_stock=True) == ["d"]
    assert names(max_price=0) == []
    assert names(sort="price", limit=3) == ["a", "c", "d"]
    assert names(sort="price", limit=3, offset=3) == ["b"]
    assert names(offset=4) == []


def test_two_lines():
    one, two = product(price=120, stock=10), product("ink", price=2600, stock=2)
    body = order((one, 3), (two, 1), coupon="half").json()
    assert body["subtotal"] == 2960
    assert body["total"] == 1480 + 490
    assert client.get(f"/products/{one}").json()["stock"] == 7
    assert client.get(f"/products/{two}").json()["stock"] == 1
    assert order((two, 2)).status_code == 409
    assert order((two, 1)).status_code == 201
    assert client.get(f"/products/{two}").json()["stock"] == 0
    client.post(f"/orders/{body['id']}/cancel")
    assert client.get(f"/products/{one}").json()["stock"] == 10
    assert client.get(f"/products/{two}").json()["stock"] == 1


def test_nothing_of_a_refused_order():
    one = product(stock=4)
    assert order((one, 2), (99, 1)).status_code == 404
    assert client.get(f"/products/{one}").json()["stock"] == 4
    assert client.get("/orders", params={"customer": "zoe"}).json() == []


def test_cancelled_stays_so():
    made = order((product(), 3)).json()["id"]
    assert client.post(f"/orders/{made}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/orders/{made}").json()["state"] == "cancelled"
    assert client.post(f"/orders/{made}/cancel").status_code == 409
    assert client.get("/products").json()[0]["stock"] == 10


def test_deleted_cannot_be_ordered():
    one = product()
    client.delete(f"/products/{one}")
    assert order((one, 1)).status_code == 404
    assert client.delete(f"/products/{one}").status_code == 404
    assert names() == []


def test_orders_by_customer():
    one = product()
    ids = [order((one, 1), customer=c).json()["id"] for c in ("x", "y", "x")]
    assert [o["id"] for o in client.get("/orders", params={"customer": "x"}).json()] == [ids[2], ids[0]]
    assert client.get("/orders", params={"customer": "z"}).json() == []
    assert client.get("/orders").status_code == 422
    assert client.get("/orders/99").status_code == 404


def test_validation():
    assert client.post("/orders", json={"customer": "x", "lines": []}).status_code == 422
    assert order((product(), 0)).status_code == 422
    for wrong in ({"price": -1}, {"stock": -1}, {"name": ""}):
        body = {"name": "n", "category": "c", "price": 1, "stock": 0} | wrong
        assert client.post("/products", json=body).status_code == 422
    assert client.post("/products", json={"name": "n", "category": "c", "price": 1}).json()["stock"] == 0
