"""What a refactoring must leave as it is, on a real engine or as text: the planted change is found, and only that."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import tars
from sandbox.attack.script import Step
from sandbox.docker import DockerEngine
from sandbox.gates.import_surface import same_surface, surface
from sandbox.gates.pure import pure_functions
from sandbox.gates.same_document import same_document
from sandbox.gates.side_by_side import side_by_side
from sandbox.gates.tables import same_tables, tables_of
from sandbox.manifest import read_manifest
from sandbox.protocol import Limits
from sandbox.recorded import Recorded, Script, record
from sandbox.traced import not_reached, run_traced, spans, touched
from sandbox.trust import arrange
from tests.sandbox.test_gates import Files, edited, on_stand
from tests.support.gate_stand import listing, service
from tests.support.trees import RUN_ID, images

BEFORE = """\
import os
from typing import Optional

from fastapi import APIRouter, Depends, FastAPI

LIMIT = 10
router = APIRouter()


def get_db(url: str = Depends(os.getcwd)): ...


def price(book: str, tax: Optional[float] = None, *, shop: str = "here") -> float: ...


class Shelf:
    rows: int = 3

    def add(self, book: str, at: int = 0) -> None: ...


@router.get("/")
def listed(db=Depends(get_db)): ...
"""


def surfaces(after: str, **more: str) -> tuple[bool, str]:
    files = {f"{name}.py": text for name, text in more.items()}
    old, new = surface(listing({"app/main.py": BEFORE})), surface(listing({"app/main.py": after, **files}))
    gate = same_surface(old, new).gate
    return gate.passed, gate.evidence


def test_another_way_of_writing_the_same_surface() -> None:
    after = BEFORE.replace("Optional[float]", "float | None").replace("def listed", "async def listed")
    after = after.replace("url: str = Depends(os.getcwd)", "url: Annotated[str, Depends(os.getcwd)]")
    after = after.replace("LIMIT = 10", "LIMIT: int = 5 * 2").replace("db=Depends(get_db)", "db: Db")
    passed, told = surfaces(f"{after}\n\ndef more(): ...\n")
    assert passed, told
    assert "1 are new" in told


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("LIMIT = 10", "_LIMIT = 10", "app.main.LIMIT is gone"),
        ("tax: Optional[float] = None, *", "*", "app.main.price was"),
        ('shop: str = "here"', "shop: str", "app.main.price was"),
        ("tax: Optional[float] = None", "tax: Optional[float] = 0", "app.main.price was"),
        ("def price", "async def price", "app.main.price was"),
        ("    rows: int = 3\n", "", "app.main.Shelf.rows is gone"),
        ("at: int = 0", "at: int", "app.main.Shelf.add was"),
        ("def listed", "def every", "app.main.listed is gone"),
    ],
)
def test_what_callers_would_notice(old: str, new: str, says: str) -> None:
    assert BEFORE.count(old) == 1
    passed, told = surfaces(BEFORE.replace(old, new))
    assert (passed, told.startswith(says)) == (False, True), told


def test_handlers_of_events_become_part_of_a_lifespan() -> None:
    old = 'app = FastAPI()\n\n\n@app.on_event("startup")\ndef fill():\n    ...\n'
    gone = "async def lifespan(app):\n    yield\n\n\napp = FastAPI(lifespan=lifespan)\n"
    new = f"{gone}\n\ndef fill():\n    ...\n"
    before = surface(listing({"main.py": old}))
    for text in (new, gone):
        assert same_surface(before, surface(listing({"main.py": text}))).gate.passed


def test_what_moves_may_be_imported_from_where_it_was() -> None:
    shelf = BEFORE[BEFORE.index("class Shelf") : BEFORE.index("@router")]
    rest = BEFORE.replace(shelf, "")
    assert not surfaces(rest, shelves=shelf)[0]
    assert surfaces(f"from shelves import Shelf\n{rest}", shelves=shelf)[0]
    thinner = shelf.replace("    rows: int = 3\n", "").replace("at: int = 0", "at")
    passed, told = surfaces(f"from shelves import Shelf\n{rest}", shelves=thinner)
    assert not passed and "Shelf.add" in told, told
    old = surface(listing({"app/main.py": BEFORE}))
    assert same_surface(old, surface(listing({"app/main.py": rest})), named=("Shelf",)).gate.passed


def test_documents_are_the_same_to_the_last_word_unless_the_contract_is_enough() -> None:
    answer = {"description": "Successful", "content": {"application/json": {"schema": {"type": "string"}}}}
    old: dict[str, Any] = {"paths": {"/a": {"get": {"summary": "A", "responses": {"200": answer}}}}}
    new: dict[str, Any] = {"paths": {"/a": {"get": {"summary": "B", "responses": {"200": answer}}}}}
    gone: dict[str, Any] = {"paths": {}}
    same, other, none = (same_document(old, one) for one in (old, new, gone))
    assert same is not None and same.gate.passed and "1 operations" in same.gate.evidence
    assert other is not None and not other.gate.passed
    assert other.gate.evidence == "paths./a.get.summary was 'A', is 'B'"
    assert none is not None and not none.gate.passed
    compatible, broken = same_document(old, new, "compatible"), same_document(old, gone, "compatible")
    assert compatible is not None and compatible.gate.passed
    assert broken is not None and not broken.gate.passed


def test_that_something_may_be_null_is_no_other_contract_where_the_document_may_be_restated() -> None:
    def document(schema: dict[str, Any]) -> dict[str, Any]:
        content = {"application/json": {"schema": {"type": "object", "properties": {"a": schema}}}}
        return {"paths": {"/a": {"get": {"responses": {"200": {"description": "ok", "content": content}}}}}}

    text, number, null = {"type": "string", "title": "A"}, {"type": "integer"}, {"type": "null"}
    old = document(text)
    for schema, passes in (({"anyOf": [text, null], "title": "A"}, True), ({"anyOf": [number, null]}, False)):
        result = same_document(old, document(schema), "compatible")
        assert result is not None and result.gate.passed is passes, result
    strict = same_document(old, document({"anyOf": [text, null]}))
    assert strict is not None and not strict.gate.passed


def test_functions_may_become_async_where_that_is_asked_for() -> None:
    old = "def get_db():\n    yield 1\n\n\ndef count(db, x=1): ...\n"
    before = surface(listing({"db.py": old}))
    after = surface(listing({"db.py": old.replace("def ", "async def ")}))
    assert not same_surface(before, after).gate.passed
    assert same_surface(before, after, awaited=True).gate.passed
    other = surface(listing({"db.py": old.replace("def ", "async def ").replace("x=1", "x")}))
    assert not same_surface(before, other, awaited=True).gate.passed


def test_which_functions_are_pure_enough() -> None:
    found = pure_functions(
        b"import random\n"
        b"def a(x: int, y: 'list[str] | None' = None): return x\n"
        b"def b(x): return x\n"
        b"def c(x: int): return random.random()\n"
        b"def d(x: Book): return x\n"
        b"async def e(x: int): return x\n"
        b"def f(x: str, db=None): return x.upper() + 'tea'\n"
        b"def g(x: int):\n    global n\n    n = x\n"
        b"def h(day: date): return day < datetime.now()\n"
    )
    assert set(found) == {"a", "f"}
    assert found["a"].specs[1] == {"kind": "union", "of": [{"kind": "list", "of": [{"kind": "str"}]}, {"kind": "None"}]}
    assert (len(found["f"].specs), found["f"].constants) == (1, ("'tea'",))


def test_statements_that_were_touched_and_not_reached() -> None:
    old = b"def f(x):\n    if x:\n        return 1\n    return 2\n"
    new = b'def f(x):\n    """Say."""\n    if x:\n        return (\n            1\n        )\n    return 3\n'
    assert [(s.start, s.end, s.function) for s in spans(new)] == [(1, 1, ""), (3, 3, "f"), (4, 6, "f"), (7, 7, "f")]
    changed = touched(old, new)
    assert [(s.start, s.end) for s in changed] == [(4, 6), (7, 7)]
    assert [s.start for s in not_reached(changed, {1, 3, 5})] == [7]


# On an engine --------------------------------------------------------------------------------------------------------

SHOP: Files = {
    "requirements.txt": "fastapi\nuvicorn\nsqlalchemy\n",
    "main.py": """\
from fastapi import FastAPI
from models import Book
from prices import total

app = FastAPI()


@app.get("/total/{n}")
def read_total(n: int) -> int:
    if n > 100:
        return -1
    return total([n], 0)
""",
    "models.py": """\
from sqlalchemy import Integer, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Book(Base):
    __tablename__ = "books"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(40), index=True)
""",
    "prices.py": """\
import time


def total(prices: list[int], discount: int) -> int:
    if discount >= 50:
        raise ValueError("too much")
    return sum(prices) - discount


def stamp(n: int) -> float:
    return clock() + n


clock = time.perf_counter
""",
    "tests/test_main.py": """\
from fastapi.testclient import TestClient
from main import app


def test_total():
    assert TestClient(app).get("/total/4").json() == 4
""",
    "tests/acceptance/test_http.py": """\
import httpx, os


def test_total():
    assert httpx.get(os.environ["APP_BASE_URL"] + "/total/101").json() == -1
""",
}


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerEngine]:
    engine = DockerEngine()
    yield engine
    engine.close()


@pytest.mark.docker
def test_side_by_side(engine: DockerEngine) -> None:
    rewritten = edited("prices.py", "return sum(prices) - discount", "return -discount + sum(prices)", SHOP)
    result = on_stand(engine, SHOP, rewritten, side_by_side)
    assert result.gate.passed, result.gate.evidence
    assert result.gate.evidence.startswith("1 functions do the same"), "`stamp` never does the same twice"
    off_by_one = edited("prices.py", "discount >= 50", "discount > 50", SHOP)
    result = on_stand(engine, SHOP, off_by_one, side_by_side)
    assert not result.gate.passed
    assert "50): raises ValueError before, returns" in result.gate.evidence
    other_error = edited("prices.py", "raise ValueError", "raise KeyError", SHOP)
    assert "raises KeyError now" in on_stand(engine, SHOP, other_error, side_by_side).gate.evidence
    in_place = edited("prices.py", "    return sum", "    prices.sort()\n    return sum", SHOP)
    assert not on_stand(engine, SHOP, in_place, side_by_side).gate.passed, "the caller's list was changed"


@pytest.mark.docker
def test_tables(engine: DockerEngine) -> None:
    def both(stand: Any) -> Any:
        return same_tables(tables_of(stand, "base"), tables_of(stand, "head"))

    moved = edited("models.py", "from sqlalchemy import Integer, String\n", "import sqlalchemy as sa\n", SHOP)
    moved = edited("models.py", "String(40)", "sa.String(length=40)", moved)
    same = on_stand(engine, SHOP, moved, both)
    assert (same.gate.passed, same.gate.evidence) == (True, "1 tables are created by the same statements as before")
    wider = on_stand(engine, SHOP, edited("models.py", "String(40)", "String(41)", SHOP), both)
    assert not wider.gate.passed and "41" in wider.gate.evidence
    no_index = on_stand(engine, SHOP, edited("models.py", ", index=True", "", SHOP), both)
    assert not no_index.gate.passed
    broken = on_stand(engine, SHOP, edited("models.py", "Integer, String", "Integer, Strings", SHOP), both)
    assert "models cannot be imported" in broken.gate.evidence


@pytest.mark.docker
def test_lines_that_tests_reach_inside_and_over_http(engine: DockerEngine) -> None:
    data = {path: text.encode() for path, text in SHOP.items()}
    tree = tars.build(data)
    image = images().ensure(read_manifest(sorted(data), data.get)).tag
    run = run_traced(
        engine, image, arrange(tree, tree), service=service(SHOP), limits=Limits(), run_id=RUN_ID, timeout_s=120
    )
    assert run.trouble == ()
    assert set(run.outcomes().values()) == {"passed"} and len(run.outcomes()) == 2
    left = not_reached(spans(data["main.py"]), run.lines["main.py"])
    assert left == [], "line 10 is reached over HTTP, line 11 inside"
    left = not_reached(spans(data["prices.py"]), run.lines["prices.py"])
    assert [(s.start, s.function) for s in left] == [(6, "total"), (11, "stamp")]


@pytest.mark.docker
def test_answers_are_recorded_twice(engine: DockerEngine) -> None:
    login = Step(method="GET", path="/total/7", take={"token": "0"}, once="logs in")
    counted = SHOP | {"main.py": SHOP["main.py"] + COUNTED}
    wanted = [
        Script(id="total", steps=(Step(method="GET", path="/total/4"),)),
        Script(id="counted", steps=(Step(method="GET", path="/counted"),)),
        Script(
            id="refused on the way", steps=(Step(method="GET", path="/nowhere"), Step(method="GET", path="/total/4"))
        ),
        Script(id="echo", steps=(Step(method="GET", path="/echo/<<unique>>"),)),
        Script(id="first", steps=(Step(method="GET", path="/first"),)),
        Script(id="needs what is not there", steps=(login, Step(method="GET", path="/total/4"))),
    ]

    def recorded(stand: Any) -> list[Recorded]:
        stand.show("head")
        return record(stand.box, service(counted), wanted)

    found = {one.script.id: one for one in on_stand(engine, {}, counted, recorded)}
    assert set(found) == {"total", "counted", "echo"}, "`first` answers another status the second time"
    assert (found["total"].status, found["total"].data()) == (200, (4, 4))
    assert found["counted"].data() == (1, 2)
    assert found["echo"].data() == ("<<unique>>", "<<unique>>")


COUNTED = """

seen: list[str] = []


@app.get("/counted")
def counted() -> int:
    seen.append("counted")
    return seen.count("counted")


@app.get("/echo/{word}")
def echo(word: str) -> str:
    return word


@app.get("/first")
def first() -> int:
    if "first" in seen:
        raise RuntimeError("only once")
    seen.append("first")
    return 1
"""
