"""A small application written by hand that keeps to docs/offline-conventions.md; generated tests must pass on it."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from starlette.exceptions import HTTPException as AnyHTTPException

app = FastAPI()
SECRET = secrets.token_bytes(32)
users: dict[int, dict[str, Any]] = {}
tables: dict[str, dict[int, dict[str, Any]]] = {"books": {}, "reviews": {}, "tags": {}, "categories": {}}
Price = Annotated[Decimal, Field(gt=0, decimal_places=2, max_digits=12)]
Text200 = Annotated[str, Field(min_length=1, max_length=200)]
Text255 = Annotated[str, Field(max_length=255)]
LongText = Annotated[str, Field(max_length=10_000)]
Tag = Annotated[str, Field(min_length=1, max_length=50)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BookIn(Body):
    title: Text200
    author: Text255
    year: Annotated[int, Field(ge=1450)] | None = None
    isbn: Text255
    price: Price
    status: Literal["draft", "published"] = "draft"
    category_id: int
    tags: Annotated[list[Tag], Field(max_length=50)] = []


class BookChange(Body):
    title: Text200 = ""
    author: Text255 = ""
    year: Annotated[int, Field(ge=1450)] | None = None
    isbn: Text255 = ""
    price: Price = Decimal(1)
    status: Literal["draft", "published"] = "draft"
    category_id: int = 0
    tags: Annotated[list[Tag], Field(max_length=50)] = []


class ReviewIn(Body):
    rating: Annotated[int, Field(ge=1, le=5)]
    text: LongText


class ReviewChange(Body):
    rating: Annotated[int, Field(ge=1, le=5)] = 1
    text: LongText = ""


class Named(Body):
    name: Tag


class NamedChange(Body):
    name: Tag = "x"


class Account(Body):
    email: EmailStr
    password: Annotated[str, Field(min_length=8, max_length=128)]


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(text: str) -> str:
    return part(hmac.digest(SECRET, text.encode(), "sha256"))


def token_for(user_id: int) -> str:
    claims = part(json.dumps({"sub": str(user_id), "exp": int(time.time()) + 3600}).encode())
    head = part(b'{"alg":"HS256","typ":"JWT"}')
    return f"{head}.{claims}.{sign(f'{head}.{claims}')}"


def logged_in(token: Annotated[str, Depends(OAuth2PasswordBearer("/auth/token"))]) -> dict[str, Any]:
    refused = HTTPException(401, "Not authenticated", {"WWW-Authenticate": "Bearer"})
    text, _, signature = token.rpartition(".")
    if text.count(".") != 1 or not hmac.compare_digest(sign(text).encode(), signature.encode()):
        raise refused
    claims = text.split(".")[1]
    return users[int(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])]


def find(table: str, key: int) -> dict[str, Any]:
    if key not in tables[table]:
        raise HTTPException(404, f"{table} not found")
    return tables[table][key]


def check(table: str, values: dict[str, Any], key: int = 0, unique: str = "") -> None:
    others = [row for row in tables[table].values() if row["id"] != key]
    if unique and any(row[unique] == values.get(unique) for row in others):
        raise HTTPException(409, f"{unique} is taken")
    if "category_id" in values:
        find("categories", values["category_id"])
    if "price" in values:
        values["price"] = f"{values['price']:.2f}"
    if "tags" in values:
        values["tags"] = sorted(set(values["tags"]))
        known = {row["name"] for row in tables["tags"].values()}
        for name in values["tags"]:
            if name not in known:
                insert("tags", {"name": name}, "name")


def insert(table: str, values: dict[str, Any], unique: str = "") -> dict[str, Any]:
    check(table, values, unique=unique)
    key = max(tables[table], default=0) + 1 + len(tables[table])
    tables[table][key] = {"id": key, "created_at": datetime.now(UTC).isoformat(), **values}
    return tables[table][key]


def change(table: str, key: int, body: BaseModel, unique: str = "") -> dict[str, Any]:
    row, values = find(table, key), body.model_dump(exclude_unset=True)
    check(table, values, key, unique if unique in values else "")
    row.update(values)
    return row


@app.post("/books", status_code=201, dependencies=[Depends(logged_in)])
def create_book(body: BookIn) -> dict[str, Any]:
    return insert("books", body.model_dump(), "isbn")


@app.get("/books")
def list_books(
    author: str | None = None,
    year: int | None = None,
    tag: str | None = None,
    q: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    found = [
        row for row in reversed(tables["books"].values())
        if author in (None, row["author"]) and year in (None, row["year"]) and (tag is None or tag in row["tags"])
        and q.lower() in row["title"].lower()
    ]  # fmt: skip
    return {"items": found[offset : offset + limit], "total": len(found), "limit": limit, "offset": offset}


@app.get("/books/{key}")
def read_book(key: int) -> dict[str, Any]:
    return find("books", key)


@app.patch("/books/{key}")
def update_book(key: int, body: BookChange) -> dict[str, Any]:
    return change("books", key, body, "isbn")


@app.delete("/books/{key}", status_code=204, dependencies=[Depends(logged_in)])
def delete_book(key: int) -> None:
    find("books", key)
    del tables["books"][key]
    tables["reviews"] = {k: r for k, r in tables["reviews"].items() if r["book_id"] != key}


@app.post("/books/{book}/reviews", status_code=201)
def create_review(book: int, body: ReviewIn) -> dict[str, Any]:
    find("books", book)
    return insert("reviews", {**body.model_dump(), "book_id": book})


@app.get("/books/{book}/reviews")
def list_reviews(book: int) -> list[dict[str, Any]]:
    find("books", book)
    return [row for row in tables["reviews"].values() if row["book_id"] == book]


def plain(table: str, change_body: type[BaseModel]) -> APIRouter:
    router = APIRouter(prefix=f"/{table}")

    @router.get("/{key}")
    def read(key: int) -> dict[str, Any]:
        return find(table, key)

    @router.patch("/{key}")
    def update(key: int, body: change_body) -> dict[str, Any]:  # type: ignore[valid-type]
        return change(table, key, body, "name" if table != "reviews" else "")

    @router.delete("/{key}", status_code=204)
    def delete(key: int) -> None:
        find(table, key)
        del tables[table][key]

    if table != "reviews":

        @router.get("")
        def listing() -> list[dict[str, Any]]:
            return list(tables[table].values())

        @router.post("", status_code=201)
        def create(body: Named) -> dict[str, Any]:
            return insert(table, body.model_dump(), "name")

    return router


@app.exception_handler(AnyHTTPException)
def problem(_: Request, error: AnyHTTPException) -> JSONResponse:
    body = {"title": "Refused", "status": error.status_code, "detail": error.detail}
    return JSONResponse(body, error.status_code, error.headers, "application/problem+json")


@app.middleware("http")
async def identified(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    given = request.headers.get("x-request-id", "")
    answer = await call_next(request)
    answer.headers["x-request-id"] = given if re.fullmatch(r"[\w.-]{1,64}", given) else uuid.uuid4().hex
    return answer


app.include_router(plain("reviews", ReviewChange))
app.include_router(plain("tags", NamedChange))
app.include_router(plain("categories", NamedChange))


@app.post("/auth/register", status_code=201)
def register(body: Account) -> dict[str, Any]:
    email = body.email.lower()
    if any(u["email"] == email for u in users.values()):
        raise HTTPException(409, "taken")
    key = len(users) + 1
    digest = hashlib.sha256(body.password.encode()).hexdigest()
    users[key] = {"id": key, "email": email, "hash": digest}
    return {"id": key, "email": email, "created_at": datetime.now(UTC).isoformat()}


failed: dict[str, int] = {}


@app.post("/auth/token")
def token(username: Annotated[str, Form()], password: Annotated[str, Form()]) -> dict[str, str]:
    if failed.get(username, 0) >= 10:
        raise HTTPException(429, "Too many", {"Retry-After": "60"})
    digest = hashlib.sha256(password.encode()).hexdigest()
    user = next((u for u in users.values() if u["email"] == username.lower() and u["hash"] == digest), None)
    if user is None:
        failed[username] = failed.get(username, 0) + 1
        raise HTTPException(401, "Wrong e-mail or password", {"WWW-Authenticate": "Bearer"})
    return {"access_token": token_for(user["id"]), "token_type": "bearer"}


@app.get("/auth/me")
def me(user: Annotated[dict[str, Any], Depends(logged_in)]) -> dict[str, Any]:
    return {"id": user["id"], "email": user["email"]}


@app.get("/health")
@app.get("/health/ready")
def health() -> dict[str, str]:
    return {"status": "ok"}
