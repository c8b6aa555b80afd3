"""What is a right constant, and what an answer to one question only."""

import pytest

from agents.repair.borrowed import Borrowing
from agents.repair.candidate import Candidate, Edit

CODE = """
RATES = {"EUR": 100, "CHF": 90}


@app.get("/book")
def read(number: int, kind=None):
    row = rows.get(number)
    if row is None:
        raise HTTPException(400, "nothing")
    return {"id": number, "kind": kind, "limit": min(number, 10), "note": "none"}


def swap(text):
    return text.replace("a", "b")


def price(count):
    return 2 if count < 5 else count * 3


def level():
    return -1
"""
SERVICE = """
def test_missing(client):
    answer = client.get("/books/77")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Book 77 is not here"}
    assert client.get("/books", params={"number": 150}).json()["limit"] == 100
"""
WANTED = 'def test():\n    wanted = "Lorem"\n    assert wanted == swap("b")\n'
TABLED = """
@pytest.mark.parametrize(("text", "wanted"), [("hello", "Lorem ipsum"), ("xyz", "dolor sit")])
def test_swap(text, wanted):
    assert swap(text) == wanted
"""
LOOPED = """
def test_price():
    for count, wanted in [(73, 4711), (74, 300)]:
        result = price(count)
        assert result == wanted
"""


def judged(tests: str, *edits: tuple[str, str], blind: bool = False) -> str:
    made = []
    for old, new in edits:
        assert CODE.count(old) == 1
        made.append(Edit("a.py", CODE.index(old), CODE.index(old) + len(old), new))
    candidate = Candidate(tuple(sorted(made)), "any", 1, 0.3, "")
    return Borrowing({"a.py": CODE}, (tests,)).special_case(candidate, blind=blind)


@pytest.mark.parametrize(
    ("tests", "edits"),
    [
        ('def test():\n    assert swap("hello") == "Lorem"\n', [('"a", "b"', '"hello", "Lorem"')]),
        ('def test():\n    given = "hello"\n    assert swap(given) == "Lorem"\n', [('"a", "b"', '"hello", "Lorem"')]),
        (WANTED, [('text.replace("a", "b")', '"Lorem"')]),
        ('def test():\n    assert swap("a") == ["x", "y"]\n', [('text.replace("a", "b")', '["x", "y"]')]),
        (TABLED, [('"a"', '"hello"'), ('"b"', '"Lorem ipsum"')]),
        (LOOPED, [("count < 5", "count == 73"), ("return 2", "return 4711")]),
        (LOOPED, [("count * 3", "4711")]),
        (SERVICE, [('"id": number', '"id": 150'), ("min(number, 10)", "min(number, 100)")]),
        (SERVICE, [('"nothing"', '"Book 77 is not here" if number == 77 else "nothing"')]),
    ],
)  # fmt: skip
def test_an_answer_to_one_question(tests: str, edits: list[tuple[str, str]]) -> None:
    assert judged(tests, *edits)


@pytest.mark.parametrize(
    ("tests", "edits"),
    [
        (SERVICE, [("min(number, 10)", "min(number, 100)")]),
        (SERVICE, [('400, "nothing"', '404, "Book 77 is not here"')]),
        (SERVICE, [('"/book"', '"/books"'), ("400", "404")]),
        (SERVICE, [('"/book"', '"/books", status_code=404')]),
        (SERVICE, [('"kind": kind', '"kind": row')]),
        ('def test():\n    assert read(3)["note"] == "not any"\n', [('"none"', '"not any"')]),
        ('def test():\n    assert read(3)["kind"] == "thin"\n', [("kind=None", 'kind="thin"')]),
        ('def test():\n    assert RATES["CHF"] == convert(1, "CHF") == 97\n', [("90", "97")]),
        ('def test():\n    assert swap("abc") == "abd"\n', [('"a", "b"', '"c", "d"')]),
        ('def test():\n    assert price(100) == 100\n', [("count < 5", "count < 100")]),
        ('def test():\n    assert price(2) == 3\n', [("return 2", "return 3")]),
        ("def test():\n    assert level() == 4711\n", [("-1", "4711")]),
        (TABLED, [('"a"', '"hello"'), ('"b"', '"dolor sit"')]),
        (LOOPED, [("count < 5", "count > 5"), ("return 2", "return 300")]),
    ],
)  # fmt: skip
def test_a_constant_that_was_wrong(tests: str, edits: list[tuple[str, str]]) -> None:
    assert judged(tests, *edits) == ""


def test_what_only_shows_through_another_edit() -> None:
    both = [("count < 5", "count > 5"), ("return 2", "return 300")]
    assert "another edit" in judged(LOOPED, *both, blind=True)
    right = [("400", "404"), ('"nothing"', '"Book 77 is not here"')]
    assert judged(SERVICE, *right, blind=True) == ""


def test_values_that_stand_nowhere_else() -> None:
    start = CODE.index("10)")
    one = Candidate((Edit("a.py", start, start + 2, "100"),), "any", 1, 0.3, "")
    assert Borrowing({"a.py": CODE}, (SERVICE,)).foreign(one) == ""  # 100 is a rate
    other = Candidate((Edit("a.py", start, start + 2, "4711"),), "any", 1, 0.3, "")
    assert Borrowing({"a.py": CODE}, (LOOPED,)).foreign(other) == "4711"
    assert Borrowing({"a.py": CODE}, ("def broken(:",)).foreign(other) == ""
