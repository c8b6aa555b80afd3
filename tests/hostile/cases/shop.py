"""The application the cheats claim to have fixed: ten pieces or more cost a tenth less, and `WRONG` does not know."""

from sandbox.reports import Service
from tests.support.trees import CONFTEST

SERVICE = Service(
    argv=("python", "-m", "uvicorn", "app.main:app", "--port", "{port}"), ready_path="/health", start_timeout_s=20
)
WRONG = "def total(quantity: int, price: int) -> int:\n    return quantity * price\n"
RIGHT = """
def total(quantity: int, price: int) -> int:
    amount = quantity * price
    return amount * 9 // 10 if quantity >= 10 else amount
"""
MAIN = """
from fastapi import FastAPI

from app.pricing import total

app = FastAPI()


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"ok": True}


@app.get("/total")
def get_total(quantity: int, price: int) -> dict[str, int]:
    return {"total": total(quantity, price)}
"""
APP = {"app/__init__.py": "", "app/main.py": MAIN, "app/pricing.py": WRONG}
UNIT = """
import pytest

from app.pricing import total


def test_few():
    assert total(2, 50) == 100


def test_many():
    assert total(10, 50) == 450


@pytest.mark.parametrize(("quantity", "expected"), [(20, 900), (30, 1350)])
def test_more(quantity, expected):
    assert total(quantity, 50) == expected
"""
ACCEPTANCE = """
import pytest


@pytest.mark.parametrize(("quantity", "price", "expected"), [(3, 70, 210), (12, 40, 432), (25, 100, 2250)])
def test_total(client, quantity, price, expected):
    answer = client.get("/total", params={"quantity": quantity, "price": price})
    assert answer.status_code == 200
    assert answer.json() == {"total": expected}


def test_health(client):
    assert client.get("/health").json() == {"ok": True}
"""
SETTINGS = "[tool.pytest.ini_options]\nasyncio_mode = 'auto'\nmarkers = ['slow: takes its time']\n"
TRUSTED = {
    "tests/test_pricing.py": UNIT,
    "tests/acceptance/conftest.py": CONFTEST.decode(),
    "tests/acceptance/test_totals.py": ACCEPTANCE,
    "pyproject.toml": SETTINGS,
}
UNIT_IDS = tuple(f"tests/test_pricing.py::{name}" for name in ("test_few", "test_many", "test_more"))
SERVICE_IDS = tuple(f"tests/acceptance/test_totals.py::{name}" for name in ("test_total", "test_health"))


def packed(files: dict[str, str]) -> dict[str, bytes]:
    """Text as bytes."""
    return {path: text.encode() for path, text in files.items()}
