"""What is read out of bug reports as people write them."""

import pytest

from agents.bugs.examples import examples_in
from agents.bugs.exchanges import exchanges_in
from agents.bugs.intake import read_report
from agents.bugs.junit import UnreadableReport, failures_in
from agents.bugs.report import Example, Exchange
from agents.bugs.traces import located, traces_in

TRACE = """\
ERROR:    Exception in ASGI application
Traceback (most recent call last):
  File "/usr/lib/python3.12/site-packages/starlette/routing.py", line 73, in app
    response = await f(request)
               ^^^^^^^^^^^^^^^^
  File "/srv/shop/app/routers/orders.py", line 41, in read_order
    return order.customer.name
           ^^^^^^^^^^^^^^^^^^^
AttributeError: 'NoneType' object has no attribute 'name'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "app/main.py", line 9, in handler
    raise HTTPException(500)
fastapi.exceptions.HTTPException: 500: Internal
"""
PYTEST = """\
______ test_total ______
    def test_total():
>       assert total([1, 2]) == 3
E       assert 2 == 3

tests/test_cart.py:7: AssertionError
______ test_empty ______
tests/test_cart.py:12: in test_empty
    total(None)
app/cart.py:3: in total
    return sum(values)
E   TypeError: 'NoneType' object is not iterable
"""


def test_python_traces_are_read_to_the_innermost_frame() -> None:
    first, second = traces_in(TRACE)
    assert (first.error, first.message) == ("AttributeError", "'NoneType' object has no attribute 'name'")
    assert [(f.line, f.function) for f in first.frames] == [(73, "app"), (41, "read_order")]
    assert first.frames[1].code == "return order.customer.name"
    assert (second.error, second.message) == ("HTTPException", "500: Internal")


def test_frames_are_found_in_this_repository_and_foreign_ones_left_out() -> None:
    found = located(traces_in(TRACE)[0], ["app/routers/orders.py", "app/orders.py", "routing.py", "tests/orders.py"])
    assert [(f.file, f.line) for f in found.frames] == [("app/routers/orders.py", 41)]


def test_pytests_own_output_is_read() -> None:
    (trace,) = traces_in(PYTEST)
    assert (trace.error, trace.message) == ("TypeError", "'NoneType' object is not iterable")
    assert [(f.file, f.line, f.function) for f in trace.frames][-1] == ("app/cart.py", 3, "total")


@pytest.mark.parametrize(
    "text", ["", "Traceback (most recent call last):", "Traceback (most recent call last):\nboo\n" * 3]
)
def test_what_is_no_trace_is_none(text: str) -> None:
    assert traces_in(text) == ()


@pytest.mark.parametrize(
    ("text", "method", "path", "body", "seen", "expected"),
    [
        ("`GET /books/1` returns 500, expected 404", "GET", "/books/1", "", 500, 404),
        ("GET /books?limit=0 answers 200 instead of 422.", "GET", "/books?limit=0", "", 200, 422),
        ("When I call DELETE /books/9 I get a 500 but it should be 404", "DELETE", "/books/9", "", 500, 404),
        (
            'POST /books with {"title": ""} is accepted (201); it should return 422',
            "POST",
            "/books",
            '{"title": ""}',
            None,
            422,
        ),
        (
            'PUT /books/1 body: `{"a": [1, {"b": 2}]}` → returned 500',
            "PUT",
            "/books/1",
            '{"a": [1, {"b": 2}]}',
            500,
            None,
        ),
        (
            "curl -X POST http://localhost:8000/orders -H 'Content-Type: application/json' \\\n  -d '{\"n\": 1}'\n"
            "HTTP/1.1 500 Internal Server Error\n\nExpected: 201",
            "POST",
            "/orders",
            '{"n": 1}',
            500,
            201,
        ),
        ("$ curl localhost:8000/items/5\n\nexpected status 404, got 500", "GET", "/items/5", "", 500, 404),
        (
            "curl --json '{\"x\":1}' https://api.example.org/v1/x?y=1#z\nshould be 200",
            "POST",
            "/v1/x?y=1",
            '{"x":1}',
            None,
            200,
        ),
    ],
)
def test_requests_and_what_is_said_of_their_answers(
    text: str, method: str, path: str, body: str, seen: int | None, expected: int | None
) -> None:
    (found,) = exchanges_in(text)
    assert (found.method, found.path, found.body) == (method, path, body)
    assert (found.seen_status, found.expected_status) == (seen, expected)
    assert found.tells


def test_several_requests_keep_their_own_answers() -> None:
    text = """
    POST /books with {"title": "A"} returns 201 as it should.
    GET /books/1 returns 404 although the book is there. It should return 200 with `{"id": 1, "title": "A"}`.
    """
    first, second = exchanges_in(text)
    assert (first.seen_status, first.expected_status) == (201, None)
    assert (second.seen_status, second.expected_status) == (404, 200)


def test_an_expected_body_is_taken() -> None:
    (found,) = exchanges_in('`GET /total` returns `{"total": 2}`. Expected `{"total": 3}`')
    assert found == Exchange(method="GET", path="/total", expected_body='{"total": 3}')


@pytest.mark.parametrize(
    ("text", "example"),
    [
        ("`slug('A')` returns `'A'`, expected `'a'`", Example(call="slug('A')", expected="'a'", seen="'A'")),
        ("median([1, 2, 3, 4]) should be 2.5", Example(call="median([1, 2, 3, 4])", expected="2.5")),
        ("add(1, 2) gives 4 instead of 3", Example(call="add(1, 2)", expected="3", seen="4")),
        ("`chunk([], 2)` raises IndexError", Example(call="chunk([], 2)", seen_error="IndexError")),
        ("`chunk([], 2)` raises IndexError, it should return `[]`",
         Example(call="chunk([], 2)", seen_error="IndexError", expected="[]")),
        ("`Stack().pop()` should raise `LookupError`", Example(call="Stack().pop()", raises="LookupError")),
        (">>> roman(4)\n'IIII'\nExpected: 'IV'\n", Example(call="roman(4)", expected="'IV'", seen="'IIII'")),
        (">>> roman(0)\nTraceback (most recent call last):\n  ...\nKeyError: 0\n",
         Example(call="roman(0)", seen_error="KeyError")),
    ],
)  # fmt: skip
def test_python_examples(text: str, example: Example) -> None:
    assert examples_in(text) == (example,)


@pytest.mark.parametrize("text", ["The list is wrong.", "`books` should be 3", "f( should be 2", "it should be fast"])
def test_what_cannot_be_checked_is_no_example(text: str) -> None:
    assert examples_in(text) == ()


def test_an_issue_with_headings() -> None:
    found = read_report(
        "# Wrong page\n\nThe second page repeats a book.\n\n## Steps to reproduce\n\n"
        "`GET /books?limit=2&offset=2`\n\n## Expected behaviour\n\nstatus 200\n\n"
        "## Actual behaviour\n\nIt returns 500\n"
    )
    assert (found.expected, found.actual) == ("status 200", "It returns 500")
    assert found.steps == "`GET /books?limit=2&offset=2`"
    (exchange,) = found.exchanges
    assert (exchange.path, exchange.expected_status, exchange.seen_status) == ("/books?limit=2&offset=2", 200, 500)
    assert found.words == "It returns 500"


JUNIT = """<?xml version="1.0"?><testsuites><testsuite name="pytest">
<testcase classname="tests.unit.test_cart.TestCart" name="test_total[1-2]"><failure message="x">
tests/unit/test_cart.py:12: in test_total
    total(None)
app/cart.py:3: in total
E   TypeError: no
</failure></testcase>
<testcase classname="tests.unit.test_cart" name="test_fine"/>
<testcase classname="other.test_gone" name="test_gone"><error>boom</error></testcase>
</testsuite></testsuites>"""


def test_failing_cases_of_a_junit_report() -> None:
    (case,) = failures_in(JUNIT, ["app/cart.py", "tests/unit/test_cart.py"])
    assert case.node_id == "tests/unit/test_cart.py::TestCart::test_total[1-2]"
    assert case.traces[0].frames[-1].file == "app/cart.py"


@pytest.mark.parametrize(
    ("text", "why"),
    [("no", "not XML"), ("<a/>", "<a>"), ('<!DOCTYPE x [<!ENTITY a "a">]><testsuites/>', "document type")],
)
def test_what_is_no_junit_report_is_said(text: str, why: str) -> None:
    with pytest.raises(UnreadableReport, match=why):
        failures_in(text, [])


@pytest.mark.timeout(20)
def test_hostile_text_stays_bounded() -> None:
    many = (
        "f(",
        "`",
        "\\\n",
        ">>> x(\n",
        "expected ",
        "Traceback (most recent call last):\n",
        "f(((((((((((((((((((1) ",
    )
    for piece in ("GET /" + "a" * 50_000, *(f"curl {one * 10_000}" for one in many), *(one * 10_000 for one in many)):
        read_report(piece)
