import pytest
from fastapi.testclient import TestClient

from shop.db import reset
from shop.main import app

client = TestClient(app)


@pytest.fixture(autouse=True)
def empty():
    reset()


def product(name="tea", category="drinks", price=500, stock=5):
    response = client.post("/products", json={"name": name, "category": category, "price": price, "stock": stock})
    assert response.status_code == 201
    return response.json()["id"]


def order(*lines, customer="anna", coupon=None):
    body = {"customer": customer, "coupon": coupon, "lines": [{"product_id": p, "count": c} for p, c in lines]}
    return client.post("/orders", json=body)


def names(**params):
    return [item["name"] for item in client.get("/products", params=params).json()]


def test_product():
    one = product()
    assert client.get(f"/products/{one}").json() == {"id": one, "name": "tea", "category": "drinks", "price": 500, "stock": 5}
    assert client.get("/products/99").status_code == 404


def test_free_product_is_refused():
    assert client.post("/products", json={"name": "x", "category": "c", "price": 0}).status_code == 422


def test_deleted_product_is_gone():
    one = product()
    assert client.delete(f"/products/{one}").status_code == 204
    assert client.get(f"/products/{one}").status_code == 404
    assert names() == []


def test_list_filters():
    product("tea", "drinks", 500)
    product("cup", "things", 900, stock=0)
    product("milk", "drinks", 200)
    assert names() == ["cup", "milk", "tea"]
    assert names(category="drinks") == ["milk", "tea"]
    assert names(max_price=500) == ["milk", "tea"]
    assert names(in_stock=True) == ["milk", "tea"]
    assert names(sort="price") == ["milk", "tea", "cup"]


def test_list_pages():
    for name in "abcde":
        product(name)
    assert names(limit=2) == ["a", "b"]
    assert names(limit=2, offset=2) == ["c", "d"]


def test_order():
    one = product(price=500, stock=5)
    response = order((one, 2))
    assert response.status_code == 201
    body = response.json()
    assert body["lines"] == [{"product_id": one, "count": 2, "price": 500}]
    assert body["subtotal"] == 1000
    assert body["total"] == 1490
    assert body["state"] == "new"
    assert client.get(f"/products/{one}").json()["stock"] == 3


def test_free_shipping():
    one = product(price=2500, stock=5)
    assert order((one, 2)).json()["total"] == 5000


def test_coupon():
    one = product(price=1000, stock=5)
    assert order((one, 1), coupon="welcome").json()["total"] == 1390
    assert order((one, 1), coupon="nonsense").json()["total"] == 1490


def test_not_enough():
    one = product(stock=2)
    assert order((one, 3)).status_code == 409
    assert order((one, 2)).status_code == 201


def test_failed_order_changes_nothing():
    one, two = product(stock=5), product("cup", stock=0)
    assert order((one, 1), (two, 1)).status_code == 409
    assert client.get(f"/products/{one}").json()["stock"] == 5


def test_orders_of_a_customer():
    one = product()
    order((one, 1))
    order((one, 1), customer="ben")
    order((one, 2))
    found = client.get("/orders", params={"customer": "anna"}).json()
    assert [item["lines"][0]["count"] for item in found] == [2, 1]


def test_cancel():
    one = product(stock=5)
    made = order((one, 2)).json()["id"]
    answer = client.post(f"/orders/{made}/cancel")
    assert answer.status_code == 200
    assert answer.json()["state"] == "cancelled"
    assert client.get(f"/products/{one}").json()["stock"] == 5
    assert client.post(f"/orders/{made}/cancel").status_code == 409
    assert client.get(f"/orders/{made}").json()["state"] == "cancelled"
    assert client.post("/orders/77/cancel").status_code == 404


def test_price_of_an_order_stays():
    one = product(price=500)
    made = order((one, 1)).json()
    assert client.get(f"/orders/{made['id']}").json()["subtotal"] == 500
