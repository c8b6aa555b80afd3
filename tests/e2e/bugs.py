"""Repositories with planted bugs, and the answers of a model that repairs them."""

from pathlib import Path

from tests.e2e.conftest import git
from tests.support import model_server as served
from tests.support.model_server import Answer

SERVICE = '''"""Books of a library."""

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
books: dict[int, "Book"] = {}


class NewBook(BaseModel):
    title: str
    pages: int


class Book(NewBook):
    id: int


@app.post("/books", status_code=201)
def create_book(book: NewBook) -> Book:
    made = Book(id=len(books) + 1, **book.model_dump())
    books[made.id] = made
    return made


@app.get("/books")
def list_books(page: int = 1, size: int = 2) -> list[Book]:
    start = page * size
    return list(books.values())[start : start + size]


@app.get("/books/{book_id}")
def read_book(book_id: int) -> Book:
    if book_id not in books:
        raise HTTPException(404, "no such book")
    return books[book_id]
'''
"""`list_books` leaves out the first page."""
REPAIRED = SERVICE.replace("start = page * size", "start = (page - 1) * size")
WORSE = SERVICE.replace("start = page * size", "start = 0")
NO_OTHER = SERVICE.replace('raise HTTPException(404, "no such book")', 'raise HTTPException(400, "no such book")')
SUITE = '''"""What holds."""

from fastapi.testclient import TestClient

from main import app

client = TestClient(app)


def test_a_book_is_read_back() -> None:
    made = client.post("/books", json={"title": "Emma", "pages": 400}).json()
    assert client.get(f"/books/{made['id']}").json() == made


def test_an_unknown_book() -> None:
    assert client.get("/books/9999").status_code == 404
'''
SHOWS = (
    SUITE
    + """

def test_the_first_page_holds_the_first_books() -> None:
    for number in range(5):
        client.post("/books", json={"title": f"Book {number}", "pages": 1})
    assert [book["id"] for book in client.get("/books", params={"page": 1}).json()] == [1, 2]
    assert [book["id"] for book in client.get("/books", params={"page": 2}).json()] == [3, 4]
"""
)
SHOWN = "tests/test_books.py::test_the_first_page_holds_the_first_books"
PLAIN: dict[str, str] = {
    "shop/__init__.py": "",
    "shop/prices.py": '''"""Prices."""


def total(prices: list[int], discount: int = 0) -> int:
    """The sum of prices, less a discount in percent."""
    result = 1
    for price in prices:
        result += price
    return result * (100 - discount) // 100
''',
    "shop/words.py": '''"""Words."""


def slug(title: str) -> str:
    """A title as part of an address."""
    return "-".join(title.split())


def initials(name: str) -> str:
    """The first letters of a name."""
    return "".join(part[0] for part in name.split()).upper()
''',
    "shop/stock.py": '''"""Stock."""


def missing(wanted: int, there: int) -> int:
    """How many have to be ordered."""
    if wanted < there:
        return wanted - there
    return 0
''',
    "tests/test_prices.py": """from shop.prices import total


def test_total() -> None:
    assert total([1, 2, 3]) == 6


def test_discount() -> None:
    assert total([50, 50], 10) == 90
""",
    "tests/test_words.py": """from shop.words import initials, slug


def test_slug() -> None:
    assert slug("Big Apple Pie") == "big-apple-pie"


def test_initials() -> None:
    assert initials("ada lovelace") == "AL"
""",
    "tests/test_stock.py": """from shop.stock import missing


def test_missing() -> None:
    assert missing(5, 2) == 3
    assert missing(2, 5) == 0
    assert missing(2, 2) == 0
""",
    "requirements.txt": "pytest\n",
}
"""Three programs with one bug each: a wrong initial value, a call left out, a comparison the wrong way round."""


def service(tests: str = SUITE, code: str = SERVICE, more: dict[str, str] | None = None) -> dict[str, str]:
    """Files of the service."""
    return {"main.py": code, "tests/test_books.py": tests, "requirements.txt": "fastapi\nuvicorn\n", **(more or {})}


def committed(repo: Path, files: dict[str, str], subject: str = "Start") -> Path:
    """A repository with these files, or one commit more in one that is there."""
    repo.mkdir(exist_ok=True)
    if not (repo / ".git").exists():
        git(repo, "init", "-q", "-b", "main")
        git(repo, "config", "user.name", "Somebody")
        git(repo, "config", "user.email", "somebody@localhost")
    for path, text in files.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", subject)
    return repo


def patch(content: str, subject: str = "Begin pages at one", path: str = "main.py") -> list[Answer]:
    """A builder that writes one file and finishes."""
    return [served.call("write_file", path=path, content=content), served.call("finish", summary=subject)]
