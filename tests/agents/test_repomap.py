"""The repository map: what it shows, that it fits, that it never changes by itself, and the index below it."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agents.desk import MemoryDesk
from agents.outline import read_outline
from agents.ranking import rank_definitions, words_of
from agents.repomap import is_mapped, repository_map
from agents.symbol_index import IN_ONE_PROCESS, SymbolIndex, blob_id
from agents.symbols import FileSymbols, read_symbols

ROOT = Path(__file__).resolve().parents[2]
SHOP = {
    "shop/models.py": (
        "class Base: ...\n\n\nclass Book(Base):\n    title: Mapped[str] = mapped_column(String(200))\n\n"
        "    def price_with_tax(self, rate: float) -> float:\n        return 1.0\n\n\nclass Order(Base):\n    pass\n"
    ),
    "shop/books.py": (
        "from shop.models import Book\n\nrouter = APIRouter(prefix='/books')\n\n\n"
        "@router.get(\n    '/{book_id}',\n    response_model=BookRead,\n)\n@logged\n"
        "async def read_book(\n    book_id: int,\n    session: SessionDep,\n) -> Book:\n"
        "    return Book().price_with_tax(2)\n"
    ),
    "shop/orders.py": "from shop.models import Order\n\ndef place(order: Order) -> Order:\n    return Order()\n",
    "shop/util.py": "def _hidden():\n    pass\n\ndef unused():\n    pass\n",
    "tests/test_books.py": "from shop.models import Book\n\ndef test_book():\n    assert Book()\n",
    "node_modules/x/setup.py": "def vendored(): ...\n",
    "README.md": "# Shop",
}


def shop_map(request: str = "", budget: int = 1000) -> str:
    return repository_map(MemoryDesk(SHOP), SymbolIndex(), request, budget)


def test_signatures_stand_below_their_file_and_class() -> None:
    lines = shop_map().splitlines()
    at = lines.index("shop/models.py:")
    assert lines[at + 1 : at + 6] == [
        "  class Base",
        "  class Book(Base)",
        "    title: Mapped[str] = mapped_column(String(200))",
        "    def price_with_tax(self, rate: float) -> float",
        "  class Order(Base)",
    ]


def test_a_route_shows_its_decorator_on_one_line() -> None:
    assert (
        "  @router.get('/{book_id}', response_model=BookRead) "
        "async def read_book(book_id: int, session: SessionDep) -> Book" in shop_map().splitlines()
    )


def test_foreign_and_generated_code_is_not_mapped() -> None:
    assert "vendored" not in shop_map()
    for path in (".venv/lib/x.py", "api/v1_pb2.py", "build/lib/a.py", "notes.md"):
        assert not is_mapped(path)


def test_the_map_keeps_to_its_budget_and_starts_with_what_matters() -> None:
    for budget in (0, 5, 20, 40, 80, 500):
        assert len(shop_map("", budget)) <= budget * 4
    assert shop_map("", 9) == "shop/models.py:\n  class Order(Base)"
    assert shop_map("", 0) == ""


def test_the_words_of_the_request_decide() -> None:
    assert shop_map("placing orders", 9) == "shop/models.py:\n  class Order(Base)"
    assert shop_map("the books", 9) == "shop/models.py:\n  class Book(Base)"


def test_what_is_used_ranks_above_what_is_not() -> None:
    symbols = {path: read_symbols(text.encode()) for path, text in SHOP.items() if path.endswith(".py")}
    names = [symbols[entry.path].definitions[entry.number].name for entry in rank_definitions(symbols, frozenset())]
    assert names.index("Book") < names.index("unused")
    assert "test_book" not in names


def test_a_test_file_is_shown_below_the_code_when_the_request_names_it() -> None:
    lines = shop_map("the books").splitlines()
    assert lines[-2:] == ["tests/test_books.py:", "  def test_book()"]


def test_the_outline_of_a_test_file() -> None:
    source = b"""class TestShop(Base):
    async def test_open(self, client):
        def helper(): ...

    def test_close(
        self,
    ):
        pass

def test_alone() -> None: ...

    def stray(): ...
"""
    assert [(d.signature, d.parent) for d in read_outline(source).definitions] == [
        ("class TestShop(Base)", -1),
        ("async def test_open(self, client)", 0),
        ("def test_close( ...", 0),
        ("def test_alone() -> None", -1),
    ]


def test_ranking_nothing_is_nothing() -> None:
    assert rank_definitions({}, frozenset({"book"})) == []
    assert rank_definitions({"tests/test_a.py": FileSymbols((), {})}, frozenset()) == []


def test_words_are_split_and_singular() -> None:
    assert words_of("BookShops add order_items, HTTPClient") == {
        "bookshop", "book", "shop", "orderitem", "order", "item", "httpclient", "http", "client"
    }  # fmt: skip


def test_names_of_the_language_and_overly_common_ones_carry_no_weight() -> None:
    assert read_symbols(b"x.append(len(y))\nx.save()\n").uses == {".save": 1}
    many = {f"m{number:02}.py": read_symbols(b"class Meta: ...\n") for number in range(21)}
    many["user.py"] = read_symbols(b"Meta()\n")
    assert len({entry.score for entry in rank_definitions(many, frozenset())}) == 1


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"def f(:\n  class",
        b"\xff\xfe\x00",
        b"class A:\n" * 500,
        b"(" * 20_000,
        b"type X[T] = list[T]\nclass B[T]: ...",
    ],
)
def test_no_source_is_too_strange(source: bytes) -> None:
    assert isinstance(read_symbols(source), FileSymbols)


def test_broken_code_still_shows_what_can_be_read() -> None:
    found = read_symbols(b"class Book:\n    pass\n\ndef broken(:\n\ndef after(): ...\n")
    assert "Book" in {definition.name for definition in found.definitions}


def test_the_same_map_under_every_hash_seed() -> None:
    program = (
        "from tests_shop import SHOP\nfrom agents.desk import MemoryDesk\nfrom agents.repomap import repository_map\n"
        "from agents.symbol_index import SymbolIndex\n"
        "print(repository_map(MemoryDesk(SHOP), SymbolIndex(), 'books by price and order', 60))"
    ).replace("from tests_shop import SHOP", f"SHOP = {SHOP!r}")
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1
    assert b"class Book" in said.pop()


class Counted:
    """A source that counts what is read of it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.content = files
        self.reads: list[str] = []

    def read(self, path: str) -> bytes | None:
        self.reads.append(path)
        return self.content.get(path)


def test_a_second_workspace_reads_no_known_file(tmp_path: Path) -> None:
    source = Counted({"a.py": b"class A: ...\n", "b.py": b"class B: ...\n"})
    blobs = {path: blob_id(content) for path, content in source.content.items()}
    first = SymbolIndex(tmp_path / "cache" / "index.db").load(blobs, blobs, source.read)
    assert source.reads == ["a.py", "b.py"]
    again = SymbolIndex(tmp_path / "cache" / "index.db").load(blobs, blobs, source.read)
    assert source.reads == ["a.py", "b.py"]
    assert again == first


def test_only_an_edited_file_is_read_again(tmp_path: Path) -> None:
    source = Counted({"a.py": b"class A: ...\n", "b.py": b"class B: ...\n"})
    blobs = {path: blob_id(content) for path, content in source.content.items()}
    index = SymbolIndex(tmp_path / "index.db")
    index.load(blobs, blobs, source.read)
    source.reads.clear()
    source.content["b.py"] = b"class Better: ...\n"
    del blobs["b.py"]
    found = index.load(["a.py", "b.py"], blobs, source.read)
    assert source.reads == ["b.py"]
    assert found["b.py"].definitions[0].name == "Better"


def test_a_wrong_id_cannot_plant_symbols_in_the_index(tmp_path: Path) -> None:
    honest = blob_id(b"class Honest: ...\n")
    SymbolIndex(tmp_path / "i.db").load(["x.py"], {"x.py": honest}, lambda _: b"class Liar: ...\n")
    found = SymbolIndex(tmp_path / "i.db").load(["x.py"], {"x.py": honest}, lambda _: b"class Honest: ...\n")
    assert found["x.py"].definitions[0].name == "Honest"


def test_a_damaged_index_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "i.db").write_bytes(b"no database at all" * 100)
    source = Counted({"a.py": b"class A: ...\n"})
    blobs = {"a.py": blob_id(source.content["a.py"])}
    for _ in range(2):
        assert SymbolIndex(tmp_path / "i.db").load(blobs, blobs, source.read)["a.py"].definitions
    assert source.reads == ["a.py"]
    with sqlite3.connect(tmp_path / "i.db") as connection:
        assert connection.execute("SELECT count(*) FROM symbols_1").fetchone() == (1,)
    connection.close()


def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = SymbolIndex(tmp_path / "file" / "i.db").load(["a.py"], {}, lambda _: b"class A: ...\n")
    assert found["a.py"].definitions[0].name == "A"


def test_a_file_that_cannot_be_read_is_left_out() -> None:
    assert SymbolIndex().load(["a.py"], {}, lambda _: None) == {}


def test_many_files_are_read_by_two_processes_alike() -> None:
    files = {f"m{number}.py": f"class C{number}: ...\n".encode() for number in range(IN_ONE_PROCESS + 5)}
    assert SymbolIndex(workers=2).load(files, {}, files.get) == SymbolIndex(workers=1).load(files, {}, files.get)


def test_blob_ids_are_those_of_git() -> None:
    assert blob_id(b"hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert blob_id(b"hello\n", 64) == "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"
