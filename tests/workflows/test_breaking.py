"""What a bug report asks to change of the contract, and what it does not."""

import pytest

from agents.bugs.intake import read_report
from agents.bugs.reproduce import fix_plan
from agents.contracts import Plan, TestCase
from sandbox.gates.openapi_diff import ContractChange
from workflows.breaking import breaks_asked_for, is_named, shown_by

MODULE = """
def test_created(client):
    answer = client.post("/books?dry=1", json={})
    client.request("DELETE", f"/books/{answer.json()['id']}")
    client.get(PATH)


async def test_other(client):
    await client.get("/authors")
"""


def change(where: str, what: str = "answers 201 instead of 200") -> ContractChange:
    return ContractChange(kind="breaking", where=where, what=what)


def plan_of(text: str) -> Plan:
    return fix_plan(read_report(text))


def test_what_the_report_names_may_change_and_nothing_else() -> None:
    asked = breaks_asked_for(plan_of("`POST /books` returns 200, expected 201"), lambda _: "", [])
    assert asked(change("POST /books"))
    assert not asked(change("GET /books"))
    assert not asked(change("POST /books/{id}"))
    assert not asked(change("POST /books", "is gone")), "a bug is no reason to take an operation away"


def test_what_a_test_that_shows_the_bug_sends_may_change() -> None:
    plan = fix_plan(read_report("x", tests=("tests/test_books.py::test_created",)))
    shows = TestCase(node_id="tests/test_books.py::test_created", criteria=("C1",))
    guard = TestCase(node_id="tests/test_books.py::test_other", criteria=("C1",), guard=True)
    asked = breaks_asked_for(plan, lambda _: MODULE, [shows, guard])
    assert asked(change("POST /books"))
    assert asked(change("DELETE /books/{book_id}"))
    assert not asked(change("GET /authors")), "a test that passed before asks for nothing"


def test_requests_of_a_test() -> None:
    found = shown_by("tests/test_books.py::test_created[1]", lambda _: MODULE)
    assert found == [("POST", "/books"), ("DELETE", "/books/{}")]
    assert shown_by("tests/test_books.py::test_other", lambda _: MODULE) == [("GET", "/authors")]
    assert shown_by("tests/test_books.py::test_created", lambda _: "def (") == []


@pytest.mark.parametrize(
    ("where", "named", "same"),
    [
        ("GET /books/{id}", "/books/7", True),
        ("GET /books/{id}", "/books", False),
        ("PUT /books/{id}", "/books/7", False),
    ],
)
def test_names_of_operations(where: str, named: str, same: bool) -> None:
    assert is_named(where, [("GET", named)]) is same
