"""Breaking changes between two real FastAPI applications' documents, and changes that break nobody."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from fastapi import Depends, FastAPI, Header, Query
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, Field

from sandbox.gates.openapi_diff import breaking, differences

Change = Callable[[FastAPI], None]


class Author(BaseModel):
    name: str


class BookCreate(BaseModel):
    title: str = Field(max_length=100)
    year: int | None = None
    kind: Literal["novel", "poem"] = "novel"


class Book(BaseModel):
    id: int
    title: str
    year: int | None = None
    kind: Literal["novel", "poem"]
    author: Author | None = None


class Tree(BaseModel):
    value: int
    children: list["Tree"] = []


def document(
    create: type = BookCreate, read: type = Book, *, limit: Any = 10, more: Change | None = None, status: int = 201,
    tree: type = Tree, without: str = "",
) -> dict[str, Any]:  # fmt: skip
    app = FastAPI()

    def add(book: create) -> read: ...  # type: ignore[valid-type]

    def listed(limit: Annotated[int, limit if not isinstance(limit, int) else Query(le=100)] = 10) -> list[read]: ...  # type: ignore[valid-type]

    def one(book_id: int, x_trace: Annotated[str | None, Header()] = None) -> read: ...  # type: ignore[valid-type]

    def grow(node: tree) -> tree: ...  # type: ignore[valid-type]

    routes = {"add": ("/books", add, "POST", status), "listed": ("/books", listed, "GET", 200),
              "one": ("/books/{book_id}", one, "GET", 200), "grow": ("/trees", grow, "POST", 200)}  # fmt: skip
    for name, (path, handler, method, code) in routes.items():
        if name != without:
            app.add_api_route(path, handler, methods=[method], status_code=code)
    if more:
        more(app)
    return app.openapi()


def model(base: type[BaseModel], **fields: Any) -> type[BaseModel]:
    from pydantic import create_model

    kept = {k: (v.annotation, v) for k, v in base.model_fields.items() if fields.get(k, ...) is not None}
    return create_model(base.__name__, **{**kept, **{k: v for k, v in fields.items() if v is not None}})


OLD = document()


def guarded(app: FastAPI) -> None:
    scheme = OAuth2PasswordBearer(tokenUrl="token")
    app.router.routes = [r for r in app.router.routes if getattr(r, "path", "") != "/trees"]

    def grow(node: Tree, token: Annotated[str, Depends(scheme)]) -> Tree: ...

    app.add_api_route("/trees", grow, methods=["POST"])


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (document(without="one"), "GET /books/{book_id}: is gone"),
        (document(status=200), "POST /books: answer 201: is gone (now 200)"),
        (document(model(BookCreate, isbn=(str, ...))), "POST /books: body.isbn: is required now"),
        (document(model(BookCreate, title=(str, Field(max_length=50)))), "body.title: maxLength is now 50 (was 100)"),
        (document(model(BookCreate, title=(int, ...))), "POST /books: body.title: type string became integer"),
        (document(model(BookCreate, year=(int, ...))), "POST /books: body.year: is required now"),
        (document(model(BookCreate, kind=(Literal["novel"], "novel"))), 'body.kind: "poem" is not accepted any more'),
        (document(read=model(Book, title=None)), "GET /books: answer 200[].title: is gone"),
        (document(read=model(Book, title=(str | None, ...))), "answer 200.title: null can be answered now"),
        (document(read=model(Book, title=(str, "x"))), "answer 200.title: is not always there any more"),
        (
            document(read=model(Book, kind=(Literal["novel", "poem", "play"], ...))),
            'answer 200[].kind: may now be "play"',
        ),
        (document(read=model(Book, author=(str | None, None))), "200[].author: string can be answered now"),
        (document(limit=Query(le=50)), "GET /books: query parameter limit: maximum is now 50 (was 100)"),
        (document(tree=model(Tree, value=(str, ...))), "POST /trees: body.value: type integer became string"),
        (document(more=guarded), "POST /trees: needs a login now"),
    ],
    ids=lambda v: v[:60] if isinstance(v, str) else "",
)
def test_a_break_is_named(new: dict[str, Any], says: str) -> None:
    words = [change.words for change in breaking(OLD, new)]
    assert any(word.endswith(says) for word in words), words


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        document(more=lambda app: app.add_api_route("/new", lambda: {}, methods=["GET"])),
        document(model(BookCreate, isbn=(str | None, None))),
        document(model(BookCreate, title=(str, Field(max_length=200)))),
        document(model(BookCreate, title=(str, ...))),
        document(model(BookCreate, title=(str | int, ...))),
        document(model(BookCreate, kind=(Literal["novel", "poem", "play"], "novel"))),
        document(read=model(Book, pages=(int, ...))),
        document(read=model(Book, year=(int, ...))),
        document(read=model(Book, kind=(Literal["novel"], ...))),
        document(limit=Query(le=1000)),
        document(tree=model(Tree, weight=(int, 1))),
    ],
    ids=["same", "route", "optional field", "longer", "unbounded", "wider type", "more choices", "more answered",
         "never null", "fewer answered", "larger pages", "recursive"],
)  # fmt: skip
def test_what_breaks_nobody(new: dict[str, Any]) -> None:
    assert [change.words for change in breaking(OLD, new)] == []


def test_a_renamed_path_parameter_is_the_same_operation() -> None:
    text = __import__("json").dumps(OLD).replace("book_id", "id")
    assert breaking(OLD, __import__("json").loads(text)) == ()


def test_what_is_new_is_named_and_stands_last() -> None:
    new = document(more=lambda app: app.add_api_route("/new", lambda: {}, methods=["GET"]), without="one")
    assert [c.words for c in differences(OLD, new)] == ["GET /books/{book_id}: is gone", "GET /new: is new"]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"paths": None},
        {"paths": {"/x": 3}},
        {"paths": {"/x": {"get": {"parameters": 3}}}},
        {"paths": {"/x": {"get": {"requestBody": {"$ref": "#/a/b"}}}}},
    ],
)
def test_a_document_that_is_none_does_no_harm(broken: dict[str, Any]) -> None:
    differences(broken, OLD)
    differences(OLD, broken)
