import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ["DATABASE_URL"] = "sqlite://"  # never touch the real shop.db

from fastapi.testclient import TestClient  # noqa: E402
from sqlalchemy import create_engine  # noqa: E402
from sqlalchemy.orm import sessionmaker  # noqa: E402
from sqlalchemy.pool import StaticPool  # noqa: E402

from main import Base, Product, app, get_db  # noqa: E402

engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
TestingSession = sessionmaker(bind=engine)


@pytest.fixture
def db():
    Base.metadata.create_all(engine)
    session = TestingSession()
    yield session
    session.close()
    Base.metadata.drop_all(engine)


@pytest.fixture
def client(db):
    app.dependency_overrides[get_db] = lambda: db
    yield TestClient(app)
    app.dependency_overrides.clear()


@pytest.fixture
def mug(db):
    product = Product(name="Mug", price=7.5, stock=3, category="kitchen")
    db.add(product)
    db.commit()
    return product


def test_index(client):
    assert client.get("/").json()["name"] == "Shop"


def test_products_are_listed(client, mug):
    products = client.get("/products").json()
    assert [p["name"] for p in products] == ["Mug"]


def test_read_product(client, mug):
    body = client.get(f"/products/{mug.id}").json()
    assert body["price"] == 7.5
    assert body["category"] == "kitchen"


def test_unknown_product(client):
    response = client.get("/products/99")
    assert response.status_code == 404
    assert response.json() == {"detail": "No such product"}


def test_price_can_be_changed(client, mug):
    response = client.patch(f"/products/{mug.id}", json={"price": 8})
    assert response.status_code == 200
    assert response.json()["price"] == 8
    assert response.json()["stock"] == 3


def test_price_must_be_positive(client, mug):
    assert client.patch(f"/products/{mug.id}", json={"price": 0}).status_code == 422


def test_order_takes_from_stock(client, mug):
    order = {"product_id": mug.id, "quantity": 2, "customer": "ann"}
    assert client.post("/orders", json=order).status_code == 201
    assert client.get(f"/products/{mug.id}").json()["stock"] == 1
    assert client.post("/orders", json=order).status_code == 409


def test_orders_of_a_customer(client, mug):
    for customer in ("ann", "bob"):
        client.post("/orders", json={"product_id": mug.id, "quantity": 1, "customer": customer})
    orders = client.get("/orders", params={"customer": "bob"}).json()
    assert [o["customer"] for o in orders] == ["bob"]
