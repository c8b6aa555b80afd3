"""An HTTP error for what is not there, put where None was taken apart."""

import itertools

import pytest

from agents.repair.candidate import Candidate, Suspect, apply
from agents.repair.candidates import candidates
from agents.repair.hints import Hints

SQLITE = """import sqlite3

from fastapi import Depends, FastAPI

app = FastAPI()


@app.get("/books/{book_id}")
def get_book(book_id: int, conn=Depends(sqlite3.connect)):
    row = conn.execute("select * from books where id = ?", (book_id,)).fetchone()
    return {"id": row[0], "title": row[1]}


@app.get("/newest")
def newest(conn=Depends(sqlite3.connect)):
    row = conn.execute("select * from books order by id desc").fetchone()
    return {"id": row[0]} if row else {}
"""
WORDED = (
    SQLITE.replace("Depends, FastAPI", "Depends, FastAPI, HTTPException")
    + """

@app.get("/authors/{author_id}")
def get_author(author_id: int):
    if author_id not in authors:
        raise HTTPException(404, "Author is unknown")
    return authors[author_id]
"""
)
ASYNC = '''from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/books/{book_id}")
async def get_book(book_id: int, session=None):
    """One book."""
    book: Book | None = await session.get(Book, book_id)
    extra = book.extra
    return {"title": extra}
'''
MESSAGE = "TypeError: 'NoneType' object is not subscriptable"
ASKS = 'def test():\n    assert client.get("/books/9").status_code == {}\n'


def first(code: str, line: str, message: str = MESSAGE, status: int = 404, most: int = 8) -> list[Candidate]:
    number = code[: code.index(line)].count("\n") + 1
    suspects = [Suspect("m.py", number, 1.0), Suspect("m.py", number - 1, 0.5)]
    hints = Hints(messages=(message,), tests=(ASKS.format(status),))
    return list(itertools.islice(candidates({"m.py": code}, suspects, hints), most))


def changed(code: str, found: list[Candidate]) -> list[str]:
    return [apply(one, {"m.py": code})["m.py"] for one in found]


def test_a_row_of_sqlite_and_the_import_that_lacks() -> None:
    found = first(SQLITE, 'return {"id": row[0], "title"')
    guard = '    if row is None:\n        raise HTTPException(status_code=404, detail="Not Found")\n    return {'
    text = changed(SQLITE, found)[0]
    assert guard in text and "from fastapi import Depends, FastAPI, HTTPException\n" in text
    assert found[0].says == "404 when `row` is None" and found[0].line == 11


def test_the_wording_is_that_of_its_siblings() -> None:
    texts = changed(WORDED, first(WORDED, 'return {"id": row[0], "title"'))
    assert 'if row is None:\n        raise HTTPException(404, "Book is unknown")\n' in texts[0]


def test_awaited_annotated_and_unpacked() -> None:
    message = "AttributeError: 'NoneType' object has no attribute 'extra'"
    texts = changed(ASYNC, first(ASYNC, "extra = book.extra", message))
    assert "book_id)\n    if book is None:\n        raise HTTPException(status_code=404," in texts[0]
    unpacked = SQLITE.replace('return {"id": row[0], "title": row[1]}', "number, title = row\n    return title")
    found = first(unpacked, "number, title", "TypeError: cannot unpack non-iterable NoneType object")
    assert "if row is None:\n        raise HTTPException(status_code=404" in changed(unpacked, found)[0]
    for taken in ("dict(row)", "Book(**row)"):
        code = SQLITE.replace('{"id": row[0], "title": row[1]}', taken)
        found = first(code, f"return {taken}", "TypeError: 'NoneType' object is not iterable")
        assert found[0].says == "404 when `row` is None", taken


@pytest.mark.parametrize(
    "value",
    [
        "books.get(book_id)",
        "session.scalar(query)",
        "session.query(Book).first()",
        "await load(book_id)",
        "load(book_id)",
    ],
)
def test_whatever_it_comes_from(value: str) -> None:
    head = "async def" if value.startswith("await") else "def"
    code = ASYNC.replace("async def", head).replace("await session.get(Book, book_id)", value)
    found = first(code, "extra = book.extra", "AttributeError: 'NoneType' object has no attribute 'extra'")
    assert found[0].says == "404 when `book` is None"


SHORT = """from fastapi import FastAPI

app = FastAPI()


@app.get("/books/{book_id}")
async def get_book(book_id: int, session=None):
    return await session.get(Book, book_id)


@app.get("/titles/{title_id}")
def get_title(title_id: int):
    return {"title": books.get(title_id)["title"], "known": [books.get(n)["title"] for n in (1, 2)]}
"""


@pytest.mark.parametrize("message", ["assert 200 == 404", "fastapi.exceptions.ResponseValidationError: 1 validation"])
def test_nothing_is_answered(message: str) -> None:
    found = first(SHORT, "return await", message)
    lines = "    book = await session.get(Book, book_id)\n    if book is None:\n        raise HTTPException("
    text = next(one for one in changed(SHORT, found) if lines in one)
    assert "    return book\n" in text and "from fastapi import FastAPI, HTTPException\n" in text


def test_taken_apart_in_one_expression() -> None:
    found = first(SHORT, 'return {"title"', most=300)
    text = changed(SHORT, found)[0]
    lines = "    title = books.get(title_id)\n    if title is None:\n        raise HTTPException(status_code=404,"
    assert lines in text and '{"title": title["title"], "known"' in text
    ours = [one.says for one in found if one.family == "nothing to answer with"]
    assert ours == ["404 when `books.get(title_id)` is None"], "n is not known outside of its list"


def test_another_status_that_the_test_asks_for() -> None:
    found = first(SQLITE, 'return {"id": row[0], "title"', status=410)
    assert 'status_code=410, detail="Gone"' in changed(SQLITE, found)[0]


def test_an_answer_of_500_is_told_by_the_assertion() -> None:
    number = SQLITE[: SQLITE.index("row = ")].count("\n") + 1
    hints = Hints(messages=("assert 500 == 404",), tests=(ASKS.format(404),))
    found = list(itertools.islice(candidates({"m.py": SQLITE}, [Suspect("m.py", number, 1.0)], hints), 8))
    assert any(one.says == "404 when `row` is None" for one in found)


def test_what_is_asked_already_or_cannot_be_none_is_left_alone() -> None:
    found = first(SQLITE, 'return {"id": row[0]} if row', most=4000)
    assert not [one for one in found if "is None" in one.says and one.family == "nothing to take apart"]
    made = SQLITE.replace('conn.execute("select * from books where id = ?", (book_id,)).fetchone()', "Book(book_id)")
    assert not [
        one for one in first(made, 'return {"id": row[0], "title"', most=4000) if one.says.startswith("404 when")
    ]
