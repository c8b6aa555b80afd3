"""Requests of tests, as the report shows them beside the criteria."""

from agents.sent_requests import requests_of

MODULE = """
def make(client):
    return client.post("/books", json={"title": "x"}).json()


def test_read(client):
    book = make(client)
    answer = client.get(f"/books/{book['id']}?full=1")
    assert answer.status_code == 200


def test_many(client):
    for number in range(3):
        client.post("/books", json={"title": str(number)})
    client.request("GET", "/books")
    assert {}.get("title") is None
"""


def test_requests_in_the_order_of_the_text_helpers_included() -> None:
    found = requests_of(MODULE)
    assert found["test_read"] == ("POST /books", "GET /books/{book['id']}")
    assert found["test_many"] == ("POST /books", "GET /books")
    assert "make" not in found


def test_what_cannot_be_parsed_has_none() -> None:
    assert requests_of("def test_x(:") == {}


def test_helpers_that_call_each_other_end() -> None:
    assert requests_of("def a(c):\n    b(c)\n\ndef b(c):\n    a(c)\n\ndef test_x(c):\n    a(c)\n") == {"test_x": ()}
