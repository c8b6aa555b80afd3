"""Planted bugs are found, end to end, in a real sandbox."""

from collections.abc import Iterator, Mapping

import pytest

from agents.repair.candidate import apply
from agents.repair.hunt import Bounds, Bug, Hunt, Repaired
from sandbox import tars
from sandbox.container import DockerSandbox
from sandbox.docker import DockerEngine
from sandbox.protocol import Command, Limits
from sandbox.pytest_run import run_in_process
from sandbox.trials import Trials
from sandbox.workers import Workers
from tests.support.trees import RUN_ID, fastapi_image

pytestmark = pytest.mark.docker

SEARCH = """
def position_of(values, wanted):
    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        if values[middle] == wanted:
            return middle
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def is_sorted(values):
    return all(a <= b for a, b in zip(values, values[1:]))
"""
SEARCH_TESTS = """
import pytest

from search import is_sorted, position_of


@pytest.mark.parametrize("values, wanted, place", [([1, 3, 5], 3, 1), ([1, 3, 5], 4, -1), ([1, 3, 5, 7], 3, 1)])
def test_found(values, wanted, place):
    assert position_of(values, wanted) == place


@pytest.mark.parametrize("values, wanted, place", [([4], 4, 0), ([1, 2, 3], 3, 2), ([1, 2, 3, 4, 5], 5, 4)])
def test_at_the_end(values, wanted, place):
    assert position_of(values, wanted) == place


def test_sorted():
    assert is_sorted([1, 1, 2]) and not is_sorted([2, 1])
"""
SHOP = """
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
items: dict[int, dict] = {}


class Item(BaseModel):
    name: str
    price: int


@app.post("/items", status_code=201)
def create(item: Item):
    number = len(items) + 1
    items[number] = {"id": number, **item.model_dump()}
    return items[number]


@app.get("/items/{number}")
def read(number: int):
    if number not in items:
        raise HTTPException(404)
    return items[number]


@app.get("/items")
def page(offset: int = 0, limit: int = 2):
    return list(items.values())[offset : offset + limit - 1]
"""
SHOP_TESTS = """
from fastapi.testclient import TestClient

from shop import app, items

client = TestClient(app)


def setup_function():
    items.clear()


def test_create_answers_201():
    assert client.post("/items", json={"name": "pen", "price": 3}).status_code == 201


def test_read():
    client.post("/items", json={"name": "pen", "price": 3})
    assert client.get("/items/1").json()["name"] == "pen"
    assert client.get("/items/2").status_code == 404


def test_page():
    for name in "abc":
        client.post("/items", json={"name": name, "price": 1})
    assert [item["name"] for item in client.get("/items").json()] == ["a", "b"]
    assert [item["name"] for item in client.get("/items?offset=2").json()] == ["c"]
"""
ROWS = """
import sqlite3

from fastapi import FastAPI

app = FastAPI()
db = sqlite3.connect(":memory:", check_same_thread=False)
db.execute("create table books (id integer primary key, title text)")
db.execute("insert into books values (1, 'Emma')")


@app.get("/books/{book_id}")
def get_book(book_id: int):
    row = db.execute("select id, title from books where id = ?", (book_id,)).fetchone()
    return {"id": row[0], "title": row[1]}
"""
ROWS_TESTS = """
from fastapi.testclient import TestClient

from rows import app

client = TestClient(app)


def test_read():
    assert client.get("/books/1").json() == {"id": 1, "title": "Emma"}


def test_unknown():
    assert client.get("/books/9").status_code == 404
"""
PRICES = """
def total(prices, tax=0.2):
    whole = 0
    for price in prices:
        whole -= price
    return whole * (1 + tax)


def label(name, price):
    return f"{name}: {price:.2f}"


def cheapest(prices):
    return max(prices)
"""
PRICES_TESTS = """
from prices import cheapest, label, total


def test_total():
    assert total([10, 20], tax=0) == 30


def test_label():
    assert label("pen", 1.5) == "pen: 1.50"


def test_cheapest():
    assert cheapest([3, 1, 2]) == 1
"""


@pytest.fixture(scope="module")
def box() -> Iterator[DockerSandbox]:
    engine = DockerEngine()
    with engine.open(fastapi_image(), run_id=RUN_ID, limits=Limits(pids=64, memory_mb=768)) as sandbox:
        yield sandbox
    engine.close()


@pytest.fixture(scope="module")
def workers(box: DockerSandbox) -> Iterator[Workers]:
    made = Workers(box)
    yield made
    made.close()


def fill(box: DockerSandbox, files: Mapping[str, str]) -> None:
    assert box.run(Command(argv=("find", "/src", "-mindepth", "1", "-delete"), timeout_s=30, user="root"))
    box.put(tars.build({path: text.encode() for path, text in files.items()}), "/src")


def hunted(box: DockerSandbox, workers: Workers, code: str, tests: str, path: str) -> Repaired:
    """Search as a run would: what passes and fails is told by a plain run."""
    sources, test_files = {path: code}, {f"tests/test_{path}": tests}
    fill(box, sources | test_files)
    report = run_in_process(box, timeout_s=60)
    failing = [one.node_id for one in report.failures()]
    bug = Bug(sources=sources, tests=test_files, failing=failing, passing=sorted(report.passed()))
    found = Hunt(Trials(workers), bug).repair(Bounds(seconds=40, candidates=3000))
    if found.choice.best is not None:
        fill(box, sources | test_files | apply(found.choice.best, sources))
        assert run_in_process(box, timeout_s=60).word == "green"
    return found


def repaired(found: Repaired, sources: Mapping[str, str]) -> str:
    assert found.choice.best is not None, (found.note, found.found.tried)
    return next(iter(apply(found.choice.best, sources).values()))


def test_a_boundary(box: DockerSandbox, workers: Workers) -> None:
    found = hunted(box, workers, SEARCH, SEARCH_TESTS, "search.py")
    assert "while low <= high:" in repaired(found, {"search.py": SEARCH})
    assert found.suspects[0].path == "search.py" and found.suspects[0].reasons
    assert found.choice.trust and found.found.per_second > 0


def test_a_page_of_a_service(box: DockerSandbox, workers: Workers) -> None:
    found = hunted(box, workers, SHOP, SHOP_TESTS, "shop.py")
    assert "[offset : offset + limit" in (text := repaired(found, {"shop.py": SHOP})) and "- 1]" not in text


def test_a_row_that_is_not_there(box: DockerSandbox, workers: Workers) -> None:
    found = hunted(box, workers, ROWS, ROWS_TESTS, "rows.py")
    assert "if row is None:\n        raise HTTPException(status_code=404" in repaired(found, {"rows.py": ROWS})
    assert found.suspects[0].line == 15, "the line that came upon None"
    assert found.choice.best is not None and found.choice.best.line == 15


def test_two_bugs_at_once(box: DockerSandbox, workers: Workers) -> None:
    found = hunted(box, workers, PRICES, PRICES_TESTS, "prices.py")
    text = repaired(found, {"prices.py": PRICES})
    assert "whole += price" in text and "min(prices)" in text


def test_what_cannot_be_repaired_is_not(box: DockerSandbox, workers: Workers) -> None:
    """The test contradicts another one."""
    tests = SEARCH_TESTS + "\n\ndef test_odd():\n    assert is_sorted([1, 1, 2]) == 'maybe'\n"
    code = SEARCH.replace("low < high", "low <= high")
    found = hunted(box, workers, code, tests, "search.py")
    assert found.choice.best is None and found.found.tried > 50
