"""From a bug report to a plan and to tests that show it; what cannot be checked is said, never guessed."""

import ast
from pathlib import Path

import pytest

from agents.bugs.intake import read_report
from agents.bugs.reproduce import fix_plan, reproduction
from agents.contracts import TestSuite
from agents.desk import MemoryDesk
from agents.errors import NotUnderstood
from agents.profile_reader import read_profile

TEXT = {
    "src/pkg/__init__.py": "",
    "src/pkg/text.py": "class Missing(Exception): ...\n\ndef slug(text: str) -> str:\n    return text\n",
    "src/pkg/more.py": "def twice(n: int) -> int:\n    return n\n",
    "lib/other.py": "def twice(n: int) -> int:\n    return n\n",
}
SHOP = {p.name: p.read_text() for p in (Path(__file__).parents[2] / "examples/shop").glob("*.*") if p.is_file()}


def suite(text: str, files: dict[str, str], *tests: str) -> TestSuite:
    report = read_report(text, tests=tests)
    desk = MemoryDesk(files)
    made = reproduction(report, fix_plan(report), desk, read_profile(desk))
    for file in made.files:
        ast.parse(file.content)
    return made


def test_an_example_becomes_a_test_with_a_telling_name() -> None:
    made = suite("`slug('A b')` returns 'A b', expected 'a-b'", TEXT)
    (file,) = made.files
    assert "from pkg.text import slug\n" in file.content
    assert "def test_slug_a_b_is_a_b() -> None:\n" in file.content
    assert "    assert slug('A b') == 'a-b'" in file.content
    assert [(c.node_id, c.criteria) for c in made.cases] == [(f"{file.path}::test_slug_a_b_is_a_b", ("C1",))]
    assert file.path.startswith("tests/test_fix_slug")


def test_errors_that_should_and_should_not_be_raised() -> None:
    made = suite(
        "`slug(None)` raises AttributeError. `slug(3)` should raise `Missing`. `slug(4)` should raise OddError", TEXT
    )
    content = made.files[0].content
    assert "def test_slug_none_does_not_raise_attributeerror() -> None:" in content
    assert "from pkg.text import Missing" in content and "with pytest.raises(Missing):" in content
    assert 'assert type(caught.value).__name__ == "OddError"' in content


def test_a_name_that_is_nowhere_or_twice_is_not_guessed() -> None:
    for call in ("twice(2)", "nothing(2)"):
        with pytest.raises(NotUnderstood, match="under one certain name"):
            suite(f"`{call}` returns 2, expected 4", TEXT)


def test_nothing_to_check_is_said_with_an_example() -> None:
    with pytest.raises(NotUnderstood, match="for example"):
        fix_plan(read_report("The shop is slow on Mondays."))


def test_given_tests_are_the_reproduction() -> None:
    made = suite("", TEXT, "tests/test_text.py::test_slug[1]")
    assert made.files == ()
    assert [c.node_id for c in made.cases] == ["tests/test_text.py::test_slug[1]"]


def test_requests_are_sent_in_their_order_and_asserted_where_it_was_said() -> None:
    made = suite(
        'POST /products with {"name": "Pen", "price": 3} returns 201. Then GET /products?limit=0 returns 200, '
        "expected 422.",
        SHOP,
    )
    (file,) = made.files
    assert file.path.startswith("tests/acceptance/test_fix_")
    post, get = file.content.index("client.post("), file.content.index("client.get(")
    assert post < get
    assert "assert answer.status_code == 422, answer.text" in file.content
    assert "json={'name': 'Pen', 'price': 3}" in file.content


def test_an_item_that_a_path_names_is_created_first() -> None:
    made = suite("`GET /products/1` returns 500", SHOP)
    content = made.files[0].content
    assert "make_product(client" in content
    assert "answer.status_code < 500" in content
    gone = suite("`GET /products/99` returns 500, expected 404", SHOP).files[0].content
    assert "make_product" not in gone
    assert "assert answer.status_code == 404" in gone


def test_a_log_line_is_a_request() -> None:
    report = read_report('INFO:     127.0.0.1:51234 - "GET /products/7 HTTP/1.1" 500 Internal Server Error')
    (exchange,) = report.exchanges
    assert (exchange.method, exchange.path, exchange.seen_status) == ("GET", "/products/7", 500)
